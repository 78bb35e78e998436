/** The drawer beside the hero in which an observer registers an incident: a few letters, a number, Enter. */

import { LitElement, html, nothing } from "lit";

import "./vms-category-field.js";
import { Problem, getJson, messageOf, request } from "./api.js";
import { followUpSteppers } from "./follow-up-steppers.js";
import { icon } from "./icon.js";
import { bodyOf, forget, isTouched, keep } from "./incident-draft.js";
import { cameraChips, moreFields, noteField, timeField, trailChoice } from "./incident-fields.js";
import { unfinished, unfinishedList } from "./incident-mine.js";
import { hintsText } from "./incident-words.js";
import { NoteHints } from "./note-hints.js";
import { t } from "./page.js";
import { hourMinute, isoDate } from "./times.js";

/** Of a field that is wrong: its input, in the order of the form. */
const INPUTS = { at_us: "#incident-time", cameras: "#incident-camera", category: "#incident-category", follow_ups: "input.count", requester: "#incident-requester", project: "#incident-project", note: "#incident-note" };

/** Events: "ready" once, "saved" (detail the incident), "closed", "open" (detail an incident to follow up). */
export class IncidentDrawer extends LitElement {
  constructor() {
    super();
    /** @type {import("./incident-draft.js").Draft | null} */
    this.draft = null;
    /** @type {import("./vms-tile.js").CameraInfo[]} */
    this.cameras = [];
    this.isResumed = false;
    /** What is wrong, by field. @type {Record<string, string>} */
    this.problems = {};
    this.error = "";
    /** One that the server has already under this draft's key. */
    this.known = 0;
    this.hints = new NoteHints(() => this._hinted());
    this.busy = false;
    /** @type {import("./incident-words.js").Incident[]} */
    this.unfinished = [];
    /** @type {import("./incident-words.js").Category[]} */
    this.categories = [];
    this._year = "";
  }

  createRenderRoot() {
    return this;
  }

  firstUpdated() {
    this.dispatchEvent(new Event("ready"));
  }

  /** @param {import("./incident-draft.js").Draft} draft @param {boolean} isResumed it was left before it was sent */
  async open(draft, isResumed) {
    Object.assign(this, { draft, isResumed, problems: {}, error: "", known: 0 });
    this.hints.reset();
    this.requestUpdate();
    await this.updateComplete;
    this.focusCategory();
    this.load(draft.atUs);
    this.loadUnfinished();
  }

  async loadUnfinished() {
    this.unfinished = await unfinished(Date.now() * 1000);
    this.requestUpdate();
  }

  focusCategory() {
    /** @type {HTMLInputElement | null} */ (this.querySelector("#incident-category"))?.focus();
  }

  focusCounts() {
    /** @type {HTMLInputElement | null} */ (this.querySelector("input.count"))?.select();
  }

  /** Categories of that year. @param {number} atUs */
  async load(atUs) {
    const year = isoDate(atUs).slice(0, 4);
    if (year === this._year) return;
    try {
      this.categories = (await getJson(`/api/incidents/categories?year=${year}`)).categories;
      this._year = year;
      if (this.error && !this.busy) this.error = "";
      if (this.draft?.category && !this.categories.some(({ id }) => id === this.draft?.category)) this.change({ category: 0 });
    } catch (error) {
      this.error = t("De categorieën zijn niet op te halen. {problem}", { problem: messageOf(error) });
    }
    this.requestUpdate();
  }

  /** @param {Partial<import("./incident-draft.js").Draft>} what */
  change(what) {
    if (!this.draft) return;
    this.draft = { ...this.draft, ...what };
    keep(this.draft);
    for (const [name, field] of Object.entries({ atUs: "at_us", cameras: "cameras", category: "category", followUps: "follow_ups", note: "note" })) {
      if (name in what) delete this.problems[field];
    }
    if ("note" in what) this.hints.ask(this.draft.note);
    if ("atUs" in what) this.load(this.draft.atUs);
    this.requestUpdate();
  }

  async _hinted() {
    this.requestUpdate();
    await this.updateComplete;
    if (this.hints.hints.length) this.querySelector("#incident-note-hint")?.scrollIntoView({ block: "nearest" });
  }

  /** @param {SubmitEvent} event */
  async _save(event) {
    event.preventDefault();
    const { draft } = this;
    if (this.busy || !draft) return;
    this.error = "";
    this.problems = draft.category ? {} : { category: draft.typed.trim() ? t("Deze categorie is er niet: kies er een uit de lijst.") : t("Kies een categorie.") };
    if (!draft.category) {
      await this._withoutCategory(draft);
      return;
    }
    this.busy = true;
    this.requestUpdate();
    try {
      const answer = await request("POST", "/api/incidents", { json: bodyOf(draft), headers: { "Idempotency-Key": draft.key } });
      const made = await answer.json();
      this._end();
      this.dispatchEvent(new CustomEvent("saved", { detail: made }));
    } catch (error) {
      this._failed(error);
    }
    this.busy = false;
    this.requestUpdate();
  }

