/** Fields of the incident's form: when, on which cameras, the trail, who saw it first, the note. */

import { html, nothing } from "lit";

import { daysLater } from "./day-field.js";
import { icon } from "./icon.js";
import { firstSeenText, firstSeers } from "./incident-words.js";
import { t } from "./page.js";
import { clockTime, date, instants, isoDate, zone } from "./times.js";

const MOST_CAMERAS = 20;
/** The server's clock may differ so much. */
const AHEAD_US = 2e6;

/** @typedef {import("./vms-incident.js").IncidentDrawer} IncidentDrawer */

/**
 * The last time that a clock here showed this, at most a day ago.
 * @param {string} typed 14:03 or 14:03:27 @param {number} nowUs @returns {number | undefined}
 */
export function lastInstant(typed, nowUs) {
  const clock = /^\s*([01]?\d|2[0-3])[:.]?([0-5]\d)(?:[:.]?([0-5]\d))?\s*$/.exec(typed);
  if (!clock) return undefined;
  const time = `${clock[1].padStart(2, "0")}:${clock[2]}:${clock[3] ?? "00"}`;
  const today = isoDate(nowUs);
  const found = [daysLater(today, -1), today].flatMap((day) => instants(day, time)).filter((us) => us <= nowUs + AHEAD_US);
  return found.at(-1);
}

/** @param {IncidentDrawer} drawer */
export function timeField(drawer) {
  const atUs = drawer.draft?.atUs ?? 0;
  const wrong = drawer.problems.at_us ?? "";
  /** @param {HTMLInputElement} input */
  const typed = (input) => {
    const us = lastInstant(input.value, Date.now() * 1000);
    if (us) drawer.change({ atUs: us });
    else drawer.problems = { ...drawer.problems, at_us: t("Vul een tijd in, bijvoorbeeld {time}.", { time: "14:03" }) };
    if (us) input.value = clockTime(us);
    drawer.requestUpdate();
  };
  return html`<div class="when"><label class="sr" for="incident-time">${t("Tijd waarop het gezien is")}</label><input id="incident-time" class="num" size="8" maxlength="8" inputmode="numeric" autocomplete="off" aria-invalid=${String(wrong !== "")} aria-describedby="incident-time-day incident-time-error" .value=${clockTime(atUs)}
      @change=${(/** @type {any} */ event) => typed(event.target)}>
    <span class="num" id="incident-time-day">${date(atUs)} ${zone(atUs)}</span><span class="field-error" id="incident-time-error" role="alert">${wrong}</span></div>`;
}

/** @param {IncidentDrawer} drawer */
export function cameraChips(drawer) {
  const ids = drawer.draft?.cameras ?? [];
  const problem = drawer.problems.cameras ?? "";
  const of = (/** @type {string} */ id) => drawer.cameras.find((camera) => camera.id === id);
  /** @param {HTMLInputElement} input */
  const add = (input) => {
    const number = Number(input.value);
    const camera = drawer.cameras.find((each) => each.number === number);
    if (camera && ids.length < MOST_CAMERAS) drawer.change({ cameras: [...new Set([...ids, camera.id])] });
    else if (input.value.trim()) drawer.problems = { ...drawer.problems, cameras: t("Camera {number} bestaat niet", { number: input.value }) };
    input.value = "";
    drawer.requestUpdate();
  };
  return html`<div class="cameras-of" role="group" aria-label=${t("Camera's")}>${ids.map((id) => {
      const camera = of(id);
      const name = camera ? `${String(camera.number).padStart(2, "0")} ${camera.name}` : id;
      return html`<span class="camera-chip"><b class="num">${camera ? String(camera.number).padStart(2, "0") : ""}</b> ${camera?.name ?? id}${ids.length > 1 ? html`<button type="button" class="quiet" title=${t("{camera} weglaten", { camera: name })} @click=${() => drawer.change({ cameras: ids.filter((each) => each !== id) })}>${icon("x")}<span class="sr">${t("{camera} weglaten", { camera: name })}</span></button>` : nothing}</span>`;
    })}<label class="sr" for="incident-camera">${t("Nummer van nog een camera")}</label><input id="incident-camera" class="num" size="6" maxlength="4" inputmode="numeric" autocomplete="off" placeholder=${t("+ camera")} aria-invalid=${String(problem !== "")} aria-describedby="incident-camera-error"
      @keydown=${(/** @type {KeyboardEvent} */ event) => {
        const input = /** @type {HTMLInputElement} */ (event.target);
        if (event.key !== "Enter" || !input.value.trim()) return;
        event.preventDefault();
        add(input);
      }} @change=${(/** @type {any} */ event) => add(event.target)}>
    <p class="field-error" id="incident-camera-error" role="alert">${problem}</p></div>`;
}

