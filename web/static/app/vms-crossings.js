/** Letting somebody see another purpose's cameras for some hours, on a recorded basis: who was let in, and the form. */

import { LitElement, html, nothing } from "lit";

import { Problem, getJson, messageOf, post } from "./api.js";
import { formField } from "./form-field.js";
import { icon } from "./icon.js";
import { announce, t } from "./page.js";
import { full } from "./times.js";
import { purposeText } from "./words.js";

/**
 * @typedef {{ id: number, holder: string, purpose: string, group: string, from_us: number, to_us: number, basis: string, given_by: string, revoked_us: number | null, revoked_by: string, state: "holds" | "over" | "revoked" }} Crossing
 * @typedef {{ crossings: Crossing[], purposes: string[], groups: string[], bases: Record<string, string> }} Register
 */

const USUAL_HOURS = 4;
const MAX_HOURS = 24;

class Crossings extends LitElement {
  constructor() {
    super();
    /** @type {Register | null} */
    this.register = null;
    this.error = "";
    /** @type {Record<string, string>} */
    this.fields = {};
    this.purpose = "";
    this.busy = false;
    this._ask();
  }

  createRenderRoot() {
    return this;
  }

  async _ask() {
    try {
      this.register = await getJson("/api/crossings");
      this.purpose ||= this.register?.purposes[0] ?? "";
    } catch (error) {
      this.error = messageOf(error);
    }
    this.requestUpdate();
  }

  /** @param {SubmitEvent} event */
  async _give(event) {
    event.preventDefault();
    const form = /** @type {HTMLFormElement} */ (event.target);
    const values = Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, String(value).trim()]));
    const hours = /^\d{1,3}$/.test(values.hours) ? Number(values.hours) : 0;
    const given = await this._do(() => post("/api/crossings", { ...values, hours }), t("{name} ziet deze camera's nu.", { name: values.holder }));
    if (given) form.reset();
    await this.updateComplete;
    /** @type {HTMLElement | null} */ (form.querySelector('[aria-invalid="true"]'))?.focus();
  }

  /** @param {Crossing} crossing */
  _end({ id, holder }) {
    return this._do(() => post(`/api/crossings/${id}/withdraw`, {}), t("De inzage van {name} is beëindigd; open beelden eindigen binnen enkele seconden.", { name: holder }));
  }

  /** @param {() => Promise<unknown>} act @param {string} told */
  async _do(act, told) {
    if (this.busy) return false;
    Object.assign(this, { busy: true, error: "", fields: {} });
    this.requestUpdate();
    let done = false;
    try {
      await act();
      announce(told);
      done = true;
    } catch (error) {
      this.fields = error instanceof Problem ? error.fields : {};
      this.error = Object.keys(this.fields).length ? "" : messageOf(error);
    }
    this.busy = false;
    await this._ask();
    return done;
  }

  /** @param {string} name @param {string} label @param {(described: import("./form-field.js").Described) => unknown} control */
  _field(name, label, control) {
    return formField(`crossing-${name}`, label, this.fields[name] ?? "", control);
  }

  /** @param {Register} register */
  _form({ purposes, groups, bases }) {
    const basis = bases[this.purpose];
    return html`<form class="filter" @submit=${this._give} novalidate>
      ${this._field("holder", t("Inlognaam"), ({ id, invalid, by }) => html`<input id=${id} name="holder" maxlength="80" autocomplete="off" aria-invalid=${invalid} aria-describedby=${by}>`)}
      ${this._field("purpose", t("Doel van de camera's"), ({ id, invalid, by }) => html`<select id=${id} name="purpose" aria-invalid=${invalid} aria-describedby=${by} @change=${(/** @type {any} */ event) => { this.purpose = event.target.value; this.requestUpdate(); }}>${purposes.map((one) => html`<option value=${one}>${purposeText(one)}</option>`)}</select>`)}
      ${this._field("group", t("Gebied"), ({ id, invalid, by }) => html`<select id=${id} name="group" aria-invalid=${invalid} aria-describedby=${by}><option value="">${t("alle gebieden")}</option>${groups.map((one) => html`<option>${one}</option>`)}</select>`)}
      ${this._field("hours", t("Uren (1 tot en met {most})", { most: MAX_HOURS }), ({ id, invalid, by }) => html`<input id=${id} name="hours" inputmode="numeric" maxlength="3" value=${USUAL_HOURS} autocomplete="off" aria-invalid=${invalid} aria-describedby=${by}>`)}
      <div class="wide">${this._field("basis", t("Grondslag, en waarom nu"), ({ id, invalid, by }) => html`<input id=${id} name="basis" maxlength="200" autocomplete="off" aria-invalid=${invalid} aria-describedby=${by}>`)}
      ${basis ? html`<p class="hint">${t("Deze camera's nemen op op grond van: {basis}", { basis })}</p>` : nothing}</div>
      <div class="actions narrow"><button class="primary" ?disabled=${this.busy}>${t("Inzage geven")}</button></div></form>`;
  }

  /** @param {Crossing} one */
  _state(one) {
    if (one.state === "holds") return html`<span class="chip">${icon("circle-check")} ${t("geldt nu")}</span>`;
    return one.state === "over" ? html`<span class="chip">${t("voorbij")}</span>` : html`<span class="chip">${t("beëindigd")}</span> <small>${one.revoked_by}</small>`;
  }

  /** @param {Crossing} one */
  _row(one) {
    return html`<tr data-crossing=${one.id} data-state=${one.state}><th scope="row">${one.holder}</th><td>${purposeText(one.purpose)} · ${one.group || t("alle gebieden")}</td>
      <td class="num">${full(one.from_us)} – ${full(one.to_us)}</td><td>${one.basis}<br><small>${t("gegeven door {who}", { who: one.given_by })}</small></td><td>${this._state(one)}</td>
      <td>${one.state === "holds" ? html`<button type="button" ?disabled=${this.busy} @click=${() => this._end(one)}>${t("Beëindigen")}<span class="sr"> ${one.holder}</span></button>` : nothing}</td></tr>`;
  }

  render() {
    const { register } = this;
    if (!this.error && !register?.purposes.length && !register?.crossings.length) return nothing;
    return html`<section class="part" id="inzage"><h2>${t("Inzage voor een ander doel")}</h2>
      <p class="lead">${t("Camera's met een ander doel dan openbare orde ziet alleen wie daar een rol voor heeft, of wie hier tijdelijk inzage krijgt: alleen zien, niet sturen, veiligstellen of meenemen.")}</p>
      ${this.error ? html`<p class="failed" role="alert">${this.error}</p>` : nothing}
      ${register?.purposes.length ? this._form(register) : nothing}
      ${register?.crossings.length ? html`<div class="scroll"><table><thead><tr><th>${t("account")}</th><th>${t("doel en gebied")}</th><th>${t("van – tot")}</th><th>${t("grondslag")}</th><th>${t("stand")}</th><th><span class="sr">${t("handeling")}</span></th></tr></thead>
        <tbody>${register.crossings.map((one) => this._row(one))}</tbody></table></div>` : nothing}</section>`;
  }
}

customElements.define("vms-crossings", Crossings);
