/**
 * Steering with a dead man's switch: a movement lives only while its key, button or pointer is held and is
 * repeated every 150 ms; the server stops by itself after 500 ms of silence.
 */

import { Problem, messageOf, request } from "./api.js";

const BEAT_MS = 150;
/** A press this short is a click, half of a double one perhaps; from here on it steers. */
const HOLD_MS = 180;
const TREMBLE_PX = 6;

/** @typedef {{ pan: number, tilt: number, zoom: number }} Velocity each -1 … 1 */

/** @param {number} value */
const clamp = (value) => Math.max(-1, Math.min(1, Math.round(value * 1000) / 1000));

/** Events: "problem" (detail: text), "moving". */
export class PtzDriver extends EventTarget {
  constructor() {
    super();
    this.camera = "";
    /** What is held now: a name per key, button or pointer. @type {Map<string, Velocity>} */
    this.held = new Map();
    /** Multiplies keys and buttons: 0.3 slow, 0.6 normal, 1 fast. */
    this.speed = 0.6;
    this._timer = 0;
    this._inFlight = false;
    /** Requests on their way. @type {Set<Promise<void>>} */
    this._pending = new Set();
    addEventListener("blur", () => this.stopAll());
    addEventListener("pagehide", () => this.stopAll());
    document.addEventListener("visibilitychange", () => document.hidden && this.stopAll());
  }

  /** Steer another camera from now on. @param {string} camera */
  aim(camera) {
    if (camera === this.camera) return;
    this.stopAll();
    this.camera = camera;
  }

  get moving() {
    return this.held.size > 0;
  }

  /** @param {string} name @param {Velocity} velocity */
  press(name, velocity) {
    const started = !this.moving;
    this.held.set(name, velocity);
    if (!started || !this.camera) return;
    this._timer = window.setInterval(() => this._track(this._beat()), BEAT_MS);
    this._track(this._beat());
    this.dispatchEvent(new Event("moving"));
  }

  /** Only this one; what else is held goes on. @param {string} name */
  release(name) {
    if (this.held.delete(name) && !this.moving) this._stop();
  }

  stopAll() {
    if (!this.moving) return;
    this.held.clear();
    this._stop();
  }

  /** @returns {Velocity} */
  velocity() {
    const sum = { pan: 0, tilt: 0, zoom: 0 };
    for (const [name, velocity] of this.held) {
      const factor = name.startsWith("drag") || name.startsWith("pad-analog") ? 1 : this.speed;
      sum.pan += velocity.pan * factor;
      sum.tilt += velocity.tilt * factor;
      sum.zoom += velocity.zoom * factor;
    }
    return { pan: clamp(sum.pan), tilt: clamp(sum.tilt), zoom: clamp(sum.zoom) };
  }

  /** @param {string} what */
  _path(what, camera = this.camera) {
    return `/api/cameras/${encodeURIComponent(camera)}/ptz/${what}`;
  }

  /** @param {Promise<void>} request */
  _track(request) {
    this._pending.add(request);
    request.finally(() => this._pending.delete(request));
  }

  async _beat() {
    if (this._inFlight || !this.moving) return;
    this._inFlight = true;
    const camera = this.camera;
    try {
      await request("POST", this._path("move"), { json: this.velocity(), signal: AbortSignal.timeout(2000) });
    } catch (error) {
      this._refused(error);
    } finally {
      this._inFlight = false;
    }
    // The last beat may have overtaken the stop on its way: say it once more.
    if (!this.moving || camera !== this.camera) await this._send("stop", {}, camera);
  }

  _stop() {
    clearInterval(this._timer);
    this._timer = 0;
    this._track(this._send("stop", {}));
    this.dispatchEvent(new Event("moving"));
  }

  /** @param {unknown} error */
  _refused(error) {
    if (error instanceof Problem && error.status >= 400 && error.status !== 429) {
      this.held.clear();
      clearInterval(this._timer);
    }
    this.dispatchEvent(new CustomEvent("problem", { detail: messageOf(error) }));
  }

