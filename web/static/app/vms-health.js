/** The technician's page: every camera's health, problems first, each with its cause and what to do. */

import { LitElement, html, nothing } from "lit";
import { repeat } from "lit-html/directives/repeat.js";

import { alarmList, newestFirst } from "./alarm-list.js";
import { getJson, messageOf } from "./api.js";
import { icon } from "./icon.js";
import { decimal, page, t } from "./page.js";
import { serverLink } from "./server-link.js";
import { full, since, span } from "./times.js";
import { systemTables, warnings } from "./system-tables.js";
import "./vms-coverage.js";
import { fixText, maskFixText, maskText, ptzText, recFixText, recText, sourceText } from "./words.js";

const REFRESH_MS = 5000;
const SKEW_WARN_MS = 2000;
const GOP_WARN_S = 4;
const RANK = { danger: 0, warn: 1, ok: 2 };

/**
 * @typedef {{ text: string, fix: string, detail: string }} Cause detail: what the software says, in English
 * @typedef {{ level: "ok" | "warn" | "danger", causes: Cause[] }} Verdict
 * @typedef {object} Stream
 * @property {string} state
 * @property {string} detail
 * @property {string} codec
 * @property {number} width
 * @property {number} height
 * @property {number} fps
 * @property {number} bitrate_bps
 * @property {number} gop_s
 * @property {number} last_frame_us
 * @property {number} lost_packets
 * @property {number} reconnects
 * @property {number} repaired_times pictures whose timestamp was mended
 * @property {number} clock_leaps how often the camera's clock leapt
 * @typedef {import("./server-link.js").CameraState & { main: Stream | null, sub: Stream | null }} Health
 */

/** What is wrong with a camera and how to mend it. @param {Health} health @returns {Verdict} */
export function judge(health) {
  /** @type {Verdict} */
  const verdict = { level: "ok", causes: [] };
  /** @param {"warn" | "danger"} level @param {string} text @param {string} fix @param {string} [detail] */
  const add = (level, text, fix, detail = "") => {
    verdict.causes.push({ text, fix, detail });
    if (RANK[level] < RANK[verdict.level]) verdict.level = level;
  };
  if (health.source !== "up") {
    const level = health.source === "connecting" ? "warn" : "danger";
    add(level, sourceText(health.reason), fixText(health.reason), health.detail);
  } else if (health.sub && health.sub.state !== "up") {
    add("warn", `${t("substroom")}: ${sourceText(health.sub.state)}`, fixText(health.sub.state), health.sub.detail);
  }
  if (health.rec === "fault") add("danger", recText(health), recFixText(health), health.rec_detail);
  if (health.mask === "fault") add("warn", t("beeld afgedekt: {reason}", { reason: maskText(health.mask_reason) }), maskFixText(health.mask_reason));
  if (health.ptz_fault) add("warn", t("PTZ gestoord"), t("Controleer de ONVIF-dienst en het account van de camera."), health.ptz_fault);
  if (health.skew_ms !== null && Math.abs(health.skew_ms) > SKEW_WARN_MS) {
    add("warn", t("klok wijkt {s} s af", { s: decimal(health.skew_ms / 1000) }), t("Stel NTP in op de camera."));
  }
  const gopS = Math.max(...[health.main, health.sub].map((stream) => (stream?.state === "up" ? stream.gop_s : 0)));
  if (gopS > GOP_WARN_S) add("warn", t("sleutelbeeld om de {s} s", { s: decimal(gopS) }), t("Stel de GOP in op 1 tot 2 seconden."));
  return verdict;
}

class HealthPage extends LitElement {
  constructor() {
    super();
    this.link = serverLink();
    /** @type {import("./vms-tile.js").CameraInfo[]} */
    this.cameras = [];
    /** @type {import("./system-tables.js").SystemStatus & { cameras: Record<string, Health>, alarms: import("./server-link.js").Alarm[] } | null} */
    this.status = null;
    this.error = "";
    this.filter = new URLSearchParams(location.search).get("zoek") ?? "";
    this.mayLook = page.user?.roles.some((role) => ["technician", "privacy_officer", "observer", "police_reviewer"].includes(role)) ?? false;
    this._askedMs = 0;
    /** @type {IntersectionObserver | undefined} */
    this._seen = undefined;
  }

