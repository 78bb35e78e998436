/** The shapes of the map: what a camera sees, and which way that is. Pure. Directions in degrees, clockwise from north. */

import { t } from "./page.js";

const METRES_PER_DEG = 111_320;
const ARC_STEP_DEG = 5;

/** @typedef {[number, number]} LatLon */

/** @param {LatLon} from @param {number} directionDeg @param {number} metres @returns {LatLon} */
export function along([lat, lon], directionDeg, metres) {
  const turn = (directionDeg * Math.PI) / 180;
  const north = Math.cos(turn) * metres;
  const east = Math.sin(turn) * metres;
  return [lat + north / METRES_PER_DEG, lon + east / (METRES_PER_DEG * Math.cos((lat * Math.PI) / 180))];
}

/**
 * The camera itself and the arc at the end of its reach.
 * @param {LatLon} at @param {{ direction_deg: number, hfov_deg: number }} view @param {number} reachM
 * @returns {LatLon[]}
 */
export function cone(at, view, reachM) {
  const steps = Math.max(1, Math.ceil(view.hfov_deg / ARC_STEP_DEG));
  const first = view.direction_deg - view.hfov_deg / 2;
  const arc = Array.from({ length: steps + 1 }, (_, step) => along(at, first + (step * view.hfov_deg) / steps, reachM));
  return [at, ...arc];
}

/** @param {number} directionDeg */
export function compass(directionDeg) {
  const names = [t("noord"), t("noordoost"), t("oost"), t("zuidoost"), t("zuid"), t("zuidwest"), t("west"), t("noordwest")];
  return names[Math.round((((directionDeg % 360) + 360) % 360) / 45) % 8];
}
