/** The versions of a camera's masks: what is in force, what waits for a second person, and how it came about. */

import { LitElement, html, nothing } from "lit";

import { messageOf, post } from "./api.js";
import { icon } from "./icon.js";
import { momentField, parseMoment, validFrom } from "./moment-field.js";
import { page, t } from "./page.js";
import { full } from "./times.js";

/**
 * @typedef {object} Version
 * @property {number} version
 * @property {Record<string, any>} lens
 * @property {import("./mask-geometry.js").Mask[]} masks
 * @property {string} author
 * @property {string | null} approver
 * @property {string} reason
 * @property {number | null} approves
 * @property {"withdrawn" | "lapsed" | null} closes
 * @property {string} state
 * @property {boolean} moved
 * @property {number} created_us
 * @property {number} valid_from_us
 * @property {{ from_us: number, to_us: number | null } | null} in_force
 * @property {{ kind: string, actor: string, at_us: number, note: string }[]} steps
 * @property {{ added: string[], removed: string[], moved: string[], lens: boolean }} changes
 */
/** @typedef {{ in_force: number | null, closed: string | null, versions: Version[] }} Overview */

const SHORTEST_REASON = 5;

class MaskVersions extends LitElement {
  static properties = { camera: {}, overview: { attribute: false } };

  constructor() {
    super();
    this.camera = "";
    /** @type {Overview | null} */
    this.overview = null;
    this.error = "";
    this.busy = false;
    /** What the open question is about: a version to reject, or 0 for closing the camera. @type {number | null} */
    this.asking = null;
    this.note = "";
    this.from = "";
  }

  createRenderRoot() {
    return this;
  }

  get _mayDecide() {
    return page.user?.roles.includes("privacy_officer") ?? false;
  }

  /** @param {string} path @param {Record<string, unknown>} [body] */
  async _do(path, body = {}) {
    this.busy = true;
    this.error = "";
    this.requestUpdate();
    try {
      await post(`/api/cameras/${this.camera}/masks/${path}`, body);
      this._stopAsking();
      this.dispatchEvent(new Event("decided", { bubbles: true }));
    } catch (error) {
      this.error = messageOf(error);
    }
    this.busy = false;
    this.requestUpdate();
  }

  /** @param {number} about */
  _ask(about) {
    this.asking = about;
    this.note = "";
    this.from = "";
    this.requestUpdate();
    this.updateComplete.then(() => /** @type {HTMLDialogElement} */ (this.querySelector("dialog")).showModal());
  }

  _stopAsking() {
    /** @type {HTMLDialogElement | null} */ (this.querySelector("dialog"))?.close();
    this.asking = null;
    this.requestUpdate();
  }

  _answer() {
    if (this.asking) return this._do(`${this.asking}/reject`, { reason: this.note });
    return this._do("close", { reason: this.note, ...validFrom(this.from) });
  }

  /** @param {string} name @param {Version} version */
  _tell(name, version) {
    this.dispatchEvent(new CustomEvent(name, { detail: version, bubbles: true }));
  }

  /** @param {Version} version */
  _stateText({ state, closes }) {
    if (closes && state === "active") return closes === "lapsed" ? t("nu afgedekt: camera verplaatst") : t("nu afgedekt: ingetrokken");
    /** @type {Record<string, string>} */
    const words = {
      draft: t("concept"),
      proposed: t("wacht op tweede persoon"),
      rejected: t("afgekeurd"),
      retracted: t("teruggetrokken"),
      adopted: t("vastgesteld"),
      planned: t("gaat nog in"),
      active: t("actief"),
      replaced: t("vervangen"),
      ended: t("vervallen"),
    };
    return words[state] ?? state;
  }

