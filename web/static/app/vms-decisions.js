/** The register of the mayor's decisions: what is in force, what ends soon, what is unclear. */

import { LitElement, html, nothing } from "lit";

import "./decision-areas.js";
import "./vms-decision-form.js";
import { getJson, messageOf } from "./api.js";
import { calendar, windowText } from "./decision-calendar.js";
import { countText, decidedText, periodText, word } from "./decision-text.js";
import { icon } from "./icon.js";
import { page, t } from "./page.js";
import { full, isoDate } from "./times.js";

/** @typedef {import("./decision-text.js").Decision} Decision */
/** @typedef {{ enforce: boolean, now_us: number, decisions: Decision[], areas: import("./decision-areas.js").Area[] }} Register */

const REFRESH_MS = 15_000;
const LEVELS = /** @type {Record<string, string>} */ ({ one_week: "danger", eight_weeks: "warn", six_months: "warn" });

class Decisions extends LitElement {
  constructor() {
    super();
    /** @type {Register | null} */
    this.register = null;
    this.error = "";
    this.year = 0;
    this.mayWrite = page.user?.roles.includes("policy_officer") ?? false;
    this.addEventListener("changed", () => this._load());
  }

  createRenderRoot() {
    return this;
  }

  connectedCallback() {
    super.connectedCallback();
    this._load();
    this._timer = setInterval(() => this._load(), REFRESH_MS);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    clearInterval(this._timer);
  }

  async _load() {
    try {
      this.register = await getJson("/api/decisions");
      this.error = "";
    } catch (error) {
      this.error = messageOf(error);
    }
    this.year ||= Number(isoDate(this.register?.now_us ?? Date.now() * 1000).slice(0, 4));
    this.requestUpdate();
  }

  get _form() {
    return /** @type {any} */ (this.querySelector("vms-decision-form"));
  }

  /** @param {Register} register */
  _figures({ decisions, areas }) {
    const active = decisions.filter(({ state }) => state === "active").length;
    const ending = decisions.filter(({ warning }) => warning).length;
    const unclear = decisions.filter(({ unclear: codes }) => codes.length).length;
    const closed = areas.flatMap(({ cameras }) => cameras).filter(({ gate }) => gate !== "open").length;
    const figure = (/** @type {string} */ name, /** @type {number} */ n, /** @type {string} */ text, /** @type {string} */ level) =>
      html`<div class="figure" data-figure=${name} data-level=${level}><strong class="num">${n}</strong>${text}</div>`;
    return html`<div class="summary">${figure("active", active, t("van kracht"), "ok")}${figure("ending", ending, t("lopen af"), ending ? "warn" : "ok")}
      ${figure("unclear", unclear, t("met onduidelijkheden"), unclear ? "warn" : "ok")}${figure("closed", closed, t("camera's zonder besluit"), closed ? "danger" : "ok")}</div>`;
  }

  /** @param {Decision} decision */
  _state({ state, warning, windows }) {
    return html`<span class="level">${icon(state === "active" ? "circle-check" : state === "pending" ? "hourglass" : "gavel")}<span>${word("decision_state", state)}</span></span>
      ${warning ? html`<br><small class="ending" data-warning=${warning}>${icon("triangle-alert")} ${word("decision_expiry", warning)}</small>` : nothing}
      ${windows.map((window) => html`<br><small class="num">${windowText(window)}</small>`)}`;
  }

  /** @param {Decision} decision */
  _unclear({ unclear, document }) {
    if (!unclear.length) return nothing;
    return html`<details><summary>${t("{n} onduidelijk", { n: unclear.length })}</summary><ul>${unclear.map((code) => html`<li data-code=${code}>${word("decision_unclear", code)}</li>`)}</ul>${document.note ? html`<p><small>${document.note}</small></p>` : nothing}</details>`;
  }

  /** @param {Decision} decision */
  _row(decision) {
    const { document, id, label, state, cameras } = decision;
    const link = /^https?:\/\//.test(document.publication_url ?? "") ? document.publication_url : "";
    const level = decision.warning ? LEVELS[decision.warning] : state === "active" ? "ok" : "";
    return html`<tr data-decision=${id} data-state=${state} data-level=${level}><th scope="row">${label}<br><small>${word("decision_kind", document.kind)}</small>${link ? html`<br><a href=${link} rel="noreferrer">${t("bekendmaking")}</a>` : nothing}</th>
      <td>${decidedText(document)}</td><td>${countText(document)}</td><td class="where">${document.location_text || (document.locations ?? []).join("; ") || "–"}</td>
      <td>${document.period_text || (document.periods ?? []).map(periodText).join(", ") || "–"}</td><td class="where">${document.reason ?? ""}</td>
      <td>${this._state(decision)}</td><td>${cameras.length ? cameras.join(", ") : html`<span class="none">${t("geen")}</span>`}</td><td>${this._unclear(decision)}</td>
      ${this.mayWrite ? html`<td class="do"><button type="button" class="quiet" data-do="correct" @click=${() => this._form.ask(document, id)}>${t("Verbeteren…")}</button>
        ${state === "active" || state === "pending" ? html`<button type="button" class="quiet" data-do="withdraw" @click=${() => this._form.withdraw(decision, this.register?.now_us ?? 0)}>${t("Intrekken…")}</button>` : nothing}</td>` : nothing}</tr>`;
  }

  /** @param {Register} register */
  _table({ decisions }) {
    if (!decisions.length) return html`<p class="lead">${t("Het register is leeg. Schrijf een besluit in, of voer een jaar in met vms import decisions.")}</p>`;
    const heads = [t("besluit"), t("gedateerd"), t("aantal"), t("locatie"), t("periode"), t("reden"), t("toestand"), t("camera's"), t("onduidelijk")];
    return html`<div class="scroll"><table class="decisions"><thead><tr>${heads.map((head) => html`<th>${head}</th>`)}${this.mayWrite ? html`<th><span class="sr">${t("handeling")}</span></th>` : nothing}</tr></thead>
      <tbody>${decisions.toReversed().map((decision) => this._row(decision))}</tbody></table></div>`;
  }

  render() {
    const { register } = this;
    if (!register) return html`<p role="status">${this.error || t("Besluiten laden…")}</p>`;
    return html`<p class="lead">${t("Stand van {time}", { time: full(register.now_us) })}</p>
      ${this.error ? html`<p class="failed" role="alert">${icon("wifi-off")} ${this.error}</p>` : nothing}
      ${register.enforce ? nothing : html`<p class="warning" role="status">${icon("triangle-alert")}<span>${t("Deze site houdt zich nog niet aan het register: camera's nemen ook buiten een besluit op. Zet enforce = true onder [decisions] zodra het register klopt.")}</span></p>`}
      ${this._figures(register)}
      <vms-decision-areas .areas=${register.areas} .nowUs=${register.now_us}></vms-decision-areas>
      <section class="part">${calendar(register.decisions, this.year, register.now_us, (year) => { this.year = year; this.requestUpdate(); })}</section>
      <section class="part"><div class="part-head"><h2>${t("Register")}</h2>${this.mayWrite ? html`<button type="button" class="primary" id="new-decision" @click=${() => this._form.ask({ kind: "designation" })}>${icon("plus")} ${t("Besluit inschrijven")}</button>` : nothing}</div>
      ${this._table(register)}</section><vms-decision-form></vms-decision-form>`;
  }
}

customElements.define("vms-decisions", Decisions);