  createRenderRoot() {
    return this;
  }

  connectedCallback() {
    super.connectedCallback();
    this.link.addEventListener("digest", () => this._digest());
    this.link.addEventListener("alarm", () => this.requestUpdate());
    this.link.addEventListener("up", () => this._load());
    this._load();
  }

  async _load() {
    this._askedMs = performance.now();
    try {
      const [{ cameras }, status] = await Promise.all([getJson("/api/cameras"), getJson("/api/status")]);
      this.cameras = cameras;
      this.status = status;
      this.error = "";
    } catch (error) {
      this.error = messageOf(error);
    }
    this.requestUpdate();
  }

  /** The digest has the states; streams, disks and processes are asked for every few seconds. */
  _digest() {
    for (const [id, state] of Object.entries(this.link.cameras)) {
      if (this.status?.cameras[id]) Object.assign(this.status.cameras[id], state);
    }
    if (!document.hidden && performance.now() - this._askedMs > REFRESH_MS) this._load();
    else this.requestUpdate();
  }

  _rows() {
    const words = this.filter.toLowerCase().split(/\s+/).filter(Boolean);
    return this.cameras
      .flatMap((camera) => {
        const health = this.status?.cameras[camera.id];
        return health ? [{ camera, health, verdict: judge(health) }] : [];
      })
      .filter(({ camera, verdict }) => {
        const text = `${camera.number} ${camera.id} ${camera.name} ${camera.area} ${verdict.causes.map((cause) => cause.text).join(" ")}`.toLowerCase();
        return words.every((word) => text.includes(word));
      })
      .sort((a, b) => RANK[a.verdict.level] - RANK[b.verdict.level] || a.camera.number - b.camera.number);
  }

  /** @param {Stream | null} stream @param {string} name */
  _stream(stream, name) {
    if (!stream) return nothing;
    if (stream.state !== "up") return html`<div class="stream"><small>${name}</small> <span class="none">${sourceText(stream.state)}</span></div>`;
    const faults = [
      stream.lost_packets ? t("{n} pakketten kwijt", { n: stream.lost_packets }) : "",
      stream.repaired_times ? t("{n} tijdstempels hersteld", { n: stream.repaired_times }) : "",
      stream.clock_leaps ? t("cameraklok {n} keer versprongen", { n: stream.clock_leaps }) : "",
    ].filter(Boolean);
    return html`<div class="stream"><small>${name}</small> ${stream.codec.toUpperCase()} ${stream.width}×${stream.height}<br><small>${decimal(stream.fps)} fps · ${decimal(stream.bitrate_bps / 1e6)} Mbit/s · GOP ${decimal(stream.gop_s)} s${faults.map((fault) => html` · ${fault}`)}</small></div>`;
  }

  /** @param {{ camera: import("./vms-tile.js").CameraInfo, health: Health, verdict: Verdict }} row */
  _row({ camera, health, verdict }) {
    const icons = { ok: "circle-check", warn: "triangle-alert", danger: "circle-x" };
    const words = { ok: t("in orde"), warn: t("waarschuwing"), danger: t("storing") };
    const skew = health.skew_ms === null ? "–" : `${health.skew_ms > 0 ? "+" : ""}${decimal(health.skew_ms / 1000, 2)} s`;
    const bad = verdict.level !== "ok";
    return html`<tr data-camera=${camera.id} data-level=${verdict.level}>
      <td class="level">${icon(icons[verdict.level])}<span>${words[verdict.level]}</span></td>
      <th scope="row"><b class="num">${String(camera.number).padStart(2, "0")}</b> ${camera.name}<br><small>${camera.area}</small></th>
      <td>${this.mayLook ? html`<img class="thumb" loading="lazy" alt=${t("laatste beeld van camera {number}, met masker", { number: camera.number })} width="112" height="63" data-src=${`/api/cameras/${encodeURIComponent(camera.id)}/snapshot?profile=tile`}>` : html`<span class="none">–</span>`}</td>
      <td class="cause">${bad ? verdict.causes.map(({ text, fix, detail }) => html`<p><strong>${text}</strong>${fix ? html`<br><small>${fix}</small>` : nothing}${detail ? html`<br><small class="detail">${t("technische melding:")} <span lang="en">${detail}</span></small>` : nothing}</p>`) : html`<span class="none">–</span>`}</td>
      <td class="num">${health.source === "up" ? html`<span class="none">${t("al {span}", { span: span(this.link.nowUs() - health.since_us) })}</span>` : since(health.since_us, this.link.nowUs())}</td>
      <td class="num">${this._stream(health.main, t("hoofd"))}${this._stream(health.sub, t("sub"))}</td>
      <td class="num">${skew}</td>
      <td>${recText(health)}</td>
      <td>${camera.can_turn ? ptzText(health) : html`<span class="none">${t("vast")}</span>`}</td>
    </tr>`;
  }

