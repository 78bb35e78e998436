/** Areas: which of their cameras a decision allows now, and when somebody last looked at the signs. */

import { LitElement, html, nothing } from "lit";

import { messageOf, post } from "./api.js";
import { parseDay } from "./day-field.js";
import { word } from "./decision-text.js";
import { icon } from "./icon.js";
import { page, t } from "./page.js";
import { full, isoDate, spelledDay } from "./times.js";

/**
 * @typedef {object} AreaCamera
 * @property {string} id
 * @property {number} number
 * @property {string} name
 * @property {string} gate
 * @property {string} decision
 * @property {number | null} gate_since_us
 * @property {number | null} gate_until_us
 * @property {boolean} needs_decision
 *
 * @typedef {object} Area
 * @property {string} name
 * @property {AreaCamera[]} cameras
 * @property {{ checked_on: string, note: string, author: string } | null} signs
 */

class DecisionAreas extends LitElement {
  static properties = { areas: { attribute: false }, nowUs: { attribute: false } };

  constructor() {
    super();
    /** @type {Area[]} */
    this.areas = [];
    this.nowUs = 0;
    /** Area whose signs are being noted. @type {string | null} */
    this.asking = null;
    this.error = "";
  }

  createRenderRoot() {
    return this;
  }

  get _mayWrite() {
    return page.user?.roles.includes("policy_officer") ?? false;
  }

  /** @param {string | null} area */
  _ask(area) {
    this.asking = area;
    this.error = "";
    this.requestUpdate();
    const dialog = /** @type {HTMLDialogElement | null} */ (this.querySelector("dialog"));
    if (area === null) dialog?.close();
    else this.updateComplete.then(() => /** @type {HTMLDialogElement} */ (this.querySelector("dialog")).showModal());
  }

  /** @param {SubmitEvent} event */
  async _save(event) {
    event.preventDefault();
    const fields = new FormData(/** @type {HTMLFormElement} */ (event.target));
    const typed = String(fields.get("day"));
    const day = parseDay(typed, typed);
    if (!day) {
      this.error = t("Vul een dag in, bijvoorbeeld {day}.", { day: spelledDay(isoDate(this.nowUs)) });
      this.requestUpdate();
      return;
    }
    try {
      await post("/api/decisions/signs", { area: this.asking, checked_on: day, note: String(fields.get("note")) });
      this._ask(null);
      this.dispatchEvent(new Event("changed", { bubbles: true }));
    } catch (error) {
      this.error = messageOf(error);
      this.requestUpdate();
    }
  }

  /** @param {AreaCamera} camera */
  _camera(camera) {
    const until = camera.gate === "open" && camera.gate_until_us ? t("tot {time}", { time: full(camera.gate_until_us) }) : "";
    const since = camera.gate === "expired" && camera.gate_since_us ? t("sinds {time}", { time: full(camera.gate_since_us) }) : "";
    const said = camera.needs_decision ? word("gate", camera.gate) : t("niet afgedwongen");
    const level = camera.gate === "open" ? "ok" : "danger";
    return html`<li data-camera=${camera.id} data-gate=${camera.gate} data-level=${level}><b class="num">${String(camera.number).padStart(2, "0")}</b> ${camera.name}
      <span class="level">${icon(level === "ok" ? "circle-check" : "gavel")}<span>${[camera.decision, said, until, since].filter(Boolean).join(" · ")}</span></span></li>`;
  }

  /** @param {Area} area */
  _row(area) {
    const { signs } = area;
    return html`<tr data-area=${area.name}><th scope="row">${area.name || t("zonder gebied")}</th><td><ul class="of-area">${area.cameras.map((camera) => this._camera(camera))}</ul></td>
      <td data-level=${signs ? "ok" : "warn"}>${signs ? html`${icon("circle-check")} ${t("nagekeken op {day} door {name}", { day: spelledDay(signs.checked_on), name: signs.author })}${signs.note ? html`<br><small>${signs.note}</small>` : nothing}` : html`${icon("triangle-alert")} ${t("borden nog niet nagekeken")}`}
        ${this._mayWrite && area.name ? html`<br><button type="button" class="quiet" @click=${() => this._ask(area.name)}>${t("Borden nagekeken…")}</button>` : nothing}</td></tr>`;
  }

  _dialog() {
    if (this.asking === null) return nothing;
    return html`<dialog aria-labelledby="signs-title" @cancel=${() => this._ask(null)}><form @submit=${this._save}><h2 id="signs-title">${t("Borden in {area}", { area: this.asking })}</h2>
      <label for="signs-day">${t("Nagekeken op")}</label><input id="signs-day" name="day" required autocomplete="off" .value=${spelledDay(isoDate(this.nowUs))}>
      <label for="signs-note">${t("Waar ze hangen, en waar de foto ligt")}</label><input id="signs-note" name="note" maxlength="500" autocomplete="off">
      ${this.error ? html`<p class="field-error" role="alert">${this.error}</p>` : nothing}
      <div class="actions"><button class="primary">${t("Vastleggen")}</button><button type="button" @click=${() => this._ask(null)}>${t("Annuleren")}</button></div></form></dialog>`;
  }

  render() {
    return html`<section class="part"><h2>${t("Gebieden")}</h2><div class="scroll"><table class="areas"><thead><tr><th>${t("gebied")}</th><th>${t("camera's")}</th><th>${t("borden")}</th></tr></thead>
      <tbody>${this.areas.map((area) => this._row(area))}</tbody></table></div></section>${this._dialog()}`;
  }
}

customElements.define("vms-decision-areas", DecisionAreas);
