/** Words of evidence holds: states, legal bases, why something is missing. */

import { page, t } from "./page.js";
import { coverageText, gapText } from "./words.js";
import { clockTime, date, zone } from "./times.js";

/**
 * @typedef {object} Missing
 * @property {string} camera
 * @property {number} start_us
 * @property {number} end_us
 * @property {string} reason
 */
/**
 * @typedef {object} Hold
 * @property {number} id
 * @property {"requested" | "secured" | "released"} state
 * @property {string[]} cameras
 * @property {number} from_us
 * @property {number} to_us
 * @property {string} case_number
 * @property {string} basis
 * @property {string} legal_basis
 * @property {string} requester
 * @property {string} created_by
 * @property {number} created_us
 * @property {number} review_us
 * @property {boolean} review_due
 * @property {number | null} secured_us
 * @property {string | null} root
 * @property {number | null} released_us
 * @property {string | null} released_by
 * @property {number | null} erased_us
 * @property {string} problem
 * @property {number} files
 * @property {number} bytes
 * @property {number} damaged
 * @property {Missing[]} [missing]
 */

/** @returns {[string, string][]} as the API names them, in the order of the list */
export const bases = () => [
  ["sv_126nd", t("vordering art. 126nd Sv")],
  ["sv_126nda", t("vordering art. 126nda Sv")],
  ["wpg_internal", t("Wpg, eigen onderzoek (art. 8, 9)")],
  ["wpg_provide", t("Wpg, verstrekking (art. 15–20)")],
  ["prosecutor", t("toestemming officier van justitie")],
  ["other", t("anders, namelijk")],
];

/** @param {Hold} hold */
export function basisText({ basis, legal_basis }) {
  const known = bases().find(([code]) => code === basis && code !== "other")?.[1];
  if (!known) return legal_basis;
  return legal_basis && legal_basis !== basis ? `${known}: ${legal_basis}` : known;
}

/** @param {Hold} hold */
export function stateText({ state, erased_us }) {
  if (state === "released") return erased_us ? t("vrijgegeven, gewist") : t("vrijgegeven, wordt gewist");
  return state === "secured" ? t("geborgd") : t("aangevraagd");
}

/** @param {string} reason */
function missingText(reason) {
  if (reason === "purging") return t("het wissen was al begonnen");
  return page.words.coverage?.[reason] ? coverageText(reason) : gapText(reason);
}

/** @param {Missing} missing */
export const missingLine = ({ camera, start_us, end_us, reason }) =>
  `${camera} ${date(start_us)} ${clockTime(start_us)} – ${clockTime(end_us)} ${zone(end_us)}: ${missingText(reason)}`;

/** Whoever set a hold does not release it. @param {Hold} hold */
export const isOwn = ({ created_by }) => page.user?.username.toLowerCase() === created_by.toLowerCase();

export const maySet = () => page.user?.roles.includes("evidence_officer") ?? false;
