/** What is held: for which case, how far securing is, when somebody must look, and who lets go of it. */

import { LitElement, html, nothing } from "lit";

import { Problem, getJson, messageOf, request } from "./api.js";
import { parseDay } from "./day-field.js";
import { basisText, isOwn, maySet, missingLine, stateText } from "./hold-words.js";
import { icon } from "./icon.js";
import { momentField, parseMoment } from "./moment-field.js";
import { announce, bytes, t } from "./page.js";
import { date, full, isoDate, span } from "./times.js";

/** @typedef {import("./hold-words.js").Hold} Hold */

const EVERY_MS = 10_000;

class Holds extends LitElement {
  constructor() {
    super();
    /** @type {Hold[] | null} */
    this.holds = null;
    /** @type {Record<string, string>} */
    this.names = {};
    this.error = "";
    this.isReleasedShown = false;
    /** @type {{ hold: Hold, act: "extend" | "release" } | null} */
    this.asking = null;
    this.review = "";
    this.end = "";
    this.wrong = "";
    this.busy = false;
  }

  createRenderRoot() {
    return this;
  }

  async connectedCallback() {
    super.connectedCallback();
    await this._load();
    document.getElementById(location.hash.slice(1))?.scrollIntoView();
    setInterval(() => document.hidden || this.asking || this._load(), EVERY_MS);
  }

  async _load() {
    try {
      const [{ holds }, { cameras }] = await Promise.all([getJson("/api/holds"), getJson("/api/cameras")]);
      this.holds = holds;
      this.names = Object.fromEntries(cameras.map((/** @type {import("./vms-tile.js").CameraInfo} */ { id, number, name }) => [id, `${String(number).padStart(2, "0")} ${name}`]));
      this.error = "";
    } catch (error) {
      this.error = messageOf(error);
    }
    this.requestUpdate();
    await this.updateComplete;
  }

  /** @param {Hold} hold @param {"extend" | "release"} act */
  async _ask(hold, act) {
    Object.assign(this, { asking: { hold, act }, review: date(hold.review_us), end: "", wrong: "" });
    this.requestUpdate();
    await this.updateComplete;
    /** @type {HTMLDialogElement} */ (this.querySelector("dialog")).showModal();
  }

  _stop() {
    this.querySelector("dialog")?.close();
    this.asking = null;
    this.requestUpdate();
  }

  /** @returns {Record<string, unknown> | null} null: something typed is wrong */
  _change() {
    if (this.asking?.act === "release") return { release: true };
    const day = parseDay(this.review, isoDate(Date.now() * 1000));
    const endUs = parseMoment(this.end);
    if (!day || endUs === undefined) return null;
    return { review: `${day}T12:00:00Z`, ...(endUs ? { to: new Date(endUs / 1000).toISOString() } : {}) };
  }

  /** @param {Event} event */
  async _submit(event) {
    event.preventDefault();
    const change = this._change();
    if (!this.asking || this.busy) return;
    if (!change) {
      this.wrong = t("Vul een dag in, bijvoorbeeld {day}.", { day: date(Date.now() * 1000) });
      this.requestUpdate();
      return;
    }
    this.busy = true;
    try {
      const { hold, act } = this.asking;
      await request("PATCH", `/api/holds/${hold.id}`, { json: change });
      announce(act === "release" ? t("Vrijgegeven.") : t("Verlengd."));
      this._stop();
      await this._load();
    } catch (error) {
      this.wrong = error instanceof Problem ? Object.values(error.fields).join(" ") || error.message : messageOf(error);
    }
    this.busy = false;
    this.requestUpdate();
  }

  /** @param {Hold} hold */
  async _more(hold) {
    if (hold.missing) return;
    try {
      hold.missing = (await getJson(`/api/holds/${hold.id}`)).missing;
    } catch (error) {
      this.error = messageOf(error);
    }
    this.requestUpdate();
  }

  /** @param {Hold} hold */
  _status(hold) {
    const { state, problem, damaged, files, root } = hold;
    return html`<p class="hold-state" data-state=${state}>${icon(state === "secured" ? "file-lock-2" : state === "released" ? "lock-open" : "hourglass")}
        <strong>${stateText(hold)}</strong>${files ? html` <span class="num">${t("{files} bestanden, {size}", { files, size: bytes(hold.bytes) })}</span>` : nothing}</p>
      ${root ? html`<p class="hash"><abbr title=${t("Eén controlegetal over alles wat geborgd is (SHA-256)")}>${t("controlegetal")}</abbr> <code>${root}</code></p>` : nothing}
      ${problem && state !== "released" ? html`<p class="bad">${icon("triangle-alert")} ${t("Borgen lukt nu niet; de gewone beelden blijven staan.")} <small lang="en">${problem}</small></p>` : nothing}
      ${damaged ? html`<p class="bad">${icon("shield-alert")} ${t("{count} bestanden waren al gewijzigd toen zij werden geborgd.", { count: damaged })}</p>` : nothing}`;
  }

