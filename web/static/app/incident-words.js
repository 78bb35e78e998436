/** What the register of incidents calls things; the server has the words. */

import { page, t } from "./page.js";

/**
 * @typedef {object} Incident
 * @property {number} id
 * @property {number} at_us
 * @property {string[]} cameras
 * @property {{ camera: string, at_us: number }[]} trail
 * @property {number} category
 * @property {string} category_name
 * @property {string} first_seen
 * @property {string} requester
 * @property {Record<string, number>} follow_ups
 * @property {string} note
 * @property {string[]} note_hints what in it looks like personal data
 * @property {string} project
 * @property {"open" | "followed_up" | "closed"} status
 * @property {string} created_by
 * @property {number} created_us
 * @property {string} changed_by
 * @property {number} changed_us
 * @property {boolean} mine
 * @property {number} revision
 *
 * @typedef {{ id: number, name: string, first_year: number, last_year: number | null, became: number[] }} Category
 */

/** The usual kinds, in their order. */
export const followUpKinds = () => Object.keys(page.words.incident_follow_up ?? {});

/** What somebody named freely stays as it is. @param {string} kind */
export const followUpText = (kind) => page.words.incident_follow_up?.[kind] ?? kind;

/** @param {string} status */
export const statusText = (status) => page.words.incident_status?.[status] ?? status;
export const statuses = () => Object.keys(page.words.incident_status ?? {});

/** @param {string} code */
export const firstSeenText = (code) => page.words.incident_first_seen?.[code] ?? code;
export const firstSeers = () => Object.keys(page.words.incident_first_seen ?? {});

/** "2 aanhouding · 1 ambulance" @param {Record<string, number>} counts */
export const countsText = (counts) =>
  Object.entries(counts)
    .map(([kind, count]) => `${count} ${followUpText(kind)}`)
    .join(" · ");

/** What to do about a note, "" when nothing. @param {string[]} hints */
export function hintsText(hints) {
  if (!hints.length) return "";
  const what = hints.map((hint) => page.words.incident_note_hint?.[hint] ?? hint).join(", ");
  return t("Dit lijkt op {what}. Haal het weg als het zo is: hier horen geen persoonsgegevens.", { what });
}
