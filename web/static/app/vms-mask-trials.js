/** How the masks being drawn lie in pictures of now: painted by the server, at every preset of a turning camera. */

import { LitElement, html, nothing } from "lit";

import { getJson, messageOf, post } from "./api.js";
import { icon } from "./icon.js";
import { forget, secondsLeft, takeStill } from "./mask-still.js";
import { t } from "./page.js";
import { maskText } from "./words.js";

/** @typedef {{ title: string, still: import("./mask-still.js").Still | null, error: string }} Trial */

class MaskTrials extends LitElement {
  static properties = { camera: {}, turns: { type: Boolean }, masks: { attribute: false }, lens: { attribute: false }, reason: {}, ready: { type: Boolean } };

  constructor() {
    super();
    this.camera = "";
    this.turns = false;
    /** @type {import("./mask-geometry.js").Mask[]} */
    this.masks = [];
    /** @type {unknown} */
    this.lens = null;
    this.reason = "";
    this.ready = false;
    /** @type {Trial[]} */
    this.trials = [];
    this.busy = "";
    this._timer = 0;
  }

  createRenderRoot() {
    return this;
  }

  connectedCallback() {
    super.connectedCallback();
    this._timer = setInterval(() => this._expire(), 500);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    clearInterval(this._timer);
    this.clear();
  }

  clear() {
    for (const { still } of this.trials) forget(still);
    this.trials = [];
    this.requestUpdate();
  }

  _expire() {
    for (const trial of this.trials) {
      if (!trial.still || secondsLeft(trial.still) > 0) continue;
      forget(trial.still);
      trial.still = null;
      this.requestUpdate();
    }
  }

  async _here() {
    this.clear();
    await this._try(t("zoals de camera nu staat"), false);
    this._end();
  }

  /** One after the other: there is one camera. */
  async _presets() {
    this.clear();
    try {
      const { presets } = await getJson(`/api/cameras/${this.camera}/masks/presets`);
      for (const { token, name } of presets) {
        this.busy = t("De camera draait naar {name}…", { name });
        this.requestUpdate();
        await post(`/api/cameras/${this.camera}/masks/aim`, { preset: token });
        await this._try(name, true);
      }
      await post(`/api/cameras/${this.camera}/masks/aim/release`);
    } catch (error) {
      this.trials = [...this.trials, { title: "", still: null, error: messageOf(error) }];
    }
    this._end();
  }

  /** @param {string} title @param {boolean} atRest */
  async _try(title, atRest) {
    this.busy = t("Foto van {name}…", { name: title });
    this.requestUpdate();
    const asked = { reason: this.reason, masks: this.masks, lens: this.lens ?? undefined, at_rest: atRest };
    try {
      this.trials = [...this.trials, { title, still: await takeStill(this.camera, asked), error: "" }];
    } catch (error) {
      this.trials = [...this.trials, { title, still: null, error: messageOf(error) }];
    }
    this.requestUpdate();
  }

  _end() {
    this.busy = "";
    this.requestUpdate();
  }

  /** @param {Trial} trial */
  _trial({ title, still, error }) {
    const verdict = still && still.mask === "fault" ? t("helemaal afgedekt: {reason}", { reason: maskText(still.reason) }) : "";
    return html`<figure data-trial=${title}>
      ${still ? html`<img src=${still.url} alt=${t("Maskers in het beeld, {name}", { name: title })} width=${still.width} height=${still.height}>` : html`<div class="gone">${error || t("foto verborgen; doe de proef opnieuw")}</div>`}
      <figcaption>${title}${verdict ? html` · <strong>${verdict}</strong>` : nothing}</figcaption></figure>`;
  }

  render() {
    return html`<div class="part-head"><h3>${t("Proef")}</h3><span class="actions">
        <button type="button" id="try-here" ?disabled=${!this.ready || this.busy !== ""} @click=${this._here}>${icon("eye")} ${t("Proef in het beeld van nu")}</button>
        ${this.turns ? html`<button type="button" id="try-presets" ?disabled=${!this.ready || this.busy !== ""} @click=${this._presets}>${icon("joystick")} ${t("Proef op alle voorkeuzestanden")}</button>` : nothing}</span></div>
      <p class="hint">${t("De server tekent de maskers zoals kijkers ze zouden zien, met marge. Elke foto staat met uw reden in het auditlog.")}</p>
      <p role="status" class="busy">${this.busy}</p>
      <div class="trials">${this.trials.map((trial) => this._trial(trial))}</div>`;
  }
}

customElements.define("vms-mask-trials", MaskTrials);
