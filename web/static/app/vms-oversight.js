/** Oversight: what may be known by role – how many cameras are in use, whether homes are masked, what is kept. */

import { LitElement, html, nothing } from "lit";

import "./vms-audit-log.js";
import "./vms-break-glass.js";
import "./vms-certificates.js";
import "./vms-crossings.js";
import "./vms-login-review.js";
import "./vms-oversight-alerts.js";
import "./vms-retention-proof.js";
import { getJson, messageOf } from "./api.js";
import { icon } from "./icon.js";
import { page, t } from "./page.js";
import { serverLink } from "./server-link.js";
import { notEncrypted } from "./system-tables.js";
import { full } from "./times.js";
import { maskText, purposeText, recText, sourceText } from "./words.js";

const OVERSEES = ["privacy_officer", "shift_manager"];

class Oversight extends LitElement {
  constructor() {
    super();
    this.link = serverLink();
    /** @type {import("./vms-tile.js").CameraInfo[] | null} */
    this.cameras = null;
    this.encrypted = true;
    this.error = "";
    /** Others, such as a policy officer, are told how many cameras are in use and nothing of any one of them. */
    this.oversees = page.user?.roles.some((role) => OVERSEES.includes(role)) ?? false;
  }

  createRenderRoot() {
    return this;
  }

  async connectedCallback() {
    super.connectedCallback();
    this.link.addEventListener("digest", () => this.requestUpdate());
    try {
      this.cameras = (await getJson("/api/cameras")).cameras;
      if (this.oversees) this.encrypted = (await getJson("/api/status")).encrypted;
    } catch (error) {
      this.error = messageOf(error);
    }
    this.requestUpdate();
  }

  /** @param {import("./vms-tile.js").CameraInfo} camera */
  _mask(camera) {
    const status = this.link.cameras[camera.id];
    if (camera.masks === "none") return { level: "ok", text: t("niet nodig (besluit)") };
    if (!status) return { level: "unknown", text: "–" };
    if (status.mask === "ok") return { level: "ok", text: t("actief") };
    return { level: "warn", text: `${t("afgedekt")}: ${maskText(status.mask_reason)}` };
  }

  /** @param {import("./vms-tile.js").CameraInfo[]} cameras */
  _figures(cameras) {
    const masked = cameras.filter(({ masks }) => masks === "required");
    const { cameras: all, up } = this.link.counts;
    const covered = masked.filter((camera) => this._mask(camera).level === "warn").length;
    return html`<div class="summary">
      <div class="figure"><strong class="num">${cameras.length}</strong>${t("camera's")}</div>
      <div class="figure" data-figure="up" data-level=${all && up === all ? "ok" : "warn"}><strong class="num">${all ? up : "–"}</strong>${t("nu in bedrijf")}</div>
      <div class="figure"><strong class="num">${masked.length}</strong>${t("met maskerplicht")}</div>
      ${this.oversees ? html`<div class="figure" data-level=${covered ? "warn" : "ok"}><strong class="num">${covered}</strong>${t("nu afgedekt")}</div>` : nothing}
    </div>`;
  }

  /** @param {import("./vms-tile.js").CameraInfo} camera */
  _row(camera) {
    const status = this.link.cameras[camera.id];
    const mask = this._mask(camera);
    const name = html`<th scope="row"><b class="num">${String(camera.number).padStart(2, "0")}</b> ${camera.name}</th><td>${camera.area}</td><td>${purposeText(camera.purpose)}</td>`;
    if (!this.oversees) return html`<tr data-camera=${camera.id}>${name}<td>${camera.masks === "none" ? t("niet nodig (besluit)") : t("verplicht")}</td></tr>`;
    return html`<tr data-camera=${camera.id} data-level=${mask.level}>${name}
      <td class="level">${mask.level === "unknown" ? nothing : icon(mask.level === "ok" ? "shield-check" : "shield-alert")}<span>${mask.text}</span></td><td>${status ? sourceText(status.reason) : "–"}</td><td>${status ? recText(status) : "–"}</td></tr>`;
  }

  /** @param {import("./audit-filter.js").Filters} filters */
  _showRows(filters) {
    const log = /** @type {HTMLElement & { ask(filters: import("./audit-filter.js").Filters): void }} */ (this.querySelector("vms-audit-log"));
    log.ask(filters);
    log.scrollIntoView();
  }

  render() {
    if (!this.cameras) return html`<p role="status">${this.error || t("Camera's laden…")}</p>`;
    return html`<p class="lead">${t("Stand van {time}", { time: full(this.link.nowUs()) })}</p>
      ${this.encrypted ? nothing : notEncrypted()}
      ${this._figures(this.cameras)}
      ${this.oversees ? html`<vms-break-glass></vms-break-glass>` : nothing}
      ${this.oversees ? html`<vms-oversight-alerts @show-rows=${(/** @type {CustomEvent} */ event) => this._showRows(event.detail)}></vms-oversight-alerts><vms-retention-proof></vms-retention-proof><vms-certificates></vms-certificates>` : nothing}
      <section class="part"><h2>${t("Camera's en maskers")}</h2>
        <div class="scroll"><table class="cameras"><thead><tr><th>${t("camera")}</th><th>${t("gebied")}</th><th>${t("doel")}</th><th>${t("masker")}</th>${this.oversees ? html`<th>${t("toestand")}</th><th>${t("opname")}</th>` : nothing}</tr></thead>
        <tbody>${this.cameras.map((camera) => this._row(camera))}</tbody></table></div></section>
      ${this.oversees ? html`<vms-crossings></vms-crossings><vms-audit-log .cameras=${this.cameras}></vms-audit-log><vms-login-review></vms-login-review>` : nothing}`;
  }
}

customElements.define("vms-oversight", Oversight);
