/** What a tile says, decided from measured frames and the server's digest. Pure. */

/**
 * @typedef {"connecting" | "live" | "late" | "stalled" | "reconnecting" | "camera-offline" | "forbidden"
 *   | "decision-pending" | "decision-expired" | "privacy-off" | "mask-fault" | "hidden"} TileState
 *
 * @typedef {object} Measured
 * @property {boolean} hidden the stream was released
 * @property {boolean} linkUp the websocket lives
 * @property {string} [gate] what the decisions allow: open, pending, expired, none, unknown; none given = open
 * @property {string} refusal code of the server's refusal, "" when none
 * @property {string} source the camera's state at the server; "" when not known yet
 * @property {number} sinceAskedS seconds since this camera was asked for
 * @property {number | null} sinceFrameS seconds since the last new frame of this camera; null = none yet
 * @property {number | null} ageS how old the newest frame is; null = not known yet
 * @property {number | null} fpsShare frames shown of those the camera sends, over some seconds; null = not known
 * @property {number} frameIntervalS how far apart the camera's frames are; 0 = not known
 * @property {"ok" | "fault" | "none"} mask
 */

/** @type {Record<string, TileState>} */
const REFUSALS = {
  forbidden: "forbidden",
  shift_required: "forbidden",
  decision_pending: "decision-pending",
  decision_expired: "decision-expired",
  decision_missing: "decision-pending",
  privacy_off: "privacy-off",
};

const LATE_FRAME_S = 1.0;
/** A picture older than this is behind; one that is younger and yet late comes haltingly. */
export const LATE_AGE_S = 1.5;
const STALLED_S = 2.0;
const GIVE_UP_S = 5.0;

/** @param {string} source */
export const isDown = (source) => source !== "" && source !== "up";

/** No decision allows it to be shown. @param {string | undefined} gate */
export const isGated = (gate) => gate !== undefined && gate !== "open";

/** @param {Measured} m @returns {TileState} */
export function tileState(m) {
  const refused = REFUSALS[m.refusal];
  if (refused) return refused;
  if (isGated(m.gate)) return m.gate === "expired" ? "decision-expired" : "decision-pending";
  if (m.hidden) return "hidden";
  if (!m.linkUp) return "reconnecting";
  const silentS = m.sinceFrameS ?? m.sinceAskedS;
  if (isDown(m.source) && (silentS >= GIVE_UP_S || (m.sinceFrameS === null && m.source !== "connecting"))) {
    return "camera-offline";
  }
  if (m.sinceFrameS === null) return m.sinceAskedS < GIVE_UP_S ? "connecting" : "reconnecting";
  if (silentS >= GIVE_UP_S) return "reconnecting";
  if (silentS >= STALLED_S) return "stalled";
  if (m.mask === "fault") return "mask-fault";
  const behind = silentS >= Math.max(LATE_FRAME_S, 2 * m.frameIntervalS) || (m.ageS ?? 0) > LATE_AGE_S || (m.fpsShare ?? 1) < 0.5;
  return behind ? "late" : "live";
}

/** The picture on screen is not the present: it must not look so. @param {TileState} state */
export const isFrozen = (state) => state !== "live" && state !== "late" && state !== "mask-fault";
