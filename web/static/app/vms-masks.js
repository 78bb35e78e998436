/** The page where masks are drawn, proposed and approved, a camera at a time. The address says which. */

import { LitElement, html, nothing } from "lit";

import "./vms-mask-editor.js";
import "./vms-mask-versions.js";
import { getJson, messageOf } from "./api.js";
import { t } from "./page.js";

/** @typedef {import("./vms-mask-versions.js").Version} Version */

class Masks extends LitElement {
  constructor() {
    super();
    /** @type {import("./vms-tile.js").CameraInfo[]} */
    this.cameras = [];
    /** @type {import("./vms-tile.js").CameraInfo | null} */
    this.camera = null;
    /** @type {import("./vms-mask-versions.js").Overview | null} */
    this.overview = null;
    /** @type {Version | null} */
    this.compared = null;
    this.error = "";
  }

  createRenderRoot() {
    return this;
  }

  async connectedCallback() {
    super.connectedCallback();
    addEventListener("beforeunload", (event) => {
      if (this._editor?.dirty) event.preventDefault();
    });
    try {
      this.cameras = (await getJson("/api/cameras")).cameras;
      const wanted = new URLSearchParams(location.search).get("camera");
      const first = this.cameras.find(({ id }) => id === wanted) ?? this.cameras.find(({ masks }) => masks === "required") ?? this.cameras[0];
      if (first) await this._choose(first.id);
    } catch (error) {
      this.error = messageOf(error);
    }
    this.requestUpdate();
  }

  get _editor() {
    return /** @type {import("lit").LitElement & { begin(masks: import("./mask-geometry.js").Mask[]): void, leave(): void, dirty: boolean } | null} */ (this.querySelector("vms-mask-editor"));
  }

  /** @param {string} id */
  async _choose(id) {
    if (this._editor?.dirty && !confirm(t("De tekening is niet bewaard. Toch naar een andere camera?"))) {
      this.requestUpdate();
      return;
    }
    this._editor?.leave();
    this.camera = this.cameras.find((camera) => camera.id === id) ?? null;
    this.compared = null;
    this.overview = null;
    const query = new URLSearchParams(location.search);
    query.set("camera", id);
    history.replaceState(null, "", `?${query}`);
    this.requestUpdate();
    await this._load();
    this._begin();
  }

  async _load() {
    try {
      this.overview = await getJson(`/api/cameras/${this.camera?.id}/masks`);
      this.error = "";
    } catch (error) {
      this.error = messageOf(error);
    }
    this.requestUpdate();
    await this.updateComplete;
  }

  /** With what counts now, or else what counted last. */
  _begin() {
    const approved = this.overview?.versions.filter(({ approver, closes }) => approver && !closes) ?? [];
    const active = approved.find(({ state }) => state === "active") ?? approved.at(-1);
    this._editor?.begin(active?.masks ?? []);
  }

  /** The calibration of the newest version that has one. */
  get _lens() {
    return this.overview?.versions.findLast(({ lens }) => Object.keys(lens).length > 0)?.lens ?? {};
  }

  /** @param {CustomEvent<Version>} event */
  _continue({ detail }) {
    if (this._editor?.dirty && !confirm(t("De tekening is niet bewaard. Toch met deze versie verder?"))) return;
    this._editor?.begin(detail.masks);
    this._editor?.scrollIntoView();
  }

  /** @param {CustomEvent<Version>} event */
  _compare({ detail }) {
    this.compared = this.compared?.version === detail.version ? null : detail;
    this.requestUpdate();
    this._editor?.scrollIntoView();
  }

  render() {
    if (!this.camera) return html`<p role="status">${this.error || t("Camera's laden…")}</p>`;
    return html`<div class="choose"><label for="camera">${t("Camera")}</label>
        <select id="camera" .value=${this.camera.id} @change=${(/** @type {any} */ e) => this._choose(e.target.value)}>
        ${this.cameras.map(({ id, number, name }) => html`<option value=${id} ?selected=${id === this.camera?.id}>${String(number).padStart(2, "0")} ${name}</option>`)}</select>
        ${this.camera.masks === "none" ? html`<span class="hint">${t("In de configuratie staat dat deze camera geen maskers nodig heeft.")}</span>` : nothing}</div>
      ${this.error ? html`<p class="failed" role="alert">${this.error}</p>` : nothing}
      <section class="part"><h2>${t("Versies")}</h2>
        <vms-mask-versions .camera=${this.camera.id} .overview=${this.overview} @decided=${() => this._load()} @compare=${this._compare} @continue=${this._continue}></vms-mask-versions></section>
      <section class="part"><h2>${t("Tekenen")}</h2>
        <vms-mask-editor .camera=${this.camera} .lens=${this._lens} .compare=${this.compared?.masks ?? []} @saved=${() => this._load()}></vms-mask-editor></section>`;
  }
}

customElements.define("vms-masks", Masks);
