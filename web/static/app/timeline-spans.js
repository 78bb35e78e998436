/** What the ruler of time shows of an interval: where there is footage, and where there is none and why. */

import { t } from "./page.js";
import { coverageText, gapText } from "./words.js";

const NOISE_US = 2_000_000; // at the end of what is known now, and between segments

/** Runs of segments that touch, so that a day is drawn in few boxes. @param {import("./mse-player.js").Segment[]} segments */
export function runs(segments) {
  /** @type {{ start_us: number, end_us: number }[]} */
  const result = [];
  for (const { start_us, end_us } of segments) {
    const last = result[result.length - 1];
    if (last && start_us - last.end_us < 300_000) last.end_us = Math.max(last.end_us, end_us);
    else result.push({ start_us, end_us });
  }
  return result;
}

/**
 * Where there is nothing to see, and why. What is erased is that, whatever it was before.
 * @param {import("./timeline.js").Coverage | null} coverage
 */
export function holes(coverage) {
  if (!coverage) return [];
  const { retention_from_us: limit, gaps, stretches } = coverage;
  const unrecorded = stretches.filter(({ kind, start_us, end_us }) => kind === "not_installed" || (kind === "unknown" && end_us - start_us > NOISE_US));
  const found = [
    ...gaps.map(({ start_us, end_us, reason }) => ({ start_us, end_us, text: gapText(reason), calm: false })),
    ...unrecorded.map(({ start_us, end_us, kind }) => ({ start_us, end_us, text: coverageText(kind), calm: kind === "not_installed" })),
  ]
    .filter(({ end_us }) => end_us > limit)
    .map((hole) => ({ ...hole, start_us: Math.max(hole.start_us, limit) }));
  // What was secured outlives the limit, so that is no place to draw a line.
  const gone = stretches.filter(({ kind }) => kind === "expired").map(({ start_us, end_us }) => ({ start_us, end_us, text: t("gewist"), calm: true }));
  return [...gone, ...found];
}
