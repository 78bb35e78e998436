/**
 * Several cameras in step. One wall clock leads and every player follows it; a camera without footage at that instant
 * says so and waits, and a camera that is still loading holds the clock for a while.
 *
 * To the page it is what a single MsePlayer is. Events: "time", "gap" (nobody has footage), "end", "states".
 */

import { skewMs } from "./taken-time.js";

const TICK_MS = 100;
/** A player that is further off jumps; one that is nearer hurries or dawdles. */
const JUMP_S = 0.35;
const IN_STEP_S = 0.02;
const HURRY = 0.12;
/** The clock waits so long for one that is loading; then the others go on. */
const PATIENCE_MS = 10_000;
/** Playback stalls a little before a hole. */
const END_US = 200_000;
const JOINED_US = 300_000;

/** @typedef {"playing" | "loading" | "gap"} TileState */
/** @typedef {import("./mse-player.js").MsePlayer} MsePlayer */

export class PlayerGroup extends EventTarget {
  /** @param {MsePlayer[]} players the first one is the camera of the timeline */
  constructor(players) {
    super();
    this.players = players;
    /** @type {TileState[]} */
    this.states = players.map(() => "loading");
    this.paused = true;
    this.rate = 1;
    this._us = 0;
    this._atMs = 0;
    this._holds = false;
    /** @type {number[]} */
    this._waitsSinceMs = players.map(() => 0);
    for (const player of players) player.jumps = false;
    this._timer = setInterval(() => this._tick(), TICK_MS);
  }

  /** @param {import("./mse-player.js").Segment[][]} tracks per player @param {number} baseUs @param {number} atUs */
  async open(tracks, baseUs, atUs) {
    this._set(atUs);
    await Promise.all(this.players.map((player, index) => player.open(tracks[index], baseUs, atUs)));
    this._set(atUs);
  }

  close() {
    clearInterval(this._timer);
    for (const player of this.players) {
      player.close();
      player.jumps = true;
      player.video.playbackRate = 1;
    }
  }

  get isOpen() {
    return this.players.some((player) => player.isOpen);
  }

  /** The instant that all show. */
  get nowUs() {
    const since = this.paused || this._holds ? 0 : (performance.now() - this._atMs) * this.rate * 1000;
    return Math.round(this._us + since);
  }

  get isSeeking() {
    return false;
  }

  set behindS(/** @type {number} */ seconds) {
    for (const player of this.players) player.behindS = seconds;
  }

  /** @param {number} us */
  _set(us) {
    this._us = us;
    this._atMs = performance.now();
  }

  /** Of the camera of the timeline. */
  get segments() {
    return this.players[0].segments;
  }

  /** @param {number} us */
  seek(us) {
    this._set(us);
    this._waitsSinceMs.fill(0);
    this.players.forEach((player, index) => {
      const at = us + this._offsetUs(index, us);
      if (covers(player, at)) player.seek(at);
    });
    this._tick();
  }

  /** @param {number} frames */
  stepFrames(frames) {
    this.pause();
    this.seek(this.nowUs + frames * Math.min(...this.players.map(({ frameS }) => frameS)) * 1e6);
  }

  play() {
    this._set(this.nowUs);
    this.paused = false;
    this._tick();
  }

  pause() {
    this._set(this.nowUs);
    this.paused = true;
    for (const { video } of this.players) video.pause();
    this._tick();
  }

  /** @param {number} rate */
  setRate(rate) {
    this._set(this.nowUs);
    this.rate = rate;
  }

  _tick() {
    if (!this.isOpen) return;
    const now = this.nowUs;
    const before = this.states.join();
    const moments = this.players.map((_, index) => now + this._offsetUs(index, now));
    this.states = this.players.map((player, index) => this._stateOf(player, index, moments[index]));
    const waits = this.states.some((state, index) => state === "loading" && performance.now() - this._waitsSinceMs[index] < PATIENCE_MS);
    if (waits !== this._holds) {
      this._set(now);
      this._holds = waits;
    }
    if (this.states.every((state) => state === "gap")) this._jump(now);
    else this.players.forEach((player, index) => this._lead(player, this.states[index], moments[index]));
    if (this.states.join() !== before) this.dispatchEvent(new Event("states"));
    this.dispatchEvent(new Event("time"));
  }

  /** How much further the footage of a camera must be than that of the first one to show the same instant. @param {number} index @param {number} us */
  _offsetUs(index, us) {
    const first = skewMs(this.players[0].segments, us);
    const own = skewMs(this.players[index].segments, us);
    return first === null || own === null ? 0 : (first - own) * 1000;
  }

  /** @param {MsePlayer} player @param {number} index @param {number} now @returns {TileState} */
  _stateOf(player, index, now) {
    if (!covers(player, now)) {
      this._waitsSinceMs[index] = 0;
      return "gap";
    }
    const ready = !player.video.seeking && player.video.readyState >= HTMLMediaElement.HAVE_FUTURE_DATA;
    const there = Math.abs(player.nowUs - now) < Math.max(1, this.rate) * 1e6;
    if (ready && there) {
      this._waitsSinceMs[index] = 0;
      return "playing";
    }
    this._waitsSinceMs[index] ||= performance.now();
    return "loading";
  }

  /** @param {MsePlayer} player @param {TileState} state @param {number} now */
  _lead(player, state, now) {
    const { video } = player;
    if (state === "gap") {
      video.pause();
      const next = player.segments.find(({ start_us }) => start_us >= now);
      if (next && Math.abs(player.nowUs - next.start_us) > JOINED_US) player.seek(next.start_us);
      return;
    }
    const ahead = (player.nowUs - now) / 1e6;
    const runs = !this.paused && !this._holds;
    if (!video.seeking && Math.abs(ahead) > (runs ? JUMP_S * Math.max(1, this.rate) : IN_STEP_S + player.frameS)) player.seek(now);
    if (!runs) {
      if (!video.paused) video.pause();
      return;
    }
    const nudge = Math.abs(ahead) < IN_STEP_S ? 0 : Math.max(-HURRY, Math.min(HURRY, -ahead));
    video.playbackRate = Math.min(16, this.rate * (1 + nudge));
    if (video.paused && state === "playing") video.play().catch(() => undefined);
  }

  /** Nobody has footage now: all go on where the first one has. @param {number} now */
  _jump(now) {
    if (this.paused) return;
    const starts = this.players.flatMap(({ segments }) => segments.filter(({ start_us }) => start_us > now).slice(0, 1)).map(({ start_us }) => start_us);
    if (!starts.length) {
      this.pause();
      this.dispatchEvent(new Event("end"));
      return;
    }
    const next = Math.min(...starts);
    if (next - now > JOINED_US) this.dispatchEvent(new CustomEvent("gap", { detail: { from_us: now, to_us: next } }));
    this.seek(next);
  }
}

/** Whether a player has footage at an instant, and a little longer. @param {MsePlayer} player @param {number} us */
function covers(player, us) {
  const inside = player.segments.find(({ start_us, end_us }) => start_us <= us && us < end_us);
  if (!inside) return false;
  return us < inside.end_us - END_US || player.segments.some(({ start_us }) => start_us > inside.start_us && start_us - inside.end_us < JOINED_US);
}
