/** A year of decisions: a bar for every time that one is in force, and the present day. */

import { html, nothing, svg } from "lit";

import { icon } from "./icon.js";
import { t } from "./page.js";
import { full, instants } from "./times.js";
import { word } from "./decision-text.js";

const BAR = 14;
const MONTHS = ["01", "02", "03", "04", "05", "06", "07", "08", "09", "10", "11", "12"];

/** @param {number} year */
const yearStart = (year) => instants(`${year}-01-01`, "00:00")[0];

/** @param {{ from_us: number, to_us: number | null }} window @param {number} from @param {number} to */
const overlaps = ({ from_us, to_us }, from, to) => from_us < to && (to_us === null || to_us > from);

/** @param {{ from_us: number, to_us: number | null }} window */
export const windowText = ({ from_us, to_us }) => `${full(from_us)} – ${to_us === null ? t("tot nader order") : full(to_us)}`;

/**
 * @param {import("./decision-text.js").Decision[]} decisions @param {number} year @param {number} nowUs
 * @param {(year: number) => void} turn
 */
export function calendar(decisions, year, nowUs, turn) {
  const [from, to] = [yearStart(year), yearStart(year + 1)];
  const at = (/** @type {number} */ us) => Math.min(100, Math.max(0, ((us - from) / (to - from)) * 100));
  const shown = decisions.filter(({ windows }) => windows.some((window) => overlaps(window, from, to)));
  const months = MONTHS.map((month) => ({ month, x: at(instants(`${year}-${month}-01`, "00:00")[0]) }));
  const today = nowUs >= from && nowUs < to ? svg`<line class="now" x1="${at(nowUs)}%" x2="${at(nowUs)}%" y1="0" y2=${BAR}></line>` : nothing;
  return html`<div class="part-head"><h2>${t("Kalender")}</h2><div class="actions">
      <button type="button" aria-label=${t("Vorig jaar")} @click=${() => turn(year - 1)}>${icon("chevron-left")}</button><strong class="num" id="year">${year}</strong>
      <button type="button" aria-label=${t("Volgend jaar")} @click=${() => turn(year + 1)}>${icon("chevron-right")}</button></div></div>
    ${shown.length ? html`<div class="scroll"><table class="calendar"><thead><tr><th>${t("besluit")}</th><th class="year"><svg class="months" aria-hidden="true" height="16">${months.map(({ month, x }) => svg`<text x="${x}%" y="12">${month}</text>`)}</svg></th></tr></thead>
      <tbody>${shown.map((decision) => row(decision, from, to, at, today))}</tbody></table></div>` : html`<p class="lead">${t("In {year} was of is geen besluit van kracht.", { year })}</p>`}`;
}

/**
 * @param {import("./decision-text.js").Decision} decision @param {number} from @param {number} to
 * @param {(us: number) => number} at @param {unknown} today
 */
function row(decision, from, to, at, today) {
  const windows = decision.windows.filter((window) => overlaps(window, from, to));
  const label = `${decision.label}: ${windows.map(windowText).join("; ")}`;
  return html`<tr data-decision=${decision.id}><th scope="row">${decision.label} <small>${word("decision_kind", decision.document.kind)}</small></th>
    <td class="year"><svg class="bar" role="img" aria-label=${label} height=${BAR}>${windows.map((window) => {
      const x = at(window.from_us);
      const width = Math.max(0.3, at(window.to_us ?? to) - x);
      return svg`<rect x="${x}%" y="2" width="${width}%" height=${BAR - 4} rx="2"><title>${windowText(window)}</title></rect>`;
    })}${today}</svg></td></tr>`;
}
