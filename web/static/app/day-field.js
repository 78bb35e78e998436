/** A day as people here write it, whatever the browser's own language: typed, or a day back and on. */

import { html } from "lit";

import { icon } from "./icon.js";
import { t } from "./page.js";
import { isoDate, spelledDay } from "./times.js";

const DAY_MS = 86_400_000;

/**
 * "26-11-2026", "26/11/26", "26.11", "26112026" and "2026-11-26" are all that day; without a year it is the last one.
 * @param {string} text @param {string} today 2026-11-28
 * @returns {string} 2026-11-26, or "" when there is no such day
 */
export function parseDay(text, today) {
  const iso = /^\s*(\d{4})-(\d{1,2})-(\d{1,2})\s*$/.exec(text);
  const local = /^\s*(\d{1,2})[-/. ](\d{1,2})(?:[-/. ](\d{4}|\d{2}))?\s*$/.exec(text) ?? /^\s*(\d{2})(\d{2})(\d{4})\s*$/.exec(text);
  const [year, month, day] = iso ? iso.slice(1) : local ? [local[3] ?? "", local[2], local[1]] : ["", "", ""];
  if (!day) return "";
  /** @param {number} inYear */
  const existing = (inYear) => {
    const wanted = `${inYear}-${month.padStart(2, "0")}-${day.padStart(2, "0")}`;
    const ms = Date.parse(`${wanted}T00:00Z`);
    return !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(wanted) ? wanted : "";
  };
  if (year) return existing(year.length === 2 ? 2000 + Number(year) : Number(year));
  const thisYear = existing(Number(today.slice(0, 4)));
  return thisYear && thisYear <= today ? thisYear : existing(Number(today.slice(0, 4)) - 1);
}

/** @param {string} isoDay @param {number} days */
export const daysLater = (isoDay, days) => new Date(Date.parse(`${isoDay}T00:00Z`) + days * DAY_MS).toISOString().slice(0, 10);

/** What is wrong with a typed day, "" when nothing is. @param {string} text @param {string} today */
export function dayProblem(text, today) {
  const day = parseDay(text, today);
  if (!day) return t("Vul een dag in, bijvoorbeeld {day}.", { day: spelledDay(today) });
  return day > today ? t("Deze dag is nog niet geweest.") : "";
}

/**
 * @param {string} isoDay @param {() => void} changed after each complete change
 */
export function dayField(isoDay, changed) {
  const today = isoDate(Date.now() * 1000);
  /** @param {Element} inside @param {number} days 0 = only write it out */
  const move = (inside, days) => {
    const input = /** @type {HTMLInputElement} */ (inside.closest(".day")?.querySelector("input"));
    const day = parseDay(input.value, today);
    if (!day) return;
    const moved = daysLater(day, days);
    input.value = spelledDay(days > 0 && moved > today ? today : moved);
    changed();
  };
  /** @param {KeyboardEvent} event */
  const key = (event) => {
    const days = { ArrowUp: 1, ArrowDown: -1 }[event.key];
    if (!days) return;
    event.preventDefault();
    move(/** @type {Element} */ (event.target), days);
  };
  /** @param {number} days @param {string} text @param {string} name */
  const step = (days, text, name) =>
    html`<button type="button" title=${text} aria-label=${text} @click=${(/** @type {Event} */ event) => move(/** @type {Element} */ (event.currentTarget), days)}>${icon(name)}</button>`;
  return html`<div><label for="day">${t("Datum")}</label><div class="day">
      ${step(-1, t("dag eerder (↓)"), "chevron-left")}
      <input id="day" name="day" inputmode="numeric" maxlength="10" autocomplete="off" placeholder=${t("dd-mm-jjjj")} .value=${spelledDay(isoDay)} required
        @keydown=${key} @change=${(/** @type {Event} */ event) => move(/** @type {Element} */ (event.target), 0)} aria-describedby="day-error">
      ${step(1, t("dag later (↑)"), "chevron-right")}</div>
      <p class="field-error" id="day-error"></p></div>`;
}
