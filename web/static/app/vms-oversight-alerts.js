/** Unusual patterns in the audit log: questions, never verdicts. Event `show-rows` with the filters of what it is about. */

import { LitElement, html, nothing } from "lit";

import { getJson, messageOf, request } from "./api.js";
import { EVERYTHING } from "./audit-filter.js";
import { daysLater } from "./day-field.js";
import { icon } from "./icon.js";
import { page, t } from "./page.js";
import { date, isoDate, spelledDay } from "./times.js";
import { actorText } from "./words.js";

/**
 * @typedef {object} Alert
 * @property {number} id
 * @property {"long_watch" | "many_looks_back" | "refused_often" | "odd_hours"} code
 * @property {string} actor
 * @property {string} camera
 * @property {string} camera_name
 * @property {string} period 2026-11-22, 2026-11-22T14 or 2026-W47
 * @property {number} figure
 * @property {number} bound
 * @property {number} at_us
 * @property {string} handled_by
 * @property {number | null} handled_us
 * @property {string} note
 */

/** @param {number} minutes since midnight */
const clock = (minutes) => `${String(Math.floor(minutes / 60)).padStart(2, "0")}:${String(minutes % 60).padStart(2, "0")}`;

/** What was seen, and what is usual. @param {Alert} alert */
function figureText({ code, figure, bound }) {
  if (code === "long_watch") return t("{n} minuten op één dag (grens {bound})", { n: figure, bound });
  if (code === "many_looks_back") return t("{n} keer in een week (grens {bound})", { n: figure, bound });
  if (code === "refused_often") return t("{n} keer in een uur (grens {bound})", { n: figure, bound });
  return t("om {time} uur (gewoon: tot of vanaf {bound})", { time: clock(figure), bound: clock(bound) });
}

/** @param {string} period */
function periodText(period) {
  const week = /^(\d{4})-W(\d\d)$/.exec(period);
  if (week) return t("week {week} van {year}", { week: Number(week[2]), year: week[1] });
  const [day, hour] = period.split("T");
  return hour ? t("{day}, vanaf {hour} uur", { day: spelledDay(day), hour: Number(hour) }) : spelledDay(day);
}

class OversightAlerts extends LitElement {
  constructor() {
    super();
    /** @type {Alert[] | null} */
    this.alerts = null;
    this.error = "";
    /** @type {Alert | null} */
    this.handling = null;
    this.problem = "";
    this._load();
  }

  createRenderRoot() {
    return this;
  }

  async _load() {
    try {
      this.alerts = (await getJson("/api/oversight/alerts")).alerts;
      this.error = "";
    } catch (error) {
      this.error = messageOf(error);
    }
    this.requestUpdate();
  }

  /** @param {Alert} alert */
  async _ask(alert) {
    this.handling = alert;
    this.problem = "";
    this.requestUpdate();
    await this.updateComplete;
    /** @type {HTMLDialogElement} */ (this.querySelector("dialog")).showModal();
  }

  /** @param {SubmitEvent} event */
  async _handle(event) {
    event.preventDefault();
    const note = String(new FormData(/** @type {HTMLFormElement} */ (event.target)).get("note")).trim();
    try {
      if (note.length < 3) throw new Error(t("Schrijf op wat u vond."));
      await request("PATCH", `/api/oversight/alerts/${this.handling?.id}`, { json: { note } });
      this.querySelector("dialog")?.close();
      await this._load();
    } catch (error) {
      this.problem = messageOf(error);
      this.requestUpdate();
    }
  }

  /** @param {Alert} alert */
  _show({ actor, camera, code, at_us }) {
    const today = isoDate(at_us);
    const detail = { ...EVERYTHING, actor, camera, from: daysLater(today, -7), to: today, result: code === "refused_often" ? "refused" : "", action: code === "odd_hours" ? "login" : "" };
    this.dispatchEvent(new CustomEvent("show-rows", { bubbles: true, detail }));
  }

  /** @param {Alert} alert */
  _row(alert) {
    const isNew = alert.handled_us === null;
    return html`<tr data-alert=${alert.code} data-level=${isNew ? "warn" : "ok"}>
      <td class="level">${icon(isNew ? "triangle-alert" : "circle-check")}<span>${page.words.oversight?.[alert.code] ?? alert.code}</span></td>
      <th scope="row">${actorText(alert.actor)}</th><td>${alert.camera ? alert.camera_name || alert.camera : "–"}</td><td>${periodText(alert.period)}</td><td>${figureText(alert)}</td>
      <td>${isNew ? html`<div class="actions"><button type="button" @click=${() => this._show(alert)}>${icon("list")} ${t("Regels tonen")}</button><button type="button" @click=${() => this._ask(alert)}>${t("Nagekeken…")}</button></div>` : html`${t("nagekeken door {name} op {day}", { name: alert.handled_by, day: date(alert.handled_us ?? 0) })}<br><small>${alert.note}</small>`}</td></tr>`;
  }

  _dialog() {
    const alert = this.handling;
    if (!alert) return nothing;
    return html`<dialog aria-labelledby="alert-title"><form novalidate @submit=${(/** @type {SubmitEvent} */ event) => this._handle(event)}>
      <h2 id="alert-title">${page.words.oversight?.[alert.code] ?? alert.code}</h2>
      <p>${actorText(alert.actor)} · ${periodText(alert.period)} · ${figureText(alert)}</p>
      <label for="alert-note">${t("Wat u vond")}</label><input id="alert-note" name="note" maxlength="500" autocomplete="off" aria-describedby="alert-problem">
      <p class="field-error" id="alert-problem" role="alert">${this.problem}</p>
      <div class="actions"><button class="primary">${t("Vastleggen")}</button><button type="button" @click=${() => this.querySelector("dialog")?.close()}>${t("Annuleren")}</button></div></form></dialog>`;
  }

  render() {
    const open = (this.alerts ?? []).filter(({ handled_us }) => handled_us === null).length;
    return html`<section class="part" aria-labelledby="alerts-title"><h2 id="alerts-title">${t("Signalen")}</h2>
      <p class="lead">${t("Ongewone patronen in het auditlog. Een signaal is een vraag, geen oordeel; wie het over gaat kan het niet zelf afdoen.")}</p>
      ${this.error ? html`<p class="failed" role="alert">${icon("wifi-off")} ${this.error}</p>` : nothing}
      ${this.alerts?.length ? html`<p class="lead" role="status">${open ? t("{n} nog na te kijken", { n: open }) : t("Alles is nagekeken.")}</p>
        <div class="scroll"><table class="signals"><caption class="sr">${t("Signalen")}</caption><thead><tr><th>${t("signaal")}</th><th>${t("wie")}</th><th>${t("plek")}</th><th>${t("wanneer")}</th><th>${t("gezien")}</th><th>${t("nagekeken")}</th></tr></thead><tbody>${this.alerts.map((alert) => this._row(alert))}</tbody></table></div>` : nothing}
      ${this.alerts && !this.alerts.length ? html`<p class="empty">${t("Geen signalen.")}</p>` : nothing}
      ${this._dialog()}</section>`;
  }
}

customElements.define("vms-oversight-alerts", OversightAlerts);
