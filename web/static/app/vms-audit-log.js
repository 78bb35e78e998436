/** The audit log: its newest rows, by person and action, and whether its chain closes. */

import { LitElement, html, nothing } from "lit";

import "./vms-audit-queries.js";
import { getJson, messageOf } from "./api.js";
import { EVERYTHING, filterForm, filtersOf, queryOf } from "./audit-filter.js";
import { icon } from "./icon.js";
import { page, t } from "./page.js";
import { full } from "./times.js";
import { actionText, actorText, detailText, objectText, roleText } from "./words.js";

const PAGE_ROWS = 50;

/**
 * @typedef {object} Row
 * @property {number} seq
 * @property {number} at_us
 * @property {string} actor
 * @property {string[]} roles
 * @property {string} action
 * @property {string} object
 * @property {{ camera: string, camera_name: string, start_us?: number, end_us?: number } | null} about
 * @property {"allowed" | "refused"} result
 * @property {Record<string, string | number | null>} detail
 * @property {string} workstation
 */

/** @param {{ sealed_rows: number, key_read: boolean }} chain */
function sealText({ sealed_rows: sealed, key_read }) {
  if (!sealed) return { level: "ok", text: t("Nog niet verzegeld: dat gebeurt na de eerste wisronde.") };
  if (key_read) return { level: "ok", text: t("Verzegeld tot en met regel {n}.", { n: sealed.toLocaleString(page.language) }) };
  return { level: "warn", text: t("Van wie de zegels zijn, is niet nagegaan: de sleutel is hier niet te lezen.") };
}

class AuditLog extends LitElement {
  constructor() {
    super();
    /** @type {Row[] | null} */
    this.rows = null;
    /** @type {{ closes: boolean, rows: number, sealed_rows: number, key_read: boolean, findings: string[], findings_in_total: number, at_us: number } | null} */
    this.chain = null;
    this.more = false;
    this.filters = EVERYTHING;
    this.wrong = "";
    /** @type {import("./vms-tile.js").CameraInfo[]} */
    this.cameras = [];
    /** @type {{ rows: number, copies: { name: string, seq: number, state: string, problem: string, rejected: number }[] } | null} */
    this.copies = null;
    this.error = "";
    this._asked = 0;
  }

  createRenderRoot() {
    return this;
  }

  connectedCallback() {
    super.connectedCallback();
    this._load();
    this._check();
  }

  async _check() {
    try {
      this.copies = await getJson("/api/audit/copies");
      this.requestUpdate();
      this.chain = await getJson("/api/audit/chain");
    } catch (error) {
      this.error = messageOf(error);
    }
    this.requestUpdate();
  }

  /** @param {number} [before] go on below this row; without: from the newest */
  async _load(before) {
    const asked = (this._asked += 1);
    const query = queryOf(this.filters);
    query.set("limit", String(PAGE_ROWS));
    if (before) query.set("before", String(before));
    try {
      /** @type {{ rows: Row[] }} */
      const { rows } = await getJson(`/api/audit?${query}`);
      if (asked !== this._asked) return;
      this.rows = before ? [...(this.rows ?? []), ...rows] : rows;
      this.more = rows.length === PAGE_ROWS;
      this.error = "";
    } catch (error) {
      this.error = messageOf(error);
    }
    this.requestUpdate();
  }

  /** @param {HTMLFormElement} form */
  _filter(form) {
    const asked = filtersOf(form);
    this.wrong = "wrong" in asked ? asked.wrong : "";
    if ("filters" in asked) this.ask(asked.filters);
    else this.requestUpdate();
  }

  /** @param {import("./audit-filter.js").Filters} filters */
  ask(filters) {
    this.filters = filters;
    this.wrong = "";
    this._load();
    this.requestUpdate();
  }

