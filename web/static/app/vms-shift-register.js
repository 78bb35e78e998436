/** What managers read of shifts: hours by month, area and camera, how much of a day was watched, and the register. */

import { LitElement, html, nothing } from "lit";

import { getJson, messageOf } from "./api.js";
import { dayField, daysLater, parseDay } from "./day-field.js";
import { icon } from "./icon.js";
import { decimal, page, t } from "./page.js";
import { full, hourMinute, instants, isoDate, span } from "./times.js";

/**
 * @typedef {import("./vms-shift.js").Shift} Shift
 * @typedef {{ watched_us: number, viewer_us: number }} Watched
 * @typedef {{ year: number, shifts: number, manned_us: number, person_us: number, months: { manned_us: number, person_us: number }[],
 *   areas: ({ name: string } & Watched)[], cameras: ({ id: string, number: number, name: string, area: string } & Watched)[] }} Figures
 * @typedef {{ hours_us: number[], cameras: Record<string, number[]> }} Viewing
 */

/** @param {number} us */
const inHours = (us) => decimal(us / 3.6e9);

/** @param {number} month 0…11 */
const monthName = (month) => new Date(2001, month, 15).toLocaleString(page.language, { month: "long" });

class ShiftRegister extends LitElement {
  constructor() {
    super();
    this.today = isoDate(Date.now() * 1000);
    this.year = Number(this.today.slice(0, 4));
    this.day = this.today;
    /** @type {Figures | null} */
    this.figures = null;
    /** @type {Viewing | null} */
    this.viewing = null;
    /** @type {Shift[]} */
    this.shifts = [];
    this.more = false;
    this.error = "";
  }

  createRenderRoot() {
    return this;
  }

  connectedCallback() {
    super.connectedCallback();
    this._get(() => this._loadFigures());
    this._get(() => this._loadDay());
    this._get(() => this._loadShifts());
  }

  /** @param {() => Promise<void>} load */
  async _get(load) {
    try {
      await load();
      this.error = "";
    } catch (error) {
      this.error = messageOf(error);
    }
    this.requestUpdate();
  }

  async _loadFigures() {
    this.figures = await getJson(`/api/shifts/figures?year=${this.year}`);
  }

  async _loadDay() {
    const [from] = instants(this.day, "00:00");
    const [to] = instants(daysLater(this.day, 1), "00:00");
    this.viewing = await getJson(`/api/shifts/viewing?from_us=${from}&to_us=${to}`);
  }

  async _loadShifts() {
    const oldest = this.shifts.at(-1);
    const found = await getJson(`/api/shifts${oldest ? `?before=${oldest.id}` : ""}`);
    this.shifts = [...this.shifts, ...found.shifts];
    this.more = found.more;
  }

  /** @param {number} step */
  _turn(step) {
    this.year += step;
    this._get(() => this._loadFigures());
  }

  _chosenDay() {
    const input = /** @type {HTMLInputElement | null} */ (this.querySelector("#day"));
    const day = parseDay(input?.value ?? "", this.today);
    if (!day || day > this.today) return;
    this.day = day;
    this._get(() => this._loadDay());
  }

  /** @param {Figures} figures */
  _summary({ shifts, manned_us: manned, person_us: person }) {
    /** @param {string} name @param {string | number} value @param {string} text */
    const figure = (name, value, text) => html`<div class="figure" data-figure=${name}><strong class="num">${value}</strong>${text}</div>`;
    return html`<div class="summary">${figure("shifts", shifts, t("diensten"))}${figure("manned", inHours(manned), t("uur bezet"))}${figure("person", inHours(person), t("mensuren"))}</div>`;
  }

  /** @param {Figures} figures */
  _tables({ months, areas, cameras }) {
    const watchedHead = html`<th class="num">${t("uur bekeken")}</th><th class="num">${t("kijkuren")}</th>`;
    /** @param {Watched} watched */
    const watched = ({ watched_us: any, viewer_us: all }) => html`<td class="num">${inHours(any)}</td><td class="num">${inHours(all)}</td>`;
    return html`<div class="two">
      <div class="scroll"><table class="hours" id="shift-months"><thead><tr><th>${t("maand")}</th><th class="num">${t("uur bezet")}</th><th class="num">${t("mensuren")}</th></tr></thead>
        <tbody>${months.map(({ manned_us: manned, person_us: person }, month) => html`<tr><th scope="row">${monthName(month)}</th><td class="num">${inHours(manned)}</td><td class="num">${inHours(person)}</td></tr>`)}</tbody></table></div>
      <div class="scroll"><table class="hours" id="shift-areas"><thead><tr><th>${t("gebied")}</th>${watchedHead}</tr></thead>
        <tbody>${areas.map((area) => html`<tr><th scope="row">${area.name || "–"}</th>${watched(area)}</tr>`)}</tbody></table></div>
    </div>
    <details><summary>${t("Per camera")}</summary><div class="scroll"><table class="hours" id="shift-cameras"><thead><tr><th>${t("camera")}</th><th>${t("gebied")}</th>${watchedHead}</tr></thead>
      <tbody>${cameras.map((camera) => html`<tr data-camera=${camera.id}><th scope="row"><b class="num">${String(camera.number).padStart(2, "0")}</b> ${camera.name}</th><td>${camera.area}</td>${watched(camera)}</tr>`)}</tbody></table></div></details>`;
  }

