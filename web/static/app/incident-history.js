/** What became of an incident, step by step, and where it can be looked back. */

import { html, nothing } from "lit";

import { followUpText, statusText } from "./incident-words.js";
import { t } from "./page.js";
import { full } from "./times.js";

const BEFORE_US = 60e6;
const AFTER_US = 300e6;

/** @typedef {{ revision: number, at_us: number, by: string, category_name: string, status: string, follow_ups: Record<string, number>, changed: string[] }} Change */

/** @param {string} name of a field whose content the history does not keep */
function fieldText(name) {
  /** @type {Record<string, string>} */
  const texts = { note: t("notitie gewijzigd"), requester: t("aanvrager gewijzigd"), project: t("project gewijzigd"), first_seen: t("eerst gezien door gewijzigd") };
  return texts[name] ?? name;
}

/** @param {Record<string, number>} before @param {Record<string, number>} after */
function countChanges(before, after) {
  const kinds = [...new Set([...Object.keys(after), ...Object.keys(before)])].filter((kind) => (before[kind] ?? 0) !== (after[kind] ?? 0));
  return kinds.map((kind) => `${followUpText(kind)} ${before[kind] ?? 0} → ${after[kind] ?? 0}`);
}

/** @param {Change} change @param {Change | undefined} before */
export function changeText(change, before) {
  if (!before) return t("ingeschreven");
  const told = change.changed.flatMap((name) => {
    if (name === "status") return [statusText(change.status)];
    if (name === "category") return [t("categorie {name}", { name: change.category_name })];
    return name === "follow_ups" ? countChanges(before.follow_ups, change.follow_ups) : [fieldText(name)];
  });
  return told.join(" · ") || t("niets gewijzigd");
}

/** @param {Change[]} history oldest first */
export function historyList(history) {
  if (!history.length) return nothing;
  return html`<section class="history"><h3>${t("Verloop")}</h3><ol>${history.map((change, index) => html`<li><time class="num">${full(change.at_us)}</time> <b>${change.by}</b> <span>${changeText(change, history[index - 1])}</span></li>`)}</ol></section>`;
}

/** Around it, with all of its cameras. @param {import("./incident-words.js").Incident} incident @param {number} nowUs */
export function lookBackAddress({ at_us: at, cameras, trail }, nowUs) {
  const times = [at, ...trail.map(({ at_us }) => at_us)];
  const also = [...new Set([...cameras, ...trail.map(({ camera }) => camera)])].filter((camera) => camera !== cameras[0]);
  const query = new URLSearchParams({ camera: cameras[0], van: String(Math.min(...times) - BEFORE_US), tot: String(Math.min(Math.floor(nowUs), Math.max(...times) + AFTER_US)), op: String(at) });
  if (also.length) query.set("ook", also.join(","));
  return `/terugkijken?${query}`;
}
