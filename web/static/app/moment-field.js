/** A moment as people here type it, in local time; empty means at once. */

import { html, nothing } from "lit";

import { parseDay } from "./day-field.js";
import { page, t } from "./page.js";
import { instants, isoDate, spelledDay } from "./times.js";

/**
 * "1-12-2026 08:30" (in English "2026-12-01 08:30") as microseconds UTC. An hour that comes twice is the first one.
 * @param {string} text @returns {number | null | undefined} null: nothing was typed; undefined: no such moment
 */
export function parseMoment(text) {
  if (!text.trim()) return null;
  const [day, time] = text.trim().split(/\s+/);
  const clock = /^([01]?\d|2[0-3])[:.]([0-5]\d)$/.exec(time ?? "");
  const isoDay = /\d{4}/.test(day) ? parseDay(day, day) : "";
  return clock && isoDay ? instants(isoDay, `${clock[1].padStart(2, "0")}:${clock[2]}`)[0] : undefined;
}

/** @param {string} id @param {string} label @param {string} text @param {(text: string) => void} changed */
export function momentField(id, label, text, changed) {
  const wrong = parseMoment(text) === undefined;
  const example = `${spelledDay(isoDate(Date.now() * 1000))} 08:30`;
  return html`<div class="when"><label for=${id}>${label}</label>
    <input id=${id} maxlength="16" autocomplete="off" placeholder=${page.language === "nl" ? t("dd-mm-jjjj uu:mm") : "yyyy-mm-dd hh:mm"} .value=${text} aria-invalid=${wrong}
      aria-describedby="${id}-error" @input=${(/** @type {any} */ event) => changed(event.target.value)}>
    <p class="field-error" id="${id}-error">${wrong ? t("Vul een moment in, bijvoorbeeld {moment}.", { moment: example }) : nothing}</p></div>`;
}

/** For the API: {} at once. @param {string} text */
export function validFrom(text) {
  const us = parseMoment(text);
  return us ? { valid_from: new Date(us / 1000).toISOString() } : {};
}
