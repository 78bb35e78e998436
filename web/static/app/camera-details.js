/** What the deck under the hero says about its camera. */

import { html, nothing } from "lit";

import { icon } from "./icon.js";
import { t } from "./page.js";
import { purposeText, recText, sourceText } from "./words.js";

/**
 * @param {import("./vms-tile.js").CameraInfo} camera
 * @param {import("./server-link.js").CameraState | undefined} status
 * @param {import("./neighbour-shapes.js").Exit[]} exits
 * @param {(exit: import("./neighbour-shapes.js").Exit) => void} follow
 * @param {() => void} mark this moment
 * @param {(() => void) | null} register an incident; null: that is not this person's
 */
export function cameraDetails(camera, status, exits, follow, mark, register) {
  const mask = camera.masks === "none" ? t("niet nodig (besluit)") : status?.mask === "ok" ? t("actief") : t("onzeker");
  return html`<div class="details">
    <dl>
      <dt>${t("Gebied")}</dt><dd>${camera.area || "–"}</dd>
      <dt>${t("Doel")}</dt><dd>${purposeText(camera.purpose)}</dd>
      <dt>${t("Toestand")}</dt><dd>${sourceText(status?.reason ?? "connecting")}</dd>
      <dt>${t("Opname")}</dt><dd>${recText(status)}</dd>
      <dt>${t("Masker")}</dt><dd>${mask}</dd>
    </dl>
    ${exits.length
      ? html`<div class="neighbours" role="group" aria-label=${t("Buurcamera's")}>${exits.map(
          (exit) =>
            html`<button type="button" title=${t("Buurcamera (N + pijl)")} @click=${() => follow(exit)}>${exit.way.side ? icon(`arrow-${exit.way.side}`) : nothing}<span class="num">${String(exit.camera.number).padStart(2, "0")}</span> ${exit.camera.name}</button>`,
        )}</div>`
      : nothing}
    <div class="marks">${register ? html`<button type="button" title=${t("Incident inschrijven (I)")} @click=${register}><span aria-hidden="true">◆</span> ${t("Incident")}</button>` : nothing}
    <button type="button" class="mark-moment" title=${t("Moment markeren (B)")} @click=${mark}><span aria-hidden="true">▲</span> ${t("Markeren")}</button></div>
  </div>`;
}
