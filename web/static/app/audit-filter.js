/** What is asked of the audit log: by whom, which act, about which camera, with what outcome, on which days. */

import { html } from "lit";

import { parseDay } from "./day-field.js";
import { icon } from "./icon.js";
import { page, t } from "./page.js";
import { isoDate, spelledDay } from "./times.js";

/** Days as 2026-11-26; "" = all. @typedef {{ actor: string, action: string, camera: string, result: string, from: string, to: string }} Filters */

/** @type {Filters} */
export const EVERYTHING = { actor: "", action: "", camera: "", result: "", from: "", to: "" };

/** Only what is asked. @param {Filters} filters */
export const queryOf = (filters) => new URLSearchParams(Object.entries(filters).filter(([, value]) => value !== ""));

/**
 * What a form says, or the field whose day is none.
 * @param {HTMLFormElement} form
 * @returns {{ filters: Filters } | { wrong: "from" | "to" }}
 */
export function filtersOf(form) {
  const given = new FormData(form);
  const today = isoDate(Date.now() * 1000);
  /** @param {string} name */
  const text = (name) => String(given.get(name) ?? "").trim();
  /** @type {Filters} */
  const filters = { actor: text("actor"), action: text("action"), camera: text("camera"), result: text("result"), from: "", to: "" };
  for (const name of /** @type {const} */ (["from", "to"])) {
    filters[name] = text(name) && parseDay(text(name), today);
    if (text(name) && !filters[name]) return { wrong: name };
  }
  return { filters };
}

/**
 * @param {Filters} filters
 * @param {import("./vms-tile.js").CameraInfo[]} cameras
 * @param {string} wrong the field whose day is none
 * @param {(form: HTMLFormElement) => void} submit
 */
export function filterForm(filters, cameras, wrong, submit) {
  const actions = Object.entries(page.words.audit_action ?? {}).sort(([, a], [, b]) => a.localeCompare(b, page.language));
  /** @param {"from" | "to"} name @param {string} label */
  const day = (name, label) => html`<div class="narrow"><label for="audit-${name}">${label}</label>
    <input id="audit-${name}" name=${name} inputmode="numeric" maxlength="10" autocomplete="off" placeholder=${t("dd-mm-jjjj")} .value=${filters[name] && spelledDay(filters[name])}
      aria-invalid=${String(wrong === name)} aria-describedby="audit-wrong"></div>`;
  return html`<form class="filter" novalidate @submit=${(/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    submit(/** @type {HTMLFormElement} */ (event.currentTarget));
  }}>
    <div><label for="audit-actor">${t("Wie (begin van de naam)")}</label><input id="audit-actor" name="actor" maxlength="80" autocomplete="off" .value=${filters.actor}></div>
    <div><label for="audit-action">${t("Handeling")}</label><select id="audit-action" name="action"><option value="">${t("alle handelingen")}</option>${actions.map(([code, text]) => html`<option value=${code} .selected=${filters.action === code}>${text} (${code})</option>`)}</select></div>
    <div><label for="audit-camera">${t("Camera")}</label><select id="audit-camera" name="camera"><option value="">${t("alle camera's")}</option>${cameras.map((camera) => html`<option value=${camera.id} .selected=${filters.camera === camera.id}>${String(camera.number).padStart(2, "0")} ${camera.name}</option>`)}</select></div>
    <div class="narrow"><label for="audit-result">${t("Uitkomst")}</label><select id="audit-result" name="result"><option value="">${t("alle")}</option><option value="allowed" .selected=${filters.result === "allowed"}>${t("toegestaan")}</option><option value="refused" .selected=${filters.result === "refused"}>${t("geweigerd")}</option></select></div>
    ${day("from", t("Vanaf"))}${day("to", t("Tot en met"))}
    <button type="submit">${icon("search")} ${t("Filteren")}</button>
    <p class="field-error" id="audit-wrong" role="alert">${wrong ? t("Vul een dag in, bijvoorbeeld {day}.", { day: spelledDay(isoDate(Date.now() * 1000)) }) : ""}</p></form>`;
}
