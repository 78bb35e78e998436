/** One's own incidents of the last day that are not closed, under the form on the wall: the way to follow them up. */

import { html, nothing } from "lit";

import { getJson } from "./api.js";
import { countsText, statusText } from "./incident-words.js";
import { t } from "./page.js";
import { hourMinute } from "./times.js";

const DAY_MS = 86_400_000;
const MOST = 6;

/** @typedef {import("./incident-words.js").Incident} Incident */

/** Newest first; none while they cannot be had. @param {number} nowUs @returns {Promise<Incident[]>} */
export async function unfinished(nowUs) {
  const query = new URLSearchParams({ mine: "true", from: new Date(nowUs / 1000 - DAY_MS).toISOString() });
  /** @type {{ incidents: Incident[] }} */
  const { incidents } = await getJson(`/api/incidents?${query}`).catch(() => ({ incidents: [] }));
  return incidents.filter(({ status }) => status !== "closed").slice(0, MOST);
}

/** @param {Incident[]} incidents @param {(incident: Incident) => void} open */
export function unfinishedList(incidents, open) {
  if (!incidents.length) return nothing;
  return html`<section class="unfinished" aria-labelledby="unfinished-title"><h3 id="unfinished-title">${t("Van u, nog niet afgesloten")}</h3><ul>${incidents.map(
    (incident) => html`<li><button type="button" class="quiet" data-incident=${incident.id} @click=${() => open(incident)}><time class="num">${hourMinute(incident.at_us)}</time><span>${incident.category_name}</span><small>${[statusText(incident.status), countsText(incident.follow_ups)].filter(Boolean).join(" · ")}</small></button></li>`,
  )}</ul></section>`;
}
