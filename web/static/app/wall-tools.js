/** What arranges the wall besides number and click: the round, the palette, saved layouts. */

import { messageOf } from "./api.js";
import { announce, t } from "./page.js";
import { paletteEntries } from "./palette-entries.js";
import { Round, USUAL_DWELL_S } from "./round.js";
import { savePicture } from "./snapshot.js";
import { isDown } from "./tile-state.js";
import { arrangementOf } from "./wall-state.js";

/** @typedef {import("./wall-state.js").Arrangement} Arrangement */

export class WallTools {
  /** @param {import("./vms-wall.js").Wall} wall */
  constructor(wall) {
    this._wall = wall;
    this.round = new Round(() => this._step(), () => wall.requestUpdate());
  }

  /** Whoever does something themselves has the wall: the round waits. @param {() => void} act */
  byHand(act) {
    this.round.pause();
    act();
  }

  /** @param {number} dwellS 0 ends it */
  setRound(dwellS) {
    this._wall.go({ round: dwellS });
    this.round.set(dwellS);
    announce(dwellS ? t("Rondje loopt, {n} s per camera", { n: dwellS }) : t("Rondje gestopt"));
  }

  toggleRound() {
    if (!this.round.on) this.setRound(USUAL_DWELL_S);
    else if (this.round.running) this.round.pause();
    else this.round.resume();
    if (this.round.paused) announce(t("Rondje gepauzeerd"));
  }

  /** The next camera with a picture in the hero, or the next tiles. */
  _step() {
    const { cameras, hero, layout, link } = this._wall;
    if (!link.up) return;
    if (!layout.hero) {
      this._wall.turnPage(1, true);
      return;
    }
    const at = cameras.findIndex(({ id }) => id === hero?.id);
    const ahead = [...cameras.slice(at + 1), ...cameras.slice(0, Math.max(0, at))];
    const next = ahead.find(({ id }) => !isDown(link.cameras[id]?.source ?? ""));
    if (next) this._wall.go({ hero: next.number });
  }

  /** @param {Arrangement} arrangement */
  _arrange(arrangement) {
    this._wall.active = 0;
    this.byHand(() => this._wall.go(arrangement));
  }

  get _saved() {
    return /** @type {import("./vms-saved-layouts.js").SavedLayouts} */ (this._wall.querySelector("vms-saved-layouts"));
  }

  async snapshot() {
    const { current, link } = this._wall;
    if (!current) return;
    try {
      this._wall.say(t("Foto opgeslagen: {file}", { file: await savePicture(current, link.nowUs()) }));
    } catch (error) {
      this._wall.say(messageOf(error));
    }
  }

  fullScreen() {
    if (document.fullscreenElement) document.exitFullscreen();
    else document.documentElement.requestFullscreen().catch((error) => this._wall.say(messageOf(error)));
  }

  openSaved() {
    this._saved.current = () => arrangementOf(this._wall.state, this._wall.cameras);
    this._saved.apply = (arrangement) => this._arrange(arrangement);
    this._saved.open();
  }

  openPalette() {
    const wall = this._wall;
    const entries = paletteEntries(wall.cameras, this._saved.layouts, wall.screens.choices(), {
      callUp: (number) => this.byHand(() => wall.callUp(number)),
      showArea: (area) => this.byHand(() => this._showArea(area)),
      setLayout: (key) => this.byHand(() => wall.setLayout(key)),
      arrange: (arrangement) => this._arrange(arrangement),
    });
    /** @type {import("./vms-palette.js").Palette} */ (wall.querySelector("vms-palette")).open(entries);
  }

  /** Its first camera in the hero, and its tiles. @param {string} area */
  _showArea(area) {
    const { cameras, layout } = this._wall;
    const first = cameras.findIndex((camera) => camera.area === area);
    this._wall.active = layout.tiles ? first % layout.tiles : 0;
    this._wall.go({ hero: cameras[first].number, page: layout.tiles ? Math.floor(first / layout.tiles) : 0, picks: {} });
  }
}
