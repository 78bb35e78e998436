/** The one websocket of a window: digests, PTZ locks, alarms, and the server's clock. */

import { page } from "./page.js";
import { toLogin } from "./api.js";

/**
 * @typedef {object} Holder
 * @property {string} username
 * @property {string} name
 * @property {string} role
 * @property {number} since_us
 *
 * @typedef {object} CameraState
 * @property {string} source connecting, up, stalled, unreachable, unauthorized, protocol_error, stopped
 * @property {string} reason code: source, or recorder_silent
 * @property {number} since_us
 * @property {string} detail for technicians, in English
 * @property {"on" | "off" | "fault"} rec
 * @property {string} rec_reason code
 * @property {string} rec_detail
 * @property {"ok" | "fault" | "none"} mask
 * @property {string} mask_reason
 * @property {"none" | "free" | "mine" | "other" | "patrol"} ptz
 * @property {Holder | null} ptz_holder
 * @property {string} ptz_fault
 * @property {import("./ptz-patrols.js").PatrolState | null} [patrol]
 * @property {number | null} skew_ms
 * @property {"open" | "pending" | "expired" | "none" | "unknown"} [gate] what the decisions allow
 * @property {string} [decision] number of the decision that says so
 * @property {number} [decision_id]
 * @property {number | null} [gate_since_us] since when; of a pending one, from when it will hold
 * @property {number | null} [gate_until_us]
 *
 * @typedef {object} SessionState
 * @property {number} rtp_timestamp of the newest sent picture
 * @property {number} utc_us when that picture was taken
 * @property {"ok" | "fault" | "none"} mask
 * @property {string} reason
 * @property {boolean} is_reduced the small stream, because the connection does not carry the large one
 *
 * @typedef {object} Alarm
 * @property {number} id
 * @property {number} at_us
 * @property {string} camera
 * @property {string} code
 * @property {string} text_nl
 * @property {string} text_en
 * @property {string} detail for technicians, in English
 * @property {string} acknowledged_by "" = by nobody yet
 * @property {number | null} acknowledged_us
 */

const GOOD = ["camera_back", "live_back", "volume_back"];
const SILENCE_MS = 2500;
const PING_EVERY_MS = 5000;
const BACK_OFF_MS = [300, 1000, 2000, 4000, 8000];

/** Events: "digest", "ptz" (detail {camera, holder}), "alarm" (detail Alarm), "up", "down". */
export class ServerLink extends EventTarget {
  constructor() {
    super();
    this.up = false;
    /** @type {Record<string, CameraState>} */
    this.cameras = {};
    /** Of all cameras; the only thing told to who may not see one. @type {{ cameras: number, up: number, recording_faults: number }} */
    this.counts = { cameras: 0, up: 0, recording_faults: 0 };
    /** @type {Record<string, SessionState>} */
    this.sessions = {};
    /** Live pictures are for a shift, and this person is in none. */
    this.awaitsShift = false;
    /** The latest, newest first. @type {Alarm[]} */
    this.alarms = [];
    this.lostAtMs = 0;
    /** @type {WebSocket | null} */
    this._socket = null;
    this._heardMs = performance.now();
    this._attempt = 0;
    this._offsetUs = 0;
    this._bestRoundTripMs = Infinity;
    this._sinceSync = 0;
    setInterval(() => this._watch(), 250);
    setInterval(() => this._ping(), PING_EVERY_MS);
    addEventListener("online", () => this._open());
    this._open();
  }

  /** The server's clock now, in microseconds: half a round trip better than the page's own. */
  nowUs() {
    return (performance.timeOrigin + performance.now()) * 1000 + this._offsetUs;
  }

