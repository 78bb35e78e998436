/** The wall: a hero and tiles, called up by click or number. The address bar holds all of its state. */

import { LitElement, html, nothing } from "lit";
import { repeat } from "lit-html/directives/repeat.js";

import "./vms-ptz-pad.js";
import "./vms-tile.js";
import { getJson, messageOf, post } from "./api.js";
import { cameraDetails } from "./camera-details.js";
import { followGamepad } from "./gamepad.js";
import { helpDialog } from "./help.js";
import { icon } from "./icon.js";
import { Keys } from "./keys.js";
import { announce, t } from "./page.js";
import { PtzDriver, dragToSteer } from "./ptz.js";
import { alarmText, serverLink } from "./server-link.js";
import { savePicture } from "./snapshot.js";
import { alarmBar, alarmQueue } from "./wall-alarms.js";
import { applyFit } from "./wall-fitted.js";
import { LAYOUTS, fromQuery, heroOf, inOrder, layoutOf, pages, tilesOf, toQuery } from "./wall-state.js";
import { isWorn } from "./whep.js";

const HIDDEN_MS = 30_000;
/** From here on the alarms fit beside the controls, and the tiles get the whole column. */
const WIDE = matchMedia("(min-width: 1800px)");
/** @type {Record<string, number>} */
const NEIGHBOUR_KEYS = { left: 0, right: 1, up: 2, down: 3 };

/** @typedef {import("./vms-tile.js").CameraInfo} CameraInfo */
/** @typedef {import("./vms-tile.js").Tile} Tile */

class Wall extends LitElement {
  constructor() {
    super();
    this.link = serverLink();
    /** @type {CameraInfo[]} */
    this.cameras = [];
    this.state = fromQuery(location.search);
    this.active = 0;
    this.entry = "";
    this.message = "";
    this.error = "";
    this.loaded = false;
    this.steering = false;
    this.alarmsUnfolded = false;
    /** @type {Record<string, { main: number, sub: number }>} */
    this.fps = {};
    /** @type {{ x: number, y: number } | null} */
    this.vector = null;
    this._lastHeroLayout = layoutOf(this.state.layout).hero ? this.state.layout : "1+12";
    this._messageTimer = 0;
    this._hiddenTimer = 0;
    this.driver = new PtzDriver();
    this.keys = new Keys(this._keyTarget());
    /** @type {HTMLElement | null} */
    this._surface = null;
    /** @type {(() => void) | null} */
    this._undoDrag = null;
    this._space = new ResizeObserver(() => this._fit());
    WIDE.addEventListener("change", () => this.requestUpdate());
  }

  createRenderRoot() {
    return this;
  }

  connectedCallback() {
    super.connectedCallback();
    this.link.addEventListener("digest", () => this.requestUpdate());
    this.link.addEventListener("alarm", () => this.requestUpdate());
    this.link.addEventListener("down", () => {
      this.driver.stopAll();
      this.requestUpdate();
    });
    this.link.addEventListener("up", () => (this.loaded ? this.requestUpdate() : this._load()));
    document.addEventListener("visibilitychange", () => this._visibility());
    addEventListener("popstate", () => {
      this.state = fromQuery(location.search);
      this.requestUpdate();
    });
    setInterval(() => this._tick(), 250);
    followGamepad(this.driver, () => this._maySteer(), (step) => this._moveActive(step, 0));
    this._load();
  }

  async _load() {
    try {
      this.cameras = inOrder((await getJson("/api/cameras")).cameras);
      this.loaded = true;
      this.error = "";
      this._loadRates();
    } catch (error) {
      this.error = messageOf(error);
    }
    this.requestUpdate();
  }

  /** What each camera sends, so that a halting picture can be told from a slow one. */
  async _loadRates() {
    const status = await getJson("/api/status").catch(() => ({ cameras: {} }));
    for (const [id, camera] of Object.entries(status.cameras)) {
      const main = camera.main?.state === "up" ? camera.main.fps : 0;
      this.fps[id] = { main, sub: camera.sub?.state === "up" ? camera.sub.fps : main };
    }
    setTimeout(() => this._loadRates(), 30_000);
  }

  /** @returns {Tile[]} */
  get tiles() {
    return /** @type {Tile[]} */ ([...this.querySelectorAll("vms-tile")]);
  }

  get layout() {
    return layoutOf(this.state.layout);
  }

