/** A year of incidents by category, the year before in brackets, as the annual report has it; and what categories there are. */

import { LitElement, html, nothing } from "lit";

import "./vms-incident-categories.js";
import { getJson, messageOf } from "./api.js";
import { icon } from "./icon.js";
import { countsText } from "./incident-words.js";
import { page, t } from "./page.js";
import { isoDate } from "./times.js";

/**
 * @typedef {{ category: number, name: string, total: number | null, previous: number | null, previous_shared: string[], followed_up: number | null,
 *   follow_ups: Record<string, number>, outcomes: string[], remarks: string[] }} Line null: not known, which is not 0
 * @typedef {{ year: number, total: number, previous: number, missing: number, categories: Line[] }} Figures
 */

const FIRST_YEAR = 2000;

class IncidentYear extends LitElement {
  constructor() {
    super();
    this.thisYear = Number(isoDate(Date.now() * 1000).slice(0, 4));
    this.year = Number(new URLSearchParams(location.search).get("jaar")) || this.thisYear;
    /** @type {Figures | null} */
    this.figures = null;
    this.error = "";
    this.keeps = page.user?.roles.some((role) => ["shift_manager", "policy_officer"].includes(role)) ?? false;
    this.addEventListener("changed", () => this._load());
  }

  createRenderRoot() {
    return this;
  }

  connectedCallback() {
    super.connectedCallback();
    this._load();
  }

  async _load() {
    const { year } = this;
    try {
      const figures = await getJson(`/api/incidents/figures?year=${year}`);
      if (year === this.year) this.figures = figures;
      this.error = "";
    } catch (error) {
      this.error = messageOf(error);
    }
    this.requestUpdate();
  }

  /** @param {number} step */
  _turn(step) {
    this.year = Math.max(FIRST_YEAR, Math.min(this.thisYear, this.year + step));
    const query = new URLSearchParams(location.search);
    query.set("jaar", String(this.year));
    history.replaceState(null, "", `?${query}`);
    this._load();
  }

  /** @param {Line} line */
  _row({ category, name, total, previous, previous_shared: shared, followed_up: done, follow_ups: counts, outcomes, remarks }) {
    const unknown = html`<abbr title=${t("niet bekend")}>–</abbr>`;
    const of = [countsText(counts), ...outcomes].filter(Boolean).join(" · ");
    const remark = [...(shared.length ? [t("vorig jaar deel van {names}", { names: shared.join(", ") })] : []), ...remarks].join("; ");
    return html`<tr data-category=${category}><th scope="row">${name}</th><td class="num">${total ?? unknown} <span class="before-year">(${previous ?? unknown})</span></td>
      <td class="num">${done ?? html`<span class="none">–</span>`}</td><td>${of || html`<span class="none">–</span>`}</td><td>${remark}</td></tr>`;
  }

  /** @param {Figures} figures */
  _table({ year, total, previous, missing, categories }) {
    if (!categories.length) return html`<p class="lead">${t("Van {year} en het jaar ervoor is niets bekend.", { year })}</p>`;
    return html`<div class="scroll"><table class="year"><caption class="sr">${t("Incidenten van {year} per categorie", { year })}</caption>
      <thead><tr><th scope="col">${t("Omschrijving")}</th><th scope="col" class="num">${t("Totaal {year} ({before})", { year, before: year - 1 })}</th><th scope="col" class="num">${t("Opgevolgd")}</th><th scope="col">${t("Waarvan aantal")}</th><th scope="col">${t("Opmerking")}</th></tr></thead>
      <tbody>${categories.map((line) => this._row(line))}</tbody>
      <tfoot><tr><th scope="row">${t("Totaal")}</th><td class="num">${total} <span class="before-year">(${previous})</span></td><td colspan="3">${missing ? t("categorieën zonder totaal: {n}", { n: missing }) : nothing}</td></tr></tfoot></table></div>`;
  }

  render() {
    const { figures, year } = this;
    return html`<section class="part" aria-labelledby="year-title"><div class="part-head"><h2 id="year-title">${t("Jaarcijfers {year}", { year })} <small>${t("tussen haakjes {before}", { before: year - 1 })}</small></h2><div class="choose">
        <button type="button" aria-label=${t("Vorig jaar")} title=${t("Vorig jaar")} ?disabled=${year <= FIRST_YEAR} @click=${() => this._turn(-1)}>${icon("chevron-left")}</button>
        <button type="button" aria-label=${t("Volgend jaar")} title=${t("Volgend jaar")} ?disabled=${year >= this.thisYear} @click=${() => this._turn(1)}>${icon("chevron-right")}</button></div></div>
      ${this.error ? html`<p class="failed" role="alert">${icon("wifi-off")} ${this.error}</p>` : nothing}
      ${figures ? this._table(figures) : this.error ? nothing : html`<p role="status">${t("Cijfers laden…")}</p>`}</section>
      ${this.keeps ? html`<vms-incident-categories></vms-incident-categories>` : nothing}`;
  }
}

customElements.define("vms-incident-year", IncidentYear);
