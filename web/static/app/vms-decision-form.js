/** Enter a decision, correct one, or withdraw one; what a form cannot hold of an irregular row stays as it was. */

import { LitElement, html, nothing } from "lit";

import { messageOf, request } from "./api.js";
import { lines, listed, parseDays, parsePeriods, periodText, spelledMoment, word } from "./decision-text.js";
import { page, t } from "./page.js";
import { hourMinute, isoDate, spelledDay } from "./times.js";

const KINDS = ["designation", "extension", "withdrawal", "replacement", "merge", "deployment"];

class DecisionForm extends LitElement {
  constructor() {
    super();
    /** @type {import("./decision-text.js").Document} */
    this.document = { kind: "designation" };
    /** Of the decision that is corrected; 0 = a new one. */
    this.decision = 0;
    this.error = "";
    this.busy = false;
    this.open = false;
  }

  createRenderRoot() {
    return this;
  }

  /** @param {import("./decision-text.js").Document} document @param {number} [decision] to correct */
  ask(document, decision = 0) {
    this.document = document;
    this.decision = decision;
    this.error = "";
    this.open = true;
    this.requestUpdate();
    this.updateComplete.then(() => /** @type {HTMLDialogElement} */ (this.querySelector("dialog")).showModal());
  }

  /** Ends this decision as from this minute. @param {import("./decision-text.js").Decision} decision @param {number} nowUs */
  withdraw(decision, nowUs) {
    const today = isoDate(nowUs);
    const periods = [{ start: `${today}T${hourMinute(nowUs)}`, end: null }];
    const { locations = [], registration_numbers: cites = [] } = decision.document;
    this.ask({ kind: "withdrawal", decided_on: [today], cites_numbers: cites, locations, periods });
  }

  _close() {
    /** @type {HTMLDialogElement | null} */ (this.querySelector("dialog"))?.close();
    this.open = false;
    this.requestUpdate();
  }

  /** @param {FormData} fields @returns {Record<string, unknown> | string} what is wrong, in words */
  _read(fields) {
    const text = (/** @type {string} */ name) => String(fields.get(name) ?? "").trim();
    const decided = parseDays(text("decided_on"));
    const periods = parsePeriods(text("periods"));
    const example = spelledDay(isoDate(Date.now() * 1000));
    if (!decided) return t("Datum van het besluit: dagen met een komma ertussen, bijvoorbeeld {day}.", { day: example });
    if (!periods) return t("Perioden: één per regel, bijvoorbeeld {day} 18:30 t/m {day} 23:00.", { day: example });
    const count = (/** @type {string} */ name) => (text(name) ? Number(text(name)) : null);
    return {
      kind: text("kind"),
      registration_numbers: listed(text("numbers")),
      decided_on: decided,
      periods,
      locations: lines(text("locations")),
      cameras: listed(text("cameras")),
      cites_numbers: listed(text("cites")),
      flex: count("flex"),
      fixed: count("fixed"),
      reason: text("reason"),
      criteria: text("criteria"),
      publication_url: text("publication"),
    };
  }

  /** @param {SubmitEvent} event */
  async _save(event) {
    event.preventDefault();
    const fields = new FormData(/** @type {HTMLFormElement} */ (event.target));
    const document = this._read(fields);
    this.error = typeof document === "string" ? document : "";
    this.busy = !this.error;
    this.requestUpdate();
    if (this.error) return;
    try {
      if (this.decision) await request("PATCH", `/api/decisions/${this.decision}`, { json: { reason: String(fields.get("why")), document } });
      else await request("POST", "/api/decisions", { json: document });
      this._close();
      this.dispatchEvent(new Event("changed", { bubbles: true }));
    } catch (error) {
      const detail = error instanceof Error && "body" in error ? String(/** @type {any} */ (error).body.detail ?? "") : "";
      this.error = [messageOf(error), detail].filter(Boolean).join(" ");
    }
    this.busy = false;
    this.requestUpdate();
  }