  get hero() {
    return this.layout.hero ? heroOf(this.state, this.cameras) : null;
  }

  /** The camera that keys and pad work on. */
  get current() {
    return this.hero ?? tilesOf(this.state, this.cameras)[this.active] ?? null;
  }

  _tick() {
    for (const tile of this.tiles) {
      const rates = this.fps[tile.camera?.id ?? ""];
      tile.nominalFps = (tile.profile === "hero" ? rates?.main : rates?.sub) ?? 0;
      tile.tick();
    }
    if (isWorn() && this.current && this.link.cameras[this.current.id]?.ptz !== "mine") location.reload();
  }

  _visibility() {
    clearTimeout(this._hiddenTimer);
    if (document.hidden) {
      this._hiddenTimer = window.setTimeout(() => this.tiles.forEach((tile) => tile.release()), HIDDEN_MS);
    } else {
      this.tiles.forEach((tile) => tile.resume());
    }
  }

  /** @param {Partial<import("./wall-state.js").WallState>} change */
  _go(change) {
    this.state = { ...this.state, ...change };
    if (this.layout.hero) this._lastHeroLayout = this.state.layout;
    history.replaceState(null, "", toQuery(this.state));
    this.requestUpdate();
  }

  /** @param {string} key */
  _setLayout(key) {
    const camera = this.current;
    this.active = 0;
    this._go({ layout: key, page: 0, picks: {}, ...(layoutOf(key).hero && camera ? { hero: camera.number } : {}) });
    announce(t("Stand {layout}", { layout: key }));
  }

  /** @param {string} text */
  _say(text) {
    this.message = text;
    announce(text);
    clearTimeout(this._messageTimer);
    this._messageTimer = window.setTimeout(() => {
      this.message = "";
      this.requestUpdate();
    }, 4000);
    this.requestUpdate();
  }

  /** @param {number} number */
  _callUp(number) {
    const camera = this.cameras.find((candidate) => candidate.number === number);
    if (!camera) {
      this._say(t("Camera {number} bestaat niet", { number }));
      return;
    }
    if (this.layout.hero) this._go({ hero: number });
    else this._go({ picks: { ...this.state.picks, [this.active]: number } });
    announce(t("Camera {number} {name}", { number, name: camera.name }));
  }

  /** @param {CameraInfo} camera @param {number} slot */
  _choose(camera, slot) {
    this.active = slot;
    if (this.layout.hero) this._callUp(camera.number);
    else this.requestUpdate();
  }

  /** @param {number} dx @param {number} dy */
  _moveActive(dx, dy) {
    const count = tilesOf(this.state, this.cameras).length;
    if (!count) return;
    const columns = Number(/** @type {HTMLElement | null} */ (this.querySelector(".tiles"))?.dataset.columns) || 1;
    this.active = Math.max(0, Math.min(count - 1, this.active + dx + dy * columns));
    this.requestUpdate();
  }

  _makeHero() {
    const camera = tilesOf(this.state, this.cameras)[this.active];
    if (camera) this._go({ layout: this._lastHeroLayout, hero: camera.number, picks: {}, page: this.layout.hero ? this.state.page : 0 });
  }

  /** @param {string} direction */
  _neighbour(direction) {
    const id = this.current?.neighbours[NEIGHBOUR_KEYS[direction]];
    const camera = this.cameras.find((candidate) => candidate.id === id);
    if (camera) this._callUp(camera.number);
    else this._say(t("Geen buurcamera in die richting"));
  }

  async _snapshot() {
    if (!this.current) return;
    try {
      this._say(t("Foto opgeslagen: {file}", { file: await savePicture(this.current, this.link.nowUs()) }));
    } catch (error) {
      this._say(messageOf(error));
    }
  }

  _fullScreen() {
    if (document.fullscreenElement) document.exitFullscreen();
    else document.documentElement.requestFullscreen().catch((error) => this._say(messageOf(error)));
  }

  /** @param {import("./server-link.js").Alarm} [alarm] the newest open one when none is given */
  async _acknowledge(alarm = this.link.openAlarms[0]) {
    if (!alarm) {
      this._say(t("Geen open meldingen"));
      return;
    }
    try {
      await post(`/api/alarms/${alarm.id}/acknowledge`);
      announce(t("Bevestigd: {text}", { text: alarmText(alarm) }));
    } catch (error) {
      this._say(messageOf(error));
    }
  }

