/** "Veiligstellen…" on the page of looking back: for evidence officers, once begin and end are marked. */

import { html, nothing } from "lit";

import "./vms-hold-dialog.js";
import { maySet } from "./hold-words.js";
import { icon } from "./icon.js";
import { announce, t } from "./page.js";

/** @param {import("./vms-playback.js").Playback} page */
export function secure(page) {
  if (!maySet()) return;
  if (page.inUs === null || page.outUs === null) {
    announce(t("Zet eerst begin en einde met [ en ]."));
    page.say(t("Zet eerst begin en einde met [ en ]."));
    return;
  }
  const dialog = /** @type {import("./vms-hold-dialog.js").HoldDialog} */ (page.querySelector("vms-hold-dialog"));
  dialog.open({ camera: page.camera, also: page.more.ids, fromUs: page.inUs, toUs: page.outUs, reference: page.consultation?.reference ?? "", cameras: page.cameras });
}

/** @param {import("./vms-playback.js").Playback} page */
export function holdButton(page) {
  if (!maySet()) return nothing;
  const complete = page.inUs !== null && page.outUs !== null;
  return html`<button type="button" id="secure" ?disabled=${!complete} @click=${() => secure(page)}><kbd>V</kbd>${icon("file-lock-2")}${t("Veiligstellen…")}</button>
    <vms-hold-dialog @held=${() => page.refreshHolds()}></vms-hold-dialog>`;
}
