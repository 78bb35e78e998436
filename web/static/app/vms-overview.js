/** All cameras at a glance: the server's contact sheet, each cell a button to that camera. */

import { LitElement, html, nothing } from "lit";

import { messageOf, request } from "./api.js";
import { icon } from "./icon.js";
import { t } from "./page.js";
import { serverLink } from "./server-link.js";
import { isDown } from "./tile-state.js";

const EVERY_MS = 2000;
/** From here on a still is said to be old. */
const OLD_S = 10;
/** Without a new sheet for so long, what is on screen is not now. */
const SILENT_MS = 8000;

export class Overview extends LitElement {
  static properties = { cameras: { attribute: false } };

  constructor() {
    super();
    /** In the server's order. @type {import("./vms-tile.js").CameraInfo[]} */
    this.cameras = [];
    /** @type {(number: number) => void} */
    this.callUp = () => {};
    this.link = serverLink();
    this.columns = 1;
    /** @type {(number | null)[]} */
    this.ages = [];
    this.problem = "";
    this._url = "";
    this._heardMs = 0;
    this._timer = 0;
  }

  createRenderRoot() {
    return this;
  }

  connectedCallback() {
    super.connectedCallback();
    this._heardMs = performance.now();
    this._look();
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    clearTimeout(this._timer);
    URL.revokeObjectURL(this._url);
    this._url = "";
  }

  async _look() {
    if (!document.hidden && this.link.up) await this._fetch();
    this.requestUpdate();
    clearTimeout(this._timer);
    if (this.isConnected) this._timer = window.setTimeout(() => this._look(), EVERY_MS);
  }

  async _fetch() {
    try {
      const response = await request("GET", "/api/overview", { signal: AbortSignal.timeout(5000) });
      const blob = await response.blob();
      if (!this.isConnected) return;
      URL.revokeObjectURL(this._url);
      this._url = URL.createObjectURL(blob);
      this.columns = Number(response.headers.get("X-Columns")) || 1;
      this.ages = (response.headers.get("X-Ages") ?? "").split(",").map((age) => (age === "-" ? null : Number(age)));
      this._heardMs = performance.now();
      this.problem = "";
    } catch (error) {
      this.problem = messageOf(error);
    }
  }

  get _silent() {
    return performance.now() - this._heardMs > SILENT_MS;
  }

  /** @param {import("./vms-tile.js").CameraInfo} camera @param {number} index */
  _cell(camera, index) {
    const status = this.link.cameras[camera.id];
    const down = isDown(status?.source ?? "");
    const age = this.ages[index] ?? null;
    const old = !down && age !== null && age >= OLD_S;
    const state = down ? t("storing") : age === null ? t("nog geen beeld") : old ? t("{n} s oud", { n: age }) : "";
    const name = t("Camera {number} {name}", { number: camera.number, name: camera.name });
    return html`<button type="button" data-camera=${camera.id} ?data-down=${down} ?data-old=${old || this._silent} aria-label=${state ? `${name}, ${state}` : name} @click=${() => this.callUp(camera.number)}>
      <span class="label"><span class="number">${String(camera.number).padStart(2, "0")}</span><span class="name">${camera.name}</span>${state ? html`<span class="age">${down ? icon("video-off") : nothing}${state}</span>` : nothing}</span></button>`;
  }

  updated() {
    const grid = /** @type {HTMLElement} */ (this.querySelector(".overview"));
    grid.style.setProperty("--columns", String(this.columns));
    grid.style.setProperty("--rows", String(Math.ceil(this.cameras.length / this.columns)));
  }

  render() {
    return html`<div class="overview" role="group" aria-label=${t("Alle camera's")}>
        ${this._url ? html`<img src=${this._url} alt="">` : nothing}
        <div class="cells">${this._url ? this.cameras.map((camera, index) => this._cell(camera, index)) : nothing}</div>
      </div>
      ${this.problem || this._silent ? html`<p class="overview-problem" role="alert">${this.problem || t("Geen nieuw overzicht van de server")}</p>` : nothing}`;
  }
}

customElements.define("vms-overview", Overview);
