/** What an observer is writing of an incident: kept in this tab until the server has it, also over a reload or a new login. */

import { page } from "./page.js";

const KEPT = "uitkijk-incident";

/**
 * @typedef {object} Draft
 * @property {string} key under which it is sent, however often
 * @property {string} by
 * @property {number} atUs
 * @property {string[]} cameras
 * @property {{ id: number, cameras: string[] } | null} trail
 * @property {boolean} withTrail
 * @property {number} category 0 = none
 * @property {string} typed of the category
 * @property {string} firstSeen
 * @property {string} requester
 * @property {string} project
 * @property {Record<string, number>} followUps
 * @property {string} note
 */

/** 32 hexadecimal digits; also without TLS, where there is no randomUUID. */
const newKey = () => [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");

/** @param {number} atUs @param {string[]} cameras @param {Draft["trail"]} trail @returns {Draft} */
export function newDraft(atUs, cameras, trail) {
  const by = page.user?.username ?? "";
  return { key: newKey(), by, atUs, cameras, trail, withTrail: trail !== null, category: 0, typed: "", firstSeen: "observer", requester: "", project: "", followUps: {}, note: "" };
}

/** Whether leaving would lose something that somebody entered. @param {Draft} draft */
export const isTouched = (draft) =>
  [draft.typed, draft.requester, draft.project, draft.note].some((text) => text.trim() !== "") || Object.values(draft.followUps).some((count) => count > 0);

/** @param {Draft} draft */
export function keep(draft) {
  if (isTouched(draft)) sessionStorage.setItem(KEPT, JSON.stringify(draft));
  else forget();
}

/** One's own that was not sent. @returns {Draft | null} */
export function kept() {
  /** @type {Draft | null} */
  const draft = JSON.parse(sessionStorage.getItem(KEPT) ?? "null");
  if (draft?.by === page.user?.username) return draft;
  forget(); // somebody else has this tab now
  return null;
}

export const forget = () => sessionStorage.removeItem(KEPT);

/** As the API takes it. @param {Draft} draft */
export const bodyOf = (draft) => ({
  at_us: draft.atUs,
  cameras: draft.cameras,
  trail: draft.withTrail ? (draft.trail?.id ?? null) : null,
  category: draft.category || null,
  first_seen: draft.firstSeen,
  requester: draft.requester,
  project: draft.project,
  follow_ups: draft.followUps,
  note: draft.note,
});
