/** Asking for footage: who, on which ground, of which cameras and when. Fires `asked` when it is in the register. */

import { LitElement, html, nothing } from "lit";

import { Problem, getJson, messageOf } from "./api.js";
import { askFootage } from "./export-requests.js";
import { icon } from "./icon.js";
import { parseMoment } from "./moment-field.js";
import { page, t } from "./page.js";
import { clockTime, isoDate, spelledDay } from "./times.js";

/** With seconds, which the API's bounds have. @param {string} text @returns {number | null} */
function moment(text) {
  const [, minute, second] = /^(.*\d[:.]\d\d)[:.]([0-5]\d)$/.exec(text.trim()) ?? [];
  const us = parseMoment(minute && /\s/.test(minute) ? minute : text);
  return us ? us + (minute && /\s/.test(minute) ? Number(second) * 1e6 : 0) : null;
}

/** @param {string | null} us */
const typed = (us) => (us && /^\d+$/.test(us) ? `${spelledDay(isoDate(Number(us)))} ${clockTime(Number(us))}` : "");

const iso = (/** @type {number} */ us) => new Date(us / 1000).toISOString();

class RequestForm extends LitElement {
  constructor() {
    super();
    /** @type {import("./vms-tile.js").CameraInfo[]} */
    this.cameras = [];
    this.problem = "";
    /** @type {Record<string, string>} */
    this.fields = {};
    this.busy = false;
    this.lifts = page.user?.roles.includes("evidence_officer") ?? false;
    const given = new URLSearchParams(location.search);
    /** What a page that knows more filled in. */
    this.given = {
      cameras: (given.get("cameras") ?? "").split(",").filter(Boolean),
      case_number: given.get("zaak") ?? "",
      from: typed(given.get("from_us")),
      to: typed(given.get("to_us")),
    };
  }

  createRenderRoot() {
    return this;
  }

  async connectedCallback() {
    super.connectedCallback();
    try {
      this.cameras = (await getJson("/api/cameras")).cameras;
    } catch (error) {
      this.problem = messageOf(error);
    }
    this.requestUpdate();
  }

  /** @param {SubmitEvent & { currentTarget: HTMLFormElement }} event */
  async _ask(event) {
    event.preventDefault();
    const form = event.currentTarget;
    const values = new FormData(form);
    const from = moment(String(values.get("from")));
    const to = moment(String(values.get("to")));
    const cameras = values.getAll("cameras");
    this.fields = {};
    if (!from) this.fields.from = t("Vul dag en tijd in.");
    if (!to) this.fields.to = t("Vul dag en tijd in.");
    if (!cameras.length) this.fields.cameras = t("Kies ten minste een camera.");
    if (!from || !to || !cameras.length) return this.requestUpdate();
    this.busy = true;
    this.requestUpdate();
    try {
      const texts = Object.fromEntries(["organisation", "requester", "case_number", "legal_basis", "recipient"].map((name) => [name, values.get(name)]));
      const lift = values.has("unmasked") ? { unmasked: true, note: values.get("note") } : {};
      await askFootage({ ...texts, ...lift, cameras, from: iso(from), to: iso(to) });
      form.reset();
      this.problem = "";
      this.dispatchEvent(new CustomEvent("asked"));
    } catch (error) {
      this.problem = messageOf(error);
      if (error instanceof Problem) this.fields = error.fields;
    }
    this.busy = false;
    this.requestUpdate();
  }

  /** @param {string} name @param {string} label @param {{ value?: string, hint?: string, required?: boolean }} [more] */
  _field(name, label, { value = "", hint = "", required = true } = {}) {
    const wrong = this.fields[name] ?? "";
    return html`<div><label for="ask-${name}">${label}</label>
      <input id="ask-${name}" name=${name} maxlength="80" autocomplete="off" .defaultValue=${value} placeholder=${hint || nothing} ?required=${required} aria-invalid=${String(!!wrong)} aria-describedby="ask-${name}-error">
      <p class="field-error" id="ask-${name}-error">${wrong}</p></div>`;
  }

  render() {
    const hint = page.language === "nl" ? t("dd-mm-jjjj uu:mm:ss") : "yyyy-mm-dd hh:mm:ss";
    const wrong = this.fields.cameras ?? this.fields["cameras.0"] ?? "";
    return html`<form class="ask" @submit=${this._ask} aria-labelledby="ask-title">
      <h2 id="ask-title">${t("Beelden aanvragen")}</h2>
      <div class="fields">
        ${this._field("organisation", t("Organisatie"))}
        ${this._field("requester", t("Aanvrager"))}
        ${this._field("case_number", t("Zaaknummer"), { value: this.given.case_number })}
        ${this._field("legal_basis", t("Wettelijke grondslag"), { hint: t("bijvoorbeeld art. 126nd Sv") })}
        ${this._field("recipient", t("Ontvanger (als dat een ander is)"), { required: false })}
        ${this._field("from", t("Van"), { value: this.given.from, hint })}
        ${this._field("to", t("Tot"), { value: this.given.to, hint })}
      </div>
      <fieldset class="cameras-chosen"><legend>${t("Camera's")}</legend>
        ${this.cameras.map(({ id, number, name }) => html`<label><input type="checkbox" name="cameras" value=${id} ?checked=${this.given.cameras.includes(id)}> <b class="num">${String(number).padStart(2, "0")}</b> ${name}</label>`)}
        <p class="field-error">${wrong}</p>
      </fieldset>
      ${this.lifts
        ? html`<div class="lift"><label><input type="checkbox" name="unmasked"> ${t("Zonder masker: de eigen beelden van de camera")}</label>
          ${this._field("note", t("Reden (verplicht zonder masker)"), { required: false })}</div>`
        : nothing}
      <p class="failed" role="alert">${this.problem}</p>
      <p class="hint">${t("Een tweede persoon besluit over de aanvraag.")}</p>
      <button class="primary" type="submit" ?disabled=${this.busy}>${icon("plus")} ${t("In het register zetten")}</button>
    </form>`;
  }
}

customElements.define("vms-request-form", RequestForm);
