/** Flex cameras: where each hangs and hung, and the one form by which it moves. Nothing when there is none. */

import { LitElement, html, nothing } from "lit";

import { Problem, getJson, messageOf, post } from "./api.js";
import { icon } from "./icon.js";
import { page, t } from "./page.js";
import { full } from "./times.js";

/**
 * @typedef {{ id: number, placement: string, area: string, lat: number | null, lon: number | null, decision: string, from_us: number | null, author: string, reason: string }} Hung
 * @typedef {{ id: string, number: number, name: string, needs_decision: boolean, area: string, placement: string, history: Hung[] }} FlexCamera
 * @typedef {{ now_us: number, cameras: FlexCamera[], areas: string[], decisions: { id: number, label: string, locations: string[] }[] }} Register
 */

const MOVES = ["technician", "policy_officer"];

class Placements extends LitElement {
  constructor() {
    super();
    /** @type {Register | null} */
    this.register = null;
    /** @type {FlexCamera | null} */
    this.moving = null;
    this.problem = "";
    this.told = "";
    /** @type {Record<string, string>} */
    this.fields = {};
    this.mayMove = page.user?.roles.some((role) => MOVES.includes(role)) ?? false;
  }

  createRenderRoot() {
    return this;
  }

  connectedCallback() {
    super.connectedCallback();
    this._load();
  }

  async _load() {
    try {
      this.register = await getJson("/api/placements");
    } catch (error) {
      this.problem = messageOf(error);
    }
    this.requestUpdate();
  }

  get _dialog() {
    return /** @type {HTMLDialogElement | null} */ (this.querySelector("dialog"));
  }

  /** @param {FlexCamera} camera */
  async _ask(camera) {
    this.moving = camera;
    this.problem = "";
    this.fields = {};
    this.requestUpdate();
    await this.updateComplete;
    this._dialog?.querySelector("form")?.reset();
    this._dialog?.showModal();
  }

  /** @param {SubmitEvent & { currentTarget: HTMLFormElement }} event */
  async _move(event) {
    event.preventDefault();
    const values = new FormData(event.currentTarget);
    const camera = /** @type {FlexCamera} */ (this.moving);
    /** @param {string} name */
    const number = (name) => (values.get(name) ? Number(String(values.get(name)).replace(",", ".")) : null);
    try {
      const body = { name: values.get("name"), area: values.get("area"), lat: number("lat"), lon: number("lon"), decision: number("decision"), reason: values.get("reason") };
      const done = await post(`/api/cameras/${encodeURIComponent(camera.id)}/placements`, body);
      this._dialog?.close();
      this.told = done.gate === "open"
        ? t("{name} hangt nu op {place}. Er is geen beeld tot daar maskers zijn vastgesteld.", { name: camera.name, place: String(values.get("name")) })
        : t("{name} hangt nu op {place}. Het besluit geldt daar nu niet: geen opname, geen beeld.", { name: camera.name, place: String(values.get("name")) });
      await this._load();
    } catch (error) {
      this.problem = messageOf(error);
      if (error instanceof Problem) this.fields = error.fields;
      this.requestUpdate();
    }
  }

  /** @param {string} name @param {string} label @param {{ required?: boolean, mode?: string, max?: number }} [more] */
  _field(name, label, { required = false, mode = "text", max = 60 } = {}) {
    const wrong = this.fields[name] ?? "";
    return html`<div><label for="place-${name}">${label}</label>
      <input id="place-${name}" name=${name} maxlength=${max} inputmode=${mode} autocomplete="off" ?required=${required} aria-invalid=${String(!!wrong)} aria-describedby="place-${name}-error" list=${name === "area" ? "place-areas" : nothing}>
      <p class="field-error" id="place-${name}-error">${wrong}</p></div>`;
  }

  /** @param {Register} register */
  _form({ areas, decisions }) {
    const camera = this.moving;
    return html`<dialog aria-labelledby="place-title"><form class="decision-form" @submit=${this._move}>
      <h2 id="place-title" class="wide">${t("{name} verplaatsen", { name: camera?.name ?? "" })}</h2>
      ${this._field("name", t("Nieuwe plaats (naam)"), { required: true })}${this._field("area", t("Gebied"))}
      ${this._field("lat", t("Breedtegraad"), { mode: "decimal" })}${this._field("lon", t("Lengtegraad"), { mode: "decimal" })}
      <datalist id="place-areas">${areas.map((area) => html`<option value=${area}></option>`)}</datalist>
      <div class="wide"><label for="place-decision">${t("Besluit")}</label>
        <select id="place-decision" name="decision" ?required=${camera?.needs_decision ?? false}><option value="">${t("kies een besluit")}</option>
          ${decisions.map(({ id, label, locations }) => html`<option value=${id}>${label} · ${locations.join("; ")}</option>`)}</select>
        <p class="field-error">${this.fields.decision ?? ""}</p></div>
      <div class="wide">${this._field("reason", t("Reden"), { max: 200 })}</div>
      <p class="wide">${t("Maskers vervallen: er is geen beeld tot ze op de nieuwe plaats zijn vastgesteld.")} ${t("Oude opnamen houden hun eigen plaats, besluit en maskers.")}</p>
      <p class="failed wide" role="alert">${this.problem}</p>
      <div class="actions wide"><button class="primary" type="submit">${t("Verplaatsen")}</button><button type="button" @click=${() => this._dialog?.close()}>${t("Annuleren")}</button></div>
    </form></dialog>`;
  }

  /** @param {Hung} hung */
  _past({ placement, area, decision, from_us: from }) {
    return html`<li>${placement || "–"} (${area || "–"})${decision ? html`, ${t("besluit")} ${decision}` : nothing} · ${from ? t("vanaf {time}", { time: full(from) }) : t("begin niet bekend")}</li>`;
  }

  /** @param {FlexCamera} camera */
  _row(camera) {
    const [now, ...past] = camera.history;
    return html`<tr data-camera=${camera.id}><th scope="row"><b class="num">${String(camera.number).padStart(2, "0")}</b> ${camera.name}</th>
      <td>${camera.placement || "–"}</td><td>${camera.area || "–"}</td><td>${now?.decision ?? ""}</td><td class="num">${now?.from_us ? full(now.from_us) : "–"}</td>
      <td>${past.length ? html`<details><summary>${t("eerdere plaatsen")} (${past.length})</summary><ul>${past.map((hung) => this._past(hung))}</ul></details>` : nothing}</td>
      ${this.mayMove ? html`<td><button type="button" @click=${() => this._ask(camera)}>${icon("map")} ${t("Verplaatsen…")}</button></td>` : nothing}</tr>`;
  }

  render() {
    const { register } = this;
    if (!register?.cameras.length) return nothing;
    return html`<section class="part"><h2>${t("Flexcamera's en hun plaats")}</h2>
      ${this.told ? html`<p class="lead" role="status">${icon("circle-check")} ${this.told}</p>` : nothing}
      <div class="scroll"><table class="placements"><thead><tr><th>${t("camera")}</th><th>${t("plaats")}</th><th>${t("gebied")}</th><th>${t("besluit")}</th><th>${t("sinds")}</th><th>${t("geschiedenis")}</th>${this.mayMove ? html`<th><span class="sr">${t("handeling")}</span></th>` : nothing}</tr></thead>
      <tbody>${register.cameras.map((camera) => this._row(camera))}</tbody></table></div>${this.mayMove ? this._form(register) : nothing}</section>`;
  }
}

customElements.define("vms-placements", Placements);
