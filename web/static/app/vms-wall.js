/** The wall: a hero and tiles, called up by click or number. The address bar holds all of its state. */

import { LitElement, html, nothing } from "lit";
import { repeat } from "lit-html/directives/repeat.js";

import "./vms-bookmark.js";
import "./vms-overview.js";
import "./vms-palette.js";
import "./vms-ptz-pad.js";
import "./vms-saved-layouts.js";
import "./vms-tile.js";
import { getJson, messageOf, post } from "./api.js";
import { cameraDetails } from "./camera-details.js";
import { followGamepad } from "./gamepad.js";
import { helpDialog } from "./help.js";
import { Keys } from "./keys.js";
import { announce, t } from "./page.js";
import { alarmText, serverLink } from "./server-link.js";
import { alarmBar, alarmQueue } from "./wall-alarms.js";
import { WallFollow } from "./wall-follow.js";
import { applyFit } from "./wall-fitted.js";
import { WallIncident } from "./wall-incident.js";
import { mapPanel, toggleMap } from "./wall-map.js";
import { WallScreens } from "./wall-screens.js";
import { followShift } from "./wall-shift.js";
import { layoutText, toolbar } from "./wall-toolbar.js";
import { WallSteering } from "./wall-steering.js";
import { WallTools } from "./wall-tools.js";
import { LAYOUTS, OVERVIEW, fromQuery, heroOf, inOrder, layoutOf, pages, tilesOf } from "./wall-state.js";
import { isWorn } from "./whep.js";

const HIDDEN_MS = 30_000;
/** From here on the alarms fit beside the controls, and the tiles get the whole column. */
const WIDE = matchMedia("(min-width: 1800px)");

/** @typedef {import("./vms-tile.js").CameraInfo} CameraInfo */
/** @typedef {import("./vms-tile.js").Tile} Tile */

export class Wall extends LitElement {
  constructor() {
    super();
    this.link = serverLink();
    /** As the server lists them. @type {CameraInfo[]} */
    this.listed = [];
    /** By area. @type {CameraInfo[]} */
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
    this._lastHeroLayout = layoutOf(this.state.layout).hero ? this.state.layout : "1+12";
    this._messageTimer = 0;
    this._hiddenTimer = 0;
    this.steer = new WallSteering(this);
    this.driver = this.steer.driver;
    this.tools = new WallTools(this);
    this.trails = new WallFollow(this);
    this.incident = new WallIncident(this);
    this.screens = new WallScreens(this);
    this.driver.addEventListener("moving", () => this.tools.round.pause());
    this.keys = new Keys(this._keyTarget());
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
    followGamepad(this.driver, () => this.steer.allowed && this.screens.steers, (step) => this._moveActive(step, 0));
    this.screens.start();
    followShift(this.link);
    this._load();
  }

