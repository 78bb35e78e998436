/** What the deck under the hero says about its camera. */

import { html, nothing } from "lit";

import { icon } from "./icon.js";
import { t } from "./page.js";
import { purposeText, recText, sourceText } from "./words.js";

const ARROWS = ["arrow-left", "arrow-right", "arrow-up", "arrow-down"];

/**
 * @param {import("./vms-tile.js").CameraInfo} camera
 * @param {import("./server-link.js").CameraState | undefined} status
 * @param {import("./vms-tile.js").CameraInfo[]} cameras
 * @param {(number: number) => void} callUp
 */
export function cameraDetails(camera, status, cameras, callUp) {
  const neighbours = camera.neighbours.map((id) => cameras.find((other) => other.id === id));
  const mask = camera.masks === "none" ? t("niet nodig (besluit)") : status?.mask === "ok" ? t("actief") : t("onzeker");
  return html`<div class="details">
    <dl>
      <dt>${t("Gebied")}</dt><dd>${camera.area || "–"}</dd>
      <dt>${t("Doel")}</dt><dd>${purposeText(camera.purpose)}</dd>
      <dt>${t("Toestand")}</dt><dd>${sourceText(status?.reason ?? "connecting")}</dd>
      <dt>${t("Opname")}</dt><dd>${recText(status)}</dd>
      <dt>${t("Masker")}</dt><dd>${mask}</dd>
    </dl>
    ${neighbours.some(Boolean)
      ? html`<div class="neighbours" role="group" aria-label=${t("Buurcamera's")}>${neighbours.map((other, index) =>
          other
            ? html`<button type="button" title=${t("Buurcamera (N + pijl)")} @click=${() => callUp(other.number)}>${ARROWS[index] ? icon(ARROWS[index]) : nothing}<span class="num">${String(other.number).padStart(2, "0")}</span> ${other.name}</button>`
            : nothing,
        )}</div>`
      : nothing}
  </div>`;
}
