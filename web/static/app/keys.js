/** The wall's keyboard: camera numbers, layouts, and steering in P mode. Ignored while somebody types. */

import { isTyping } from "./page.js";

const NUMBER_PAUSE_MS = 900;

/** @type {Record<string, import("./ptz.js").Velocity>} */
const STEERING = {
  ArrowLeft: { pan: -1, tilt: 0, zoom: 0 },
  ArrowRight: { pan: 1, tilt: 0, zoom: 0 },
  ArrowUp: { pan: 0, tilt: 1, zoom: 0 },
  ArrowDown: { pan: 0, tilt: -1, zoom: 0 },
  "+": { pan: 0, tilt: 0, zoom: 1 },
  "=": { pan: 0, tilt: 0, zoom: 1 },
  "-": { pan: 0, tilt: 0, zoom: -1 },
};

/**
 * @typedef {object} KeyTarget what the keys do
 * @property {() => boolean} blocked
 * @property {(number: number) => void} callUp
 * @property {(entry: string) => void} showEntry what is typed so far, "" = nothing
 * @property {(index: number) => void} layout
 * @property {(dx: number, dy: number) => void} moveActive
 * @property {() => void} makeHero
 * @property {() => void} fullScreen
 * @property {() => void} snapshot
 * @property {() => void} round
 * @property {() => void} palette
 * @property {() => void} saved
 * @property {() => void} map open or close it
 * @property {() => void} acknowledge the newest open alarm
 * @property {() => void} bookmark
 * @property {() => void} incident register one
 * @property {(screen: number) => void} toScreen the current camera
 * @property {(direction: string) => void} neighbour
 * @property {(on: boolean) => void} steerMode
 * @property {(index: number) => void} preset
 * @property {() => void} home
 * @property {(step: number) => void} turnPage
 * @property {() => void} help
 * @property {import("./ptz.js").PtzDriver} driver
 */

export class Keys {
  /** @param {KeyTarget} target */
  constructor(target) {
    this.target = target;
    this.steering = false;
    this._entry = "";
    this._prefix = "";
    this._timer = 0;
    this._normalSpeed = target.driver.speed;
    addEventListener("keydown", (event) => this._down(event));
    addEventListener("keyup", (event) => this._up(event));
  }

  /** @param {KeyboardEvent} event */
  _down(event) {
    if (isTyping() || event.altKey || event.metaKey || event.isComposing || this.target.blocked()) return;
    if (this.steering && this._steer(event)) {
      event.preventDefault();
      return;
    }
    if (event.ctrlKey) {
      if (event.key.toLowerCase() !== "k") return;
      event.preventDefault();
      this.target.palette();
      return;
    }
    if (this._command(event)) event.preventDefault();
  }

  /** Always, even while typing or blocked: letting go must reach the camera. @param {KeyboardEvent} event */
  _up(event) {
    this.target.driver.release(`key-${event.code}`);
    if (event.key === "Shift" || event.key === "Control") this.target.driver.speed = this._normalSpeed;
  }

  /** @param {KeyboardEvent} event */
  _steer(event) {
    const preset = /^(?:Digit|Numpad)([1-9])$/.exec(event.code);
    if (event.shiftKey && preset) {
      this.target.preset(Number(preset[1]) - 1);
      return true;
    }
    if (event.key === "Escape") {
      this.mode(false);
      this.target.driver.releaseLock();
      return true;
    }
    if (event.key === "Home") {
      this.target.home();
      return true;
    }
    const velocity = STEERING[event.key];
    if (!velocity) return false;
    this.target.driver.speed = event.shiftKey ? 0.25 : event.ctrlKey ? 1 : this._normalSpeed;
    if (!event.repeat) this.target.driver.press(`key-${event.code}`, velocity);
    return true;
  }

  /** @param {boolean} on */
  mode(on) {
    this.steering = on;
    this.target.driver.stopAll();
    this.target.steerMode(on);
  }

  /** @param {KeyboardEvent} event @returns {boolean} handled */
  _command(event) {
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (/^\d$/.test(key) && !event.shiftKey) return this._digit(key);
    if (key.startsWith("Arrow")) return this._arrow(key);
    if (key === "Enter") return this._enter();
    if (key === "Escape") return this._clear();
    /** @type {Record<string, () => void>} */
    const commands = {
      "*": () => this._setPrefix("*"),
      n: () => this._setPrefix("N"),
      v: () => this._setPrefix("V"),
      f: this.target.fullScreen,
      s: this.target.snapshot,
      a: this.target.acknowledge,
      b: this.target.bookmark,
      i: () => this._incident(),
      q: this.target.round,
      l: this.target.saved,
      m: this.target.map,
      "/": this.target.palette,
      p: () => this.mode(!this.steering),
      "?": this.target.help,
      PageUp: () => this.target.turnPage(-1),
      PageDown: () => this.target.turnPage(1),
    };
    commands[key]?.();
    return key in commands;
  }

  /** @param {string} prefix */
  _setPrefix(prefix) {
    this._clear();
    this._prefix = prefix;
    this.target.showEntry(prefix);
    this._timer = window.setTimeout(() => this._clear(), 3 * NUMBER_PAUSE_MS);
  }

  /** @param {string} digit */
  _digit(digit) {
    if (this._prefix === "*") {
      this._clear();
      this.target.layout(Number(digit) - 1);
      return true;
    }
    if (this._prefix === "V") {
      this._clear();
      this.target.toScreen(Number(digit));
      return true;
    }
    this._prefix = "";
    this._entry = (this._entry + digit).slice(-4);
    this.target.showEntry(this._entry);
    clearTimeout(this._timer);
    this._timer = window.setTimeout(() => this._enter(), NUMBER_PAUSE_MS);
    return true;
  }

  /** @param {string} key */
  _arrow(key) {
    const direction = key.slice(5).toLowerCase();
    if (this._prefix === "N") {
      this._clear();
      this.target.neighbour(direction);
      return true;
    }
    this.target.moveActive(direction === "left" ? -1 : direction === "right" ? 1 : 0, direction === "up" ? -1 : direction === "down" ? 1 : 0);
    return true;
  }

  _enter() {
    const number = this._entry;
    if (number) {
      this._clear();
      this.target.callUp(Number(number));
      return true;
    }
    // Enter on a focused button is that button's.
    if (document.activeElement instanceof HTMLButtonElement && !document.activeElement.classList.contains("hit")) return false;
    this.target.makeHero();
    return true;
  }

  /** Of the camera whose number was just typed. */
  _incident() {
    if (this._entry) this._enter();
    this.target.incident();
  }

  _clear() {
    clearTimeout(this._timer);
    this._entry = "";
    this._prefix = "";
    this.target.showEntry("");
    return true;
  }
}
