/** Stills to draw on: asked with a reason, shown for a minute, then gone from the page. */

import { request } from "./api.js";

/**
 * @typedef {object} Still
 * @property {string} url of the picture, until it is revoked
 * @property {number} width
 * @property {number} height
 * @property {number} taken_us
 * @property {import("./mask-geometry.js").View | null} view
 * @property {"ok" | "none" | "fault"} mask
 * @property {string} reason why it is grey
 * @property {number} goneAtMs by performance.now()
 */

/**
 * @param {string} camera
 * @param {{ reason: string, masks?: unknown[], lens?: unknown, at_rest?: boolean }} asked
 * @returns {Promise<Still>}
 */
export async function takeStill(camera, asked) {
  const response = await request("POST", `/api/cameras/${camera}/masks/still`, { json: asked });
  const shownS = Number(response.headers.get("X-Shown-S") ?? 60);
  const about = JSON.parse(response.headers.get("X-Still") ?? "{}");
  return { ...about, url: URL.createObjectURL(await response.blob()), goneAtMs: performance.now() + shownS * 1000 };
}

/** @param {Still | null} still */
export function forget(still) {
  if (still) URL.revokeObjectURL(still.url);
}

/** @param {Still | null} still */
export const secondsLeft = (still) => (still ? Math.max(0, Math.ceil((still.goneAtMs - performance.now()) / 1000)) : 0);
