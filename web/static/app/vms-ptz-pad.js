/** Buttons to steer the hero's camera, its presets and who holds it. */

import { LitElement, html, nothing } from "lit";

import { icon } from "./icon.js";
import { messageOf } from "./api.js";
import { announce, t } from "./page.js";
import { patrolButtons, patrolText, patrolsOf } from "./ptz-patrols.js";
import { roleText } from "./words.js";

/** Name, icon, pan, tilt. @type {[string, string, number, number][]} */
const DIRECTIONS = [
  ["left-up", "arrow-up-left", -0.7, 0.7],
  ["up", "arrow-up", 0, 1],
  ["right-up", "arrow-up-right", 0.7, 0.7],
  ["left", "arrow-left", -1, 0],
  ["stop", "square", 0, 0],
  ["right", "arrow-right", 1, 0],
  ["left-down", "arrow-down-left", -0.7, -0.7],
  ["down", "arrow-down", 0, -1],
  ["right-down", "arrow-down-right", 0.7, -0.7],
];

/** @param {string} name */
function directionText(name) {
  /** @type {Record<string, string>} */
  const words = {
    "left-up": t("linksboven"),
    up: t("omhoog"),
    "right-up": t("rechtsboven"),
    left: t("links"),
    stop: t("stop"),
    right: t("rechts"),
    "left-down": t("linksonder"),
    down: t("omlaag"),
    "right-down": t("rechtsonder"),
    in: t("inzoomen"),
    out: t("uitzoomen"),
  };
  return words[name];
}

export class PtzPad extends LitElement {
  static properties = {
    camera: { attribute: false },
    status: { attribute: false },
    keysOn: { type: Boolean },
    blocked: { type: Boolean },
  };

  constructor() {
    super();
    /** @type {import("./vms-tile.js").CameraInfo | null} */
    this.camera = null;
    /** @type {import("./server-link.js").CameraState | undefined} */
    this.status = undefined;
    this.keysOn = false;
    this.blocked = false;
    /** @type {import("./ptz.js").PtzDriver | null} */
    this.driver = null;
    /** @type {{ token: string, name: string }[]} */
    this.presets = [];
    /** @type {import("./ptz-patrols.js").Patrol[]} */
    this.patrols = [];
    this.problem = "";
    /** A new preset is being given its name. */
    this.naming = false;
    this._presetsOf = "";
    this._problemTimer = 0;
  }

  createRenderRoot() {
    return this;
  }

  /** Somebody else holds it, or nothing can be steered now. */
  get locked() {
    return this.blocked || this.status?.ptz === "other";
  }

  firstUpdated() {
    this.driver?.addEventListener("problem", (event) => this._say(/** @type {CustomEvent} */ (event).detail));
  }

  /** @param {Map<string, unknown>} changed */
  updated(changed) {
    if (changed.has("camera")) this._loadPresets();
  }

  async _loadPresets() {
    const id = this.camera?.id ?? "";
    if (id === this._presetsOf || !this.driver) return;
    this._presetsOf = id;
    this.presets = [];
    this.patrols = [];
    if (!id) return;
    this._loadPatrols(id);
    try {
      const presets = await this.driver.presets();
      if (this._presetsOf === id) this.presets = presets.slice(0, 64);
    } catch (error) {
      if (this._presetsOf === id) this._say(messageOf(error));
    }
    this.requestUpdate();
  }

  /** Also when the camera is silent: what runs can be stopped. @param {string} id */
  async _loadPatrols(id) {
    const patrols = await patrolsOf(id).catch(() => []);
    if (this._presetsOf !== id) return;
    this.patrols = patrols;
    this.requestUpdate();
  }

  /** @param {SubmitEvent} event */
  async _savePreset(event) {
    event.preventDefault();
    const field = /** @type {HTMLInputElement} */ (this.querySelector(".new-preset input"));
    const name = field.value.trim();
    if (!name || !this.driver) return;
    try {
      await this.driver.savePreset(name);
      field.value = "";
      this.naming = false;
      announce(t("Preset {name} bewaard", { name }));
      this._presetsOf = "";
      await this._loadPresets();
    } catch (error) {
      this._say(messageOf(error));
    }
  }

  /** @param {boolean} on */
  async _name(on) {
    this.naming = on;
    this.requestUpdate();
    await this.updateComplete;
    /** @type {HTMLElement | null} */ (this.querySelector(on ? ".new-preset input" : ".keep-preset"))?.focus();
  }

  _naming() {
    return html`<form class="new-preset" @submit=${(/** @type {SubmitEvent} */ event) => this._savePreset(event)} @keydown=${(/** @type {KeyboardEvent} */ event) => event.key === "Escape" && this._name(false)}>
      <input aria-label=${t("Naam van de nieuwe preset")} placeholder=${t("Naam van de nieuwe preset")} maxlength="64" required autocomplete="off"><button ?disabled=${this.locked}>${t("Bewaren")}</button></form>`;
  }

