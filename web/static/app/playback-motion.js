/** When did something move here? Draw around a place in the picture; what is found is a list to jump along. */

import { html, nothing, svg } from "lit";

import { Problem, getJson, messageOf, request } from "./api.js";
import { icon } from "./icon.js";
import { announce, t } from "./page.js";
import { pictureBox, pointIn } from "./picture-box.js";
import { clockTime, span, zone } from "./times.js";

const MOST_POINTS = 24;
/** So much before a hit one begins to look. */
const BEFORE_US = 2e6;
/** @type {[number, number][]} */
const WHOLE = [[0, 0], [1, 0], [1, 1], [0, 1]];

/** @typedef {{ start_us: number, end_us: number, share: number }} Hit */
/** @typedef {{ until_us: number, recorded_us: number, decoded_us: number, unreadable: number, hits: Hit[], ended: boolean }} Line */

export class PlaybackMotion {
  /** @param {import("./vms-playback.js").Playback} page */
  constructor(page) {
    this._page = page;
    /** @type {"off" | "drawing" | "searching" | "ended"} */
    this.state = "off";
    /** In 0…1 of the picture. @type {[number, number][]} */
    this.region = [];
    /** @type {Hit[]} */
    this.hits = [];
    /** @type {Line | null} */
    this.last = null;
    this.problem = "";
    /** @type {AbortController | null} */
    this._abort = null;
  }

  /** Other footage: nothing of this holds. */
  clear() {
    this._abort?.abort();
    Object.assign(this, { state: "off", region: [], hits: [], last: null, problem: "" });
    this._page.zoomed.rests = false;
  }

  draw() {
    this.clear();
    this.state = "drawing";
    this._page.zoomed.rests = true;
    this._page.zoomed.reset(this._page.video);
    this._page.player?.pause();
    this._tell();
  }

  close() {
    this.clear();
    this._tell();
  }

  _tell() {
    const { timeline } = this._page;
    timeline.layers.hits = this.hits;
    timeline.draw();
    this._page.requestUpdate();
  }

  /** @param {PointerEvent} event */
  _press(event) {
    if (this.state !== "drawing" || event.button !== 0) return;
    event.preventDefault();
    const { video } = this._page;
    /** @type {[number, number][]} */
    const points = [pointIn(video, event)];
    const abort = new AbortController();
    const options = { signal: abort.signal };
    addEventListener("pointermove", (moved) => {
      points.push(pointIn(video, moved));
      this.region = points;
      this._page.requestUpdate();
    }, options);
    addEventListener("pointercancel", () => abort.abort(), options);
    addEventListener("pointerup", () => {
      abort.abort();
      const every = Math.ceil(points.length / MOST_POINTS);
      const region = points.filter((_, index) => index % every === 0);
      if (area(region) < 0.0004) this.region = [];
      else this.search(region);
      this._page.requestUpdate();
    }, options);
  }

  /** @param {[number, number][]} region @param {number} [fromUs] to go on from */
  async search(region, fromUs) {
    const { coverage, camera, consultation } = this._page;
    if (!coverage || !consultation) return;
    this._abort?.abort();
    const abort = (this._abort = new AbortController());
    if (!fromUs) this.hits = [];
    Object.assign(this, { state: "searching", region, problem: "", last: null });
    this._page.zoomed.rests = false;
    this._tell();
    try {
      const wish = { camera, from_us: Math.round(fromUs ?? coverage.from_us), to_us: Math.round(coverage.to_us), region };
      const response = await request("POST", `/api/motion-searches?consultation=${consultation.id}`, { json: wish, signal: abort.signal });
      await this._read(response);
      announce(t("{n} keer beweging gevonden", { n: this.hits.length }));
    } catch (error) {
      if (abort.signal.aborted) return;
      this.problem = error instanceof Problem && error.status === 503 ? t("Er wordt al naar beweging gezocht; probeer het zo opnieuw.") : messageOf(error);
    }
    this.state = "ended";
    this._tell();
  }

