/** What the map says of a camera: a colour with a shape, an icon and a word each, never the colour alone. Pure. */

import { t } from "./page.js";
import { isDown } from "./tile-state.js";

/**
 * @typedef {object} MapState
 * @property {"ok" | "warn" | "danger" | "unknown"} level
 * @property {string} icon
 * @property {string} text
 */

/** @param {import("./server-link.js").CameraState | undefined} status @param {boolean} linkUp @returns {MapState} */
export function mapState(status, linkUp) {
  if (!status || !linkUp) return { level: "unknown", icon: "wifi-off", text: t("toestand onbekend") };
  if (status.source === "connecting") return { level: "warn", icon: "hourglass", text: t("verbindt") };
  if (isDown(status.source)) return { level: "danger", icon: "video-off", text: t("storing") };
  if (status.rec === "fault") return { level: "danger", icon: "hard-drive", text: t("opname gestoord") };
  if (status.mask === "fault") return { level: "warn", icon: "shield-alert", text: t("masker onzeker") };
  return { level: "ok", icon: "video", text: t("in bedrijf") };
}