  _open() {
    if (this._socket && this._socket.readyState <= WebSocket.OPEN) return;
    const socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/api/ws`);
    this._socket = socket;
    this._heardMs = performance.now();
    socket.addEventListener("message", (event) => this._message(JSON.parse(event.data)));
    socket.addEventListener("close", (event) => this._closed(socket, event.code));
  }

  /** @param {WebSocket} socket @param {number} code */
  _closed(socket, code) {
    if (this._socket !== socket) return;
    this._socket = null;
    this._down();
    if (code === 4401 || code === 1008) {
      toLogin();
      return;
    }
    const wait = BACK_OFF_MS[Math.min(this._attempt, BACK_OFF_MS.length - 1)];
    this._attempt += 1;
    setTimeout(() => this._retry(), wait * (0.75 + Math.random() / 2));
  }

  /** A refused handshake tells nothing: ask over HTTP whether the login is still good. */
  async _retry() {
    try {
      const response = await fetch("/api/me");
      if (response.status === 401) {
        toLogin();
        return;
      }
    } catch {
      // not there yet: the socket will fail and come back here
    }
    this._open();
  }

  _down() {
    if (!this.up && this.lostAtMs) return;
    this.up = false;
    this.lostAtMs = performance.now();
    this.dispatchEvent(new Event("down"));
  }

  _watch() {
    if (this.up && performance.now() - this._heardMs > SILENCE_MS) {
      this._down();
      this._socket?.close();
    }
  }

  _ping() {
    if (this._socket?.readyState === WebSocket.OPEN) {
      this._socket.send(JSON.stringify({ type: "ping", t: performance.now() }));
    }
  }

  /** @param {any} message */
  _message(message) {
    this._heardMs = performance.now();
    if (message.type === "hello") {
      this._attempt = 0;
      this._bestRoundTripMs = Infinity;
      this._sync(message.server_us, 0);
      this._bestRoundTripMs = Infinity;
      this._ping();
    } else if (message.type === "pong") {
      this._sync(message.server_us, performance.now() - message.t);
    } else if (message.type === "digest") {
      this.cameras = message.cameras;
      this.counts = message.counts;
      this.sessions = message.sessions ?? {};
      this.awaitsShift = message.awaits_shift ?? false;
      this.dispatchEvent(new Event("digest"));
    } else if (message.type === "alarm") {
      this._keep([message]);
      this.dispatchEvent(new CustomEvent("alarm", { detail: message }));
    } else if (message.type === "alarms") {
      this._keep(message.alarms);
      this.dispatchEvent(new Event("alarm"));
    } else if (message.type === "ptz") {
      this.dispatchEvent(new CustomEvent("ptz", { detail: message }));
    }
    if (!this.up) {
      this.up = true;
      this.lostAtMs = 0;
      this.dispatchEvent(new Event("up"));
    }
  }

  /** What the server says of an alarm replaces what was known of it. @param {Alarm[]} told */
  _keep(told) {
    const byId = new Map([...this.alarms, ...told].map((alarm) => [alarm.id, alarm]));
    this.alarms = [...byId.values()].sort((a, b) => b.at_us - a.at_us || b.id - a.id).slice(0, 100);
  }

  /** Nobody has said that they saw these. */
  get openAlarms() {
    return this.alarms.filter(isOpen);
  }

  /** Keep the offset of the quickest answer; let it age, clocks drift. @param {number} serverUs @param {number} roundTripMs */
  _sync(serverUs, roundTripMs) {
    this._sinceSync += 1;
    if (roundTripMs > this._bestRoundTripMs && this._sinceSync < 12) return;
    this._bestRoundTripMs = roundTripMs;
    this._sinceSync = 0;
    this._offsetUs = serverUs + (roundTripMs * 1000) / 2 - (performance.timeOrigin + performance.now()) * 1000;
  }
}

/** @type {ServerLink | null} */
let link = null;

/** The window's link; made at first use. */
export function serverLink() {
  link ??= new ServerLink();
  return link;
}

/** @param {Alarm} alarm */
export const alarmText = (alarm) => (page.language === "en" ? alarm.text_en : alarm.text_nl);

/** A recovery asks nothing of anybody. @param {Alarm} alarm */
export const isGood = (alarm) => GOOD.includes(alarm.code);

/** @param {Alarm} alarm */
export const isOpen = (alarm) => alarm.acknowledged_us === null && !isGood(alarm);
