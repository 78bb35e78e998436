/** Turning a camera to where has to be drawn, step by step or to a preset. Whoever watches goes first. */

import { LitElement, html, nothing } from "lit";

import { getJson, messageOf, post } from "./api.js";
import { icon } from "./icon.js";
import { t } from "./page.js";

class MaskAim extends LitElement {
  static properties = { camera: {}, ready: { type: Boolean } };

  constructor() {
    super();
    this.camera = "";
    this.ready = false;
    /** @type {{ token: string, name: string }[]} */
    this.presets = [];
    this.error = "";
    this.busy = false;
  }

  createRenderRoot() {
    return this;
  }

  /** @param {Map<string, unknown>} changed */
  async updated(changed) {
    if (!changed.has("camera") || !this.camera) return;
    try {
      this.presets = (await getJson(`/api/cameras/${this.camera}/masks/presets`)).presets;
      this.error = "";
    } catch (error) {
      this.error = messageOf(error);
    }
    this.requestUpdate();
  }

  /** @param {Record<string, unknown>} body */
  async _aim(body) {
    this.busy = true;
    this.requestUpdate();
    try {
      await post(`/api/cameras/${this.camera}/masks/aim`, body);
      this.error = "";
      this.dispatchEvent(new Event("aimed"));
    } catch (error) {
      this.error = messageOf(error);
    }
    this.busy = false;
    this.requestUpdate();
  }

  /** @param {string} name @param {string} label @param {Record<string, number>} body */
  _step(name, label, body) {
    return html`<button type="button" data-step=${name} title=${label} aria-label=${label} ?disabled=${!this.ready || this.busy} @click=${() => this._aim(body)}>${icon(name)}</button>`;
  }

  render() {
    return html`<fieldset class="aim"><legend>${t("Camera richten")}</legend>
      ${this._step("arrow-left", t("naar links"), { pan: -0.35 })}${this._step("arrow-right", t("naar rechts"), { pan: 0.35 })}
      ${this._step("arrow-up", t("omhoog"), { tilt: 0.35 })}${this._step("arrow-down", t("omlaag"), { tilt: -0.35 })}
      ${this._step("zoom-in", t("inzoomen"), { zoom: 0.4 })}${this._step("zoom-out", t("uitzoomen"), { zoom: -0.4 })}
      ${this.presets.map(({ token, name }) => html`<button type="button" data-preset=${token} ?disabled=${!this.ready || this.busy} @click=${() => this._aim({ preset: token })}>${name}</button>`)}
      ${this.error ? html`<p class="field-error" role="alert">${this.error}</p>` : nothing}</fieldset>`;
  }
}

customElements.define("vms-mask-aim", MaskAim);