  /** @param {Hold} hold */
  _card(hold) {
    const { id, state, cameras, from_us, to_us, case_number, requester, created_by, created_us, review_us, review_due, released_us, released_by } = hold;
    const own = isOwn(hold);
    return html`<article class="hold-card" id="h${id}" data-hold=${id} data-state=${state}>
      <header><h2><span class="num">${id}</span> · ${case_number}</h2>${review_due ? html`<span class="chip due">${icon("clock")} ${t("herbeoordelen")}</span>` : nothing}</header>
      ${this._status(hold)}
      <dl>
        <div><dt>${t("Camera's")}</dt><dd>${cameras.map((camera) => this.names[camera] ?? camera).join(", ")}</dd></div>
        <div><dt>${t("Periode")}</dt><dd class="num">${full(from_us)} – ${full(to_us)} (${span(to_us - from_us)})</dd></div>
        <div><dt>${t("Grondslag")}</dt><dd>${basisText(hold)}</dd></div>
        <div><dt>${t("Op verzoek van")}</dt><dd>${requester}</dd></div>
        <div><dt>${t("Veiliggesteld door")}</dt><dd>${created_by}, <span class="num">${full(created_us)}</span></dd></div>
        ${released_us ? html`<div><dt>${t("Vrijgegeven door")}</dt><dd>${released_by}, <span class="num">${full(released_us)}</span></dd></div>` : html`<div><dt>${t("Herbeoordelen op")}</dt><dd class="num">${date(review_us)}</dd></div>`}
      </dl>
      ${state === "released" ? nothing : html`<details @toggle=${() => this._more(hold)}><summary>${t("Wat ontbreekt er?")}</summary>
        ${hold.missing === undefined ? html`<p role="status">${t("Nagaan…")}</p>` : hold.missing.length ? html`<ul>${hold.missing.map((one) => html`<li class="num">${missingLine(one)}</li>`)}</ul>` : html`<p>${t("Niets: de hele periode is er.")}</p>`}</details>`}
      ${state !== "released" && maySet() ? html`<div class="actions"><button type="button" data-do="extend" @click=${() => this._ask(hold, "extend")}>${icon("clock")} ${t("Verlengen…")}</button>
        <button type="button" data-do="release" ?disabled=${own} @click=${() => this._ask(hold, "release")}>${icon("lock-open")} ${t("Vrijgeven…")}</button></div>
        ${own ? html`<p class="hint">${t("U stelde dit zelf veilig: een ander moet het vrijgeven.")}</p>` : nothing}` : nothing}</article>`;
  }

  _dialog() {
    if (!this.asking) return nothing;
    const { hold, act } = this.asking;
    const set = (/** @type {"review" | "end"} */ name) => (/** @type {string} */ text) => {
      this[name] = text;
      this.requestUpdate();
    };
    return html`<dialog class="hold" aria-labelledby="hold-ask" @cancel=${this._stop}><form @submit=${this._submit} novalidate>
      <h2 id="hold-ask">${act === "release" ? t("Veiligstelling {id} vrijgeven", { id: hold.id }) : t("Veiligstelling {id} verlengen", { id: hold.id })}</h2>
      ${act === "release"
        ? html`<p>${t("De kopieën en hun sleutel worden meteen gewist; dat is niet terug te draaien. Gewone beelden die jonger zijn dan de bewaartermijn blijven tot die voorbij is.")}</p>`
        : html`<div><label for="hold-review">${t("Herbeoordelen op")}</label><input id="hold-review" maxlength="10" autocomplete="off" placeholder=${t("dd-mm-jjjj")} .value=${this.review} @input=${(/** @type {any} */ e) => set("review")(e.target.value)}></div>
          ${momentField("hold-end", t("Nieuw einde (leeg: blijft)"), this.end, set("end"))}`}
      ${this.wrong ? html`<p class="field-error" role="alert">${this.wrong}</p>` : nothing}
      <div class="actions"><button class="primary" ?disabled=${this.busy}>${act === "release" ? t("Vrijgeven") : t("Verlengen")}</button><button type="button" @click=${this._stop}>${t("Annuleren")}</button></div></form></dialog>`;
  }

  render() {
    if (!this.holds) return html`<p role="status">${this.error || t("Veiligstellingen laden…")}</p>`;
    const open = this.holds.filter(({ state }) => state !== "released");
    const due = open.filter(({ review_due }) => review_due).length;
    const released = this.holds.filter(({ state }) => state === "released");
    return html`${this.error ? html`<p class="failed" role="alert">${this.error}</p>` : nothing}
      ${due ? html`<p class="verdict" data-level="warn">${icon("clock")}<span>${t("Herbeoordeel of nog nodig is wat veiliggesteld is: {count}.", { count: due })}</span></p>` : nothing}
      ${open.length ? open.map((hold) => this._card(hold)) : html`<p class="empty">${t("Er is niets veiliggesteld. Kies bij Terugkijken een camera, zet begin en einde, en kies Veiligstellen.")}</p>`}
      ${released.length ? html`<p><button type="button" aria-expanded=${this.isReleasedShown} id="released" @click=${() => { this.isReleasedShown = !this.isReleasedShown; this.requestUpdate(); }}>${t("Vrijgegeven: {count}", { count: released.length })}</button></p>
        ${this.isReleasedShown ? released.map((hold) => this._card(hold)) : nothing}` : nothing}
      ${this._dialog()}`;
  }
}

customElements.define("vms-holds", Holds);
