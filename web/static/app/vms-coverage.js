/** Of every camera and day: what was recorded, what was not and why. No way to any footage. */

import { LitElement, html, nothing } from "lit";
import { live } from "lit-html/directives/live.js";
import { repeat } from "lit-html/directives/repeat.js";

import { getJson, messageOf } from "./api.js";
import { coverageBar, hourRuler, isLost, legend, lostList } from "./coverage-bar.js";
import { parseDay } from "./day-field.js";
import { icon } from "./icon.js";
import { decimal, t } from "./page.js";
import { serverLink } from "./server-link.js";
import { date, instants, isoDate, span, spelledDay } from "./times.js";

const REFRESH_MS = 60_000;
const SHOWN_AT_ONCE = 12;
const HOUR_US = 3_600_000_000;

/**
 * @typedef {import("./coverage-bar.js").CameraDay} CameraDay
 * @typedef {{ from_us: number, to_us: number, now_us: number, cameras: Record<string, CameraDay> }} Report
 * @typedef {{ camera: import("./vms-tile.js").CameraInfo, of: CameraDay, lostUs: number }} Row
 */

/** @param {CameraDay} of */
const lostUs = (of) => Object.values(of.totals.lost_us).reduce((sum, us) => sum + us, 0);

/** Three digits where they say something: 99.998 %, but 100 %. @param {number | null} pct */
function pctText(pct) {
  if (pct === null) return "–";
  return `${decimal(pct, pct === 100 || pct === 0 ? 0 : pct > 99 ? 3 : 1)} %`;
}

class CoverageSection extends LitElement {
  static properties = { cameras: { attribute: false } };

  constructor() {
    super();
    this.link = serverLink();
    /** @type {import("./vms-tile.js").CameraInfo[]} */
    this.cameras = [];
    /** @type {Report | null} */
    this.report = null;
    this.error = "";
    this.profile = "main";
    this.day = "";
    this.all = false;
    this._askedMs = 0;
    /** @type {AbortController | null} */
    this._asking = null;
  }

  createRenderRoot() {
    return this;
  }

  connectedCallback() {
    super.connectedCallback();
    this.link.addEventListener("digest", () => this._digest());
  }

  /** The server's clock is known from here on; today goes on growing. */
  _digest() {
    if (!this.day) this._choose(isoDate(this.link.nowUs()));
    else if (!document.hidden && this.day === isoDate(this.link.nowUs()) && performance.now() - this._askedMs > REFRESH_MS) this._load();
  }

  /** @param {string} day 2026-11-22, local */
  _choose(day) {
    const today = isoDate(this.link.nowUs());
    this.day = day && day <= today ? day : today;
    this._load();
  }

  /** @param {number} days */
  _step(days) {
    const noon = instants(this.day, "12:00")[0];
    if (noon) this._choose(isoDate(noon + days * 24 * HOUR_US));
  }

  async _load() {
    this._askedMs = performance.now();
    const noon = instants(this.day, "12:00")[0];
    const from = instants(this.day, "00:00")[0];
    const to = noon && instants(isoDate(noon + 24 * HOUR_US), "00:00")[0];
    if (!from || !to) return;
    this._asking?.abort();
    const asking = new AbortController();
    this._asking = asking;
    try {
      this.report = await getJson(`/api/coverage/days?from_us=${from}&to_us=${to}&profile=${this.profile}`, asking.signal);
      this.error = "";
    } catch (error) {
      if (asking.signal.aborted) return;
      this.error = messageOf(error);
    }
    this.requestUpdate();
  }

  /** Those that lost most first. @returns {Row[]} */
  _rows() {
    const report = this.report;
    if (!report) return [];
    return this.cameras
      .flatMap((camera) => {
        const of = report.cameras[camera.id];
        return of ? [{ camera, of, lostUs: lostUs(of) }] : [];
      })
      .sort((a, b) => b.lostUs - a.lostUs || a.camera.number - b.camera.number);
  }

