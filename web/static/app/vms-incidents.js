/** The register of incidents: found by period, category, camera and status; one is opened by its number in the address. */

import { LitElement, html, nothing } from "lit";

import "./vms-incident-open.js";
import { getJson, messageOf } from "./api.js";
import { daysLater, parseDay } from "./day-field.js";
import { icon } from "./icon.js";
import { cameraName, statusChip } from "./incident-cells.js";
import { countsText, firstSeenText, statusText, statuses } from "./incident-words.js";
import { page, t } from "./page.js";
import { clockTime, date, instants, isoDate, spelledDay, zone } from "./times.js";

/** @typedef {import("./incident-words.js").Incident} Incident */

/** What is asked for; empty: it does not matter. @typedef {{ van: string, tot: string, categorie: string, camera: string, status: string, mijn: string }} Wish */
const NAMES = /** @type {(keyof Wish)[]} */ (["van", "tot", "categorie", "camera", "status", "mijn"]);

class Incidents extends LitElement {
  constructor() {
    super();
    /** @type {Incident[] | null} */
    this.found = null;
    /** After which the list goes on; null: that was all. @type {number | null} */
    this.goesOn = null;
    this.error = "";
    this.wrong = "";
    /** @type {import("./vms-tile.js").CameraInfo[]} */
    this.cameras = [];
    /** @type {import("./incident-words.js").Category[]} */
    this.categories = [];
    const query = new URLSearchParams(location.search);
    this.wish = /** @type {Wish} */ (Object.fromEntries(NAMES.map((name) => [name, query.get(name) ?? ""])));
    this.writes = page.user?.roles.includes("observer") ?? false;
    this.addEventListener("changed", () => this._load());
    addEventListener("popstate", () => this._openNamed());
  }

  createRenderRoot() {
    return this;
  }

  async connectedCallback() {
    super.connectedCallback();
    await Promise.all([this._load(), this._loadNames()]);
    this._openNamed();
  }

  async _loadNames() {
    try {
      [{ cameras: this.cameras }, { categories: this.categories }] = await Promise.all([getJson("/api/cameras"), getJson("/api/incidents/categories")]);
    } catch (error) {
      this.error = messageOf(error);
    }
    this.requestUpdate();
  }

  /** For the API. */
  _query() {
    const utc = (/** @type {string} */ day) => new Date(instants(day, "00:00")[0] / 1000).toISOString();
    const { van, tot, categorie: category, camera, status, mijn } = this.wish;
    const told = { from: van && utc(van), to: tot && utc(daysLater(tot, 1)), category, camera, status, mine: mijn && "true" };
    return new URLSearchParams(Object.entries(told).filter(([, value]) => value));
  }

  async _load(more = false) {
    const query = this._query();
    if (more && this.goesOn) query.set("before", String(this.goesOn));
    try {
      const { incidents, before } = await getJson(`/api/incidents?${query}`);
      this.found = more ? [...(this.found ?? []), ...incidents] : incidents;
      this.goesOn = before;
      this.error = "";
    } catch (error) {
      this.error = messageOf(error);
    }
    this.requestUpdate();
  }

  /** @param {SubmitEvent | Event} event */
  _filter(event) {
    event.preventDefault();
    const fields = new FormData(/** @type {HTMLFormElement} */ (/** @type {HTMLElement} */ (event.currentTarget)));
    const today = isoDate(Date.now() * 1000);
    const wish = /** @type {Wish} */ (Object.fromEntries(NAMES.map((name) => [name, String(fields.get(name) ?? "").trim()])));
    const days = { van: parseDay(wish.van, today), tot: parseDay(wish.tot, today) };
    this.wrong = (wish.van && !days.van) || (wish.tot && !days.tot) ? t("Vul een dag in, bijvoorbeeld {day}.", { day: spelledDay(today) }) : "";
    if (!this.wrong && days.van && days.tot && days.van > days.tot) this.wrong = t("De eerste dag ligt na de laatste.");
    this.requestUpdate();
    if (this.wrong) return;
    this.wish = { ...wish, ...days };
    this._address("");
    this._load();
  }

  /** @param {string} number of the one that is open */
  _address(number) {
    const query = new URLSearchParams(Object.entries({ ...this.wish, nr: number }).filter(([, value]) => value));
    history.replaceState(null, "", `${location.pathname}${query.size ? `?${query}` : ""}`);
  }

  get _open() {
    return /** @type {import("./vms-incident-open.js").IncidentOpen} */ (this.querySelector("vms-incident-open"));
  }

  async _openNamed() {
    const number = Number(new URLSearchParams(location.search).get("nr"));
    await this.updateComplete;
    if (number) this._show(number);
  }

  /** @param {number} number */
  _show(number) {
    this._address(String(number));
    this._open.open(number, this.cameras, this.categories);
  }