  _verdict() {
    if (!this.chain) return nothing;
    const { closes, rows, findings_in_total: broken, findings } = this.chain;
    const { level, text } = sealText(this.chain);
    return html`<p class="verdict" role="status" data-level=${closes ? level : "danger"}>${icon(closes ? (level === "ok" ? "shield-check" : "shield-alert") : "circle-x")}<span>
      ${closes ? html`<strong>${t("De keten sluit.")}</strong> ${t("Alle {n} regels volgen op elkaar; geen is gewijzigd of weggehaald.", { n: rows.toLocaleString(page.language) })} ${text}` : html`<strong>${t("De keten sluit niet: {n} breuken.", { n: broken })}</strong> <small class="detail" lang="en">${findings.slice(0, 5).join(" · ")}</small>`}</span></p>`;
  }

  /** How far copies elsewhere are. */
  _copied() {
    if (!this.copies?.copies.length) return nothing;
    return html`<ul class="copies">${this.copies.copies.map(({ name, seq, state, problem, rejected }) => html`<li data-level=${state === "ok" ? "ok" : state === "failing" ? "warn" : "danger"}>${icon(state === "ok" ? "circle-check" : "triangle-alert")}
      ${state === "differs" ? t("Kopie {name}: het auditlog is niet meer wat de kopie heeft.", { name }) : state === "rejected" ? t("Kopie {name}: de ontvanger weigerde {n} regels; zij ontbreken daar.", { name, n: rejected.toLocaleString(page.language) }) : t("Kopie {name}: {n} van {all} regels.", { name, n: seq.toLocaleString(page.language), all: (this.copies?.rows ?? 0).toLocaleString(page.language) })} ${problem ? html`<small class="detail" lang="en">${problem}</small>` : nothing}</li>`)}</ul>`;
  }

  /** @param {Row} row */
  _row(row) {
    const refused = row.result === "refused";
    const told = row.about?.start_us ? ["camera", "start_us"] : []; // the object says them
    const detail = Object.entries(row.detail).flatMap(([name, value]) => (value === null || value === "" || told.includes(name) ? [] : [detailText(name, value)]));
    return html`<tr data-result=${row.result}><td class="num">${row.seq}</td><td class="num">${full(row.at_us)}</td><th scope="row">${actorText(row.actor)}<br><small>${row.roles.map(roleText).join(", ")}</small></th>
      <td>${actionText(row.action)}</td><td class="path" title=${row.object}>${objectText(row.object, row.about)}${detail.length ? html`<br><small>${detail.join(" · ")}</small>` : nothing}</td>
      <td class="level" data-level=${refused ? "warn" : "ok"}>${refused ? icon("circle-x") : nothing}${refused ? t("geweigerd") : t("toegestaan")}</td><td>${row.workstation}</td></tr>`;
  }

  render() {
    const rows = this.rows;
    return html`<section class="part"><div class="part-head"><h2>${t("Auditlog")}</h2><a class="button" href=${`/api/audit/register.csv?${queryOf(this.filters)}`} download>${icon("download")} CSV</a></div>
      ${this._verdict()}${this._copied()}${filterForm(this.filters, this.cameras, this.wrong, (form) => this._filter(form))}
      <vms-audit-queries .current=${this.filters} @choose=${(/** @type {CustomEvent} */ event) => this.ask(event.detail)}></vms-audit-queries>
      ${this.error ? html`<p class="failed" role="alert">${icon("wifi-off")} ${this.error}</p>` : nothing}
      ${rows ? html`<div class="scroll"><table class="audit"><caption class="sr">${t("Nieuwste regels van het auditlog")}</caption><thead><tr><th>${t("nr")}</th><th>${t("tijd")}</th><th>${t("wie")}</th><th>${t("handeling")}</th><th>${t("waarop")}</th><th>${t("uitkomst")}</th><th>${t("werkplek")}</th></tr></thead>
        <tbody>${rows.map((row) => this._row(row))}</tbody></table></div>
        ${rows.length ? nothing : html`<p class="empty">${t("Geen regel past bij dit filter.")}</p>`}
        ${this.more ? html`<p class="more"><button type="button" @click=${() => this._load(rows[rows.length - 1]?.seq)}>${t("Oudere regels")}</button></p>` : nothing}` : nothing}
    </section>`;
  }
}

customElements.define("vms-audit-log", AuditLog);
