/** The patrols of the hero's camera, beside its presets: the server runs them. */

import { html } from "lit";

import { getJson, messageOf, request } from "./api.js";
import { icon } from "./icon.js";
import { announce, t } from "./page.js";

/** @typedef {{ name: string, steps: { preset: string, dwell_s: number }[] }} Patrol */
/** @typedef {{ name: string, state: "running" | "paused" | "fault", by: string }} PatrolState */

/** @param {string} camera */
const path = (camera) => `/api/cameras/${encodeURIComponent(camera)}/ptz`;

/** @param {string} camera id @returns {Promise<Patrol[]>} throws Problem */
export const patrolsOf = async (camera) => (await getJson(`${path(camera)}/patrols`)).patrols;

/** @param {PatrolState} running */
export function patrolText({ name, state }) {
  if (state === "paused") return t("patrouille {name} wacht", { name });
  return state === "fault" ? t("patrouille {name} gestoord", { name }) : t("patrouille {name}", { name });
}

/** @param {string} camera @param {Patrol} patrol @param {boolean} on */
async function turn(camera, patrol, on) {
  if (on) await request("POST", `${path(camera)}/patrol`, { json: { name: patrol.name } });
  else await request("DELETE", `${path(camera)}/patrol`);
  announce(on ? t("Patrouille {name} gestart", { name: patrol.name }) : t("Patrouille {name} gestopt", { name: patrol.name }));
}

/**
 * @param {string} camera @param {Patrol[]} patrols @param {PatrolState | null | undefined} running
 * @param {boolean} blocked @param {(problem: string) => void} say
 */
export function patrolButtons(camera, patrols, running, blocked, say) {
  return patrols.map((patrol) => {
    const on = running?.name === patrol.name;
    const text = on ? t("Patrouille {name} stoppen", { name: patrol.name }) : t("Patrouille {name} starten", { name: patrol.name });
    const by = on && running ? ` (${patrolText(running)}, ${t("gestart door {name}", { name: running.by })})` : "";
    const act = () => turn(camera, patrol, !on).catch((error) => say(messageOf(error)));
    return html`<button type="button" class="patrol" data-state=${on ? running?.state : "off"} aria-pressed=${on} ?disabled=${blocked} title=${text + by} @click=${act}>${icon(on ? "square" : "refresh-cw")}<span class="sr">${text}</span><span aria-hidden="true">${patrol.name}</span></button>`;
  });
}
