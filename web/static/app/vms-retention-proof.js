/** The proof that nothing is kept too long, as the server found it on its disks. */

import { LitElement, html, nothing } from "lit";

import { Problem, getJson, messageOf } from "./api.js";
import { icon } from "./icon.js";
import { bytes, page, t } from "./page.js";
import { full } from "./times.js";
import { findingText, purposeText } from "./words.js";

/**
 * @typedef {object} Proof
 * @property {number} at_us
 * @property {number} days
 * @property {number} limit_us nothing may be older
 * @property {number | null} oldest_frame_us
 * @property {number} files
 * @property {number} bytes
 * @property {number} held_files
 * @property {number} erased_in_total
 * @property {{ holds: number, files: number, bytes: number }} evidence
 * @property {number | null} last_run_us
 * @property {{ purpose: string, basis: string, days: number[], cameras: number, oldest_frame_us: number | null }[]} purposes
 * @property {boolean} ledger_closes
 * @property {number} findings_in_total
 * @property {{ code: string, subject: string, detail: string }[]} findings
 */

class RetentionProof extends LitElement {
  constructor() {
    super();
    /** @type {Proof | null} */
    this.proof = null;
    this.error = "";
    this.busy = true;
    this._waiting = 0;
  }

  createRenderRoot() {
    return this;
  }

  connectedCallback() {
    super.connectedCallback();
    this._load();
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    clearTimeout(this._waiting);
  }

  /** A large site takes minutes: ask again when the server says so. */
  async _load() {
    clearTimeout(this._waiting);
    this.busy = true;
    this.requestUpdate();
    try {
      this.proof = await getJson("/api/retention/proof");
      this.error = "";
      this.busy = false;
    } catch (error) {
      this.error = messageOf(error);
      const again = error instanceof Problem && error.code === "busy" ? error.retryAfterS : undefined;
      this.busy = again !== undefined;
      if (again !== undefined) this._waiting = setTimeout(() => this._load(), again * 1000);
    }
    this.requestUpdate();
  }

  /** @param {Proof} proof */
  _verdict({ findings_in_total: count, ledger_closes: closes }) {
    const text = count
      ? t("Het bewijs klopt niet: {n} bevindingen.", { n: count })
      : t("Geen beeld is ouder dan toegestaan.");
    return html`<p class="verdict" role="status" data-level=${count ? "danger" : "ok"}>${icon(count ? "circle-x" : "shield-check")}<span><strong>${text}</strong>
      ${closes ? t("De keten van het wislogboek sluit.") : t("De keten van het wislogboek sluit niet.")}</span></p>`;
  }

  /** @param {Proof} proof */
  _facts(proof) {
    const count = (/** @type {number} */ value) => value.toLocaleString(page.language);
    return html`<dl class="facts">
      <div><dt>${t("Bewaartermijn")}</dt><dd>${t("{days} × 24 uur", { days: proof.days })}</dd></div>
      <div><dt>${t("Grens: niets ouder dan")}</dt><dd>${full(proof.limit_us)}</dd></div>
      <div><dt>${t("Oudste beeld op schijf")}</dt><dd>${proof.oldest_frame_us === null ? t("geen beeld op schijf") : full(proof.oldest_frame_us)}</dd></div>
      <div><dt>${t("Laatste wisronde")}</dt><dd>${proof.last_run_us === null ? t("nog geen") : full(proof.last_run_us)}</dd></div>
      <div><dt>${t("Bestanden op schijf")}</dt><dd class="num">${count(proof.files)} (${bytes(proof.bytes)})</dd></div>
      <div><dt>${t("Veiliggestelde bestanden")}</dt><dd class="num">${count(proof.held_files)}</dd></div>
      <div><dt>${t("In de bewijsopslag")}</dt><dd class="num">${count(proof.evidence.files)} (${bytes(proof.evidence.bytes)})</dd></div>
      <div><dt>${t("Gewist in totaal")}</dt><dd class="num">${t("{n} opnamen", { n: count(proof.erased_in_total) })}</dd></div>
      <div><dt>${t("Gecontroleerd")}</dt><dd>${full(proof.at_us)}</dd></div>
    </dl>`;
  }

  /** @param {Proof} proof */
  _purposes({ purposes }) {
    if (!purposes.length) return nothing;
    return html`<div class="scroll"><table data-purposes><caption class="sr">${t("Doelen")}</caption><thead><tr><th>${t("Doel")}</th><th>${t("Grondslag")}</th><th>${t("Bewaartermijn")}</th><th>${t("Camera's")}</th><th>${t("Oudste beeld op schijf")}</th></tr></thead>
      <tbody>${purposes.map(({ purpose, basis, days, cameras, oldest_frame_us: oldest }) => html`<tr data-purpose=${purpose}><th scope="row">${purposeText(purpose)}</th><td>${basis || t("geen grondslag vastgelegd")}</td><td>${t("{days} × 24 uur", { days: days.join(" / ") })}</td><td class="num">${cameras}</td><td>${oldest === null ? t("geen beeld op schijf") : full(oldest)}</td></tr>`)}</tbody></table></div>`;
  }

  /** @param {Proof} proof */
  _findings({ findings, findings_in_total: total }) {
    if (!total) return nothing;
    return html`<div class="scroll"><table><caption class="sr">${t("Bevindingen")}</caption><thead><tr><th>${t("bevinding")}</th><th>${t("waar")}</th><th>${t("technische melding")}</th></tr></thead>
      <tbody>${findings.map(({ code, subject, detail }) => html`<tr data-finding=${code}><th scope="row">${code} · ${findingText(code)}</th><td class="path">${subject}</td><td class="detail" lang="en">${detail}</td></tr>`)}</tbody></table></div>
      ${total > findings.length ? html`<p class="lead">${t("De eerste {shown} van {total}.", { shown: findings.length, total })}</p>` : nothing}`;
  }

  render() {
    return html`<section class="part"><div class="part-head"><h2>${t("Bewaarbewijs")}</h2>
        <span class="actions"><button type="button" ?disabled=${this.busy} @click=${() => this._load()}>${icon("refresh-cw")} ${t("Opnieuw controleren")}</button>
        <button type="button" @click=${() => print()}>${t("Afdrukken")}</button></span></div>
      ${this.error && !this.busy ? html`<p class="failed" role="alert">${icon("wifi-off")} ${this.error}</p>` : nothing}
      ${this.proof ? html`${this._verdict(this.proof)}${this._facts(this.proof)}${this._purposes(this.proof)}${this._findings(this.proof)}` : nothing}
      ${this.busy && !this.proof ? html`<p role="status">${t("De schijven worden nagekeken…")}</p>` : nothing}
    </section>`;
  }
}

customElements.define("vms-retention-proof", RetentionProof);
