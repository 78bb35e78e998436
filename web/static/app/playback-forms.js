/** The two forms of looking back: why (purpose and number), and what (camera, day, from, to). */

import { html, nothing } from "lit";

import { Problem, messageOf } from "./api.js";
import { dayField, dayProblem, daysLater, parseDay } from "./day-field.js";
import { icon } from "./icon.js";
import { t } from "./page.js";
import { clockTime, hourMinute, instants, isoDate, zone } from "./times.js";
import { purposes, valueText } from "./words.js";

/** @param {HTMLFormElement} form @param {string} name @param {string} text */
function fieldError(form, name, text) {
  const place = form.querySelector(`#${name}-error`);
  if (place) place.textContent = text;
  const field = form.elements.namedItem(name);
  if (field instanceof HTMLElement) {
    field.setAttribute("aria-invalid", String(text !== ""));
    if (text) field.focus();
  }
}

/** @param {import("./vms-playback.js").Playback} page */
export function purposeForm(page) {
  /** @param {SubmitEvent} event */
  const submit = async (event) => {
    event.preventDefault();
    const form = /** @type {HTMLFormElement} */ (event.target);
    const values = new FormData(form);
    const purpose = String(values.get("purpose"));
    const reference = String(values.get("reference")).trim();
    fieldError(form, "reference", reference.length < 3 ? t("Vul het registratienummer in, bijvoorbeeld BVH 2026-118822.") : "");
    fieldError(form, "purpose", purpose ? "" : t("Kies waarvoor u terugkijkt."));
    if (!purpose || reference.length < 3) return;
    try {
      await page.consult(purpose, reference);
    } catch (error) {
      if (error instanceof Problem) for (const [name, text] of Object.entries(error.fields)) fieldError(form, name, text);
      page.error = messageOf(error);
      page.requestUpdate();
    }
  };
  return html`<form class="purpose" @submit=${submit} novalidate>
    ${icon("history")}
    <h2>${t("Waarvoor kijkt u terug?")}</h2>
    <p>${t("Zonder doel en registratienummer is er geen beeld. Beide komen met elke zoekvraag, elk bekeken fragment en elke download in het logboek.")}</p>
    ${page.error ? html`<p class="failed" role="alert">${page.error}</p>` : nothing}
    <label for="purpose">${t("Doel")}</label>
    <select id="purpose" name="purpose" aria-describedby="purpose-error"><option value="">${t("kies…")}</option>${purposes().map(([value, text]) => html`<option value=${value}>${text}</option>`)}</select>
    <p class="field-error" id="purpose-error"></p>
    <label for="reference">${t("Registratienummer")}</label>
    <input id="reference" name="reference" maxlength="60" autocomplete="off" placeholder="BVH 2026-118822" aria-describedby="reference-error">
    <p class="field-error" id="reference-error"></p>
    <button class="primary">${t("Verder")}</button>
  </form>`;
}

/** "9:30", "0930" and "9.30" all mean 09:30; anything else stays and is refused. @param {string} text */
export function spelled(text) {
  const parts = /^\s*(\d{1,2})[:.]?(\d{2})(?:[:.]?(\d{2}))?\s*$/.exec(text);
  return parts ? `${parts[1].padStart(2, "0")}:${parts[2]}:${parts[3] ?? "00"}` : text;
}

/** What is wrong with a typed time that gave no instant. @param {HTMLFormElement} form @param {string} name @param {number} us */
function timeProblem(form, name, us) {
  if (!Number.isNaN(us)) return "";
  const time = spelled(/** @type {HTMLInputElement} */ (form.elements.namedItem(name)).value);
  const exists = /^([01]\d|2[0-3]):[0-5]\d:[0-5]\d$/.test(time);
  return exists ? t("Deze tijd bestaat niet op die dag: de klok gaat dan een uur vooruit.") : t("Vul een tijd in, bijvoorbeeld 14:03.");
}

/** @param {HTMLFormElement} form @param {string} name the field's, e.g. "from" @param {string} day */
function readTime(form, name, day) {
  const time = spelled(/** @type {HTMLInputElement} */ (form.elements.namedItem(name)).value);
  const which = /** @type {HTMLSelectElement | null} */ (form.elements.namedItem(`${name}-zone`));
  const found = instants(day, time);
  return found[Math.min(Number(which?.value ?? 0), found.length - 1)] ?? NaN;
}

