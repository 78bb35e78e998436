/** The signed certificates of erasure: one a day, to be checked by whoever wants, without this server. */

import { LitElement, html, nothing } from "lit";

import { getJson, messageOf } from "./api.js";
import { icon } from "./icon.js";
import { bytes, page, t } from "./page.js";
import { date, full } from "./times.js";

/**
 * @typedef {object} Certificate
 * @property {string} day YYYY-MM-DD
 * @property {number} bytes
 * @property {string} url
 */
/**
 * @typedef {object} Seal
 * @property {number} at_us
 * @property {number} rows
 * @property {string} key_id
 * @property {number | null} stamped_us
 */

const SHOWN = 7;

class Certificates extends LitElement {
  constructor() {
    super();
    /** @type {Certificate[] | null} */
    this.items = null;
    /** @type {Seal | null} */
    this.seal = null;
    this.error = "";
    this.all = false;
  }

  createRenderRoot() {
    return this;
  }

  async connectedCallback() {
    super.connectedCallback();
    try {
      ({ items: this.items, seal: this.seal } = await getJson("/api/retention/certificates"));
    } catch (error) {
      this.error = messageOf(error);
    }
    this.requestUpdate();
  }

  _facts() {
    const seal = this.seal;
    if (!seal) return html`<p class="lead">${t("Het wislogboek is nog niet verzegeld: dat gebeurt na de eerste wisronde.")}</p>`;
    return html`<dl class="facts">
      <div><dt>${t("Laatste zegel")}</dt><dd>${full(seal.at_us)}</dd></div>
      <div><dt>${t("Verzegelde regels")}</dt><dd class="num">${seal.rows.toLocaleString(page.language)}</dd></div>
      <div><dt>${t("Kenmerk van de sleutel")}</dt><dd><code>${seal.key_id}</code></dd></div>
      <div><dt>${t("Laatste tijdstempel van buiten")}</dt><dd>${seal.stamped_us === null ? t("geen") : full(seal.stamped_us)}</dd></div>
    </dl>`;
  }

  _list() {
    const items = this.items ?? [];
    if (!items.length) return html`<p class="lead">${t("Nog geen certificaat: het eerste komt na de eerste wisronde van vandaag.")}</p>`;
    const shown = this.all ? items : items.slice(0, SHOWN);
    return html`<ul class="downloads">${shown.map(
      ({ day, bytes: size, url }) => html`<li><a href=${url} download>${icon("download")} ${t("Certificaat van {day}", { day: date(Date.parse(`${day}T12:00Z`) * 1000) })}</a> <span class="num">${bytes(size)}</span></li>`,
    )}</ul>
    ${items.length > shown.length ? html`<button type="button" @click=${() => this._showAll()}>${t("Alle {n} tonen", { n: items.length })}</button>` : nothing}`;
  }

  _showAll() {
    this.all = true;
    this.requestUpdate();
  }

  render() {
    return html`<section class="part"><div class="part-head"><h2>${t("Wiscertificaten")}</h2></div>
      <p class="lead">${t("Elke dag een ondertekend bewijs van wat gewist is. Wie het controleert heeft alleen Python nodig; geef het kenmerk van de sleutel op een andere weg.")}</p>
      ${this.error ? html`<p class="failed" role="alert">${icon("wifi-off")} ${this.error}</p>` : nothing}
      ${this.items ? html`${this._facts()}${this._list()}` : nothing}
    </section>`;
  }
}

customElements.define("vms-certificates", Certificates);
