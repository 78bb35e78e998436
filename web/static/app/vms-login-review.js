/** The periodic review of log-ins: a sample that nobody chose, a verdict on each, a signature; and those that were signed. */

import { LitElement, html, nothing } from "lit";

import { getJson, messageOf, request } from "./api.js";
import { parseDay } from "./day-field.js";
import { icon } from "./icon.js";
import { page, t } from "./page.js";
import { date, full, isoDate, spelledDay } from "./times.js";
import { actorText, roleText } from "./words.js";

/** @typedef {{ seq: number, at_us: number, actor: string, roles: string[], result: string, emergency: boolean, workstation: string }} Login */
/** @typedef {{ from: string, to: string, drawn_from: number, rows: Login[] }} Sample */
/** @typedef {{ from_us: number, to_us: number, drawn: number, drawn_from: number, bad: { seq: number, note: string }[], note: string, reviewer: string, at_us: number }} Review */

/** The month before this one. @param {string} today 2026-11-26 @returns {[string, string]} */
function lastMonth(today) {
  const [year, month] = today.split("-").map(Number);
  /** @param {number} m @param {number} d */
  const iso = (m, d) => new Date(Date.UTC(year, m, d)).toISOString().slice(0, 10);
  return [iso(month - 2, 1), iso(month - 1, 0)];
}

class LoginReview extends LitElement {
  constructor() {
    super();
    /** @type {Review[]} */
    this.reviews = [];
    /** @type {Sample | null} */
    this.sample = null;
    this.error = "";
    this.signed = false;
    this.maySign = page.user?.roles.includes("shift_manager") ?? false;
    /** The first and the last one. @type {string[]} */
    this.days = lastMonth(isoDate(Date.now() * 1000));
    this._load();
  }

  createRenderRoot() {
    return this;
  }

  async _load() {
    try {
      this.reviews = (await getJson("/api/oversight/reviews")).reviews;
    } catch (error) {
      this.error = messageOf(error);
    }
    this.requestUpdate();
  }

  /** @param {SubmitEvent} event */
  async _draw(event) {
    event.preventDefault();
    const form = new FormData(/** @type {HTMLFormElement} */ (event.target));
    const today = isoDate(Date.now() * 1000);
    const [from, to] = ["from", "to"].map((name) => parseDay(String(form.get(name)), today));
    this.signed = false;
    try {
      if (!from || !to) throw new Error(t("Vul een dag in, bijvoorbeeld {day}.", { day: spelledDay(today) }));
      this.days = [from, to];
      this.sample = { from, to, ...(await getJson(`/api/oversight/logins?${new URLSearchParams({ from, to })}`)) };
      this.error = "";
    } catch (error) {
      this.sample = null;
      this.error = messageOf(error);
    }
    this.requestUpdate();
  }

  /** @param {SubmitEvent} event */
  async _sign(event) {
    event.preventDefault();
    const sample = /** @type {Sample} */ (this.sample);
    const form = new FormData(/** @type {HTMLFormElement} */ (event.target));
    const verdicts = sample.rows.map(({ seq }) => ({ seq, good: form.get(`v${seq}`) === "good", note: String(form.get(`n${seq}`) ?? "") }));
    try {
      if (sample.rows.some(({ seq }) => !form.get(`v${seq}`))) throw new Error(t("Geef over elke aanmelding een oordeel."));
      await request("POST", "/api/oversight/logins", { json: { from: sample.from, to: sample.to, verdicts, note: String(form.get("note") ?? "") } });
      this.sample = null;
      this.signed = true;
      this.error = "";
      await this._load();
    } catch (error) {
      this.error = messageOf(error);
      this.requestUpdate();
    }
  }

  /** @param {Login} login */
  _login({ seq, at_us, actor, roles, result, emergency, workstation }) {
    return html`<tr data-login=${seq}><td class="num">${seq}</td><td class="num">${full(at_us)}</td><th scope="row">${actorText(actor)}<br><small>${[...roles.map(roleText), ...(emergency ? [t("noodaccount")] : [])].join(", ")}</small></th>
      <td class="level" data-level=${result === "refused" ? "warn" : "ok"}>${result === "refused" ? t("geweigerd") : t("toegestaan")}</td><td>${workstation}</td>
      <td><fieldset><legend class="sr">${t("Oordeel over regel {n}", { n: seq })}</legend>
        <label class="choice"><input type="radio" name="v${seq}" value="good"> ${t("akkoord")}</label><label class="choice"><input type="radio" name="v${seq}" value="bad"> ${t("navragen")}</label></fieldset></td>
      <td><input name="n${seq}" maxlength="500" autocomplete="off" aria-label=${t("Opmerking bij regel {n}", { n: seq })}></td></tr>`;
  }