  /** @param {Viewing} viewing */
  _hours({ hours_us: hours, cameras }) {
    const known = new Map(this.figures?.cameras.map((camera) => [camera.id, camera]));
    /** @param {number} share */
    const cell = (share) => (share > 0 ? html`<td data-share=${Math.ceil(share * 4)} title="${Math.round(share * 100)} %">${Math.round(share * 100) || "<1"}</td>` : html`<td class="none">·</td>`);
    return html`<div class="scroll" tabindex="0"><table class="watched"><caption class="sr">${t("Deel van elk uur dat een camera live bekeken is, in procenten")}</caption>
      <thead><tr><th>${t("camera")}</th>${hours.map((us) => html`<th class="num">${hourMinute(us).slice(0, 2)}</th>`)}</tr></thead>
      <tbody>${Object.entries(cameras).map(([id, shares]) => html`<tr data-camera=${id}><th scope="row">${known.get(id)?.name ?? id}</th>${shares.map(cell)}</tr>`)}</tbody></table></div>`;
  }

  /** @param {Shift} shift */
  _row(shift) {
    const ended = shift.closed ? full(shift.over_us) : shift.over_us > Date.now() * 1000 ? t("nu in dienst") : t("niet afgesloten");
    return html`<tr data-shift=${shift.id}><td class="num">${full(shift.started_us)}</td><td>${ended}<br><small>${shift.closed ? span(shift.over_us - shift.started_us) : nothing}</small></td>
      <th scope="row">${shift.people.join(" + ")}</th><td>${shift.coordinator}</td><td>${shift.workstation}</td><td><p class="note">${shift.note}</p></td></tr>`;
  }

  render() {
    const { figures, viewing } = this;
    return html`${this.error ? html`<p class="failed" role="alert">${icon("wifi-off")} ${this.error}</p>` : nothing}
      <section class="part"><div class="part-head"><h2>${t("Uren in {year}", { year: this.year })}</h2><div class="choose">
        <button type="button" aria-label=${t("Vorig jaar")} title=${t("Vorig jaar")} @click=${() => this._turn(-1)}>${icon("chevron-left")}</button>
        <button type="button" aria-label=${t("Volgend jaar")} title=${t("Volgend jaar")} @click=${() => this._turn(1)}>${icon("chevron-right")}</button></div></div>
        ${figures ? html`${this._summary(figures)}${this._tables(figures)}` : html`<p role="status">${t("Uren laden…")}</p>`}</section>
      <section class="part"><div class="part-head"><h2>${t("Live bekeken per uur (%)")}</h2><form class="choose" @submit=${(/** @type {Event} */ event) => { event.preventDefault(); this._chosenDay(); }}>${dayField(this.day, () => this._chosenDay())}</form></div>
        ${viewing ? this._hours(viewing) : html`<p role="status">${t("Uren laden…")}</p>`}</section>
      <section class="part"><h2>${t("Dienstregister")}</h2>
        ${this.shifts.length
          ? html`<div class="scroll"><table class="shifts"><thead><tr><th>${t("begonnen")}</th><th>${t("afgesloten")}</th><th>${t("wie")}</th><th>${t("coördinator van de politie")}</th><th>${t("werkplek")}</th><th>${t("overdracht")}</th></tr></thead><tbody>${this.shifts.map((shift) => this._row(shift))}</tbody></table></div>`
          : html`<p class="lead">${t("Nog geen diensten.")}</p>`}
        ${this.more ? html`<button type="button" class="more" @click=${() => this._get(() => this._loadShifts())}>${t("Meer")}</button>` : nothing}</section>`;
  }
}

customElements.define("vms-shift-register", ShiftRegister);
