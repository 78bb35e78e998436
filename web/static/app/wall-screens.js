/** Several screens of one wall: each a window with a layout of its own, which it finds again. */

import { html, nothing } from "lit";

import { icon } from "./icon.js";
import { announce, page, t } from "./page.js";
import { SCREENS, ScreenPeers } from "./screen-peers.js";
import { fromQuery, tilesOf, toQuery } from "./wall-state.js";

/** @param {string} query */
const screenOf = (query) => Math.max(1, Math.min(SCREENS, Math.trunc(Number(new URLSearchParams(query).get("scherm"))) || 1));

export class WallScreens {
  /** @param {import("./vms-wall.js").Wall} wall */
  constructor(wall) {
    this._wall = wall;
    this.peers = new ScreenPeers(screenOf(location.search));
    this.peers.addEventListener("changed", () => wall.requestUpdate());
    this.peers.addEventListener("lost", () => wall.driver.stopAll());
    this.peers.addEventListener("show", (event) => this._shown(/** @type {CustomEvent} */ (event).detail));
  }

  /** Keyboard, pad and joystick are this window's. */
  get steers() {
    return this.peers.steers;
  }

  /** Where this screen's layout is kept. @param {number} number */
  _key(number) {
    return `uitkijk-muur-${page.user?.username ?? ""}-${number}`;
  }

  /** Settle which screen this is; one that is opened without a layout gets back what it showed last. */
  async start() {
    await this.peers.start();
    const asked = new URLSearchParams(location.search);
    const kept = localStorage.getItem(this._key(this.peers.number));
    if (kept && !["stand", "camera", "vak", "rondje"].some((name) => asked.has(name))) this._wall.go(fromQuery(kept));
    else if (this.peers.number !== screenOf(location.search)) this._wall.go({});
  }

  /** The address of this screen; remembered. @param {import("./wall-state.js").WallState} state */
  address(state) {
    const query = toQuery(state);
    if (this.peers.settled) localStorage.setItem(this._key(this.peers.number), query);
    return this.peers.number > 1 ? `${query}&scherm=${this.peers.number}` : query;
  }

  /** Tell the others; called after each change of the wall. */
  watch() {
    const { state, cameras, hero } = this._wall;
    const numbers = [...(hero ? [hero.number] : []), ...tilesOf(state, cameras).map(({ number }) => number)];
    this.peers.shows({ cameras: [...new Set(numbers)], query: toQuery(state) });
  }

  /** The current camera to another screen, which opens when it is not there. @param {number} screen */
  send(screen) {
    const { current } = this._wall;
    if (screen === this.peers.number || screen < 1 || screen > SCREENS) {
      this._wall.say(screen === this.peers.number ? t("Dit is scherm {n}", { n: screen }) : t("Er zijn ten hoogste {n} schermen", { n: SCREENS }));
    } else if (current && this.peers.send(screen, current.number)) {
      this._wall.say(t("Camera {number} staat op scherm {n}", { number: current.number, n: screen }));
    } else if (current) this.open(screen, current.number);
  }

  /** @param {number} screen @param {number} [camera] to begin with; default what it showed last */
  open(screen, camera) {
    const query = camera ? `?camera=${camera}&scherm=${screen}` : `?scherm=${screen}`;
    if (!window.open(`/muur${query}`, `uitkijk-scherm-${screen}`, "popup")) this._wall.say(t("De browser houdt een nieuw venster tegen; sta pop-ups van dit adres toe"));
  }

  /** @param {{ camera: number, from: number }} sent */
  _shown({ camera, from }) {
    this._wall.tools.byHand(() => this._wall.callUp(camera));
    announce(t("Camera {number} kwam van scherm {n}", { number: camera, n: from }));
  }

  /** @param {number} screen @param {import("./screen-peers.js").Shown} shown */
  _here(screen, shown) {
    this._wall.tools.byHand(() => this._wall.go(fromQuery(shown.query)));
    this.peers.forget(screen);
  }

  /** For the palette. @returns {{ text: string, run: () => void }[]} */
  choices() {
    const { current } = this._wall;
    const others = Array.from({ length: SCREENS }, (_, index) => index + 1).filter((number) => number !== this.peers.number);
    if (!this.peers.able || !current) return [];
    return others.map((n) => ({ text: this.peers.open.has(n) ? t("naar scherm {n}: camera {number}", { n, number: current.number }) : t("scherm {n} openen met camera {number}", { n, number: current.number }), run: () => this.send(n) }));
  }

  /** Which screen this is and which one steers; and what went with a window that was closed. */
  bar() {
    const { open, gone, number, steers, steering } = this.peers;
    const isOne = open.size > 0 || number > 1;
    if (!isOne && !gone.size) return nothing;
    const who = steers ? t("bediening hier") : t("bediening op scherm {n}: klik hier om over te nemen", { n: steering });
    return html`<div class="screens" role="group" aria-label=${t("Schermen")}>
      ${isOne ? html`<span class="this-screen" data-steers=${steers}>${icon("monitor-play")}<b>${t("Scherm {n}", { n: number })}</b> ${who}</span>` : nothing}
      ${[...gone].map(
        ([screen, shown]) => html`<span class="screen-gone">${icon("triangle-alert")}${t("Scherm {n} is gesloten:", { n: screen })} <span class="num">${shown.cameras.slice(0, 13).map((camera) => String(camera).padStart(2, "0")).join(" ")}</span>
          <button type="button" @click=${() => this.open(screen)}>${t("Weer openen")}</button>
          <button type="button" @click=${() => this._here(screen, shown)}>${t("Hier tonen")}</button>
          <button type="button" class="quiet" @click=${() => this.peers.forget(screen)}>${icon("x")}<span class="sr">${t("Scherm {n} niet missen", { n: screen })}</span></button></span>`,
      )}
    </div>`;
  }
}
