/** How the register writes dates, periods and words; and how a form's text becomes a decision again. */

import { parseDay } from "./day-field.js";
import { page, t } from "./page.js";
import { spelledDay } from "./times.js";

/**
 * @typedef {{ start?: string | null, end?: string | null }} Period as in the document: a day or a minute, local
 * @typedef {object} Document
 * @property {string} kind
 * @property {string[]} [decided_on]
 * @property {string} [decided_on_text]
 * @property {string[]} [registration_numbers]
 * @property {string[]} [cites_numbers]
 * @property {string | null} [refers_to]
 * @property {Period[]} [periods]
 * @property {string} [period_text]
 * @property {string[]} [locations]
 * @property {string} [location_text]
 * @property {string[]} [cameras]
 * @property {number | null} [flex]
 * @property {number | null} [fixed]
 * @property {string} [deployment_text]
 * @property {string} [reason]
 * @property {string} [criteria]
 * @property {string} [publication_url]
 * @property {string | null} [note]
 *
 * @typedef {object} Decision
 * @property {number} id
 * @property {string} label
 * @property {number} version
 * @property {Document} document
 * @property {string} state
 * @property {{ from_us: number, to_us: number | null }[]} windows
 * @property {string | null} warning
 * @property {string[]} cameras
 * @property {string[]} unclear
 */

const BETWEEN = " t/m ";

/** The server's text for a code. @param {string} table @param {string} code */
export const word = (table, code) => page.words[table]?.[code] ?? code;

/** "06-01-2023" or "06-01-2023 18:30" @param {string} written */
export function spelledMoment(written) {
  const [day, clock] = written.split("T");
  return clock ? `${spelledDay(day)} ${clock}` : spelledDay(day);
}

/** @param {Period} period */
export function periodText({ start, end }) {
  if (start && start === end) return spelledMoment(start);
  return `${start ? spelledMoment(start) : "…"}${BETWEEN}${end ? spelledMoment(end) : "…"}`;
}

/** As printed, or else from the dates. @param {Document} document */
export const decidedText = (document) => document.decided_on_text || (document.decided_on ?? []).map(spelledMoment).join(", ");

/** @param {Document} document */
export function countText({ deployment_text: printed, flex, fixed }) {
  if (printed) return printed;
  return [flex ? t("{n} flex", { n: flex }) : "", fixed ? t("{n} vast", { n: fixed }) : ""].filter(Boolean).join(", ") || "–";
}

/** "2026-12-01" or "2026-12-01T18:30"; null when it is neither. @param {string} text */
function written(text) {
  const [day, clock = ""] = text.trim().split(/\s+/);
  const iso = day ? parseDay(day, day) : "";
  if (!iso || !/\d{4}/.test(day)) return null;
  if (!clock) return iso;
  return /^([01]\d|2[0-3]):[0-5]\d$/.test(clock) ? `${iso}T${clock}` : null;
}

/** One line each: "06-01-2023", "06-01-2023 18:30 t/m 07-01-2023 00:15", an open side as "…". @param {string} text @returns {Period[] | null} */
export function parsePeriods(text) {
  const found = [];
  for (const line of lines(text)) {
    const sides = line.split(BETWEEN.trim()).map((side) => side.trim());
    const [start, end] = sides.length === 1 ? [sides[0], sides[0]] : sides;
    const isOpen = (/** @type {string} */ side) => side === "" || side === "…" || side === "...";
    const period = { start: isOpen(start) ? null : written(start), end: isOpen(end) ? null : written(end) };
    if (sides.length > 2 || (!period.start && !isOpen(start)) || (!period.end && !isOpen(end))) return null;
    found.push(period);
  }
  return found;
}

/** Days, with commas between. @param {string} text @returns {string[] | null} */
export function parseDays(text) {
  const found = listed(text).map(written);
  return found.every((day) => day !== null && !day.includes("T")) ? /** @type {string[]} */ (found) : null;
}

/** @param {string} text */
export const lines = (text) => text.split("\n").map((line) => line.trim()).filter(Boolean);
/** @param {string} text */
export const listed = (text) => text.split(",").map((part) => part.trim()).filter(Boolean);
