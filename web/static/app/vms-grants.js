/** Who holds which roles, for which cameras and how long; for administrators, who give and withdraw them. */

import { LitElement, html, nothing } from "lit";

import "./vms-grant-dialog.js";
import { getJson, messageOf } from "./api.js";
import { grantText, isStanding } from "./grant-words.js";
import { icon } from "./icon.js";
import { page, t } from "./page.js";
import { full } from "./times.js";
import { roleText } from "./words.js";

/** @typedef {import("./grant-words.js").Grant} Grant @typedef {import("./grant-words.js").Account} Account @typedef {import("./grant-words.js").Register} Register */

class Grants extends LitElement {
  constructor() {
    super();
    /** @type {Register | null} */
    this.register = null;
    this.error = "";
    this.told = "";
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
      this.register = await getJson("/api/users");
      this.error = "";
    } catch (error) {
      this.error = messageOf(error);
    }
    this.requestUpdate();
  }

  get _dialog() {
    return /** @type {import("./vms-grant-dialog.js").GrantDialog} */ (this.querySelector("vms-grant-dialog"));
  }

  /** @param {Account} account @param {Grant} [grant] that is to be withdrawn */
  _open(account, grant) {
    if (this.register) this._dialog.open({ account, grant, register: this.register });
  }

  /** @param {CustomEvent<string>} event */
  async _done(event) {
    this.told = event.detail;
    await this._ask();
  }

  /** @param {Grant} grant */
  _state({ state, revoked_by: by, revoked_us: at }) {
    if (state === "holds") return html`<span class="chip">${icon("circle-check")} ${t("geldt nu")}</span>`;
    if (state === "later") return html`<span class="chip">${t("nog niet ingegaan")}</span>`;
    if (state === "over") return html`<span class="chip">${t("voorbij")}</span>`;
    return html`<span class="chip">${t("ingetrokken")}</span> <small>${by} · ${full(at ?? 0)}</small>`;
  }

  /** @param {Account} account @param {Grant} grant */
  _grant(account, grant) {
    const { id, from_us: from, to_us: to, given_by: by, given_us: at, reason } = grant;
    return html`<li data-grant=${id} data-state=${grant.state}><div><b>${grantText(grant)}</b> ${this._state(grant)}<br>
      <span class="num">${full(from)} – ${to ? full(to) : t("tot intrekking")}</span><br>
      <small>${t("gegeven door {who}, {time}", { who: by, time: full(at) })}${reason ? html`: ${reason}` : nothing}</small></div>
      ${isStanding(grant) ? html`<button type="button" @click=${() => this._open(account, grant)}>${t("Intrekken…")}<span class="sr"> ${account.display_name} ${grantText(grant)}</span></button>` : nothing}</li>`;
  }

  /** One that was ever granted counts as granted only, also when that is over. @param {Account} account @param {string} role */
  _ownRole(account, role) {
    const isLimited = account.grants.some((grant) => grant.role === role);
    return html`<li><div>${roleText(role)}<br><small>${isLimited ? t("alleen volgens toekenning") : t("voor alle camera's")}</small></div></li>`;
  }

  /** @param {Account} account */
  _row(account) {
    const standing = account.grants.filter(isStanding);
    const past = account.grants.filter((grant) => !isStanding(grant));
    const isSelf = account.username === page.user?.username;
    return html`<tr data-account=${account.username}><th scope="row">${account.display_name} <small>${account.username}</small>
        ${account.active ? nothing : html` <span class="chip">${t("uit")}</span>`}${account.is_break_glass ? html` <span class="chip">${t("noodaccount")}</span>` : nothing}</th>
      <td>${account.roles.length ? html`<ul class="grants">${account.roles.map((role) => this._ownRole(account, role))}</ul>` : "–"}</td>
      <td>${standing.length ? html`<ul class="grants">${standing.map((grant) => this._grant(account, grant))}</ul>` : html`<small>${t("geen")}</small>`}
        ${past.length ? html`<details><summary>${t("eerdere toekenningen")} (${past.length})</summary><ul class="grants">${past.map((grant) => this._grant(account, grant))}</ul></details>` : nothing}</td>
      <td>${isSelf ? html`<small>${t("uzelf: vraag een andere beheerder")}</small>` : html`<button type="button" @click=${() => this._open(account)}>${t("Rol geven…")}<span class="sr"> ${account.display_name}</span></button>`}</td></tr>`;
  }

  render() {
    const rows = this.register?.users ?? [];
    return html`<section class="part"><h2>${t("Rollen en toekenningen")}</h2>
      <p class="lead">${t("Een toekenning geeft een rol voor een gebied, een doel of een tijd. Vanaf de eerste heeft het account die rol alleen nog zo.")}</p>
      ${this.error ? html`<p class="failed" role="alert">${this.error}</p>` : nothing}
      ${this.told ? html`<p class="verdict" data-level="ok">${icon("circle-check")} ${this.told}</p>` : nothing}
      ${this.register ? html`<div class="scroll"><table class="accounts"><thead><tr><th>${t("persoon")}</th><th>${t("eigen rollen")}</th><th>${t("toekenningen")}</th><th><span class="sr">${t("handeling")}</span></th></tr></thead>
        <tbody>${rows.map((account) => this._row(account))}</tbody></table></div>` : this.error ? nothing : html`<p role="status">${t("Accounts laden…")}</p>`}
      <vms-grant-dialog @done=${this._done} @stale=${this._ask}></vms-grant-dialog></section>`;
  }
}

customElements.define("vms-grants", Grants);