  /** @param {Response} response a JSON document per line */
  async _read(response) {
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    while (reader) {
      const { done, value } = await reader.read();
      const lines = (rest + (value ?? "")).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) this._found(JSON.parse(line));
      if (lines.length) this._tell();
      if (done) break;
    }
    if (!this.last?.ended) throw new Problem(0, { detail: t("De zoekopdracht brak af.") });
  }

  /** @param {Line} line */
  _found(line) {
    this.last = line;
    this.hits = [...this.hits, ...line.hits];
  }

  stop() {
    this._abort?.abort();
    this.state = "ended";
    this._tell();
  }

  /** Over the picture of the timeline's camera. */
  overlay() {
    if (this.state === "off") return nothing;
    return html`<svg class="region" data-state=${this.state} viewBox="0 0 1 1" preserveAspectRatio="none" aria-hidden="true" @pointerdown=${(/** @type {PointerEvent} */ event) => this._press(event)}>
      ${this.region.length > 2 ? svg`<polygon points=${this.region.map((point) => point.join(",")).join(" ")}></polygon>` : nothing}</svg>`;
  }

  /** Over the picture itself, not over the bars beside it. */
  place() {
    const drawn = /** @type {SVGElement | null} */ (this._page.querySelector("svg.region"));
    const box = drawn?.parentElement?.getBoundingClientRect();
    if (!drawn || !box) return;
    const picture = pictureBox(this._page.video);
    const { clientLeft = 0, clientTop = 0 } = drawn.parentElement ?? {};
    drawn.style.left = `${picture.left - box.left - clientLeft}px`;
    drawn.style.top = `${picture.top - box.top - clientTop}px`;
    drawn.style.width = `${picture.width}px`;
    drawn.style.height = `${picture.height}px`;
  }

  button() {
    return html`<button type="button" class="wide" ?disabled=${!this._page.player?.isOpen || !this._page.coverage?.segments.length} aria-pressed=${this.state !== "off"} @click=${() => (this.state === "off" ? this.draw() : this.close())}>${icon("search")}${t("Beweging zoeken")}</button>`;
  }

  render() {
    if (this.state === "off") return nothing;
    const { coverage } = this._page;
    const share = coverage && this.last ? (this.last.until_us - coverage.from_us) / (coverage.to_us - coverage.from_us) : 0;
    const unfinished = coverage && this.state === "ended" && this.last && this.last.until_us < coverage.to_us;
    return html`<section class="motion" aria-label=${t("Beweging zoeken")}>
      ${this.state === "drawing" ? html`<span>${t("Teken in het beeld om de plek heen.")}</span><button type="button" class="whole" @click=${() => this.search(WHOLE)}>${t("Hele beeld")}</button>` : nothing}
      ${this.state === "searching" ? html`<progress max="1" value=${share}></progress><button type="button" @click=${() => this.stop()}>${icon("square")}${t("Stoppen")}</button>` : nothing}
      ${this.state === "ended" || this.hits.length ? html`<strong>${this.hits.length ? t("{n} keer beweging gevonden", { n: this.hits.length }) : this.problem ? "" : t("Geen beweging gevonden.")}</strong>` : nothing}
      ${this.problem ? html`<span class="failed" role="alert">${icon("circle-x")}${this.problem}</span>` : nothing}
      ${this.last && this.state === "ended" ? html`<span class="told">${this._told(this.last)}</span>` : nothing}
      ${unfinished ? html`<button type="button" class="on" @click=${() => this.search(this.region, this.last?.until_us)}>${t("Verder zoeken vanaf {time}", { time: clockTime(this.last?.until_us ?? 0) })}</button>` : nothing}
      ${this.state === "drawing" ? nothing : html`<button type="button" class="quiet" @click=${() => this.draw()}>${t("Andere plek")}</button>`}
      ${this.hits.length ? html`<ol>${this.hits.map((hit) => html`<li><button type="button" @click=${() => this._page.seek(Math.max(hit.start_us - BEFORE_US, coverage?.from_us ?? 0))}><time class="num">${clockTime(hit.start_us)} ${zone(hit.start_us)}</time> <span class="num">${span(Math.max(1e6, hit.end_us - hit.start_us))} · ${Math.max(1, Math.round(hit.share * 100))} %</span></button></li>`)}</ol>` : nothing}
    </section>`;
  }

  /** How the search was done. @param {Line} line */
  _told({ recorded_us, decoded_us, unreadable }) {
    const told = t("{decoded} van {recorded} bekeken; in de rest veranderde het beeld niet", { decoded: span(decoded_us), recorded: span(Math.max(recorded_us, decoded_us)) });
    return unreadable ? `${told} · ${t("{n} bestanden waren niet leesbaar", { n: unreadable })}` : told;
  }
}

/** @param {[number, number][]} points */
function area(points) {
  const twice = points.reduce((sum, [x, y], index) => {
    const [nextX, nextY] = points[(index + 1) % points.length];
    return sum + x * nextY - nextX * y;
  }, 0);
  return points.length < 3 ? 0 : Math.abs(twice) / 2;
}

/** When the camera turned, onto the timeline. Nothing waits for it. @param {import("./vms-playback.js").Playback} page */
export async function showMovements(page) {
  const { coverage, consultation, camera } = page;
  if (!coverage || !consultation || !page.cameras.find(({ id }) => id === camera)?.can_turn) return;
  const query = new URLSearchParams({ camera, from_us: String(coverage.from_us), to_us: String(coverage.to_us), profile: page.profile, consultation: String(consultation.id) });
  try {
    const { movements } = await getJson(`/api/movements?${query}`);
    if (page.coverage !== coverage) return;
    page.timeline.layers.movements = movements;
    page.timeline.draw();
    page.requestUpdate();
  } catch (error) {
    if (!(error instanceof Problem)) throw error; // footage plays without this layer
  }
}