  /** @param {Version} version */
  _changes({ changes: { added, removed, moved, lens } }) {
    const parts = [
      added.length ? html`<li>${icon("plus")} ${t("erbij: {names}", { names: added.join(", ") })}</li>` : nothing,
      removed.length ? html`<li class="bad">${icon("minus")} ${t("eraf: {names}", { names: removed.join(", ") })}</li>` : nothing,
      moved.length ? html`<li>${icon("arrow-right")} ${t("verlegd: {names}", { names: moved.join(", ") })}</li>` : nothing,
      lens ? html`<li>${icon("wrench")} ${t("andere kalibratie van de lens")}</li>` : nothing,
    ].filter((part) => part !== nothing);
    return html`<ul class="changes">${parts.length ? parts : html`<li>${t("geen verschil met wat nu geldt")}</li>`}</ul>`;
  }

  /** @param {Version} version */
  _proposal(version) {
    const { version: n, author, reason, steps, moved, state } = version;
    const mine = page.user?.username.toLowerCase() === author.toLowerCase();
    const proposed = steps.findLast(({ kind }) => kind === "proposed");
    return html`<article class="proposal" data-proposal=${n} data-state=${state}>
      <h3>${t("Concept {n}", { n })} <span class="chip">${this._stateText(version)}</span></h3>
      <p>${t("Getekend door {name}", { name: author })}${proposed ? html`, ${t("aangeboden {time}", { time: full(proposed.at_us) })}` : nothing}${reason ? html`: «${reason}»` : nothing}</p>
      ${this._changes(version)}
      ${moved ? html`<p class="bad">${icon("triangle-alert")} ${t("De camera is sindsdien verplaatst: dit kan niet meer vastgesteld worden.")}</p>` : nothing}
      <div class="actions">
        <button type="button" @click=${() => this._tell("compare", version)}>${icon("eye")} ${t("Bekijken in de foto")}</button>
        ${state === "draft" && mine ? html`<button type="button" data-do="propose" ?disabled=${this.busy} @click=${() => this._do(`${n}/propose`)}>${icon("gavel")} ${t("Aanbieden aan tweede persoon")}</button>` : nothing}
        ${mine ? html`<button type="button" data-do="retract" ?disabled=${this.busy} @click=${() => this._do(`${n}/retract`)}>${t("Terugtrekken")}</button>` : nothing}
        ${state === "proposed" && this._mayDecide ? html`<button type="button" class="primary" data-do="approve" ?disabled=${this.busy || mine || moved} @click=${() => this._do(`${n}/approve`)}>${icon("shield-check")} ${t("Vaststellen")}</button>
          <button type="button" data-do="reject" ?disabled=${this.busy || mine} @click=${() => this._ask(n)}>${t("Afkeuren…")}</button>` : nothing}</div>
      ${mine && state === "proposed" ? html`<p class="hint">${t("U hebt dit zelf getekend: een ander moet het vaststellen.")}</p>` : nothing}</article>`;
  }

  /** @param {Overview} overview */
  _now({ versions }) {
    const found = versions.find(({ state }) => state === "active");
    if (!found) return html`<p class="verdict" data-level="danger">${icon("shield-alert")}<span><strong>${t("Er is geen vastgestelde versie.")}</strong> ${t("Een camera met maskerplicht blijft grijs tot een tweede persoon maskers vaststelt.")}</span></p>`;
    if (found.closes) return html`<p class="verdict" data-level="danger" data-closed=${found.closes}>${icon("eye-off")}<span><strong>${found.closes === "lapsed" ? t("De camera is verplaatst: de maskers zijn vervallen.") : t("De maskers zijn ingetrokken door {name}.", { name: found.author })}</strong>
      ${t("Sinds {time} ziet niemand iets van deze camera, tot nieuwe maskers zijn vastgesteld.", { time: full(found.valid_from_us) })}${found.reason ? html` «${found.reason}»` : nothing}</span></p>`;
    return html`<p class="verdict" data-level="ok" data-active=${found.version}>${icon("shield-check")}<span><strong>${t("Versie {n} is actief: {count} maskers.", { n: found.version, count: found.masks.length })}</strong>
      ${t("Getekend door {author}, vastgesteld door {approver}, geldt vanaf {time}.", { author: found.author, approver: found.approver ?? "–", time: full(found.valid_from_us) })}</span></p>`;
  }