  updated() {
    this._watchThumbs();
  }

  /** A picture is asked for when its row comes into view, and again every minute. */
  _watchThumbs() {
    this._seen ??= new IntersectionObserver((entries) => {
      for (const { isIntersecting, target } of entries) {
        const image = /** @type {HTMLImageElement} */ (target);
        const age = Date.now() - Number(image.dataset.at ?? 0);
        if (!isIntersecting || age < 60_000) continue;
        image.dataset.at = String(Date.now());
        image.src = `${image.dataset.src}&t=${Math.floor(Date.now() / 60_000)}`;
      }
    });
    for (const image of this.querySelectorAll("img.thumb:not([data-watched])")) {
      image.setAttribute("data-watched", "");
      image.addEventListener("error", () => image.removeAttribute("src"));
      this._seen.observe(image);
    }
  }

  _summary() {
    const states = Object.values(this.status?.cameras ?? {}).map(judge);
    /** @param {string} level */
    const count = (level) => states.filter((state) => state.level === level).length;
    return html`<div class="summary">
      <div class="figure" data-level="danger"><strong class="num">${count("danger")}</strong>${t("storing")}</div>
      <div class="figure" data-level="warn"><strong class="num">${count("warn")}</strong>${t("waarschuwing")}</div>
      <div class="figure" data-level="ok"><strong class="num">${count("ok")}</strong>${t("in orde")}</div>
      <div class="find"><label for="filter">${t("Zoeken")}</label><input id="filter" type="search" .value=${this.filter} placeholder=${t("nummer, naam, gebied of oorzaak")}
        @input=${(/** @type {Event} */ event) => {
          this.filter = /** @type {HTMLInputElement} */ (event.target).value;
          history.replaceState(null, "", this.filter ? `?zoek=${encodeURIComponent(this.filter)}` : location.pathname);
          this.requestUpdate();
        }}></div></div>`;
  }

  _alarms() {
    const names = new Map(this.cameras.map(({ id, number, name }) => [id, `${String(number).padStart(2, "0")} ${name}`]));
    const alarms = newestFirst([...(this.status?.alarms ?? []), ...this.link.alarms]);
    return alarmList(alarms, (id) => names.get(id) ?? id, this.link.nowUs());
  }

  render() {
    if (!this.status) return html`<p role="status">${this.error || t("Toestand ophalen…")}</p>`;
    const rows = this._rows();
    return html`${warnings(this.status)}${this._alarms()}${this._summary()}
      ${this.error ? html`<p class="failed" role="alert">${icon("wifi-off")} ${this.error}</p>` : nothing}
      <div class="scroll"><table class="cameras"><caption class="sr">${t("Toestand van de camera's, problemen eerst")}, ${full(this.link.nowUs())}</caption>
        <thead><tr><th>${t("toestand")}</th><th>${t("camera")}</th><th>${t("laatste beeld")}</th><th>${t("oorzaak en oplossing")}</th><th>${t("sinds")}</th><th>${t("stromen")}</th><th>${t("klok")}</th><th>${t("opname")}</th><th>${t("PTZ")}</th></tr></thead>
        <tbody>${repeat(rows, ({ camera }) => camera.id, (row) => this._row(row))}</tbody></table></div>
      ${rows.length ? nothing : html`<p class="empty">${t("Geen camera past bij deze zoekopdracht.")}</p>`}
      <vms-coverage .cameras=${this.cameras}></vms-coverage>
      ${systemTables(this.status)}`;
  }
}

customElements.define("vms-health", HealthPage);