  /** @param {string} what @param {unknown} body */
  async _send(what, body, camera = this.camera) {
    if (!camera) return;
    try {
      await request("POST", this._path(what, camera), { json: body, keepalive: what === "stop" });
    } catch (error) {
      if (what !== "stop") this.dispatchEvent(new CustomEvent("problem", { detail: messageOf(error) }));
    }
  }

  take() {
    return this._send("lock", {});
  }

  /** After all that was sent about the movement: a late move would take the camera again. */
  async releaseLock() {
    const { camera } = this;
    this.stopAll();
    await Promise.all(this._pending);
    await this._send("release", {}, camera);
  }

  /** @param {string} preset token */
  goto(preset) {
    this.stopAll();
    return this._send("goto", { preset });
  }

  home() {
    this.stopAll();
    return this._send("home", {});
  }

  /** Bring a place in the picture to the middle. @param {{ x: number, y: number, width: number, aspect: number }} box shares of the picture; width 1 keeps the zoom */
  look(box) {
    this.stopAll();
    return this._send("look", box);
  }

  /** Where the camera looks now, under a name. @param {string} name */
  async savePreset(name) {
    this.stopAll();
    await request("POST", this._path("presets"), { json: { name } });
  }

  /** @returns {Promise<{ token: string, name: string }[]>} */
  async presets() {
    const response = await request("GET", this._path("presets"));
    return (await response.json()).presets;
  }
}

/**
 * Drag from the centre of the picture = speed and direction; the wheel zooms. Returns a function that undoes it.
 * @param {HTMLElement} surface
 * @param {PtzDriver} driver
 * @param {() => boolean} allowed
 * @param {(vector: { x: number, y: number } | null) => void} onVector in -1 … 1, for the arrow on the picture
 */
export function dragToSteer(surface, driver, allowed, onVector) {
  const off = new AbortController();
  const { signal } = off;
  let pointer = -1;
  let wheelTimer = 0;
  let holdTimer = 0;
  /** @param {PointerEvent} event */
  const vectorOf = (event) => {
    const box = surface.getBoundingClientRect();
    const x = clamp((event.clientX - box.left - box.width / 2) / (box.width / 2));
    const y = clamp((event.clientY - box.top - box.height / 2) / (box.height / 2));
    return { x, y };
  };
  /** @param {PointerEvent} event */
  const steer = (event) => {
    const { x, y } = vectorOf(event);
    const still = Math.hypot(x, y) < 0.08;
    driver.press("drag", { pan: still ? 0 : x * Math.abs(x), tilt: still ? 0 : -y * Math.abs(y), zoom: 0 });
    onVector({ x, y });
  };
  const end = () => {
    pointer = -1;
    clearTimeout(holdTimer);
    driver.release("drag");
    onVector(null);
  };
  surface.addEventListener(
    "pointerdown",
    (event) => {
      if (event.button !== 0 || event.shiftKey || pointer !== -1 || !allowed() || (event.target instanceof Element && event.target.closest("button"))) return;
      pointer = event.pointerId;
      surface.setPointerCapture(pointer);
      holdTimer = window.setTimeout(() => steer(event), HOLD_MS);
    },
    { signal },
  );
  /** A click that trembles is no drag yet. @param {PointerEvent} event */
  const drag = (event) => {
    if (event.pointerId !== pointer) return;
    if (driver.held.has("drag") || Math.abs(event.movementX) + Math.abs(event.movementY) > TREMBLE_PX) steer(event);
  };
  surface.addEventListener("pointermove", drag, { signal });
  for (const name of ["pointerup", "pointercancel", "lostpointercapture"]) {
    surface.addEventListener(name, () => pointer !== -1 && end(), { signal });
  }
  surface.addEventListener(
    "wheel",
    (event) => {
      if (!allowed()) return;
      event.preventDefault();
      driver.press("wheel", { pan: 0, tilt: 0, zoom: event.deltaY < 0 ? 1 : -1 });
      clearTimeout(wheelTimer);
      wheelTimer = window.setTimeout(() => driver.release("wheel"), 220);
    },
    { signal, passive: false },
  );
  return () => {
    off.abort();
    end();
  };
}