  _maySteer() {
    const camera = this.current;
    return Boolean(this.link.up && camera?.can_turn && this.link.cameras[camera.id]?.ptz !== "other");
  }

  /** @returns {import("./keys.js").KeyTarget} */
  _keyTarget() {
    return {
      driver: this.driver,
      blocked: () => !this.link.up,
      callUp: (number) => this._callUp(number),
      showEntry: (entry) => {
        this.entry = entry;
        this.requestUpdate();
      },
      layout: (index) => LAYOUTS[index] && this._setLayout(LAYOUTS[index].key),
      moveActive: (dx, dy) => this._moveActive(dx, dy),
      makeHero: () => this._makeHero(),
      fullScreen: () => this._fullScreen(),
      snapshot: () => this._snapshot(),
      acknowledge: () => this._acknowledge(),
      neighbour: (direction) => this._neighbour(direction),
      steerMode: (on) => {
        this.steering = on && this._maySteer();
        if (on && !this.steering) {
          this.keys.steering = false;
          this._say(t("Deze camera is nu niet te besturen"));
        }
        this.requestUpdate();
      },
      preset: (index) => this._preset(index),
      turnPage: (step) => this._turnPage(step),
      help: () => /** @type {HTMLDialogElement | null} */ (this.querySelector("dialog.help"))?.showModal(),
    };
  }

  /** @param {number} index */
  _preset(index) {
    const pad = /** @type {import("./vms-ptz-pad.js").PtzPad | null} */ (this.querySelector("vms-ptz-pad"));
    const preset = pad?.presets[index];
    if (preset) this.driver.goto(preset.token);
    else this._say(t("Geen preset {n}", { n: index + 1 }));
  }

  /** @param {number} step */
  _turnPage(step) {
    const count = pages(this.state, this.cameras.length);
    this.active = 0;
    this._go({ page: Math.max(0, Math.min(count - 1, this.state.page + step)), picks: {} });
  }

  firstUpdated() {
    this._space.observe(this);
  }

  updated() {
    const camera = this.current;
    this.driver.aim(camera?.can_turn ? camera.id : "");
    if (this.steering && !this._maySteer()) this.keys.mode(false);
    const surface = /** @type {HTMLElement | null} */ (this.querySelector("vms-tile.hero"));
    if (surface && surface !== this._surface) {
      this._undoDrag?.();
      this._surface = surface;
      this._undoDrag = dragToSteer(surface, this.driver, () => this._maySteer(), (vector) => {
        this.vector = vector;
        this.requestUpdate();
      });
    }
    this._fit();
  }

  /** Give hero and tiles the size at which all of them fit without scrolling. */
  _fit() {
    const wall = /** @type {HTMLElement | null} */ (this.querySelector(".wall"));
    if (!wall) return;
    const areas = [...Map.groupBy(tilesOf(this.state, this.cameras), ({ area }) => area).values()].map(({ length }) => length);
    applyFit(wall, areas, { hero: this.layout.hero, alarmsBeside: !this._alarmsInDeck() });
  }

  _alarmsInDeck() {
    return WIDE.matches && this.layout.hero && this.layout.tiles > 0;
  }

  _toolbar() {
    const count = pages(this.state, this.cameras.length);
    return html`<div class="toolbar" role="toolbar" aria-label=${t("Stand van de muur")}>
      <div class="layouts">${LAYOUTS.map(
        ({ key }, index) =>
          html`<button type="button" aria-pressed=${String(key === this.state.layout)} title=${t("Stand {layout} (toets * {n})", { layout: key, n: index + 1 })} @click=${() => this._setLayout(key)}>${key}</button>`,
      )}</div>
      ${count > 1
        ? html`<div class="pager"><button type="button" aria-label=${t("Vorige camera's")} ?disabled=${this.state.page === 0} @click=${() => this._turnPage(-1)}>${icon("chevron-left")}</button>
            <span class="num">${Math.min(this.state.page + 1, count)}/${count}</span>
            <button type="button" aria-label=${t("Volgende camera's")} ?disabled=${this.state.page >= count - 1} @click=${() => this._turnPage(1)}>${icon("chevron-right")}</button></div>`
        : nothing}
      <span class="spacer"></span>
      <button type="button" class="quiet" title=${t("Foto (S)")} @click=${() => this._snapshot()}>${icon("camera")}<span class="sr">${t("Foto (S)")}</span></button>
      <button type="button" class="quiet" title=${t("Volledig scherm (F)")} @click=${() => this._fullScreen()}>${icon("maximize")}<span class="sr">${t("Volledig scherm (F)")}</span></button>
      <button type="button" class="quiet" title=${t("Toetsen (?)")} @click=${() => this._keyTarget().help()}>${icon("keyboard")}<span class="sr">${t("Toetsen (?)")}</span></button>
    </div>`;
  }