/** @param {import("./vms-playback.js").Playback} page */
export function queryForm(page) {
  const query = new URLSearchParams(location.search);
  const toUs = page.coverage?.to_us ?? (Number(query.get("tot")) || Math.floor(Date.now() / 60e3) * 60e6);
  const fromUs = page.coverage?.from_us ?? (Number(query.get("van")) || toUs - 30 * 60e6);
  const chosen = page.camera || query.get("camera") || page.cameras[0]?.id;

  /** @param {SubmitEvent} event */
  const submit = (event) => {
    event.preventDefault();
    const form = /** @type {HTMLFormElement} */ (event.target);
    const values = new FormData(form);
    const typed = String(values.get("day"));
    const today = isoDate(Date.now() * 1000);
    const day = parseDay(typed, today);
    const from = readTime(form, "from", day);
    let to = readTime(form, "to", day);
    if (to <= from) to = readTime(form, "to", daysLater(day, 1)); // past midnight
    const wrongDay = dayProblem(typed, today);
    // The first wrong field comes last, and gets the focus.
    fieldError(form, "to", wrongDay ? "" : timeProblem(form, "to", to));
    fieldError(form, "from", wrongDay ? "" : timeProblem(form, "from", from));
    fieldError(form, "day", wrongDay);
    if (wrongDay || Number.isNaN(from) || Number.isNaN(to)) return;
    page.profile = values.get("profile") === "main" ? "main" : "sub";
    const camera = String(values.get("camera"));
    page.trails.close();
    page.more.choose(values.getAll("also").map(String), camera);
    page.more.go(camera, from, to);
  };
  /** CET or CEST beside the time; a choice where the hour comes twice. */
  const zones = () => {
    const form = /** @type {HTMLFormElement} */ (page.querySelector("form.query"));
    const day = parseDay(/** @type {HTMLInputElement} */ (form.elements.namedItem("day")).value, isoDate(Date.now() * 1000));
    for (const name of ["from", "to"]) {
      const found = instants(day, spelled(/** @type {HTMLInputElement} */ (form.elements.namedItem(name)).value));
      const select = /** @type {HTMLSelectElement} */ (form.elements.namedItem(`${name}-zone`));
      select.replaceChildren(...found.map((us, index) => new Option(zone(us), String(index))));
      select.disabled = found.length < 2;
    }
  };
  /** @param {string} name @param {string} text @param {number} us */
  const time = (name, text, us) => html`<div><label for=${name}>${text}</label><div class="time">
      <input id=${name} name=${name} inputmode="numeric" maxlength="8" autocomplete="off" placeholder="14:03" .value=${us % 60e6 ? clockTime(us) : hourMinute(us)} required @change=${zones} aria-describedby="${name}-error">
      <select name="${name}-zone" aria-label=${t("Tijdzone")} disabled><option value="0">${zone(us)}</option></select></div>
      <p class="field-error" id="${name}-error"></p></div>`;
  return html`<form class="query" @submit=${submit} novalidate>
    <div class="why"><span class="chip">${valueText("purpose", page.consultation?.purpose ?? "")}</span>
      <strong>${page.consultation?.reference}</strong>
      <button type="button" class="quiet" @click=${() => page.endConsultation()}>${t("Afsluiten")}</button></div>
    <div class="fields">
      <div class="camera"><label for="camera">${t("Camera")}</label><select id="camera" name="camera">${page.cameras.map((camera) => html`<option value=${camera.id} ?selected=${camera.id === chosen}>${String(camera.number).padStart(2, "0")} ${camera.name}${camera.area ? ` (${camera.area})` : ""}</option>`)}</select>${page.more.field(String(chosen))}</div>
      ${dayField(isoDate(fromUs), zones)}
      ${time("from", t("Van"), fromUs)}${time("to", t("Tot"), toUs)}
      <div><label for="profile">${t("Kwaliteit")}</label><select id="profile" name="profile"><option value="sub" ?selected=${page.profile === "sub"}>${t("snel")}</option><option value="main" ?selected=${page.profile === "main"}>${t("volledig")}</option></select></div>
      <button class="primary" ?disabled=${page.busy}>${icon("search")}${page.busy ? t("Zoeken…") : t("Beelden zoeken")}</button>
    </div>
  </form>`;
}
