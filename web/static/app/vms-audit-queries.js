/** Questions to the audit log that somebody keeps under a name. `current`: what is asked now; event `choose` with filters. */

import { LitElement, html, nothing } from "lit";

import { getJson, messageOf, request } from "./api.js";
import { EVERYTHING } from "./audit-filter.js";
import { icon } from "./icon.js";
import { t } from "./page.js";

/** @typedef {{ id: number, name: string, filters: Partial<import("./audit-filter.js").Filters> }} Query */

class AuditQueries extends LitElement {
  constructor() {
    super();
    /** @type {Query[]} */
    this.queries = [];
    /** @type {import("./audit-filter.js").Filters} */
    this.current = EVERYTHING;
    this.error = "";
    this._do(async () => {});
  }

  createRenderRoot() {
    return this;
  }

  /** @param {() => Promise<unknown>} act */
  async _do(act) {
    try {
      await act();
      this.queries = (await getJson("/api/audit/queries")).queries;
      this.error = "";
    } catch (error) {
      this.error = messageOf(error);
    }
    this.requestUpdate();
  }

  async _save() {
    const input = /** @type {HTMLInputElement} */ (this.querySelector("#query-name"));
    const name = input.value.trim();
    if (!name) {
      this.error = t("Geef de vraag een naam.");
      input.focus();
      this.requestUpdate();
      return;
    }
    await this._do(() => request("POST", "/api/audit/queries", { json: { name, filters: this.current } }));
    if (!this.error) input.value = "";
  }

  /** @param {Query} query */
  _choose(query) {
    this.dispatchEvent(new CustomEvent("choose", { detail: { ...EVERYTHING, ...query.filters } }));
  }

  /** @param {Query} query */
  _one(query) {
    return html`<li><button type="button" class="chip" @click=${() => this._choose(query)}>${query.name}</button><button
      type="button" class="quiet" title=${t("{name} vergeten", { name: query.name })} aria-label=${t("{name} vergeten", { name: query.name })}
      @click=${() => this._do(() => request("DELETE", `/api/audit/queries/${query.id}`))}>${icon("x")}</button></li>`;
  }

  render() {
    return html`<div class="queries">
      ${this.queries.length ? html`<ul aria-label=${t("Bewaarde vragen")}>${this.queries.map((query) => this._one(query))}</ul>` : nothing}
      <label for="query-name">${t("Deze vraag bewaren als")}</label><input id="query-name" maxlength="60" autocomplete="off"
        @keydown=${(/** @type {KeyboardEvent} */ event) => event.key === "Enter" && this._save()}>
      <button type="button" @click=${() => this._save()}>${t("Bewaren")}</button>
      <span class="field-error" role="alert">${this.error}</span></div>`;
  }
}

customElements.define("vms-audit-queries", AuditQueries);
