/**
 * The wall's windows on one workstation know each other: Web Locks say which screens there are and which one steers, a
 * channel tells what each shows. Without them (plain http off localhost) every window is alone.
 */

export const SCREENS = 4;
const CHANNEL = "uitkijk-muur";
const STEERING = "uitkijk-bediening";
/** A window that was reloaded lets its number go a moment later. */
const PATIENCE_MS = 1500;
const LOOK_EVERY_MS = 2000;

/** @param {number} number */
const lockOf = (number) => `uitkijk-scherm-${number}`;
const forEver = () => new Promise(() => {});

/** @typedef {{ cameras: number[], query: string }} Shown what a screen shows: cameras by number, and its address */

/** Events: "changed" (who is there, who steers), "lost" (another screen steers now), "show" (detail: camera number). */
export class ScreenPeers extends EventTarget {
  /** @param {number} wanted from 1 */
  constructor(wanted) {
    super();
    this.number = wanted;
    /** This window steers: keyboard, pad and joystick are its own. */
    this.steers = true;
    /** The screen that does. */
    this.steering = wanted;
    /** The other windows. @type {Map<number, Shown>} */
    this.open = new Map();
    /** Windows that went, with what they showed last. @type {Map<number, Shown>} */
    this.gone = new Map();
    /** @type {Shown} */
    this._mine = { cameras: [], query: "" };
    this._told = "";
    this._claimed = false;
    this.able = "locks" in navigator && "BroadcastChannel" in globalThis;
    /** Once the number is settled. @type {BroadcastChannel | null} */
    this._channel = null;
  }

  /** Which number this window has is settled. */
  get settled() {
    return this._channel !== null;
  }

  /** Take the number, or else the first one that is free. */
  async start() {
    if (!this.able) return;
    const others = Array.from({ length: SCREENS }, (_, index) => index + 1).filter((number) => number !== this.number);
    if (!(await this._take(this.number, { signal: AbortSignal.timeout(PATIENCE_MS) }))) {
      for (const number of others) {
        if (await this._take(number, { ifAvailable: true })) break;
      }
    }
    this._channel = new BroadcastChannel(CHANNEL);
    this._channel.addEventListener("message", ({ data }) => this._message(data));
    addEventListener("pagehide", () => this._say({ type: "gone" }));
    for (const kind of ["focus", "pointerdown", "keydown"]) addEventListener(kind, () => this.claim(), { capture: true });
    setInterval(() => this._look(), LOOK_EVERY_MS);
    this._say({ type: "who" });
    this._tell();
    if (document.hasFocus()) this.claim();
    this._changed();
  }

  /** @param {number} number @param {LockOptions} options @returns {Promise<boolean>} */
  _take(number, options) {
    return new Promise((resolve) => {
      navigator.locks
        .request(lockOf(number), options, (lock) => {
          resolve(lock !== null);
          if (!lock) return undefined;
          this.number = number;
          return forEver();
        })
        .catch(() => resolve(false));
    });
  }

  /** Whoever does something in this window steers from here on. */
  claim() {
    if (!this._channel || (this.steers && this._claimed)) return;
    this.steers = true;
    this._claimed = true;
    this.steering = this.number;
    navigator.locks.request(STEERING, { steal: true }, forEver).catch(() => this._lost());
    this._say({ type: "steers" });
    this._changed();
  }

  _lost() {
    this.steers = false;
    this._claimed = false;
    this.dispatchEvent(new Event("lost"));
    this._changed();
  }

  /** What this screen shows now. @param {Shown} shown */
  shows(shown) {
    this._mine = shown;
    if (JSON.stringify(shown) !== this._told) this._tell();
  }

  /** @param {number} screen @param {number} camera @returns {boolean} that screen is there */
  send(screen, camera) {
    if (!this.open.has(screen)) return false;
    this._say({ type: "show", to: screen, camera });
    return true;
  }

  /** Its cameras are shown, or not missed. @param {number} screen */
  forget(screen) {
    this.gone.delete(screen);
    this._changed();
  }

  _tell() {
    this._told = JSON.stringify(this._mine);
    this._say({ type: "here", ...this._mine });
  }

  /** @param {Record<string, unknown>} message */
  _say(message) {
    this._channel?.postMessage({ ...message, from: this.number });
  }

  /** @param {any} message */
  _message(message) {
    const { from } = message;
    if (!Number.isInteger(from) || from === this.number) return;
    if (message.type === "here") {
      this.open.set(from, { cameras: message.cameras, query: message.query });
      this.gone.delete(from);
    } else if (message.type === "gone") this._left(from);
    else if (message.type === "steers") this.steering = from;
    else if (message.type === "show" && message.to === this.number) this.dispatchEvent(new CustomEvent("show", { detail: { camera: message.camera, from } }));
    else if (message.type === "who") {
      this._tell();
      if (this.steers) this._say({ type: "steers" });
    }
    this._changed();
  }

  /** A window that crashed says nothing, and its lock is free. */
  async _look() {
    const { held } = await navigator.locks.query();
    const names = new Set(held?.map(({ name }) => name));
    for (const number of this.open.keys()) {
      if (!names.has(lockOf(number))) this._left(number);
    }
  }

  /** @param {number} number */
  _left(number) {
    const shown = this.open.get(number);
    if (!shown) return;
    this.open.delete(number);
    this.gone.set(number, shown);
    if (this.steering === number && this.number < Math.min(Infinity, ...this.open.keys())) this.claim();
    this._changed();
  }

  _changed() {
    this.dispatchEvent(new Event("changed"));
  }
}