  /** @param {Version} version */
  _row(version) {
    const { version: n, author, approver, reason, in_force: period, approves, closes, state, steps } = version;
    const note = steps.findLast(({ kind }) => kind === "rejected")?.note;
    const by = approver === null || closes ? "–" : approver;
    return html`<tr data-version=${n} data-state=${state}><th scope="row" class="num">${n}</th><td>${closes ? t("afdekken") : ""} ${this._stateText(version)}${approves ? html` <small>(${t("concept {n}", { n: approves })})</small>` : nothing}</td>
      <td>${author}</td><td>${by}</td><td class="num">${period ? html`${full(period.from_us)} – ${period.to_us ? full(period.to_us) : t("nu")}` : "–"}</td><td>${reason}${note ? html` · <em>${note}</em>` : nothing}</td>
      <td>${closes ? nothing : html`<button type="button" class="quiet" @click=${() => this._tell("compare", version)}>${t("vergelijken")}</button><button type="button" class="quiet" data-do="continue" @click=${() => this._tell("continue", version)}>${t("verder tekenen")}</button>`}</td></tr>`;
  }

  _dialog() {
    if (this.asking === null) return nothing;
    const ready = this.note.trim().length >= SHORTEST_REASON && parseMoment(this.from) !== undefined && !this.busy;
    return html`<dialog aria-labelledby="ask-title" @cancel=${() => this._stopAsking()}><form @submit=${(/** @type {Event} */ e) => { e.preventDefault(); if (ready) this._answer(); }}>
      <h2 id="ask-title">${this.asking ? t("Concept {n} afkeuren", { n: this.asking }) : t("Camera afdekken")}</h2>
      ${this.asking ? nothing : html`<p>${t("De maskers worden ingetrokken. Niemand ziet nog iets van deze camera, live en van beelden vanaf dat moment, tot nieuwe maskers zijn vastgesteld. De opname loopt door.")}</p>`}
      <label for="ask-note">${t("Reden")}</label><input id="ask-note" maxlength="300" autocomplete="off" .value=${this.note} @input=${(/** @type {any} */ e) => { this.note = e.target.value; this.requestUpdate(); }}>
      ${this.asking ? nothing : momentField("ask-from", t("Vanaf (leeg: meteen)"), this.from, (text) => { this.from = text; this.requestUpdate(); })}
      ${this.error ? html`<p class="field-error" role="alert">${this.error}</p>` : nothing}
      <div class="actions"><button class="primary" ?disabled=${!ready}>${this.asking ? t("Afkeuren") : t("Afdekken")}</button><button type="button" @click=${() => this._stopAsking()}>${t("Annuleren")}</button></div></form></dialog>`;
  }

  render() {
    if (!this.overview) return html`<p role="status">${t("Versies laden…")}</p>`;
    const open = this.overview.versions.filter(({ state }) => state === "draft" || state === "proposed").reverse();
    return html`${this._now(this.overview)}
      ${this.error && this.asking === null ? html`<p class="failed" role="alert">${this.error}</p>` : nothing}
      ${open.map((version) => this._proposal(version))}
      ${this._mayDecide && !this.overview.closed ? html`<p><button type="button" id="close-camera" @click=${() => this._ask(0)}>${icon("eye-off")} ${t("Camera afdekken…")}</button></p>` : nothing}
      ${this.overview.versions.length ? html`<div class="scroll"><table class="versions"><caption class="sr">${t("Alle versies")}</caption><thead><tr><th>${t("versie")}</th><th>${t("toestand")}</th><th>${t("tekenaar")}</th><th>${t("tweede persoon")}</th><th>${t("gold")}</th><th>${t("reden")}</th><th></th></tr></thead>
        <tbody>${this.overview.versions.toReversed().map((version) => this._row(version))}</tbody></table></div>` : nothing}
      ${this._dialog()}`;
  }
}

customElements.define("vms-mask-versions", MaskVersions);
