/** One's own account: password, telephone, recovery codes, and where one is signed in. */

import { LitElement, html, nothing } from "lit";

import "./vms-grants.js";
import "./vms-sessions.js";
import { Problem, getJson, messageOf, post } from "./api.js";
import { icon } from "./icon.js";
import { announce, page, t } from "./page.js";
import { roleText } from "./words.js";

/**
 * @typedef {object} Account
 * @property {string} username
 * @property {string} display_name
 * @property {string[]} roles
 * @property {boolean} is_local
 * @property {boolean} is_break_glass
 * @property {{ is_needed: boolean, is_coupled: boolean, recovery_codes_left: number }} second_factor
 */

const FEW_CODES = 3;

class AccountPage extends LitElement {
  constructor() {
    super();
    /** @type {Account | null} */
    this.account = null;
    this.error = "";
    /** What is wrong, by form and field. @type {Record<string, Record<string, string>>} */
    this.wrong = {};
    /** @type {string[]} */
    this.codes = [];
    this.done = "";
  }

  createRenderRoot() {
    return this;
  }

  connectedCallback() {
    super.connectedCallback();
    this._ask();
  }

  async _ask() {
    try {
      this.account = await getJson("/api/account");
    } catch (error) {
      this.error = messageOf(error);
    }
    this.requestUpdate();
  }

  /** @param {SubmitEvent} event @param {string} path @param {(answer: any) => void} then */
  async _send(event, path, then) {
    event.preventDefault();
    const form = /** @type {HTMLFormElement} */ (event.target);
    const given = Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, String(value)]));
    this.done = "";
    try {
      const answer = await post(path, given);
      this.wrong = { ...this.wrong, [form.id]: {} };
      form.reset();
      then(answer);
    } catch (error) {
      this.wrong = { ...this.wrong, [form.id]: this._faults(error) };
    }
    this.requestUpdate();
    await this.updateComplete;
    /** @type {HTMLElement | null} */ (form.querySelector('[aria-invalid="true"]'))?.focus();
  }

  /** @param {unknown} error @returns {Record<string, string>} */
  _faults(error) {
    const fields = error instanceof Problem ? error.fields : {};
    return Object.keys(fields).length ? fields : { form: messageOf(error) };
  }

  /** @param {string} form @param {string} name @param {string} label @param {string} type @param {string} complete */
  _field(form, name, label, type, complete) {
    const id = `${form}-${name}`;
    const text = this.wrong[form]?.[name] ?? "";
    return html`<label for=${id}>${label}</label>
      <input id=${id} name=${name} type=${type} autocomplete=${complete} maxlength="200" required aria-invalid=${text !== ""} aria-describedby="${id}-error">
      <p class="field-error" id="${id}-error">${text}</p>`;
  }

  /** @param {string} form */
  _again(form) {
    return html`${this._field(form, "password", t("Huidig wachtwoord"), "password", "current-password")}
      ${this.account?.second_factor.is_needed ? this._field(form, "code", t("Code van uw telefoon"), "text", "one-time-code") : nothing}`;
  }

  /** @param {string} form */
  _fault(form) {
    const text = this.wrong[form]?.form;
    return text ? html`<p class="failed" role="alert">${text}</p>` : nothing;
  }

  /** @param {string} text */
  _say(text) {
    this.done = text;
    announce(text);
  }

  _password() {
    return html`<section class="part"><h2>${t("Wachtwoord")}</h2>
      <form id="change-password" class="account-form" @submit=${(/** @type {SubmitEvent} */ event) => this._send(event, "/api/account/password", () => this._changed())}>
        ${this._again("change-password")}
        ${this._field("change-password", "new", t("Nieuw wachtwoord, ten minste 12 tekens"), "password", "new-password")}
        ${this._fault("change-password")}
        <button class="primary">${t("Wachtwoord wijzigen")}</button>
        <p class="lead">${t("Uw andere aanmeldingen eindigen meteen.")}</p>
      </form></section>`;
  }

  _changed() {
    this._say(t("Uw wachtwoord is gewijzigd."));
    /** @type {import("./vms-sessions.js").Sessions | null} */ (this.querySelector("vms-sessions"))?.ask();
  }

  _telephone() {
    const { is_needed: needed, is_coupled: coupled, recovery_codes_left: left } = /** @type {Account} */ (this.account).second_factor;
    if (!needed) return nothing;
    if (!coupled) return html`<section class="part"><h2>${t("Telefoon")}</h2><p>${t("Bij de volgende aanmelding koppelt u een telefoon.")}</p></section>`;
    return html`<section class="part"><h2>${t("Telefoon")}</h2>
      <p class="verdict" data-level=${left < FEW_CODES ? "danger" : "ok"}>${icon(left < FEW_CODES ? "shield-alert" : "shield-check")} ${t("Gekoppeld; nog {n} herstelcodes.", { n: left })}</p>
      ${this.codes.length ? html`<div id="new-codes" role="status"><p>${t("Bewaar deze herstelcodes; ze worden niet nog eens getoond.")}</p><ol class="recovery-codes">${this.codes.map((code) => html`<li>${code}</li>`)}</ol></div>` : nothing}
      <div class="account-forms">
        <form id="new-recovery" class="account-form" @submit=${(/** @type {SubmitEvent} */ event) => this._send(event, "/api/account/recovery-codes", (answer) => this._newCodes(answer.recovery_codes))}>
          <h3>${t("Nieuwe herstelcodes")}</h3>${this._again("new-recovery")}${this._fault("new-recovery")}
          <button>${t("Nieuwe herstelcodes maken")}</button>
        </form>
        <form id="other-telephone" class="account-form" @submit=${(/** @type {SubmitEvent} */ event) => this._send(event, "/api/account/second-factor/reset", () => location.assign("/inloggen"))}>
          <h3>${t("Andere telefoon")}</h3>${this._again("other-telephone")}${this._fault("other-telephone")}
          <button>${t("Telefoon ontkoppelen")}</button>
          <p class="lead">${t("U wordt overal uitgelogd en koppelt bij de volgende aanmelding een andere.")}</p>
        </form>
      </div></section>`;
  }

  /** @param {string[]} codes */
  _newCodes(codes) {
    this.codes = codes;
    this._say(t("Er zijn nieuwe herstelcodes; de oude gelden niet meer."));
    this._ask();
  }

  /** @param {Account} account */
  _secrets(account) {
    if (account.is_break_glass) return html`<p class="part">${t("Dit is een noodaccount: de beheerder geeft het na gebruik een nieuw wachtwoord.")}</p>`;
    if (!account.is_local) return html`<p class="part">${t("Wachtwoord en tweede factor van dit account beheert u waar u zich aanmeldt.")}</p>`;
    return html`${this._password()}${this._telephone()}`;
  }

  render() {
    const account = this.account;
    if (!account) return html`<p role="status">${this.error || t("Account laden…")}</p>`;
    return html`<p class="lead">${account.display_name} · ${account.username} · ${account.roles.map(roleText).join(", ")}</p>
      ${this.done ? html`<p class="verdict" data-level="ok">${icon("circle-check")} ${this.done}</p>` : nothing}
      <vms-sessions></vms-sessions>
      ${this._secrets(account)}
      ${page.user?.roles.includes("admin") ? html`<vms-grants></vms-grants><vms-sessions .ofAll=${true}></vms-sessions>` : nothing}`;
  }
}

customElements.define("vms-account", AccountPage);
