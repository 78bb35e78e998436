/** Oversight: per camera why it records, whether homes are masked, and what is so now. */

import { LitElement, html, nothing } from "lit";

import { getJson, messageOf } from "./api.js";
import { icon } from "./icon.js";
import { t } from "./page.js";
import { serverLink } from "./server-link.js";
import { full } from "./times.js";
import { purposeText, recText, sourceText } from "./words.js";

class Oversight extends LitElement {
  constructor() {
    super();
    this.link = serverLink();
    /** @type {import("./vms-tile.js").CameraInfo[] | null} */
    this.cameras = null;
    this.error = "";
  }

  createRenderRoot() {
    return this;
  }

  async connectedCallback() {
    super.connectedCallback();
    this.link.addEventListener("digest", () => this.requestUpdate());
    try {
      this.cameras = (await getJson("/api/cameras")).cameras;
    } catch (error) {
      this.error = messageOf(error);
    }
    this.requestUpdate();
  }

  /** @param {import("./vms-tile.js").CameraInfo} camera */
  _mask(camera) {
    const status = this.link.cameras[camera.id];
    if (camera.masks === "none") return { level: "ok", text: t("niet nodig (besluit)") };
    if (status?.mask === "ok") return { level: "ok", text: t("actief") };
    return { level: "warn", text: `${t("afgedekt")}${status?.mask_reason ? `: ${status.mask_reason}` : ""}` };
  }

  render() {
    if (!this.cameras) return html`<p role="status">${this.error || t("Camera's laden…")}</p>`;
    const masked = this.cameras.filter(({ masks }) => masks === "required");
    const unsure = masked.filter((camera) => this._mask(camera).level !== "ok").length;
    return html`<p class="lead">${t("Stand van {time}", { time: full(this.link.nowUs()) })}</p>
      <div class="summary">
        <div class="figure"><strong class="num">${this.cameras.length}</strong>${t("camera's")}</div>
        <div class="figure"><strong class="num">${masked.length}</strong>${t("met maskerplicht")}</div>
        <div class="figure" data-level=${unsure ? "warn" : "ok"}><strong class="num">${unsure}</strong>${t("nu afgedekt")}</div>
      </div>
      <div class="scroll"><table class="cameras"><thead><tr><th>${t("camera")}</th><th>${t("gebied")}</th><th>${t("doel")}</th><th>${t("masker")}</th><th>${t("toestand")}</th><th>${t("opname")}</th></tr></thead>
      <tbody>${this.cameras.map((camera) => {
        const status = this.link.cameras[camera.id];
        const mask = this._mask(camera);
        return html`<tr data-camera=${camera.id} data-level=${mask.level}><th scope="row"><b class="num">${String(camera.number).padStart(2, "0")}</b> ${camera.name}</th><td>${camera.area}</td><td>${purposeText(camera.purpose)}</td>
          <td class="level">${icon(mask.level === "ok" ? "shield-check" : "shield-alert")}<span>${mask.text}</span></td><td>${status ? sourceText(status.source) : nothing}</td><td>${status ? recText(status) : nothing}</td></tr>`;
      })}</tbody></table></div>`;
  }
}

customElements.define("vms-oversight", Oversight);
