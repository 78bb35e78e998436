/** Where somebody is signed in – oneself, or for the administrator everybody – and the end of it. */

import { LitElement, html, nothing } from "lit";

import { getJson, messageOf, request } from "./api.js";
import { announce, t } from "./page.js";
import { full } from "./times.js";
import { methodText } from "./words.js";

/**
 * @typedef {object} Session
 * @property {string} id
 * @property {string} username
 * @property {string} display_name
 * @property {string} workstation
 * @property {string} method
 * @property {number} began_us
 * @property {number} seen_us
 * @property {number} ends_us
 * @property {boolean} is_this
 */

export class Sessions extends LitElement {
  static properties = { ofAll: { attribute: false } };

  constructor() {
    super();
    this.ofAll = false;
    /** @type {Session[] | null} */
    this.sessions = null;
    this.error = "";
  }

  createRenderRoot() {
    return this;
  }

  connectedCallback() {
    super.connectedCallback();
    this.ask();
  }

  get _path() {
    return this.ofAll ? "/api/users/sessions" : "/api/sessions";
  }

  async ask() {
    try {
      this.sessions = (await getJson(this._path)).sessions;
      this.error = "";
    } catch (error) {
      this.error = messageOf(error);
    }
    this.requestUpdate();
  }

  /** @param {Session} session */
  async _end(session) {
    try {
      await request("DELETE", `${this._path}/${session.id}`, { json: {} });
      announce(t("De aanmelding is beëindigd."));
      await this.ask();
    } catch (error) {
      this.error = messageOf(error);
      this.requestUpdate();
    }
  }

  /** @param {Session} session */
  _row(session) {
    const { id, display_name: name, username, workstation, method, began_us: began, seen_us: seen, ends_us: ends } = session;
    const end = session.is_this
      ? html`<span class="chip">${t("deze aanmelding")}</span>`
      : html`<button type="button" @click=${() => this._end(session)}>${t("Beëindigen")}<span class="sr"> ${name} ${workstation} ${full(began)}</span></button>`;
    return html`<tr data-session=${id} data-method=${method}>
      ${this.ofAll ? html`<th scope="row">${name} <small>${username}</small></th>` : nothing}
      <td>${workstation}</td><td>${methodText(method)}</td><td class="num">${full(began)}</td><td class="num">${full(seen)}</td><td class="num">${full(ends)}</td><td>${end}</td></tr>`;
  }

  render() {
    const rows = this.sessions ?? [];
    return html`<section class="part"><h2>${this.ofAll ? t("Aanmeldingen van iedereen") : t("Waar u bent aangemeld")}</h2>
      ${this.error ? html`<p class="failed" role="alert">${this.error}</p>` : nothing}
      <div class="scroll"><table class="sessions"><thead><tr>${this.ofAll ? html`<th>${t("persoon")}</th>` : nothing}<th>${t("werkplek")}</th><th>${t("wijze")}</th><th>${t("sinds")}</th><th>${t("laatst gezien")}</th><th>${t("eindigt")}</th><th><span class="sr">${t("Beëindigen")}</span></th></tr></thead>
      <tbody>${rows.map((session) => this._row(session))}</tbody></table></div></section>`;
  }
}

customElements.define("vms-sessions", Sessions);
