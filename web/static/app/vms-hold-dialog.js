/** Securing an interval: which cameras, which case, on what basis, and when somebody looks whether it is still needed. */

import { LitElement, html, nothing } from "lit";

import { Problem, messageOf, post } from "./api.js";
import { daysLater, parseDay } from "./day-field.js";
import { bases, missingLine } from "./hold-words.js";
import { icon } from "./icon.js";
import { announce, t } from "./page.js";
import { full, isoDate, span, spelledDay } from "./times.js";

const REVIEW_DAYS = 90;

/** also: further cameras that play in step. @typedef {{ camera: string, also: string[], fromUs: number, toUs: number, reference: string, cameras: import("./vms-tile.js").CameraInfo[] }} Wish */

/** Event: "held" (detail: the hold), when it was set. */
export class HoldDialog extends LitElement {
  constructor() {
    super();
    /** @type {Wish | null} */
    this.wish = null;
    /** @type {import("./hold-words.js").Hold | null} */
    this.made = null;
    /** @type {Record<string, string>} */
    this.fields = {};
    this.error = "";
    this.busy = false;
    this.basis = "";
  }

  createRenderRoot() {
    return this;
  }

  /** @param {Wish} wish */
  async open(wish) {
    Object.assign(this, { wish, made: null, fields: {}, error: "", basis: "" });
    this.requestUpdate();
    await this.updateComplete;
    const dialog = /** @type {HTMLDialogElement} */ (this.querySelector("dialog"));
    dialog.querySelector("form")?.reset();
    dialog.showModal();
    /** @type {HTMLElement | null} */ (dialog.querySelector("#hold-case_number"))?.focus();
  }

  _close() {
    this.querySelector("dialog")?.close();
    this.wish = null;
    this.requestUpdate();
  }

  /** @param {SubmitEvent} event */
  async _submit(event) {
    event.preventDefault();
    if (!this.wish || this.busy) return;
    const form = /** @type {HTMLFormElement} */ (event.target);
    const values = new FormData(form);
    const today = isoDate(Date.now() * 1000);
    const review = parseDay(String(values.get("review")), today);
    this.fields = review ? {} : { review: t("Vul een dag in, bijvoorbeeld {day}.", { day: spelledDay(daysLater(today, REVIEW_DAYS)) }) };
    this.error = "";
    if (review) await this._send(values, review);
    this.requestUpdate();
    await this.updateComplete;
    /** @type {HTMLElement | null} */ (form.querySelector('[aria-invalid="true"]'))?.focus();
  }

  /** @param {FormData} values @param {string} review 2026-11-26 */
  async _send(values, review) {
    if (!this.wish) return;
    const utc = (/** @type {number} */ us) => new Date(us / 1000).toISOString();
    this.busy = true;
    this.requestUpdate();
    try {
      this.made = await post("/api/holds", {
        cameras: values.getAll("cameras"),
        from: utc(this.wish.fromUs),
        to: utc(this.wish.toUs),
        case_number: values.get("case_number"),
        basis: values.get("basis"),
        legal_basis: values.get("legal_basis"),
        requester: values.get("requester"),
        review: `${review}T12:00:00Z`,
      });
      announce(t("Veiligstelling is vastgelegd."));
      this.dispatchEvent(new CustomEvent("held", { detail: this.made, bubbles: true }));
    } catch (error) {
      this.fields = error instanceof Problem ? error.fields : {};
      this.error = Object.keys(this.fields).length && !this.fields.from && !this.fields.to ? "" : messageOf(error);
    }
    this.busy = false;
  }

  /** @param {string} name @param {string} label @param {unknown} control */
  _field(name, label, control) {
    return html`<div><label for="hold-${name}">${label}</label>${control}<p class="field-error" id="hold-${name}-error">${this.fields[name] ?? nothing}</p></div>`;
  }

  /** @param {string} name @param {string} label @param {number} max @param {string} [value] */
  _input(name, label, max, value = "") {
    return this._field(name, label, html`<input id="hold-${name}" name=${name} maxlength=${max} autocomplete="off" value=${value} aria-invalid=${name in this.fields} aria-describedby="hold-${name}-error">`);
  }

  /** @param {Wish} wish */
  _form({ camera, also, fromUs, toUs, reference, cameras }) {
    const chosen = cameras.find(({ id }) => id === camera);
    const review = spelledDay(daysLater(isoDate(Date.now() * 1000), REVIEW_DAYS));
    return html`<form @submit=${this._submit} novalidate>
      <h2 id="hold-title">${icon("file-lock-2")} ${t("Veiligstellen")}</h2>
      <p class="hold-what num">${chosen?.name ?? camera} · ${full(fromUs)} – ${full(toUs)} (${span(toUs - fromUs)})</p>
      <details ?open=${also.length > 0 || "cameras" in this.fields}><summary>${t("Ook van andere camera's")}</summary>
        <fieldset class="hold-cameras"><legend class="sr">${t("Camera's")}</legend>
        ${cameras.map(({ id, number, name }) => html`<label><input type="checkbox" name="cameras" value=${id} ?checked=${id === camera || also.includes(id)}> <b class="num">${String(number).padStart(2, "0")}</b> ${name}</label>`)}</fieldset></details>
      ${this.fields.cameras ? html`<p class="field-error">${this.fields.cameras}</p>` : nothing}
      ${this._input("case_number", t("Zaaknummer"), 60, reference)}
      ${this._field("basis", t("Grondslag"), html`<select id="hold-basis" name="basis" aria-invalid=${"basis" in this.fields} aria-describedby="hold-basis-error" @change=${(/** @type {any} */ e) => { this.basis = e.target.value; this.requestUpdate(); }}>
        <option value="">${t("kies…")}</option>${bases().map(([value, text]) => html`<option value=${value}>${text}</option>`)}</select>`)}
      ${this._input("legal_basis", this.basis === "other" ? t("Omschrijving van de grondslag") : t("Toelichting (mag leeg)"), 400)}
      ${this._input("requester", t("Op verzoek van"), 80)}
      ${this._input("review", t("Herbeoordelen op"), 10, review)}
      ${this.error ? html`<p class="field-error" role="alert">${this.error}</p>` : nothing}
      <div class="actions"><button class="primary" ?disabled=${this.busy}>${this.busy ? t("Vastleggen…") : t("Veiligstellen")}</button><button type="button" @click=${this._close}>${t("Annuleren")}</button></div></form>`;
  }

  /** @param {import("./hold-words.js").Hold} hold */
  _done({ id, missing = [] }) {
    return html`<div class="hold-done" data-hold=${id}><h2 id="hold-title">${icon("circle-check")} ${t("Veiligstelling {id} is vastgelegd", { id })}</h2>
      <p>${t("De beelden worden nu naar de bewijsopslag gekopieerd. Tot dat klaar is, blijven de gewone beelden staan.")}</p>
      ${missing.length ? html`<p class="bad">${icon("triangle-alert")} ${t("Dit is er niet, en kan dus niet veiliggesteld worden:")}</p><ul>${missing.map((one) => html`<li class="num">${missingLine(one)}</li>`)}</ul>` : nothing}
      <div class="actions"><a class="button" href="/veiliggesteld#h${id}">${t("Naar Veiliggesteld")}</a><button type="button" class="primary" @click=${this._close}>${t("Sluiten")}</button></div></div>`;
  }

  render() {
    return html`<dialog class="hold" aria-labelledby="hold-title" @cancel=${this._close}>${this.made ? this._done(this.made) : this.wish ? this._form(this.wish) : nothing}</dialog>`;
  }
}

customElements.define("vms-hold-dialog", HoldDialog);
