/** Incidents of the camera that is looked back, under the ruler as buttons; I goes to the next one. */

import { html, nothing } from "lit";

import { announce, t } from "./page.js";
import { incidentText } from "./timeline-layers.js";
import { clockTime, full, zone } from "./times.js";

/** @typedef {import("./vms-playback.js").Playback} Playback */

/** @param {Playback} page @param {import("./timeline-layers.js").Seen} incident */
function goTo(page, incident) {
  page.seek(incident.at_us);
  announce(`${incidentText(incident)}, ${full(incident.at_us)}`);
}

/** After the last comes the first. @param {Playback} page */
export function nextIncident(page) {
  const incidents = page.coverage?.incidents ?? [];
  const nowUs = page.player?.nowUs ?? 0;
  // What one was just brought to is not the next one.
  const next = incidents.find(({ at_us }) => at_us > nowUs + 1e6) ?? incidents[0];
  if (next) goTo(page, next);
  else page.say(t("Geen incident op deze camera in deze periode."));
}

/** @param {Playback} page */
export function incidentMarks(page) {
  const incidents = page.coverage?.incidents ?? [];
  if (!incidents.length) return nothing;
  return html`<section class="incident-marks" aria-label=${t("Incidenten op deze camera")}><ul>${incidents.map(
    (incident) => html`<li><button type="button" title=${t("Naar dit incident (I: naar het volgende)")} @click=${() => goTo(page, incident)}><span aria-hidden="true">◆</span><time class="num">${clockTime(incident.at_us)}</time> ${incident.category_name}<span class="sr"> ${zone(incident.at_us)}</span></button></li>`,
  )}</ul></section>`;
}