  _sampled() {
    const sample = this.sample;
    if (!sample) return nothing;
    if (!sample.rows.length) return html`<p class="empty">${t("In deze dagen meldde zich niemand anders aan.")}</p>`;
    return html`<form novalidate @submit=${(/** @type {SubmitEvent} */ event) => this._sign(event)}>
      <p class="lead" role="status">${t("{n} van {all} aanmeldingen, door het systeem getrokken; uw eigen aanmeldingen horen er niet bij.", { n: sample.rows.length, all: sample.drawn_from })}</p>
      <div class="scroll"><table class="audit"><caption class="sr">${t("Getrokken aanmeldingen")}</caption><thead><tr><th>${t("nr")}</th><th>${t("tijd")}</th><th>${t("wie")}</th><th>${t("uitkomst")}</th><th>${t("werkplek")}</th><th>${t("oordeel")}</th><th>${t("opmerking")}</th></tr></thead><tbody>${sample.rows.map((login) => this._login(login))}</tbody></table></div>
      <div class="sign"><div><label for="review-note">${t("Slotopmerking")}</label><input id="review-note" name="note" maxlength="500" autocomplete="off"></div>
      <button class="primary">${icon("circle-check")} ${t("Aftekenen")}</button></div></form>`;
  }

  _ask() {
    /** @param {string} name @param {string} label @param {string} value */
    const day = (name, label, value) => html`<div class="narrow"><label for="review-${name}">${label}</label><input id="review-${name}" name=${name} inputmode="numeric" maxlength="10" autocomplete="off" .value=${spelledDay(value)}></div>`;
    return html`<form class="filter" novalidate @submit=${(/** @type {SubmitEvent} */ event) => this._draw(event)}>${day("from", t("Vanaf"), this.days[0])}${day("to", t("Tot en met"), this.days[1])}<button>${t("Steekproef trekken")}</button></form>
      ${this._sampled()}`;
  }

  /** @param {Review} review */
  _review({ from_us, to_us, drawn, drawn_from, bad, note, reviewer, at_us }) {
    return html`<tr><td>${date(from_us)} – ${date(to_us - 1)}</td><td class="num">${t("{n} van {all}", { n: drawn, all: drawn_from })}</td>
      <td class="level" data-level=${bad.length ? "warn" : "ok"}>${bad.length ? html`${t("{n} navragen", { n: bad.length })}<br><small>${bad.map((one) => `${one.seq}: ${one.note}`).join(" · ")}</small>` : t("alle akkoord")}</td><td>${note || "–"}</td><th scope="row">${actorText(reviewer)}</th><td>${full(at_us)}</td></tr>`;
  }

  render() {
    return html`<section class="part" aria-labelledby="review-title"><h2 id="review-title">${t("Controle van aanmeldingen")}</h2>
      ${this.maySign ? this._ask() : nothing}
      ${this.error ? html`<p class="failed" role="alert">${this.error}</p>` : nothing}
      ${this.signed ? html`<p class="verdict" role="status">${icon("circle-check")}<span>${t("De controle is afgetekend.")}</span></p>` : nothing}
      ${this.reviews.length ? html`<div class="scroll"><table class="reviews"><caption class="sr">${t("Afgetekende controles")}</caption><thead><tr><th>${t("periode")}</th><th>${t("getrokken")}</th><th>${t("oordeel")}</th><th>${t("opmerking")}</th><th>${t("door")}</th><th>${t("op")}</th></tr></thead><tbody>${this.reviews.map((review) => this._review(review))}</tbody></table></div>` : html`<p class="empty">${t("Nog geen controle afgetekend.")}</p>`}
    </section>`;
  }
}

customElements.define("vms-login-review", LoginReview);
