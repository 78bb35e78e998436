/** Giving a role to an account, or withdrawing one that was given; each with its reason. */

import { LitElement, html, nothing } from "lit";

import { Problem, messageOf, post } from "./api.js";
import { daysLater, parseDay } from "./day-field.js";
import { formField } from "./form-field.js";
import { grantText, isStanding } from "./grant-words.js";
import { announce, t } from "./page.js";
import { isoDate, spelledDay } from "./times.js";
import { purposeText, roleText } from "./words.js";

/** grant: withdraw this one. @typedef {{ account: import("./grant-words.js").Account, grant?: import("./grant-words.js").Grant, register: import("./grant-words.js").Register }} Wish */

const EXAMPLE_DAYS = 30;

/** Events: "done" (detail: what was done, in words); "stale", when the list is not what the server has. */
export class GrantDialog extends LitElement {
  constructor() {
    super();
    /** @type {Wish | null} */
    this.wish = null;
    /** @type {Record<string, string>} */
    this.fields = {};
    this.error = "";
    this.busy = false;
    this.chosen = "";
  }

  createRenderRoot() {
    return this;
  }

  /** @param {Wish} wish */
  async open(wish) {
    Object.assign(this, { wish, fields: {}, error: "", busy: false, chosen: "" });
    this.requestUpdate();
    await this.updateComplete;
    const dialog = /** @type {HTMLDialogElement} */ (this.querySelector("dialog"));
    dialog.querySelector("form")?.reset();
    dialog.showModal();
    /** @type {HTMLElement | null} */ (dialog.querySelector("select, input"))?.focus();
  }

  _close() {
    this.querySelector("dialog")?.close();
    this.wish = null;
    this.requestUpdate();
  }

  /** @param {SubmitEvent} event */
  async _submit(event) {
    event.preventDefault();
    const form = /** @type {HTMLFormElement} */ (event.target);
    if (!this.wish || this.busy) return;
    const values = Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, String(value).trim()]));
    Object.assign(this, { error: "", fields: this.wish.grant ? {} : this._days(values) });
    if (!Object.keys(this.fields).length) await this._send(this.wish, values);
    this.requestUpdate();
    await this.updateComplete;
    /** @type {HTMLElement | null} */ (form.querySelector('[aria-invalid="true"]'))?.focus();
  }

  /** Spells the days as the server wants them; what is none, by its field. @param {Record<string, string>} values */
  _days(values) {
    /** @type {Record<string, string>} */
    const wrong = {};
    for (const name of ["start", "until"]) {
      const text = values[name];
      if (!text) continue;
      values[name] = /\d{4}/.test(text) ? parseDay(text, text) : "";
      if (!values[name]) wrong[name] = t("Vul een dag met jaartal in, bijvoorbeeld {day}, of laat het leeg.", { day: this._example });
    }
    return wrong;
  }

  get _example() {
    return spelledDay(daysLater(isoDate(Date.now() * 1000), EXAMPLE_DAYS));
  }

  /** @param {Wish} wish @param {Record<string, string>} values */
  async _send({ account, grant }, values) {
    this.busy = true;
    this.requestUpdate();
    const path = `/api/users/${encodeURIComponent(account.username)}/grants`;
    try {
      await post(grant ? `${path}/${grant.id}/withdraw` : path, values);
      const name = account.display_name;
      const told = grant ? t("{what} van {name} is ingetrokken; open beelden eindigen binnen enkele seconden.", { what: grantText(grant), name }) : t("{name} heeft nu een toekenning als {role}.", { name, role: roleText(values.role) });
      this._close();
      announce(told);
      this.dispatchEvent(new CustomEvent("done", { detail: told }));
    } catch (error) {
      this.fields = error instanceof Problem ? error.fields : {};
      this.error = Object.keys(this.fields).length ? "" : messageOf(error);
      if (error instanceof Problem && ["grant_ended", "unknown_account"].includes(error.code)) this.dispatchEvent(new CustomEvent("stale"));
    }
    this.busy = false;
  }

  /** @param {string} name @param {string} label @param {(described: import("./form-field.js").Described) => unknown} control */
  _field(name, label, control) {
    return formField(`grant-${name}`, label, this.fields[name] ?? "", control);
  }

  /** @param {string} name @param {string} label @param {string[]} options @param {(value: string) => string} text @param {string} none */
  _choice(name, label, options, text, none) {
    const chosen = (/** @type {any} */ event) => {
      if (name === "role") this.chosen = event.target.value;
      this.requestUpdate();
    };
    return this._field(name, label, ({ id, invalid, by }) => html`<select id=${id} name=${name} aria-invalid=${invalid} aria-describedby=${by} @change=${chosen}>
      <option value="">${none}</option>${options.map((value) => html`<option value=${value}>${text(value)}</option>`)}</select>`);
  }

  /** @param {string} name @param {string} label @param {number} max */
  _input(name, label, max) {
    return this._field(name, label, ({ id, invalid, by }) => html`<input id=${id} name=${name} maxlength=${max} autocomplete="off" aria-invalid=${invalid} aria-describedby=${by}>`);
  }

  /** What the first grant of a role takes away. @param {Wish} wish */
  _warning({ account }) {
    const isFirst = account.roles.includes(this.chosen) && !account.grants.some(({ role }) => role === this.chosen);
    return isFirst ? html`<p class="hint" role="status">${t("Dit account heeft deze rol nu voor alle camera's; hierna alleen nog zoals u hier geeft.")}</p>` : nothing;
  }

  /** @param {Wish} wish */
  _give(wish) {
    const { roles, groups, purposes } = wish.register;
    return html`<h2 id="grant-title">${t("Rol geven aan {name}", { name: wish.account.display_name })}</h2>
      ${this._choice("role", t("Rol"), roles, roleText, t("kies…"))}${this._warning(wish)}
      ${this._choice("group", t("Gebied"), groups, (group) => group, t("alle gebieden"))}
      ${this._choice("purpose", t("Doel"), purposes, purposeText, t("alle doelen"))}
      <div class="days">${this._input("start", t("Vanaf dag (leeg: meteen)"), 10)}${this._input("until", t("Tot en met dag (leeg: tot intrekking)"), 10)}</div>
      ${this._input("reason", t("Reden"), 200)}`;
  }

  /** @param {import("./grant-words.js").Account} account @param {import("./grant-words.js").Grant} grant */
  _withdraw(account, grant) {
    const others = account.grants.some((one) => one.id !== grant.id && one.role === grant.role && isStanding(one));
    return html`<h2 id="grant-title">${t("Toekenning van {name} intrekken", { name: account.display_name })}</h2>
      <p>${grantText(grant)}</p>
      <p class="hint">${t("Open beelden eindigen binnen enkele seconden.")} ${others ? nothing : t("Het account heeft deze rol daarna nergens meer.")}</p>
      ${this._input("reason", t("Reden"), 200)}`;
  }

  render() {
    const { wish } = this;
    return html`<dialog class="grant" aria-labelledby="grant-title" @cancel=${this._close}>${wish
      ? html`<form @submit=${this._submit} novalidate>
        ${wish.grant ? this._withdraw(wish.account, wish.grant) : this._give(wish)}
        ${this.error ? html`<p class="failed" role="alert">${this.error}</p>` : nothing}
        <div class="actions"><button class="primary" ?disabled=${this.busy}>${wish.grant ? t("Intrekken") : t("Rol geven")}</button><button type="button" @click=${this._close}>${t("Annuleren")}</button></div></form>`
      : nothing}</dialog>`;
  }
}

customElements.define("vms-grant-dialog", GrantDialog);
