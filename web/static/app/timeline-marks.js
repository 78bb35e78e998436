/** Where the ruler of time has its marks, and what stands beside them: whole local hours, also when the clock changes. */

import { clockTime, hourMinute, zone } from "./times.js";

const STEPS_S = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600];
const HOUR_US = 3600e6;
/** Pixels that a label takes, with and without its zone. */
const LABEL = 84;
const LONG_LABEL = 78;

/**
 * @typedef {object} Mark
 * @property {number} us
 * @property {string} label "" = a mark without words
 * @property {boolean} before whether the label stands left of its mark
 */

/**
 * Labels change zone where the clock does: of the two hours that are called alike both are named.
 * @param {number} fromUs @param {number} toUs @param {number} width pixels
 * @returns {Mark[]}
 */
export function marks(fromUs, toUs, width) {
  const perLabelS = ((toUs - fromUs) / 1e6 / width) * LABEL;
  const labelled = (STEPS_S.find((step) => step >= perLabelS) ?? 21_600) * 1e6;
  const step = Math.min(labelled, HOUR_US);
  /** @type {Mark[]} */
  const found = [];
  let zoneBefore = zone(fromUs - 1e6);
  for (let us = Math.ceil(fromUs / step) * step; us < toUs; us += step) {
    const here = zone(us);
    const changed = here !== zoneBefore && found.length > 0;
    if (changed) nameBefore(found, us, zoneBefore);
    const named = changed || isLabelled(us, labelled);
    const text = step < 60e6 ? clockTime(us) : hourMinute(us);
    found.push({ us, label: named ? (changed || found.every(({ label }) => !label) ? `${text} ${here}` : text) : "", before: false });
    zoneBefore = here;
  }
  return apart(found, ((toUs - fromUs) / width) * LONG_LABEL);
}

/** The last hour before the clock changed. @param {Mark[]} found @param {number} changedUs @param {string} zoneBefore */
function nameBefore(found, changedUs, zoneBefore) {
  const last = found[found.length - 1];
  if (changedUs - last.us > HOUR_US) return;
  last.label = `${hourMinute(last.us)} ${zoneBefore}`;
  last.before = true;
}

/** @param {number} us @param {number} labelled */
function isLabelled(us, labelled) {
  if (labelled <= HOUR_US) return us % labelled === 0;
  return Number(hourMinute(us).slice(0, 2)) % (labelled / HOUR_US) === 0;
}

/** What would be written over something else is left out, but never where the clock changes. @param {Mark[]} found @param {number} leastUs */
function apart(found, leastUs) {
  const fixed = found.filter(({ label }) => label.includes(" "));
  for (const mark of found) {
    if (!mark.label || fixed.includes(mark)) continue;
    const near = fixed.some((other) => (other.before ? other.us - leastUs * 2 < mark.us && mark.us < other.us : Math.abs(other.us - mark.us) < leastUs * 1.1));
    if (near) mark.label = "";
  }
  return found;
}
