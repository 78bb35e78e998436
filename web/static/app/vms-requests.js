/** Requests for footage: asked, decided by a second person, made into an export, signed for. */

import { LitElement, html, nothing } from "lit";

import "./vms-request-form.js";
import { messageOf } from "./api.js";
import { bundles, cancelBundle, decideRequest, footageRequests, makeBundle, monthFigures, noteReceipt } from "./export-requests.js";
import { icon } from "./icon.js";
import { announce, bytes, page, t } from "./page.js";
import { full } from "./times.js";

/** @typedef {import("./export-requests.js").FootageRequest} FootageRequest */
/** @typedef {import("./export-requests.js").Bundle} Bundle */

const POLL_MS = 2000;
const has = (/** @type {string[]} */ ...roles) => page.user?.roles.some((role) => roles.includes(role)) ?? false;

class Requests extends LitElement {
  constructor() {
    super();
    /** @type {FootageRequest[] | null} */
    this.requests = null;
    /** @type {Bundle[]} */
    this.bundles = [];
    /** @type {import("./export-requests.js").MonthFigures[]} */
    this.months = [];
    this.problem = "";
    this.asks = has("police_reviewer", "evidence_officer");
    this.decides = has("evidence_officer", "privacy_officer");
    this.makes = has("evidence_officer");
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

  async _load() {
    clearTimeout(this._waiting);
    try {
      [this.requests, this.months, this.bundles] = await Promise.all([footageRequests(), monthFigures(), this.makes ? bundles() : []]);
      if (this.bundles.some(({ state }) => state === "queued" || state === "busy")) this._waiting = setTimeout(() => this._load(), POLL_MS);
    } catch (error) {
      this.problem = messageOf(error);
    }
    this.requestUpdate();
  }

  /** @param {Promise<unknown>} act @param {string} done */
  async _do(act, done) {
    try {
      await act;
      this.problem = "";
      announce(done);
    } catch (error) {
      this.problem = messageOf(error);
    }
    await this._load();
  }

  /** @param {number} id @param {string} name */
  _typed(id, name) {
    const input = this.querySelector(`#${name}-${id}`);
    return input instanceof HTMLInputElement ? input : null;
  }

  /** @param {FootageRequest} request */
  _decision(request) {
    if (!this.decides) return t("wacht op een besluit");
    if (request.mine) return t("wacht op een tweede persoon");
    const decide = (/** @type {"granted" | "refused"} */ verdict) => this._do(decideRequest(request.id, verdict, this._typed(request.id, "reason")?.value ?? ""), t("Besluit vastgelegd."));
    return html`<div class="decide"><label class="sr" for="reason-${request.id}">${t("Reden")}</label>
      <input id="reason-${request.id}" maxlength="500" autocomplete="off" placeholder=${t("reden (verplicht bij weigeren)")}>
      <span class="actions"><button type="button" data-act="grant" @click=${() => decide("granted")}>${icon("circle-check")} ${t("Toewijzen")}</button>
      <button type="button" data-act="refuse" @click=${() => decide("refused")}>${icon("circle-x")} ${t("Weigeren")}</button></span></div>`;
  }

  /** @param {FootageRequest} request */
  _granted(request) {
    if (!this.makes) return nothing;
    const make = () => this._do(makeBundle(request.id, !!this._typed(request.id, "watermark")?.checked), t("De export wordt gemaakt."));
    const receive = () => this._do(noteReceipt(request.id, this._typed(request.id, "receipt")?.value ?? ""), t("Ontvangst vastgelegd."));
    const mine = this.bundles.filter((bundle) => bundle.request === request.id);
    return html`<div class="give">
      ${mine.map((bundle) => this._bundle(bundle))}
      <span class="actions"><button type="button" data-act="make" @click=${make}>${icon("lock")} ${t("Export maken")}</button>
        ${request.unmasked ? nothing : html`<label><input type="checkbox" id="watermark-${request.id}"> ${t("met watermerk van de ontvanger")}</label>`}</span>
      ${request.received_us
        ? nothing
        : html`<span class="actions"><label class="sr" for="receipt-${request.id}">${t("Ontvangen door")}</label>
          <input id="receipt-${request.id}" maxlength="200" autocomplete="off" placeholder=${t("wie het ontving, en welk bewijs")}>
          <button type="button" data-act="receive" @click=${receive}>${t("Ontvangst vastleggen")}</button></span>`}
    </div>`;
  }

  /** @param {Bundle} bundle */
  _bundle(bundle) {
    const stop = () => this._do(cancelBundle(bundle.id), t("Export verwijderd."));
    /** @type {Record<Bundle["state"], string>} */
    const words = {
      queued: t("in de wachtrij"),
      busy: t("bezig, {n} %", { n: Math.round(bundle.progress * 100) }),
      done: t("klaar, tot {time}", { time: full(bundle.delete_at_us) }),
      failed: t("mislukt"),
      cancelled: t("afgebroken"),
      deleted: bundle.fetched_us ? t("opgehaald en verwijderd") : t("verlopen"),
    };
    return html`<p class="bundle" data-bundle=${bundle.state}><span>${words[bundle.state]}${bundle.error ? `: ${bundle.error[page.language]}` : nothing}</span>
      ${bundle.url ? html`<a href=${bundle.url} download>${icon("download")} ${t("Ophalen")} (${bytes(bundle.bytes)})</a><code class="path">SHA-256 ${bundle.sha256}</code>` : nothing}
      ${["queued", "busy", "done"].includes(bundle.state) ? html`<button type="button" class="quiet" data-act="cancel" @click=${stop}>${icon("x")} ${bundle.state === "done" ? t("Verwijderen") : t("Afbreken")}</button>` : nothing}</p>`;
  }

  /** @param {FootageRequest} request */
  _row(request) {
    const { state, decided_by: by, reason, received_us: received } = request;
    const decided = state === "granted" ? t("toegewezen door {name}", { name: by ?? t("de opdrachtregel") }) : t("geweigerd door {name}", { name: by ?? "–" });
    return html`<tr data-request=${request.id} data-state=${state}>
      <th scope="row"><span class="num">${request.id}</span></th>
      <td>${request.requester}<small>${request.organisation}</small></td>
      <td>${request.case_number}<small>${request.legal_basis}</small></td>
      <td>${request.cameras.join(", ")}<small>${full(request.from_us)} – ${full(request.to_us)}</small>${request.unmasked ? html`<strong class="unmasked">${icon("eye")} ${t("zonder masker: {reason}", { reason: request.note })}</strong>` : nothing}</td>
      <td>${state === "asked" ? this._decision(request) : html`${decided}${reason ? html`<small>${reason}</small>` : nothing}`}</td>
      <td>${state === "granted" ? this._granted(request) : nothing}${received ? html`<small>${t("ontvangen {time}: {receipt}", { time: full(received), receipt: request.receipt })}</small>` : nothing}</td></tr>`;
  }

  _figures() {
    if (!this.months.length) return nothing;
    return html`<section class="part"><div class="part-head"><h2>${t("Per maand")}</h2><a class="button" href="/api/requests/register.csv" download>${icon("download")} CSV</a></div>
      <div class="scroll"><table class="months"><thead><tr><th>${t("maand")}</th><th>${t("gevraagd")}</th><th>${t("toegewezen")}</th><th>${t("geweigerd")}</th><th>${t("ontvangen")}</th></tr></thead>
      <tbody>${this.months.map((one) => html`<tr><th scope="row">${one.month}</th><td class="num">${one.asked}</td><td class="num">${one.granted}</td><td class="num">${one.refused}</td><td class="num">${one.given}</td></tr>`)}</tbody></table></div></section>`;
  }

  render() {
    if (!this.requests) return html`<p role="status">${this.problem || t("Verzoeken laden…")}</p>`;
    return html`<p class="failed" role="alert">${this.problem}</p>
      <section class="part"><h2 class="sr">${t("Register")}</h2>
      ${this.requests.length
        ? html`<div class="scroll"><table class="requests"><thead><tr><th>${t("nr")}</th><th>${t("aanvrager")}</th><th>${t("zaak")}</th><th>${t("beelden")}</th><th>${t("besluit")}</th><th>${t("verstrekt")}</th></tr></thead>
          <tbody>${this.requests.map((request) => this._row(request))}</tbody></table></div>`
        : html`<p class="none">${t("Nog niemand heeft beelden gevraagd.")}</p>`}</section>
      ${this._figures()}
      ${this.asks ? html`<section class="part"><vms-request-form @asked=${() => this._load()}></vms-request-form></section>` : nothing}`;
  }
}

customElements.define("vms-requests", Requests);
