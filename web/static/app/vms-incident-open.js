/** One incident: what was registered, what was done since, and for observers the way from open to closed. */

import { LitElement, html, nothing } from "lit";

import "./vms-category-field.js";
import { Problem, getJson, messageOf, request } from "./api.js";
import { followUpSteppers } from "./follow-up-steppers.js";
import { icon } from "./icon.js";
import { cameraName, statusChip } from "./incident-cells.js";
import { moreFields, noteField } from "./incident-fields.js";
import { historyList, lookBackAddress } from "./incident-history.js";
import { countsText, firstSeenText, hintsText, statusText, statuses } from "./incident-words.js";
import { NoteHints } from "./note-hints.js";
import { announce, page, t } from "./page.js";
import { clockTime, full, isoDate } from "./times.js";

/** @typedef {import("./incident-words.js").Incident} Incident */
/** What can be made otherwise. @typedef {{ category: number, typed: string, firstSeen: string, requester: string, project: string, followUps: Record<string, number>, note: string, status: Incident["status"] }} Edit */

const has = (/** @type {string[]} */ ...roles) => page.user?.roles.some((role) => roles.includes(role)) ?? false;

/** @param {Incident} incident @returns {Edit} */
const editOf = (incident) => ({ category: incident.category, typed: incident.category_name, firstSeen: incident.first_seen, requester: incident.requester, project: incident.project, followUps: { ...incident.follow_ups }, note: incident.note, status: incident.status });

/** Events: "changed" (bubbles), "closed". */
export class IncidentOpen extends LitElement {
  constructor() {
    super();
    /** @type {Incident | null} */
    this.incident = null;
    /** @type {Edit | null} */
    this.edit = null;
    /** @type {import("./incident-history.js").Change[]} */
    this.history = [];
    /** @type {import("./vms-tile.js").CameraInfo[]} */
    this.cameras = [];
    /** @type {import("./incident-words.js").Category[]} */
    this.categories = [];
    this.error = "";
    /** @type {Record<string, string>} */
    this.problems = {};
    this.busy = false;
    this.isOld = false;
    this.isWarned = false;
    this.hints = new NoteHints(() => this.requestUpdate());
    this.writes = has("observer");
    this.looksBack = has("police_reviewer", "evidence_officer");
  }

  createRenderRoot() {
    return this;
  }

  get _dialog() {
    return /** @type {HTMLDialogElement} */ (this.querySelector("dialog"));
  }

  /** @param {number} number @param {import("./vms-tile.js").CameraInfo[]} cameras @param {import("./incident-words.js").Category[]} categories of every year */
  async open(number, cameras, categories) {
    Object.assign(this, { cameras, categories, incident: null, edit: null, history: [] });
    await this._load(number);
    if (!this._dialog.open) this._dialog.showModal();
  }

  /** What was entered goes only when somebody says so twice. @param {Event | null} event that would close it */
  _leave(event) {
    const isEdited = this.incident && this.edit && JSON.stringify(this.edit) !== JSON.stringify(editOf(this.incident));
    if (!isEdited || this.isWarned) return true;
    event?.preventDefault();
    this.isWarned = true;
    this.error = t("Dit is nog niet bewaard. Enter bewaart; nog eens sluiten gooit uw wijziging weg.");
    this.requestUpdate();
    return false;
  }

  /** Its fields go: another form may have some of their names. */
  async _closed() {
    Object.assign(this, { incident: null, edit: null, history: [] });
    this.hints.reset();
    this.requestUpdate();
    await this.updateComplete;
    this.dispatchEvent(new Event("closed"));
  }

  /** @param {number} number */
  async _load(number) {
    this.error = "";
    this.problems = {};
    this.isOld = false;
    this.isWarned = false;
    try {
      const [incident, { history }] = await Promise.all([getJson(`/api/incidents/${number}`), getJson(`/api/incidents/${number}/history`)]);
      Object.assign(this, { incident, history, edit: this.writes && incident.status !== "closed" ? editOf(incident) : null });
      this.hints.reset(incident.note_hints);
    } catch (error) {
      this.error = messageOf(error);
    }
    this.requestUpdate();
    await this.updateComplete;
  }

  /** Those that hold in the incident's year. */
  get _offered() {
    const year = Number(isoDate(this.incident?.at_us ?? 0).slice(0, 4));
    return this.categories.filter(({ first_year: first, last_year: last }) => first <= year && (last === null || year <= last));
  }

  /** What was done makes an open one followed up. @param {Partial<Edit>} what */
  _change(what) {
    if (!this.edit) return;
    this.edit = { ...this.edit, ...what };
    this.isWarned = false;
    if ("note" in what) this.hints.ask(this.edit.note);
    const isDone = Object.values(this.edit.followUps).some((count) => count > 0);
    if ("followUps" in what && isDone && this.edit.status === "open") this.edit.status = "followed_up";
    this.requestUpdate();
  }

