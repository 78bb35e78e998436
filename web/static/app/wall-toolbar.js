/** The buttons over the tiles: layouts, pages, the round, and what is done to the whole wall. */

import { html, nothing } from "lit";

import { icon } from "./icon.js";
import { t } from "./page.js";
import { DWELLS_S } from "./round.js";
import { LAYOUTS, OVERVIEW } from "./wall-state.js";

/**
 * @typedef {object} Toolbar
 * @property {string} layout
 * @property {number} page from 0
 * @property {number} pages
 * @property {import("./round.js").Round} round
 * @property {(key: string) => void} setLayout
 * @property {(step: number) => void} turnPage
 * @property {(dwellS: number) => void} setRound 0 = stop
 * @property {() => void} toggleRound
 * @property {() => void} palette
 * @property {() => void} saved the saved layouts
 * @property {boolean} mapOpen
 * @property {() => void} map
 * @property {() => void} snapshot
 * @property {() => void} fullScreen
 * @property {() => void} help
 */

/** @param {string} key of a layout */
export const layoutText = (key) => (key === OVERVIEW ? t("alle") : key);

/** @param {string} name @param {string} text @param {() => void} act */
const quiet = (name, text, act) => html`<button type="button" class="quiet" title=${text} @click=${act}>${icon(name)}<span class="sr">${text}</span></button>`;

/** @param {Toolbar} bar */
function pager(bar) {
  if (bar.pages <= 1) return nothing;
  return html`<div class="pager"><button type="button" aria-label=${t("Vorige camera's")} ?disabled=${bar.page === 0} @click=${() => bar.turnPage(-1)}>${icon("chevron-left")}</button>
    <span class="num">${Math.min(bar.page + 1, bar.pages)}/${bar.pages}</span>
    <button type="button" aria-label=${t("Volgende camera's")} ?disabled=${bar.page >= bar.pages - 1} @click=${() => bar.turnPage(1)}>${icon("chevron-right")}</button></div>`;
}

/** @param {Toolbar} bar */
function round(bar) {
  const { on, running, dwellS } = bar.round;
  const text = running ? t("Rondje pauzeren (Q)") : on ? t("Rondje hervatten (Q)") : t("Rondje langs alle camera's (Q)");
  return html`<div class="round" ?data-running=${running}>
    <button type="button" class=${on ? "" : "quiet"} title=${text} @click=${() => bar.toggleRound()}>${icon(running ? "pause" : "play")}<span class="sr">${text}</span></button>
    ${on
      ? html`<select aria-label=${t("Seconden per camera")} @change=${(/** @type {Event} */ event) => bar.setRound(Number(/** @type {HTMLSelectElement} */ (event.target).value))}>
            ${DWELLS_S.map((seconds) => html`<option value=${seconds} ?selected=${seconds === dwellS}>${t("{n} s", { n: seconds })}</option>`)}</select>
          ${quiet("x", t("Rondje stoppen"), () => bar.setRound(0))}`
      : nothing}
  </div>`;
}

/** @param {Toolbar} bar */
export function toolbar(bar) {
  return html`<div class="toolbar" role="toolbar" aria-label=${t("Stand van de muur")}>
    <div class="layouts">${LAYOUTS.map(
      ({ key }, index) =>
        html`<button type="button" aria-pressed=${String(key === bar.layout)} title=${t("Stand {layout} (toets * {n})", { layout: layoutText(key), n: index + 1 })} @click=${() => bar.setLayout(key)}>${layoutText(key)}</button>`,
    )}</div>
    ${pager(bar)} ${round(bar)}
    <span class="spacer"></span>
    ${quiet("search", t("Zoeken: camera, gebied of stand (/)"), () => bar.palette())}
    ${quiet("layout-grid", t("Bewaarde standen (L)"), () => bar.saved())}
    <button type="button" class="quiet" aria-pressed=${String(bar.mapOpen)} title=${t("Kaart (M)")} @click=${() => bar.map()}>${icon("map")}<span class="sr">${t("Kaart (M)")}</span></button>
    ${quiet("camera", t("Foto (S)"), () => bar.snapshot())}
    ${quiet("maximize", t("Volledig scherm (F)"), () => bar.fullScreen())}
    ${quiet("keyboard", t("Toetsen (?)"), () => bar.help())}
  </div>`;
}
