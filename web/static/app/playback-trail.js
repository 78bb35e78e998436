/** A trail that observers left, looked back step by step: camera and times are filled in, and it plays on by itself. */

import { html, nothing } from "lit";

import { getJson, messageOf } from "./api.js";
import { icon } from "./icon.js";
import { t } from "./page.js";
import { clockTime, date, hourMinute } from "./times.js";

const MARGIN_US = 5e6;
/** A trail that nobody ended is looked at for so long after its last step. */
const LAST_US = 300e6;

const LONGEST_US = 24 * 3600e6;

/** @typedef {{ id: number, owner: string, name: string, started_us: number, ended_us: number | null, steps: { camera: string, at_us: number }[] }} Trail */

/** What to load for a step. @param {Trail} trail @param {number} index @param {number} nowUs */
export function windowOf(trail, index, nowUs) {
  const { camera, at_us } = trail.steps[index];
  const leftUs = trail.steps[index + 1]?.at_us ?? Math.min(nowUs, at_us + LAST_US, trail.ended_us ?? Infinity);
  return { camera, fromUs: at_us - MARGIN_US, toUs: Math.max(leftUs, at_us + 1e6) + MARGIN_US, atUs: at_us };
}

export class PlaybackTrails {
  /** @param {import("./vms-playback.js").Playback} page */
  constructor(page) {
    this._page = page;
    /** @type {Trail[]} */
    this.trails = [];
    /** @type {Trail | null} */
    this.trail = null;
    this.index = 0;
    this._going = false;
  }

  /** @param {URLSearchParams} [query] of the address: opens what it names; true = it did */
  async load(query) {
    const { consultation } = this._page;
    if (!consultation) return false;
    try {
      this.trails = (await getJson(`/api/trails?consultation=${consultation.id}`)).trails;
    } catch (error) {
      this._page.say(messageOf(error), true);
    }
    this._page.requestUpdate();
    const named = this.trails.find(({ id }) => String(id) === query?.get("spoor"));
    if (!named) return false;
    await this.open(named, Number(query?.get("stap") ?? 1) - 1);
    return true;
  }

  /** @param {Trail} trail @param {number} [index] */
  async open(trail, index = 0) {
    this.trail = trail;
    this.index = Math.max(0, Math.min(trail.steps.length - 1, Math.trunc(index) || 0));
    const { camera, fromUs, toUs, atUs } = windowOf(trail, this.index, Math.floor(Date.now() * 1000));
    history.replaceState(null, "", `?${new URLSearchParams({ spoor: String(trail.id), stap: String(this.index + 1) })}`);
    this._going = true;
    this._page.more.choose([], camera);
    await this._page.load(camera, fromUs, toUs, atUs);
    this._going = false;
  }

  close() {
    this.trail = null;
    this._page.requestUpdate();
  }

  /** Where the picture is now: past the end of a step the next camera goes on. @param {number} nowUs */
  moved(nowUs) {
    const next = this.trail?.steps[this.index + 1];
    if (!this.trail || !next || this._going || this._page.player?.paused || nowUs < next.at_us) return;
    this.open(this.trail, this.index + 1);
  }

  /** @param {string} id */
  _number(id) {
    const camera = this._page.cameras.find((candidate) => candidate.id === id);
    return camera ? String(camera.number).padStart(2, "0") : id;
  }

  /** @param {Trail} trail */
  _text(trail) {
    const way = trail.steps.map(({ camera }) => this._number(camera)).join(" → ");
    return [`${date(trail.started_us)} ${hourMinute(trail.started_us)}`, trail.name, way, trail.owner].filter(Boolean).join(" · ");
  }

  /** @param {Trail} trail */
  _together(trail) {
    const last = windowOf(trail, trail.steps.length - 1, Math.floor(Date.now() * 1000));
    const startUs = trail.steps[0].at_us;
    this.close();
    this._page.more.along(trail, startUs - MARGIN_US, Math.min(last.toUs, startUs + LONGEST_US), startUs);
  }

  render() {
    if (!this.trails.length) return nothing;
    const { trail } = this;
    const choose = (/** @type {Event} */ event) => {
      const found = this.trails.find(({ id }) => String(id) === /** @type {HTMLSelectElement} */ (event.target).value);
      if (found) this.open(found);
      else this.close();
    };
    return html`<section class="trails" aria-label=${t("Volgsporen")}>
      <label for="trail">${t("Volgspoor")}</label>
      <select id="trail" @change=${choose}><option value="">${t("geen")}</option>${this.trails.map((each) => html`<option value=${each.id} ?selected=${each === trail}>${this._text(each)}</option>`)}</select>
      ${trail
        ? html`<ol>${trail.steps.map(({ camera: id, at_us }, index) => {
            const camera = this._page.cameras.find((candidate) => candidate.id === id);
            return html`<li><button type="button" aria-current=${index === this.index ? "step" : "false"} title=${camera?.name ?? id} @click=${() => this.open(trail, index)}><time class="num">${clockTime(at_us)}</time> <b class="num">${this._number(id)}</b><span class="sr">${camera?.name ?? ""}</span></button></li>`;
          })}</ol><button type="button" class="quiet" @click=${() => this.close()}>${icon("x")}<span class="sr">${t("Volgspoor sluiten")}</span></button>`
        : nothing}
      ${trail && new Set(trail.steps.map(({ camera }) => camera)).size > 1 ? html`<button type="button" class="together" @click=${() => this._together(trail)}>${icon("layout-grid")}${t("Alle camera's tegelijk")}</button>` : nothing}
    </section>`;
  }
}
