/** One stream's day as a bar: what was recorded lies low and calm, what was not stands up. */

import { html, nothing, svg } from "lit";

import { t } from "./page.js";
import { clockTime, hourMinute, span, zone } from "./times.js";
import { coverageText, gapText } from "./words.js";

/**
 * @typedef {object} Stretch
 * @property {number} start_us
 * @property {number} end_us
 * @property {string} kind recorded, recording, gap, erased_early, expired, not_installed, unknown
 * @property {string} reason of a gap
 * @property {string} detail for technicians, in English
 *
 * @typedef {object} Totals
 * @property {number} kept_us
 * @property {number | null} kept_pct null when nothing should have been recorded
 * @property {Record<string, number>} lost_us by reason; "unknown" for what nothing explains
 * @property {Record<string, number>} other_us by kind
 *
 * @typedef {{ stretches: Stretch[], totals: Totals }} CameraDay
 * @typedef {{ from_us: number, to_us: number }} Day
 */

const HEIGHT = 26;
const CALM_HEIGHT = 8;
const SHORTEST_PCT = 0.25;
const LABEL_EVERY_H = 3;
const HOUR_US = 3_600_000_000;

/** Outside a decision nothing was to be recorded. @param {Stretch} stretch */
export const isLost = ({ kind, reason }) => kind === "unknown" || (kind === "gap" && reason !== "no_decision");

/** What became of this time, in words. @param {Stretch} stretch */
export function stretchText(stretch) {
  if (stretch.kind !== "gap") return coverageText(stretch.kind);
  return gapText(stretch.reason) + (stretch.reason === "no_decision" ? ` (${stretch.detail})` : "");
}

/** 14:03:27 – 14:04:01 CET (34 s) @param {Stretch} stretch */
export function stretchTime({ start_us, end_us }) {
  return `${clockTime(start_us)} – ${clockTime(end_us)} ${zone(end_us)} (${span(end_us - start_us)})`;
}

/** @param {Stretch} stretch @param {Day} day */
function block(stretch, { from_us, to_us }) {
  const left = ((stretch.start_us - from_us) / (to_us - from_us)) * 100;
  const exact = ((stretch.end_us - stretch.start_us) / (to_us - from_us)) * 100;
  const wide = isLost(stretch) ? Math.max(exact, SHORTEST_PCT) : exact;
  const high = isLost(stretch) ? HEIGHT : CALM_HEIGHT;
  return svg`<rect class=${stretch.kind} x="${left}%" y=${HEIGHT - high} width="${wide}%" height=${high}><title>${stretchTime(stretch)}: ${stretchText(stretch)}</title></rect>`;
}

/** What stands up is drawn last, so that a second of loss beside an hour of footage is seen. @param {CameraDay} of @param {Day} day @param {string} name */
export function coverageBar(of, day, name) {
  const lost = of.stretches.filter(isLost).length;
  const label = lost ? t("{name}: {n} keer niet opgenomen", { name, n: lost }) : t("{name}: niets gemist", { name });
  const order = [...of.stretches].sort((a, b) => Number(isLost(a)) - Number(isLost(b)));
  return html`<svg class="bar" role="img" aria-label=${label} height=${HEIGHT}>${order.map((stretch) => block(stretch, day))}</svg>`;
}

/** The hours above the bars; a day of 23 or 25 hours has as many. @param {Day} day */
export function hourRuler({ from_us, to_us }) {
  const labels = [];
  for (let us = from_us; us < to_us; us += LABEL_EVERY_H * HOUR_US) {
    labels.push(svg`<text x="${((us - from_us) / (to_us - from_us)) * 100}%" y="12">${hourMinute(us)}</text>`);
  }
  return html`<svg class="ruler" aria-hidden="true" height="16">${labels}</svg>`;
}

/** What the colours and heights mean. */
export function legend() {
  const kinds = ["recorded", "recording", "gap", "unknown", "erased_early", "expired", "not_installed"];
  return html`<ul class="legend">${kinds.map((kind) => html`<li><svg width="14" height="14" aria-hidden="true"><rect class=${kind} width="14" height="14"></rect></svg>${coverageText(kind)}</li>`)}</ul>`;
}

/** The times without footage, for the list under a bar. @param {CameraDay} of */
export function lostList(of) {
  const lost = of.stretches.filter((stretch) => isLost(stretch) || stretch.kind === "erased_early");
  return html`<ol class="lost">${lost.map(
    (stretch) => html`<li data-kind=${stretch.kind}><span class="num">${stretchTime(stretch)}</span> <strong>${stretchText(stretch)}</strong>${
      stretch.detail ? html` <small class="detail">${t("technische melding:")} <span lang="en">${stretch.detail}</span></small>` : nothing
    }</li>`,
  )}</ol>`;
}