  /** @param {SubmitEvent} event */
  async _save(event) {
    event.preventDefault();
    const { incident, edit } = this;
    if (this.busy || !incident || !edit) return;
    this.error = "";
    this.problems = edit.category ? {} : { category: t("Kies een categorie.") };
    this.requestUpdate();
    if (!edit.category) return;
    this.busy = true;
    const json = { revision: incident.revision, status: edit.status, category: edit.category, first_seen: edit.firstSeen, requester: edit.requester, project: edit.project, follow_ups: edit.followUps, note: edit.note };
    try {
      const saved = await (await request("PATCH", `/api/incidents/${incident.id}`, { json })).json();
      await this._load(incident.id);
      announce([t("Bewaard"), hintsText(saved.note_hints)].filter(Boolean).join(". "));
      this.dispatchEvent(new Event("changed", { bubbles: true }));
    } catch (error) {
      this.error = error instanceof Problem && error.status === 0 ? t("Geen verbinding met de server. Wat u invulde blijft staan.") : messageOf(error);
      this.problems = error instanceof Problem ? error.fields : {};
      this.isOld = error instanceof Problem && ["incident_changed", "incident_closed"].includes(error.code);
    }
    this.busy = false;
    this.requestUpdate();
  }

  /** @param {Incident} incident */
  _facts(incident) {
    const { cameras, trail } = incident;
    return html`<dl class="incident-facts">
      <dt>${t("Gezien")}</dt><dd class="num">${full(incident.at_us)}</dd>
      <dt>${t("Camera's")}</dt><dd>${cameras.map((id, index) => html`${index ? ", " : ""}${cameraName(this.cameras, id)}`)}</dd>
      ${trail.length ? html`<dt>${t("Volgspoor")}</dt><dd>${trail.map(({ camera, at_us: at }, index) => html`${index ? " → " : ""}<span class="num">${clockTime(at)}</span> ${cameraName(this.cameras, camera)}`)}</dd>` : nothing}
      <dt>${t("Ingeschreven")}</dt><dd>${incident.created_by} · <span class="num">${full(incident.created_us)}</span></dd>
      ${this.edit ? nothing : this._told(incident)}</dl>`;
  }

  /** To who only reads. @param {Incident} incident */
  _told(incident) {
    const rows = [[t("Opvolging"), countsText(incident.follow_ups)], [t("Eerst gezien door"), firstSeenText(incident.first_seen)], [t("Aanvrager"), incident.requester], [t("Project"), incident.project], [t("Notitie"), incident.note]];
    return rows.filter(([, text]) => text).map(([name, text]) => html`<dt>${name}</dt><dd>${text}</dd>`);
  }

  /** @param {Incident} incident @param {Edit} edit */
  _form(incident, edit) {
    const onwards = statuses().slice(statuses().indexOf(incident.status));
    return html`<form novalidate @submit=${(/** @type {SubmitEvent} */ event) => this._save(event)}>
      <fieldset class="first-seen"><legend>${t("Status")}</legend><div>${onwards.map(
        (status) => html`<label><input type="radio" name="status" value=${status} .checked=${edit.status === status} @change=${() => this._change({ status: /** @type {Incident["status"]} */ (status) })}><span>${statusText(status)}</span></label>`,
      )}</div></fieldset>
      ${followUpSteppers(edit.followUps, (followUps) => this._change({ followUps }), this.problems.follow_ups)}
      <vms-category-field .categories=${this._offered} .chosen=${edit.category} .typed=${edit.typed} .problem=${this.problems.category ?? ""} @chosen=${(/** @type {CustomEvent} */ { detail: { id, typed } }) => this._change({ category: id, typed })}></vms-category-field>
      ${moreFields(edit, this.problems, (what) => this._change(what))}
      ${noteField(edit.note, hintsText(this.hints.hints), this.problems.note ?? "", (note) => this._change({ note }))}
      ${this._message(incident)}
      <div class="actions"><button class="primary" aria-disabled=${String(this.busy)}>${t("Bewaren")}</button><button type="button" @click=${() => this._leave(null) && this._dialog.close()}>${t("Sluiten")}</button>${edit.status === "closed" ? html`<small>${t("Een afgesloten incident verandert niet meer.")}</small>` : nothing}</div></form>`;
  }

  /** @param {Incident | null} incident */
  _message(incident) {
    if (!this.error) return nothing;
    return html`<p class="failed" role="alert">${icon("triangle-alert")} ${this.error} ${this.isOld && incident ? html`<button type="button" @click=${() => this._load(incident.id)}>${t("Toon wat er nu staat")}</button>` : nothing}</p>`;
  }

  render() {
    const { incident, edit } = this;
    return html`<dialog class="incident-open" aria-labelledby="open-title" @cancel=${(/** @type {Event} */ event) => this._leave(event)} @close=${() => this._closed()}>
      ${incident
        ? html`<header><h2 id="open-title">◆ ${t("Incident {id}", { id: incident.id })} · ${incident.category_name}</h2>${statusChip(incident.status)}
            ${this.looksBack ? html`<a class="button" href=${lookBackAddress(incident, Date.now() * 1000)}>${icon("history")} ${t("Terugkijken")}</a>` : nothing}</header>
          ${this._facts(incident)}
          ${edit ? this._form(incident, edit) : html`${this._message(incident)}<div class="actions"><button type="button" @click=${() => this._dialog.close()}>${t("Sluiten")}</button></div>`}
          ${historyList(this.history)}`
        : html`<h2 id="open-title">${t("Incident")}</h2>${this._message(null)}<div class="actions"><button type="button" @click=${() => this._dialog.close()}>${t("Sluiten")}</button></div>`}
    </dialog>`;
  }
}

customElements.define("vms-incident-open", IncidentOpen);