  /** @param {Row[]} rows */
  _summary(rows) {
    const wanted = rows.filter(({ of }) => of.totals.kept_pct !== null);
    const kept = wanted.reduce((sum, { of }) => sum + of.totals.kept_us, 0);
    const lost = wanted.reduce((sum, row) => sum + row.lostUs, 0);
    const unknown = rows.filter(({ of }) => of.totals.lost_us.unknown).length;
    const pct = kept + lost ? Math.floor((kept / (kept + lost)) * 100_000) / 1000 : null;
    return html`<p class="sum"><strong class="num">${pctText(pct)}</strong> ${t("opgenomen")} · ${wanted.length ? t("gemiddeld {span} per camera gemist", { span: span(lost / wanted.length) }) : t("niets om op te nemen")}${
      unknown ? html` · <strong class="bad">${t("onverklaarde tijd (aantal camera's: {n}): draai vms check", { n: unknown })}</strong>` : nothing
    }</p>`;
  }

  /** What is no day, or none yet, gives way to the day that shows. @param {HTMLInputElement} input */
  _typed(input) {
    const today = isoDate(this.link.nowUs());
    const day = parseDay(input.value, today);
    if (day && day <= today) this._choose(day);
    this.requestUpdate();
  }

  /** @param {Row} row @param {Report} report */
  _row({ camera, of, lostUs }, report) {
    const name = `${String(camera.number).padStart(2, "0")} ${camera.name}`;
    const has = of.stretches.some((stretch) => isLost(stretch) || stretch.kind === "erased_early");
    return html`<tr data-coverage=${camera.id} data-level=${lostUs ? "warn" : "ok"}>
      <th scope="row"><b class="num">${String(camera.number).padStart(2, "0")}</b> ${camera.name}</th>
      <td class="day">${coverageBar(of, report, name)}${has ? html`<details><summary>${t("Gaten en redenen")}</summary>${lostList(of)}</details>` : nothing}</td>
      <td class="num">${pctText(of.totals.kept_pct)}</td>
      <td class="num">${lostUs ? span(Math.max(lostUs, 1e6)) : html`<span class="none">–</span>`}</td>
    </tr>`;
  }

  _controls() {
    const today = isoDate(this.link.nowUs());
    return html`<div class="choose">
      <button type="button" aria-label=${t("Dag ervoor")} @click=${() => this._step(-1)}>${icon("chevron-left")}</button>
      <input size="10" maxlength="10" inputmode="numeric" autocomplete="off" aria-label=${t("Dag")} placeholder=${t("dd-mm-jjjj")} .value=${live(spelledDay(this.day))} @change=${(/** @type {Event} */ event) => this._typed(/** @type {HTMLInputElement} */ (event.target))}>
      <button type="button" aria-label=${t("Dag erna")} ?disabled=${this.day >= today} @click=${() => this._step(1)}>${icon("chevron-right")}</button>
      ${[["main", t("hoofdstroom")], ["sub", t("substroom")]].map(([profile, name]) => html`<button type="button" aria-pressed=${this.profile === profile} @click=${() => {
        this.profile = profile ?? "main";
        this._load();
        this.requestUpdate();
      }}>${name}</button>`)}
    </div>`;
  }

  render() {
    const { report } = this;
    const rows = this._rows();
    const shown = this.all ? rows : rows.slice(0, Math.max(SHOWN_AT_ONCE, rows.filter((row) => row.lostUs).length));
    return html`<section class="coverage" aria-labelledby="coverage-title">
      <div class="part-head"><h2 id="coverage-title">${icon("history")} ${t("Dekking")}</h2>${this._controls()}</div>
      ${this.error ? html`<p class="failed" role="alert">${icon("wifi-off")} ${this.error}</p>` : nothing}
      ${report
        ? html`${this._summary(rows)}
          <div class="scroll"><table><caption class="sr">${t("Opgenomen en niet opgenomen tijd per camera, meeste verlies eerst")}, ${date(report.from_us)}</caption>
            <thead><tr><th>${t("camera")}</th><th class="day">${hourRuler(report)}<span class="sr">${t("verloop van de dag")}</span></th><th>${t("opgenomen")}</th><th>${t("gemist")}</th></tr></thead>
            <tbody>${repeat(shown, ({ camera }) => camera.id, (row) => this._row(row, report))}</tbody></table></div>
          ${shown.length < rows.length ? html`<p class="more"><button type="button" @click=${() => {
            this.all = true;
            this.requestUpdate();
          }}>${t("Alle {n} camera's tonen", { n: rows.length })}</button></p>` : nothing}
          ${legend()}`
        : html`<p role="status">${t("Dekking ophalen…")}</p>`}
    </section>`;
  }
}

customElements.define("vms-coverage", CoverageSection);