  async _load() {
    try {
      this.listed = (await getJson("/api/cameras")).cameras;
      this.cameras = inOrder(this.listed);
      this.loaded = true;
      this.error = "";
      this._loadRates();
      this.trails.load();
      this.tools.round.set(this.state.round);
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
      tile.nominalFps = (tile.profile === "hero" && !tile.isReduced ? rates?.main : rates?.sub) ?? 0;
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
  go(change) {
    this.state = { ...this.state, ...change };
    if (this.layout.hero) this._lastHeroLayout = this.state.layout;
    history.replaceState(null, "", this.screens.address(this.state));
    this.requestUpdate();
  }

  /** @param {string} key */
  setLayout(key) {
    const camera = this.current;
    this.active = 0;
    this.go({ layout: key, page: 0, picks: {}, ...(layoutOf(key).hero && camera ? { hero: camera.number } : {}) });
    announce(t("Stand {layout}", { layout: layoutText(key) }));
  }

  /** @param {string} text */
  say(text) {
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
  callUp(number) {
    const camera = this.cameras.find((candidate) => candidate.number === number);
    if (!camera) {
      this.say(t("Camera {number} bestaat niet", { number }));
      return;
    }
    if (this.layout.hero) this.go({ hero: number });
    else if (!this.layout.tiles) this.go({ layout: this._lastHeroLayout, hero: number, page: 0, picks: {} });
    else this.go({ picks: { ...this.state.picks, [this.active]: number } });
    announce(t("Camera {number} {name}", { number, name: camera.name }));
  }

  /** @param {CameraInfo} camera @param {number} slot */
  _choose(camera, slot) {
    this.active = slot;
    this.tools.round.pause();
    if (this.layout.hero) this.callUp(camera.number);
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
    if (camera) this.go({ layout: this._lastHeroLayout, hero: camera.number, picks: {}, page: this.layout.hero ? this.state.page : 0 });
  }

  _bookmark() {
    const dialog = /** @type {import("./vms-bookmark.js").BookmarkDialog} */ (this.querySelector("vms-bookmark"));
    if (this.current) dialog.open(this.current, this.link.nowUs(), (text) => this.say(text));
  }

  /** @param {import("./server-link.js").Alarm} [alarm] the newest open one when none is given */
  async _acknowledge(alarm = this.link.openAlarms[0]) {
    if (!alarm) {
      this.say(t("Geen open meldingen"));
      return;
    }
    try {
      await post(`/api/alarms/${alarm.id}/acknowledge`);
      announce(t("Bevestigd: {text}", { text: alarmText(alarm) }));
    } catch (error) {
      this.say(messageOf(error));
    }
  }

  /** @returns {import("./keys.js").KeyTarget} */
  _keyTarget() {
    return {
      driver: this.driver,
      blocked: () => !this.link.up,
      callUp: (number) => this.tools.byHand(() => this.callUp(number)),
      showEntry: (entry) => {
        this.entry = entry;
        this.requestUpdate();
      },
      layout: (index) => LAYOUTS[index] && this.tools.byHand(() => this.setLayout(LAYOUTS[index].key)),
      moveActive: (dx, dy) => this.tools.byHand(() => this._moveActive(dx, dy)),
      makeHero: () => this.tools.byHand(() => this._makeHero()),
      fullScreen: () => this.tools.fullScreen(),
      snapshot: () => this.tools.snapshot(),
      acknowledge: () => this._acknowledge(),
      bookmark: () => this._bookmark(),
      incident: () => this.incident.open(),
      toScreen: (number) => this.screens.send(number),
      neighbour: (direction) => this.tools.byHand(() => this.trails.go(direction)),
      round: () => this.tools.toggleRound(),
      palette: () => this.tools.openPalette(),
      saved: () => this.tools.openSaved(),
      map: () => toggleMap(this),
      steerMode: (on) => {
        this.steering = on && this.steer.allowed;
        if (on && !this.steering) {
          this.keys.steering = false;
          this.say(t("Deze camera is nu niet te besturen"));
        }
        this.requestUpdate();
      },
      preset: (index) => this.steer.preset(index),
      home: () => this.driver.home(),
      turnPage: (step) => this.tools.byHand(() => this.turnPage(step)),
      help: () => /** @type {HTMLDialogElement | null} */ (this.querySelector("dialog.help"))?.showModal(),
    };
  }

  /** @param {number} step @param {boolean} [wraps] after the last the first */
  turnPage(step, wraps = false) {
    const count = pages(this.state, this.cameras.length);
    const page = wraps ? (this.state.page + step) % count : Math.max(0, Math.min(count - 1, this.state.page + step));
    this.active = 0;
    this.go({ page, picks: {} });
  }

  firstUpdated() {
    this._space.observe(this);
  }

  updated() {
    const camera = this.current;
    this.trails.watch();
    if (this.loaded) this.screens.watch();
    this.driver.aim(camera?.can_turn ? camera.id : "");
    if (this.steering && !this.steer.allowed) this.keys.mode(false);
    this.steer.follow(this.querySelector("vms-tile.hero"));
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
    return toolbar({
      layout: this.state.layout,
      page: this.state.page,
      pages: pages(this.state, this.cameras.length),
      round: this.tools.round,
      setLayout: (key) => this.tools.byHand(() => this.setLayout(key)),
      turnPage: (step) => this.tools.byHand(() => this.turnPage(step)),
      setRound: (dwellS) => this.tools.setRound(dwellS),
      toggleRound: () => this.tools.toggleRound(),
      palette: () => this.tools.openPalette(),
      saved: () => this.tools.openSaved(),
      mapOpen: this.state.map,
      map: () => toggleMap(this),
      snapshot: () => this.tools.snapshot(),
      fullScreen: () => this.tools.fullScreen(),
      help: () => this._keyTarget().help(),
    });
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
    return { callUp: (number) => this.tools.byHand(() => this.callUp(number)), acknowledge: (alarm) => this._acknowledge(alarm) };
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
    return html`<section class="spot" aria-label=${t("Hoofdbeeld")}>
      <div class="stage"><vms-tile class="hero" .camera=${camera} profile="hero" hero ?data-steerable=${this.steer.allowed}></vms-tile>
        ${this.trails.shapes()}${this.steer.overlay()}
      </div>
      ${this.trails.row()}
      <div class="deck">
        ${cameraDetails(camera, status, this.trails.exits, (exit) => this.tools.byHand(() => this.trails.follow(exit)), () => this._bookmark(), this.incident.mayWrite ? () => this.incident.open() : null)}
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
        <div class="side">${this._toolbar()}${this.screens.bar()}${tiles ? this._tiles() : nothing}${key === OVERVIEW ? html`<vms-overview .cameras=${this.listed} .callUp=${(/** @type {number} */ number) => this.tools.byHand(() => this.callUp(number))}></vms-overview>` : nothing}${mapPanel(this)}${hero ? (this._alarmsInDeck() ? nothing : this._alarms()) : this._alarmBar()}</div>
      </div>
      ${this.entry ? html`<output class="entry">${this.entry}<i></i></output>` : nothing}
      ${this.message ? html`<p class="toast">${this.message}</p>` : nothing}
      ${helpDialog()}<vms-palette></vms-palette><vms-saved-layouts></vms-saved-layouts><vms-bookmark></vms-bookmark>${this.incident.drawer()}`;
  }
}

customElements.define("vms-wall", Wall);