  /** @param {string} name @param {string} label @param {string} value @param {Record<string, unknown>} [options] */
  _line(name, label, value, { hint = "", required = false, type = "text" } = {}) {
    return html`<div class="field"><label for="decision-${name}">${label}</label><input id="decision-${name}" name=${name} type=${type} min="0" autocomplete="off" ?required=${Boolean(required)} .value=${value} aria-describedby="decision-${name}-hint"><small id="decision-${name}-hint">${hint}</small></div>`;
  }

  /** @param {string} name @param {string} label @param {string} value @param {string} [hint] */
  _text(name, label, value, hint = "") {
    return html`<div class="field wide"><label for="decision-${name}">${label}</label><textarea id="decision-${name}" name=${name} rows="2" .value=${value} aria-describedby="decision-${name}-hint"></textarea><small id="decision-${name}-hint">${hint}</small></div>`;
  }

  render() {
    if (!this.open) return nothing;
    const known = this.document;
    const number = (/** @type {number | null | undefined} */ n) => (n === null || n === undefined ? "" : String(n));
    const day = page.language === "nl" ? t("dd-mm-jjjj") : "yyyy-mm-dd";
    return html`<dialog aria-labelledby="decision-title" @cancel=${() => this._close()}><form class="decision-form" @submit=${this._save}>
      <h2 class="wide" id="decision-title">${this.decision ? t("Besluit verbeteren") : t("Besluit inschrijven")}</h2>
      <p class="hint wide">${t("Werkt meteen: camera's die eronder vallen mogen opnemen en te zien zijn, wat erdoor eindigt stopt.")}</p>
      <div class="field"><label for="decision-kind">${t("soort")}</label><select id="decision-kind" name="kind">${KINDS.map((kind) => html`<option value=${kind} ?selected=${kind === known.kind}>${word("decision_kind", kind)}</option>`)}</select></div>
      ${this._line("numbers", t("registratienummers"), (known.registration_numbers ?? []).join(", "), { hint: t("met een komma ertussen") })}
      ${this._line("decided_on", t("datum van het besluit"), (known.decided_on ?? []).map(spelledMoment).join(", "), { hint: day, required: true })}
      ${this._line("cites", t("beëindigt of verlengt besluit"), (known.cites_numbers ?? []).join(", "), { hint: t("registratienummers") })}
      ${this._text("periods", t("perioden"), (known.periods ?? []).map(periodText).join("\n"), t("één per regel: dag t/m dag, of met uur en minuut; … is niet gegeven"))}
      ${this._text("locations", t("locaties"), (known.locations ?? []).join("\n"), t("één per regel; de naam van een gebied of plaats zoals de camera's die hebben"))}
      ${this._line("cameras", t("alleen deze camera's"), (known.cameras ?? []).join(", "), { hint: t("ids; leeg: alle op de locaties") })}
      ${this._line("flex", t("aantal flex"), number(known.flex), { type: "number" })}${this._line("fixed", t("aantal vast"), number(known.fixed), { type: "number" })}
      ${this._line("publication", t("bekendmaking"), known.publication_url ?? "", { hint: "https://…" })}
      ${this._text("reason", t("reden"), known.reason ?? "")}${this._text("criteria", t("afweging"), known.criteria ?? "", t("noodzaak, maatschappelijke behoefte, proportionaliteit, subsidiariteit"))}
      ${this.decision ? html`<div class="wide">${this._line("why", t("reden van de verbetering"), "", { required: true })}</div>` : nothing}
      ${this.error ? html`<p class="field-error wide" role="alert">${this.error}</p>` : nothing}
      <div class="actions wide"><button class="primary" ?disabled=${this.busy}>${t("Vastleggen")}</button><button type="button" @click=${() => this._close()}>${t("Annuleren")}</button></div></form></dialog>`;
  }
}

customElements.define("vms-decision-form", DecisionForm);
