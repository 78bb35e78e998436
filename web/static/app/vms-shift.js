/** An observer's shift: signing in with colleagues, coordinator and desk, and closing it with a note for the next. */

import { LitElement, html, nothing } from "lit";

import { Problem, getJson, messageOf, post } from "./api.js";
import { icon } from "./icon.js";
import { t } from "./page.js";
import { serverLink } from "./server-link.js";
import { full, span } from "./times.js";

/**
 * @typedef {{ id: number, people: string[], coordinator: string, workstation: string, started_us: number, over_us: number, closed: boolean, note: string }} Shift
 * @typedef {{ required: boolean, now_us: number, shift: Shift | null, handover: Shift | null,
 *   colleagues: { username: string, display_name: string }[], before: { coordinator: string, workstation: string } }} Own
 */

/** Where this person was going: a path on this site. */
function following() {
  const next = new URLSearchParams(location.search).get("next") ?? "";
  return /^\/(?![/\\])/.test(next) ? next : "/muur";
}

class OwnShift extends LitElement {
  constructor() {
    super();
    /** @type {Own | null} */
    this.own = null;
    this.problem = "";
    /** @type {Record<string, string>} */
    this.fields = {};
    this.busy = false;
    this.justEnded = false;
    this.awaited = false;
  }

  createRenderRoot() {
    return this;
  }

  async connectedCallback() {
    super.connectedCallback();
    const link = serverLink();
    link.addEventListener("digest", () => this._follow(link.awaitsShift));
    await this._load();
  }

  /** Begun in another window, or by a colleague: a wall that came here goes back. @param {boolean} awaits */
  _follow(awaits) {
    const hasBegun = this.awaited && !awaits && !this.own?.shift;
    this.awaited = awaits;
    if (!hasBegun || this.busy) return;
    if (new URLSearchParams(location.search).has("next")) location.assign(following());
    else this._load();
  }

  async _load() {
    try {
      this.own = await getJson("/api/shifts/mine");
    } catch (error) {
      this.problem = messageOf(error);
    }
    this.requestUpdate();
  }

  /** @param {() => Promise<void>} act */
  async _do(act) {
    this.busy = true;
    this.problem = "";
    this.fields = {};
    this.requestUpdate();
    try {
      await act();
    } catch (error) {
      this.problem = messageOf(error);
      if (error instanceof Problem) this.fields = error.fields;
    }
    this.busy = false;
    this.requestUpdate();
  }

  /** @param {SubmitEvent & { currentTarget: HTMLFormElement }} event */
  _begin(event) {
    event.preventDefault();
    const values = new FormData(event.currentTarget);
    return this._do(async () => {
      await post("/api/shifts", {
        colleagues: values.getAll("colleagues"),
        coordinator: values.get("coordinator"),
        workstation: values.get("workstation"),
      });
      location.assign(following());
    });
  }

  /** @param {SubmitEvent & { currentTarget: HTMLFormElement }} event */
  _end(event) {
    event.preventDefault();
    const note = new FormData(event.currentTarget).get("note");
    return this._do(async () => {
      await post("/api/shifts/mine/end", { note });
      this.justEnded = true;
      await this._load();
    });
  }

  /** @param {string} name @param {string} label @param {string} value */
  _field(name, label, value) {
    const wrong = this.fields[name] ?? "";
    return html`<div><label for="shift-${name}">${label}</label>
      <input id="shift-${name}" name=${name} minlength="2" maxlength="80" autocomplete="off" .defaultValue=${value} required aria-invalid=${String(!!wrong)} aria-describedby="shift-${name}-error">
      <p class="field-error" id="shift-${name}-error">${wrong}</p></div>`;
  }

  /** @param {Own} own */
  _form({ colleagues, before, required }) {
    return html`<form class="shift" @submit=${this._begin} aria-labelledby="begin-title">
      <h2 id="begin-title">${t("Dienst beginnen")}</h2>
      <p class="hint">${required ? t("Live beeld ziet u zodra uw dienst is begonnen.") : t("Op deze site mag u ook zonder dienst kijken; met een dienst tellen uw uren mee.")}</p>
      <div class="fields">${this._field("coordinator", t("Coördinator van de politie"), before.coordinator)}${this._field("workstation", t("Werkplek"), before.workstation)}</div>
      ${colleagues.length
        ? html`<fieldset><legend>${t("Samen met")}</legend>${colleagues.map(({ username, display_name: name }) => html`<label><input type="checkbox" name="colleagues" value=${username}> ${name}</label>`)}</fieldset>`
        : nothing}
      <p class="field-error">${this.fields.colleagues ?? ""}</p>
      <p class="failed" role="alert">${this.problem}</p>
      <button class="primary" type="submit" ?disabled=${this.busy}>${icon("play")} ${t("Dienst beginnen")}</button>
    </form>`;
  }

  /** @param {Shift} shift @param {number} nowUs */
  _current(shift, nowUs) {
    return html`<form class="shift" @submit=${this._end} aria-labelledby="current-title" data-shift=${shift.id}>
      <h2 id="current-title">${t("Uw dienst")}</h2>
      <dl class="facts">
        <div><dt>${t("wie")}</dt><dd>${shift.people.join(" + ")}</dd></div>
        <div><dt>${t("coördinator van de politie")}</dt><dd>${shift.coordinator}</dd></div>
        <div><dt>${t("sinds")}</dt><dd>${full(shift.started_us)} (${span(nowUs - shift.started_us)})</dd></div>
        <div><dt>${t("werkplek")}</dt><dd>${shift.workstation}</dd></div>
      </dl>
      <p><a href=${following()}>${t("Naar de muur")}</a></p>
      <label for="shift-note">${t("Overdracht aan de volgende dienst")}</label>
      <textarea id="shift-note" name="note" maxlength="2000" placeholder=${t("Geen namen of andere persoonsgegevens")}></textarea>
      <p class="failed" role="alert">${this.problem}</p>
      <div class="actions"><button class="primary" type="submit" ?disabled=${this.busy}>${icon("square")} ${t("Dienst afsluiten")}</button>
        <span class="hint">${t("Een dienst die niemand afsluit, eindigt {time}.", { time: full(shift.over_us) })}</span></div>
    </form>`;
  }

  /** @param {Shift} shift */
  _handover(shift) {
    return html`<section class="handover"><h2>${t("Overdracht van de vorige dienst")}</h2>
      <small>${shift.people.join(" + ")} · ${full(shift.over_us)}</small><p>${shift.note}</p></section>`;
  }

  render() {
    const { own } = this;
    if (!own) return html`<p role="status">${this.problem || t("Dienst laden…")}</p>`;
    return html`${this.justEnded && !own.shift ? html`<p class="lead" role="status">${icon("circle-check")} ${t("Uw dienst is afgesloten.")}</p>` : nothing}
      ${own.handover ? this._handover(own.handover) : nothing}
      ${own.shift ? this._current(own.shift, own.now_us) : this._form(own)}`;
  }
}

customElements.define("vms-shift", OwnShift);