  _form() {
    const { wish } = this;
    /** @param {"van" | "tot"} name @param {string} label */
    const day = (name, label) => html`<div class="narrow"><label for="filter-${name}">${label}</label><input id="filter-${name}" name=${name} inputmode="numeric" maxlength="10" autocomplete="off" placeholder=${t("dd-mm-jjjj")} .value=${wish[name] ? spelledDay(wish[name]) : ""} aria-describedby="filter-error"></div>`;
    /** @param {keyof Wish} name @param {string} label @param {(readonly [string, string])[]} options */
    const choose = (name, label, options) => html`<div><label for="filter-${name}">${label}</label><select id="filter-${name}" name=${name}><option value="">${t("alle")}</option>${options.map(([value, text]) => html`<option value=${value} ?selected=${value === wish[name]}>${text}</option>`)}</select></div>`;
    return html`<form class="filter" @submit=${(/** @type {SubmitEvent} */ event) => this._filter(event)} @change=${(/** @type {Event} */ event) => this._filter(event)}>
      ${day("van", t("van"))}${day("tot", t("tot en met"))}
      ${choose("categorie", t("Categorie"), this.categories.map(({ id, name, last_year: last }) => [String(id), last ? `${name} (${t("tot en met {year}", { year: last })})` : name]))}
      ${choose("camera", t("Camera"), this.cameras.map(({ id, number, name }) => [id, `${String(number).padStart(2, "0")} ${name}`]))}
      ${choose("status", t("Status"), statuses().map((status) => [status, statusText(status)]))}
      ${this.writes ? html`<label class="choice"><input type="checkbox" name="mijn" value="1" .checked=${wish.mijn !== ""}> ${t("alleen van mij")}</label>` : nothing}
      <button>${icon("search")} ${t("Zoeken")}</button>
      <p class="field-error" id="filter-error" role="alert">${this.wrong}</p></form>`;
  }

  /** @param {Incident} incident */
  _row(incident) {
    const { id, at_us: at, cameras, trail } = incident;
    return html`<tr data-incident=${id}><th scope="row"><button type="button" class="quiet" @click=${() => this._show(id)}><span class="num">${date(at)} ${clockTime(at)}</span><span class="sr"> ${zone(at)}, ${t("incident {id} openen", { id })}</span></button></th>
      <td>${incident.category_name}${incident.project ? html`<br><small>${incident.project}</small>` : nothing}</td>
      <td>${cameras.map((camera, index) => html`${index ? html`<br>` : nothing}${cameraName(this.cameras, camera)}`)}${trail.length ? html`<br><small>${t("volgspoor langs {n} camera's", { n: new Set(trail.map(({ camera }) => camera)).size })}</small>` : nothing}</td>
      <td>${countsText(incident.follow_ups) || html`<span class="none">–</span>`}</td><td>${statusChip(incident.status)}</td><td>${firstSeenText(incident.first_seen)}</td><td class="note">${incident.note}</td></tr>`;
  }

  _list() {
    const { found } = this;
    if (!found) return this.error ? nothing : html`<p role="status">${t("Incidenten laden…")}</p>`;
    if (!found.length) return html`<p class="lead empty">${this._query().size ? t("Geen incident past hierbij.") : t("In de laatste twaalf maanden is geen incident ingeschreven.")}</p>`;
    const heads = [t("tijd"), t("categorie"), t("camera's"), t("opvolging"), t("status"), t("eerst gezien door"), t("notitie")];
    return html`<div class="scroll"><table class="incidents"><caption class="sr">${t("Incidenten, nieuwste eerst")}</caption><thead><tr>${heads.map((head) => html`<th scope="col">${head}</th>`)}</tr></thead><tbody>${found.map((each) => this._row(each))}</tbody></table></div>
      ${this.goesOn ? html`<button type="button" class="more" @click=${() => this._load(true)}>${t("Meer")}</button>` : nothing}`;
  }

  render() {
    const days = this.wish.van || this.wish.tot ? nothing : html`<small>${t("laatste twaalf maanden")}</small>`;
    return html`<section class="part" aria-labelledby="register-title"><div class="part-head"><h2 id="register-title">${t("Register")} ${days}</h2><a class="button" id="register-csv" href="/api/incidents/register.csv?${this._query()}" download>${icon("download")} CSV</a></div>
      ${this._form()}${this.error ? html`<p class="failed" role="alert">${icon("wifi-off")} ${this.error} <button type="button" @click=${() => this._load()}>${t("Opnieuw")}</button></p>` : nothing}
      ${this._list()}</section>
      <vms-incident-open @closed=${() => this._address("")}></vms-incident-open>`;
  }
}

customElements.define("vms-incidents", Incidents);
