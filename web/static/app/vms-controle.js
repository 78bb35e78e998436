/** Is this export unchanged? The file goes to the server as it is, is checked on its way, and is not kept. */

import { LitElement, html, nothing } from "lit";

import { messageOf, request } from "./api.js";
import { icon } from "./icon.js";
import { announce, bytes, page, t } from "./page.js";

/**
 * @typedef {object} Verdict
 * @property {boolean} intact
 * @property {boolean} own_key compared with this site's key
 * @property {string} key_id of a package its key's, of a video its certificate's
 * @property {string} certificate_sha256 of a video; "" of a package
 * @property {Record<string, string>} about
 * @property {{ code: string, subject: string, detail: string, nl: string, en: string }[]} findings
 * @property {string[]} notes in Dutch
 */

class Controle extends LitElement {
  constructor() {
    super();
    /** @type {Verdict | null} */
    this.verdict = null;
    /** @type {File | null} */
    this.file = null;
    this.problem = "";
    this.busy = false;
    this.over = false;
  }

  createRenderRoot() {
    return this;
  }

  /** @param {File | undefined | null} file */
  async _check(file) {
    if (!file || this.busy) return;
    Object.assign(this, { file, busy: true, verdict: null, problem: "" });
    this.requestUpdate();
    try {
      const answer = await request("POST", "/api/controle", { body: file, type: "application/octet-stream" });
      this.verdict = await answer.json();
      announce(this.verdict?.intact ? t("Ongewijzigd") : t("Gewijzigd"));
    } catch (error) {
      this.problem = messageOf(error);
    }
    this.busy = false;
    this.requestUpdate();
  }

  /** @param {DragEvent} event */
  _drop(event) {
    event.preventDefault();
    this._hover(event, false);
    this._check(event.dataTransfer?.files[0]);
  }

  /** @param {DragEvent} event @param {boolean} over */
  _hover(event, over) {
    event.preventDefault();
    this.over = over;
    this.requestUpdate();
  }

  /** @param {Verdict} verdict */
  _answer(verdict) {
    const { intact, about } = verdict;
    const own = verdict.key_id && verdict.own_key;
    return html`<section class="part" aria-live="polite">
      <p class="verdict" data-verdict=${intact ? "intact" : "changed"} data-level=${intact ? "ok" : "danger"}>${icon(intact ? "shield-check" : "circle-x")}<span><strong>${intact ? t("Ongewijzigd") : t("Gewijzigd")}</strong>
        ${intact ? (own ? t("Dit bestand is precies zoals deze server het maakte.") : t("Dit bestand is precies zoals het verzegeld werd; van wie het is, zegt dat niet.")) : t("Dit bestand is niet meer zoals het gemaakt werd.")}</span></p>
      ${verdict.findings.length
        ? html`<div class="scroll"><table><thead><tr><th>${t("waar")}</th><th>${t("wat")}</th><th>${t("wanneer of welke")}</th></tr></thead>
          <tbody>${verdict.findings.map((one) => html`<tr data-finding=${one.code}><th scope="row" class="path">${one.subject}</th><td>${page.language === "nl" ? one.nl : one.en}</td><td>${one.detail}</td></tr>`)}</tbody></table></div>`
        : nothing}
      ${about.case_number
        ? html`<dl class="facts"><div><dt>${t("Zaaknummer")}</dt><dd>${about.case_number}</dd></div><div><dt>${t("Ontvanger")}</dt><dd>${about.recipient}</dd></div>
          <div><dt>${t("Beelden")}</dt><dd>${about.from_local} – ${about.to_local}</dd></div><div><dt>${t("Gemaakt")}</dt><dd>${about.made_local}, ${about.made_by}</dd></div></dl>`
        : nothing}
      ${verdict.key_id ? html`<p class="hint">${verdict.certificate_sha256 ? t("Kenmerk van het certificaat: {id}", { id: verdict.key_id }) : t("Kenmerk van de sleutel: {id}", { id: verdict.key_id })}</p>` : nothing}
      ${verdict.notes.map((note) => html`<p class="hint" lang="nl">${note}</p>`)}
    </section>`;
  }

  render() {
    const pick = (/** @type {Event} */ { target }) => target instanceof HTMLInputElement && this._check(target.files?.[0]);
    return html`<div class="drop" data-over=${String(this.over)} @dragover=${(/** @type {DragEvent} */ event) => this._hover(event, true)} @dragleave=${(/** @type {DragEvent} */ event) => this._hover(event, false)} @drop=${this._drop}>
        ${icon("search")}<label for="export-file">${t("Sleep een export (.zip), een video daaruit of een fragment hierheen, of kies het bestand")}</label>
        <input id="export-file" type="file" accept=".zip,.mp4" ?disabled=${this.busy} @change=${pick}></div>
      ${this.busy && this.file ? html`<p role="status">${t("{name} ({size}) wordt nagekeken…", { name: this.file.name, size: bytes(this.file.size) })}</p>` : nothing}
      <p class="failed" role="alert">${this.problem}</p>
      ${this.verdict ? this._answer(this.verdict) : nothing}`;
  }
}

customElements.define("vms-controle", Controle);