/** @param {IncidentDrawer} drawer */
export function trailChoice(drawer) {
  const { draft } = drawer;
  if (!draft?.trail) return nothing;
  const way = draft.trail.cameras.map((id) => String(drawer.cameras.find((camera) => camera.id === id)?.number ?? id).padStart(2, "0")).join(" → ");
  return html`<label class="choice"><input type="checkbox" id="incident-trail" .checked=${draft.withTrail} @change=${(/** @type {any} */ event) => drawer.change({ withTrail: event.target.checked })}><span>${t("met het volgspoor")} <span class="num">${way}</span></span></label>`;
}

/**
 * Who saw it first, who asked, and the project. @param {{ firstSeen: string, requester: string, project: string }} values
 * @param {Record<string, string>} problems @param {(what: { firstSeen?: string, requester?: string, project?: string }) => void} change
 */
export function moreFields(values, problems, change) {
  /** @param {"requester" | "project"} name @param {string} label @param {number} most @param {string} hint */
  const line = (name, label, most, hint) => html`<div><label for="incident-${name}">${label}</label><input id="incident-${name}" maxlength=${most} autocomplete="off" placeholder=${hint} .value=${values[name]} aria-describedby="incident-${name}-error"
    @input=${(/** @type {any} */ event) => change({ [name]: event.target.value })}><p class="field-error" id="incident-${name}-error" role="alert">${problems[name] ?? ""}</p></div>`;
  return html`<fieldset class="first-seen"><legend>${t("Wie zag het eerst?")}</legend><div>${firstSeers().map(
      (code) => html`<label><input type="radio" name="first_seen" value=${code} .checked=${values.firstSeen === code} @change=${() => change({ firstSeen: code })}><span>${firstSeenText(code)}</span></label>`,
    )}</div></fieldset>
    <div class="pair">${line("requester", t("Aanvrager"), 80, t("dienst of functie"))}${line("project", t("Project"), 60, t("hoeft niet"))}</div>`;
}

/** One line; Enter sends the form. @param {string} note @param {string} hint @param {string} problem @param {(note: string) => void} change */
export function noteField(note, hint, problem, change) {
  return html`<div class="note-field"><label for="incident-note">${t("Notitie")}</label><textarea id="incident-note" rows="2" maxlength="500" aria-describedby="incident-note-rule incident-note-hint incident-note-error" .value=${note}
      @input=${(/** @type {any} */ event) => change(event.target.value)} @keydown=${(/** @type {KeyboardEvent} */ event) => {
        if (event.key !== "Enter" || event.isComposing) return;
        event.preventDefault();
        /** @type {HTMLTextAreaElement} */ (event.target).form?.requestSubmit();
      }}></textarea>
    <p class="hint" id="incident-note-rule" ?hidden=${hint !== ""}>${t("Geen persoonsgegevens: geen namen, geen kentekens.")}</p>
    <p class="note-hint" id="incident-note-hint" role="status">${hint ? html`${icon("shield-alert")}<span>${hint}</span>` : nothing}</p>
    <p class="field-error" id="incident-note-error" role="alert">${problem}</p></div>`;
}