  _tiles() {
    const tiles = tilesOf(this.state, this.cameras);
    const heroNumber = this.hero?.number;
    /** @type {(string | { camera: CameraInfo, slot: number })[]} */
    const cells = [];
    tiles.forEach((camera, slot) => {
      if (this.layout.hero && camera.area !== tiles[slot - 1]?.area) cells.push(camera.area);
      cells.push({ camera, slot });
    });
    return html`<div class="tiles-room"><div class="tiles" role="group" aria-label=${t("Camera's")}>${repeat(
      cells,
      (cell) => (typeof cell === "string" ? `area ${cell}` : `slot ${cell.slot}`),
      (cell) =>
        typeof cell === "string"
          ? html`<h2 class="area">${cell || t("overig")}</h2>`
          : html`<vms-tile .camera=${cell.camera} profile="tile" ?data-active=${cell.slot === this.active} ?data-in-hero=${cell.camera.number === heroNumber}
              @click=${() => this._choose(cell.camera, cell.slot)} @dblclick=${() => this._makeHero()}></vms-tile>`,
    )}</div></div>`;
  }

  /** @returns {import("./wall-alarms.js").QueueActions} */
  get _queueActions() {
    return { callUp: (number) => this._callUp(number), acknowledge: (alarm) => this._acknowledge(alarm) };
  }

  _alarms() {
    return alarmQueue(this.link.alarms, this.cameras, this._queueActions);
  }

  _alarmBar() {
    return alarmBar(this.link.alarms, this.cameras, this._queueActions, this.alarmsUnfolded, () => {
      this.alarmsUnfolded = !this.alarmsUnfolded;
      this.requestUpdate();
    });
  }

  _hero() {
    const camera = this.hero;
    if (!camera) return nothing;
    const status = this.link.cameras[camera.id];
    const { x, y } = this.vector ?? { x: 0, y: 0 };
    return html`<section class="spot" aria-label=${t("Hoofdbeeld")}>
      <div class="stage"><vms-tile class="hero" .camera=${camera} profile="hero" hero ?data-steerable=${this._maySteer()}></vms-tile>
        ${this.vector ? html`<svg class="vector" viewBox="-1 -1 2 2" preserveAspectRatio="none" aria-hidden="true"><line x1="0" y1="0" x2=${x} y2=${y} vector-effect="non-scaling-stroke"></line></svg>` : nothing}
      </div>
      <div class="deck">
        ${cameraDetails(camera, status, this.cameras, (number) => this._callUp(number))}
        ${camera.can_turn ? html`<vms-ptz-pad .driver=${this.driver} .camera=${camera} .status=${status} .keysOn=${this.steering} .blocked=${!this.link.up}></vms-ptz-pad>` : nothing}
        ${this._alarmsInDeck() ? this._alarms() : nothing}
      </div></section>`;
  }

  render() {
    if (!this.loaded) return html`<p class="wall-message" role="status">${this.error || t("Camera's laden…")}</p>`;
    if (!this.cameras.length) return html`<p class="wall-message">${t("Er is geen camera die u mag zien.")}</p>`;
    const { hero, key, tiles } = this.layout;
    return html`<div class="wall" data-layout=${key} ?data-has-hero=${hero} ?data-has-tiles=${tiles > 0} ?inert=${!this.link.up && this.link.lostAtMs > 0}>
        ${this._hero()}
        <div class="side">${this._toolbar()}${tiles ? this._tiles() : nothing}${hero ? (this._alarmsInDeck() ? nothing : this._alarms()) : this._alarmBar()}</div>
      </div>
      ${this.entry ? html`<output class="entry">${this.entry}<i></i></output>` : nothing}
      ${this.message ? html`<p class="toast">${this.message}</p>` : nothing}
      ${helpDialog()}`;
  }
}

customElements.define("vms-wall", Wall);
