/** Logins with a break-glass account, for who oversees: shown while there were any lately. */

import { LitElement, html, nothing } from "lit";

import { getJson, messageOf } from "./api.js";
import { icon } from "./icon.js";
import { t } from "./page.js";
import { full } from "./times.js";

/**
 * @typedef {object} AuditRow
 * @property {number} seq
 * @property {number} at_us
 * @property {string} actor
 * @property {string} action
 * @property {string} workstation
 * @property {Record<string, string>} detail
 */

const ACTION = "login.break_glass";
const LATELY_US = 30 * 86_400e6;
const MOST = 50;

class BreakGlass extends LitElement {
  constructor() {
    super();
    /** @type {AuditRow[]} */
    this.rows = [];
    this.error = "";
  }

  createRenderRoot() {
    return this;
  }

  async connectedCallback() {
    super.connectedCallback();
    try {
      /** @type {AuditRow[]} */
      const rows = (await getJson(`/api/audit?action=${ACTION}&limit=${MOST}`)).rows;
      this.rows = rows.filter((row) => row.action === ACTION && row.at_us > Date.now() * 1000 - LATELY_US);
    } catch (error) {
      this.error = messageOf(error);
    }
    this.requestUpdate();
  }

  render() {
    if (this.error) return html`<p class="failed" role="alert">${this.error}</p>`;
    if (!this.rows.length) return nothing;
    return html`<section class="part" id="break-glass"><h2>${t("Noodaanmeldingen van de laatste 30 dagen")}</h2>
      <p class="verdict" data-level="danger">${icon("shield-alert")} ${t("Verzegel het noodaccount na gebruik opnieuw: geef het een nieuw wachtwoord.")}</p>
      <div class="scroll"><table><thead><tr><th>${t("tijd")}</th><th>${t("account")}</th><th>${t("werkplek")}</th><th>${t("reden")}</th></tr></thead>
      <tbody>${this.rows.map((row) => html`<tr><td class="num">${full(row.at_us)}</td><td>${row.actor}</td><td>${row.workstation}</td><td>${row.detail.reason ?? ""}</td></tr>`)}</tbody></table></div></section>`;
  }
}

customElements.define("vms-break-glass", BreakGlass);