  /** @param {string} text */
  _say(text) {
    this.problem = text;
    announce(text);
    clearTimeout(this._problemTimer);
    this._problemTimer = window.setTimeout(() => {
      this.problem = "";
      this.requestUpdate();
    }, 6000);
    this.requestUpdate();
  }

  /**
   * Held by pointer or by Space/Enter; leaving, cancelling or losing focus lets go.
   * @param {string} name @param {import("./ptz.js").Velocity} velocity @param {string} iconName
   */
  _hold(name, velocity, iconName) {
    const press = () => this.driver?.press(`button-${name}`, velocity);
    const release = () => this.driver?.release(`button-${name}`);
    /** @param {PointerEvent} event */
    const down = (event) => {
      if (event.button !== 0) return;
      /** @type {Element} */ (event.currentTarget).setPointerCapture(event.pointerId);
      press();
    };
    /** @param {KeyboardEvent} event */
    const key = (event) => {
      if (event.key !== " " && event.key !== "Enter") return;
      event.preventDefault();
      event.stopPropagation();
      if (!event.repeat) press();
    };
    return html`<button type="button" class="ptz-button" data-direction=${name} ?disabled=${this.locked} aria-label=${directionText(name)}
      @pointerdown=${down} @pointerup=${release} @pointercancel=${release} @lostpointercapture=${release}
      @keydown=${key} @keyup=${release} @blur=${release}>${icon(iconName)}</button>`;
  }

  _holder() {
    const holder = this.status?.ptz_holder;
    switch (this.status?.ptz) {
      case "mine":
        return html`<span class="lock" data-value="mine">${icon("lock")}${t("van u")}</span>
          <button type="button" @click=${() => this.driver?.releaseLock()}>${t("Vrijgeven")}</button>`;
      case "other":
        return html`<span class="lock" data-value="other">${icon("user")}${holder?.name ?? t("iemand anders")}${holder?.role ? html` <small>${roleText(holder.role)}</small>` : nothing}</span>
          <button type="button" ?disabled=${this.blocked} @click=${() => this.driver?.take()}>${t("Overnemen")}</button>`;
      case "patrol":
        return html`<span class="lock" data-value="patrol">${icon("refresh-cw")}${this.status?.patrol ? patrolText(this.status.patrol) : nothing}</span>
          <button type="button" ?disabled=${this.blocked} @click=${() => this.driver?.take()}>${t("Nemen")}</button>`;
      default:
        return html`<span class="lock" data-value="free">${icon("lock-open")}${t("vrij")}</span>
          <button type="button" ?disabled=${this.blocked} @click=${() => this.driver?.take()}>${t("Nemen")}</button>`;
    }
  }

  render() {
    if (!this.camera) return nothing;
    return html`
      <div class="pad" role="group" aria-label=${t("Camera draaien")}>
        ${DIRECTIONS.map(([name, iconName, pan, tilt]) =>
          name === "stop"
            ? html`<button type="button" class="ptz-button" data-direction="stop" aria-label=${t("stop")} @click=${() => this.driver?.stopAll()}>${icon(iconName)}</button>`
            : this._hold(name, { pan, tilt, zoom: 0 }, iconName),
        )}
      </div>
      <div class="zoom" role="group" aria-label=${t("Zoom")}>
        ${this._hold("in", { pan: 0, tilt: 0, zoom: 1 }, "plus")}
        <span>${t("zoom")}</span>
        ${this._hold("out", { pan: 0, tilt: 0, zoom: -1 }, "minus")}
      </div>
      <div class="steer">
        <div class="holder"><span class="title">${t("PTZ")}</span>${this._holder()}</div>
        <p class="ptz-problem" role="alert">${this.status?.ptz_fault ? t("PTZ gestoord") : this.problem}</p>
        ${this.naming ? this._naming() : nothing}
        <div class="presets" role="group" aria-label=${t("Presets en patrouilles")}>
          <button type="button" class="home" ?disabled=${this.locked} title=${t("Beginstand (Home)")} @click=${() => this.driver?.home()}>${icon("home")}<span class="sr">${t("Beginstand (Home)")}</span></button>
          ${this.presets.map((preset, index) => html`<button type="button" ?disabled=${this.locked} @click=${() => this.driver?.goto(preset.token)}><kbd>${index + 1}</kbd>${preset.name || preset.token}</button>`)}
          ${patrolButtons(this.camera.id, this.patrols, this.status?.patrol, this.blocked, (problem) => this._say(problem))}
          <button type="button" class="keep-preset" ?disabled=${this.locked} aria-expanded=${this.naming} title=${t("Deze stand als preset bewaren")} @click=${() => this._name(!this.naming)}>${icon("plus")}<span class="sr">${t("Deze stand als preset bewaren")}</span></button>
        </div>
        <p class="hint">${this.keysOn ? html`<strong>${t("Toetsen sturen de camera")}</strong> · ${t("Esc stopt en geeft vrij")}` : html`<kbd>P</kbd> ${t("sturen met toetsen · sleep in het beeld · wiel = zoom · Shift en sleep = kader · dubbelklik = kijk daar")}`}</p>
      </div>`;
  }
}

customElements.define("vms-ptz-pad", PtzPad);