  /** Who types fast may be done before the categories are there. @param {import("./incident-draft.js").Draft} draft */
  async _withoutCategory(draft) {
    const isEarly = this._year === "";
    await this.load(draft.atUs);
    await this.updateComplete;
    const field = /** @type {import("./vms-category-field.js").CategoryField | null} */ (this.querySelector("vms-category-field"));
    if (isEarly && draft.typed.trim() && field?.take()) {
      this.problems = {};
      this.focusCounts();
    }
    this._showProblems();
  }

  /** What was entered stays. @param {unknown} error */
  _failed(error) {
    const problem = error instanceof Problem ? error : null;
    this.problems = problem?.fields ?? {};
    this.known = problem?.code === "key_reused" ? Number(problem.body.incident ?? 0) : 0;
    if (this.known) this.error = t("Een eerdere poging is al ingeschreven, zonder wat u daarna veranderde. Werk dat incident bij.");
    else this.error = problem?.status === 0 ? t("Geen verbinding met de server. Wat u invulde blijft staan; druk straks weer op Enter.") : messageOf(error);
    this._showProblems();
  }

  async _showProblems() {
    this.requestUpdate();
    await this.updateComplete;
    const wrong = Object.entries(INPUTS).find(([name]) => this.problems[name]);
    if (wrong) /** @type {HTMLElement | null} */ (this.querySelector(wrong[1]))?.focus();
  }

  _end() {
    this.hints.reset();
    forget();
    this.draft = null;
    this.requestUpdate();
  }

  /** Makes room; what was entered waits until it is opened again. @returns {boolean} something does */
  stepAside() {
    const waits = this.draft !== null && isTouched(this.draft);
    if (waits) this.draft = null;
    else this._end();
    this.requestUpdate();
    return waits;
  }

  leave() {
    this.dispatchEvent(new CustomEvent("closed", { detail: { waits: this.stepAside() } }));
  }

  _discard() {
    this._end();
    this.dispatchEvent(new CustomEvent("closed", { detail: { waits: false } }));
  }

  /** @param {KeyboardEvent} event */
  _key(event) {
    if (event.key !== "Escape" || event.isComposing) return;
    event.preventDefault();
    event.stopPropagation();
    this.leave();
  }

  _message() {
    if (!this.error) return nothing;
    const link = this.known ? html` <a href="/incidenten?nr=${this.known}" target="_blank" rel="noopener">${t("Incident {id} openen", { id: this.known })}</a> <button type="button" class="quiet" @click=${() => this._discard()}>${t("Weggooien")}</button>` : nothing;
    return html`<p class="incident-failed" role="alert">${icon("triangle-alert")}<span>${this.error}${link}</span></p>`;
  }

  render() {
    const { draft } = this;
    if (!draft) return nothing;
    return html`<aside class="incident-drawer" aria-labelledby="incident-title" data-own-keys @keydown=${(/** @type {KeyboardEvent} */ event) => this._key(event)}>
      <form novalidate @submit=${(/** @type {SubmitEvent} */ event) => this._save(event)}>
        <header><h2 id="incident-title">◆ ${t("Incident")}</h2>${timeField(this)}
          <button type="button" class="quiet" title=${t("Sluiten (Esc)")} @click=${() => this.leave()}>${icon("x")}<span class="sr">${t("Sluiten (Esc)")}</span></button></header>
        <div class="fields">
          ${this.isResumed ? html`<p class="resumed" role="status">${t("Verder met het incident van {time}, dat nog niet is ingeschreven.", { time: hourMinute(draft.atUs) })} <button type="button" class="quiet" @click=${() => this._discard()}>${t("Weggooien")}</button></p>` : nothing}
          ${cameraChips(this)}${trailChoice(this)}
          <vms-category-field .categories=${this.categories} .chosen=${draft.category} .typed=${draft.typed} .problem=${this.problems.category ?? ""}
            @chosen=${(/** @type {CustomEvent} */ { detail: { id, typed } }) => this.change({ category: id, typed })} @done=${() => this.focusCounts()}></vms-category-field>
          ${followUpSteppers(draft.followUps, (followUps) => this.change({ followUps }), this.problems.follow_ups)}
          ${moreFields(draft, this.problems, (what) => this.change(what))}
          ${noteField(draft.note, hintsText(this.hints.hints), this.problems.note ?? "", (note) => this.change({ note }))}
          ${unfinishedList(this.unfinished, (incident) => this.dispatchEvent(new CustomEvent("open", { detail: incident })))}
        </div>
        <footer>${this._message()}<div class="actions"><button class="primary" aria-disabled=${String(this.busy)}>${this.busy ? t("Bezig…") : t("Inschrijven")} <kbd>Enter</kbd></button>
          <button type="button" @click=${() => this.leave()}>${t("Sluiten")} <kbd>Esc</kbd></button><a href="/incidenten" target="_blank" rel="noopener">${t("Alle incidenten")}</a></div></footer>
      </form></aside>`;
  }
}

customElements.define("vms-incident", IncidentDrawer);
