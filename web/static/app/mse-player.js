/**
 * Plays recorded segments through MSE. Media time is wall-clock time: second 0 is `baseUs`, a segment lies
 * where it was recorded, a gap stays a gap and is jumped over aloud.
 */

import { Problem, request } from "./api.js";
import { bodyChunks } from "./body-chunks.js";

/**
 * @typedef {object} Segment
 * @property {number} id
 * @property {number} start_us
 * @property {number} end_us
 * @property {string} codec
 * @property {string} url
 * @property {boolean} starts_run
 * @property {number | null} [skew_ms] camera clock minus the time of the footage
 */

const BACK_S = 30;
const AHEAD_S = 60;
const HOLE_S = 0.3;
const NEAR_END_S = 0.35;
const STEPS = 8;
const SOON_US = 5e6;

/**
 * Events: "time", "gap" (detail {from_us, to_us}), "problem" (detail Problem), "loading", "end".
 */
export class MsePlayer extends EventTarget {
  /** @param {HTMLVideoElement} video */
  constructor(video) {
    super();
    this.video = video;
    /** @type {Segment[]} */
    this.segments = [];
    this.baseUs = 0;
    /** Seconds a frame lasts, measured. */
    this.frameS = 0.08;
    this._url = "";
    /** @type {SourceBuffer | null} */
    this._buffer = null;
    /** Whether holes are jumped over; a group of players does that together. */
    this.jumps = true;
    /** How much before the moment that is sought is loaded too. */
    this.behindS = 0;
    /** Shared by players of one page; null = load at once. @type {import("./load-turns.js").LoadTurns | null} */
    this.turns = null;
    /** Segments in the buffer to their end, and from when on, until something of them is removed. @type {Map<number, number>} */
    this._whole = new Map();
    /** @type {{ segment: Segment, abort: AbortController, fromUs: number } | null} */
    this._loading = null;
    /** @type {Map<number, number>} */
    this._failedUntil = new Map();
    this._codec = "";
    /** Media time of the picture on screen. */
    this._lastFrameS = -1;
    /** How far the last pictures were apart; while some are passed over, the nearest tells. @type {number[]} */
    this._stepsS = [];
    for (const name of ["timeupdate", "waiting", "seeking", "stalled"]) video.addEventListener(name, () => this._step());
    video.addEventListener("seeked", () => this.dispatchEvent(new Event("time")));
    this._timer = setInterval(() => this._step(), 250);
    this._watchFrames();
  }

  _watchFrames() {
    this.video.requestVideoFrameCallback((_, { mediaTime }) => {
      const step = mediaTime - this._lastFrameS;
      if (step > 0.01 && step < 0.5 && this.video.playbackRate <= 1) {
        this._stepsS = [...this._stepsS, step].slice(-STEPS);
        this.frameS = Math.min(...this._stepsS);
      }
      this._lastFrameS = mediaTime;
      this.dispatchEvent(new Event("time"));
      this._watchFrames();
    });
  }

  /** @param {Segment[]} segments sorted by start @param {number} baseUs @param {number} atUs where to begin */
  async open(segments, baseUs, atUs) {
    this.close();
    this.segments = segments;
    this.baseUs = baseUs;
    if (!segments.length) return;
    const source = new MediaSource();
    this._url = URL.createObjectURL(source);
    this.video.src = this._url;
    await new Promise((resolve) => source.addEventListener("sourceopen", resolve, { once: true }));
    source.duration = this._second(segments[segments.length - 1].end_us);
    this._codec = segments[0].codec;
    const type = `video/mp4; codecs="${this._codec}"`;
    if (!MediaSource.isTypeSupported(type)) {
      this._fail(new Problem(0, { nl: `Deze browser speelt ${this._codec} niet af.`, en: `This browser does not play ${this._codec}.` }));
      return;
    }
    this._buffer = source.addSourceBuffer(type);
    this._buffer.mode = "segments";
    this.seek(atUs);
  }

  close() {
    this._loading?.abort.abort();
    this._loading = null;
    this._buffer = null;
    this._whole.clear();
    this._failedUntil.clear();
    if (this._url) {
      URL.revokeObjectURL(this._url);
      this.video.removeAttribute("src");
      this.video.load();
      this._url = "";
    }
  }

  /** @param {number} us */
  _second(us) {
    return (us - this.baseUs) / 1e6;
  }

  /** The instant on screen. */
  get nowUs() {
    return Math.round(this.baseUs + this.video.currentTime * 1e6);
  }

  get isOpen() {
    return this._buffer !== null;
  }

  get paused() {
    return this.video.paused;
  }

  play() {
    this.video.play().catch(() => undefined);
  }

  pause() {
    this.video.pause();
  }

  /** @param {number} rate */
  setRate(rate) {
    this.video.playbackRate = rate;
  }

  /** Whether it is somewhere else than it shows: nothing to go by. */
  get isSeeking() {
    return this.video.seeking;
  }

  /** @param {number} us the nearest recorded instant at or after it is shown */
  seek(us) {
    const segment = this._at(us) ?? this._after(us) ?? this.segments[this.segments.length - 1];
    if (!segment || !this._buffer) return;
    const target = Math.min(Math.max(us, segment.start_us), segment.end_us - 50_000);
    this._failedUntil.clear();
    const second = Math.max(0, this._second(target));
    if (this._loading?.segment === segment && this._bufferedUntil(second) < 0 && !this._comesSoon(this._loading.fromUs, target)) this._loading.abort.abort();
    this.video.currentTime = second;
    this._step();
  }

  /** Whether what is loading now will hold an instant shortly. @param {number} fromUs where it began @param {number} us */
  _comesSoon(fromUs, us) {
    const until = this._bufferedUntil(this._second(fromUs) + 0.5);
    const loadedUs = until < 0 ? fromUs : this.baseUs + until * 1e6;
    return us >= fromUs && us - loadedUs < SOON_US;
  }

  /** @param {number} frames negative = back */
  stepFrames(frames) {
    this.video.pause();
    this.seek(this.baseUs + (this._middleS(frames) + frames * this.frameS) * 1e6);
  }

  /** From the middle of one picture to that of the next: times of pictures are not quite even. A seek under way may lead to the picture that is shown. @param {number} frames */
  _middleS(frames) {
    const { seeking, currentTime } = this.video;
    const since = currentTime - this._lastFrameS;
    const isShown = seeking ? since >= 0 && since < this.frameS : since > -this.frameS / 2 && since < (frames < 0 ? 1 : this.frameS);
    return isShown ? this._lastFrameS + this.frameS / 2 : currentTime;
  }

  /** Whether the buffer holds this segment from an instant on. @param {Segment} segment @param {number} us */
  _has(segment, us) {
    return (this._whole.get(segment.id) ?? Infinity) <= Math.max(us, segment.start_us);
  }

  /** @param {number} us */
  _at(us) {
    return this.segments.find(({ start_us, end_us }) => start_us <= us && us < end_us);
  }

  /** @param {number} us */
  _after(us) {
    return this.segments.find(({ start_us }) => start_us >= us);
  }

  /** @param {number} second @returns {number} where the buffer that holds it ends, or -1 */
  _bufferedUntil(second) {
    const ranges = this._buffer?.buffered;
    for (let i = 0; ranges && i < ranges.length; i += 1) {
      if (ranges.start(i) - 0.15 <= second && second < ranges.end(i)) return ranges.end(i);
    }
    return -1;
  }

  _step() {
    if (!this._buffer) return;
    if (this.jumps) this._jumpHole();
    this._load();
    this._forget();
    this.dispatchEvent(new Event("time"));
  }

  /** Playback stops a little before a hole: go on behind it, and say what was skipped. */
  _jumpHole() {
    const { video } = this;
    if (video.seeking) return;
    const here = this.nowUs;
    const inside = this._at(here);
    const until = this._bufferedUntil(video.currentTime);
    if (inside && (until < 0 || until - video.currentTime > NEAR_END_S || !this._has(inside, here))) return;
    const next = this._after(inside ? inside.end_us - 1000 : here);
    if (!next) {
      if (!video.paused && (!inside || inside.end_us - here < NEAR_END_S * 1e6)) {
        video.pause();
        this.dispatchEvent(new Event("end"));
      }
      return;
    }
    const holeUs = next.start_us - (inside ? inside.end_us : here);
    if (inside && holeUs < 20_000 && this._bufferedUntil(this._second(next.start_us) + 0.02) >= 0 && until > this._second(inside.end_us) + 0.05) return;
    if (inside && video.paused) return;
    if (inside && holeUs < HOLE_S * 1e6 && video.readyState >= HTMLMediaElement.HAVE_FUTURE_DATA) return;
    if (holeUs >= HOLE_S * 1e6) {
      this.dispatchEvent(new CustomEvent("gap", { detail: { from_us: inside ? inside.end_us : here, to_us: next.start_us } }));
    } else if (this._bufferedUntil(this._second(next.start_us) + 0.02) < 0) {
      return; // the next one is on its way
    }
    video.currentTime = this._second(next.start_us) + 0.02;
  }

  /** The segment that is needed first and is not in the buffer. */
  _wanted() {
    const here = this.nowUs;
    const first = this._at(here) ?? this._after(here);
    if (!first) return null;
    const ahead = AHEAD_S * Math.max(1, this.video.playbackRate / 2) * 1e6;
    const now = performance.now();
    for (let i = this.segments.indexOf(first); i < this.segments.length; i += 1) {
      const segment = this.segments[i];
      if (segment !== first && segment.start_us > here + ahead) return null;
      if (!this._has(segment, segment === first ? here : 0)) return (this._failedUntil.get(segment.id) ?? 0) > now ? null : segment;
    }
    return null;
  }

  _load() {
    const wanted = this._wanted();
    if (this._loading) {
      const far = Math.abs(this._loading.segment.start_us - this.nowUs) > (AHEAD_S + BACK_S) * 1e6;
      const urgent = wanted && wanted !== this._loading.segment && this._at(this.nowUs) === wanted;
      if (!far && !urgent) return;
      this._loading.abort.abort();
      return; // the loop that was stopped calls again
    }
    if (wanted) this._fetch(wanted);
  }

  /** @param {Segment} segment */
  async _fetch(segment) {
    const abort = new AbortController();
    const loading = (this._loading = { segment, abort, fromUs: this._from(segment).fromUs });
    this.dispatchEvent(new Event("loading"));
    let leave = () => {};
    try {
      if (this.turns) leave = await this.turns.take(abort.signal);
      const { url, fromUs } = this._from(segment);
      loading.fromUs = fromUs;
      const response = await request("GET", url, { signal: abort.signal });
      await this._begin(segment);
      await this._appendAll(response, abort.signal);
      this._whole.set(segment.id, fromUs);
    } catch (error) {
      if (!abort.signal.aborted) this._failedSegment(segment, error);
    } finally {
      leave();
      if (abort.signal.aborted) await this._resetParser();
      if (this._loading?.abort === abort) this._loading = null;
      this.dispatchEvent(new Event("loading"));
      setTimeout(() => this._step());
    }
  }

  /** Into the middle of a segment: what lies before is not waited for. @param {Segment} segment */
  _from(segment) {
    const fromUs = Math.round(this.nowUs - this.behindS * 1e6);
    if (this._at(this.nowUs) !== segment || fromUs - segment.start_us < 2e6) return { url: segment.url, fromUs: segment.start_us };
    return { url: `${segment.url}${segment.url.includes("?") ? "&" : "?"}from_us=${fromUs}`, fromUs };
  }

  /** @param {Segment} segment @param {unknown} error */
  _failedSegment(segment, error) {
    const problem = error instanceof Problem ? error : new Problem(0, { detail: String(error) });
    const forever = problem.status === 410 || problem.status === 403 || problem.status === 404;
    this._failedUntil.set(segment.id, performance.now() + (forever ? 3_600_000 : (problem.retryAfterS ?? 3) * 1000));
    if (forever) {
      this.video.pause();
      if (problem.status !== 403) this.segments = this.segments.filter(({ id }) => id !== segment.id);
    }
    this._fail(problem);
  }

  /** @param {Problem} problem */
  _fail(problem) {
    this.dispatchEvent(new CustomEvent("problem", { detail: problem }));
  }

  /** @param {Segment} segment */
  async _begin(segment) {
    const buffer = this._buffer;
    if (!buffer) return;
    await this._idle();
    if (segment.codec !== this._codec) {
      buffer.changeType(`video/mp4; codecs="${segment.codec}"`);
      this._codec = segment.codec;
    }
    buffer.timestampOffset = this._second(segment.start_us);
  }

  /** Append as it arrives: a masked segment is still being painted while its first second plays. @param {Response} response @param {AbortSignal} signal */
  async _appendAll(response, signal) {
    for await (const chunk of bodyChunks(response, signal)) {
      await this._append(chunk);
      signal.throwIfAborted();
    }
  }

  /** @param {ArrayBuffer} data */
  async _append(data) {
    const buffer = this._buffer;
    if (!buffer) return;
    await this._idle();
    try {
      buffer.appendBuffer(data);
    } catch (error) {
      if (!(error instanceof DOMException && error.name === "QuotaExceededError")) throw error;
      await this._remove(0, Math.max(0, this.video.currentTime - 5));
      buffer.appendBuffer(data);
    }
    await this._idle();
  }

  async _idle() {
    while (this._buffer?.updating) {
      const buffer = this._buffer;
      await new Promise((resolve) => buffer.addEventListener("updateend", resolve, { once: true }));
    }
  }

  async _resetParser() {
    await this._idle();
    try {
      this._buffer?.abort();
    } catch (error) {
      if (!(error instanceof DOMException)) throw error; // the source was closed meanwhile
    }
  }

  /** @param {number} from @param {number} to seconds */
  async _remove(from, to) {
    if (!this._buffer || to <= from) return;
    await this._idle();
    this._buffer.remove(from, to);
    for (const { id, start_us, end_us } of this.segments) {
      if (this._second(start_us) < to && this._second(end_us) > from) this._whole.delete(id);
    }
    await this._idle();
  }

  /** Keep half a minute back and a minute ahead. */
  _forget() {
    const ranges = this._buffer?.buffered;
    if (!ranges?.length || this._buffer?.updating || this._loading) return;
    const here = this.video.currentTime;
    const longest = Math.max(...this.segments.map(({ start_us, end_us }) => end_us - start_us)) / 1e6;
    const from = ranges.start(0);
    const until = ranges.end(ranges.length - 1);
    if (from < here - BACK_S - longest) this._remove(0, here - BACK_S);
    else if (until > here + 4 * AHEAD_S + longest) this._remove(here + 3 * AHEAD_S, until + 1);
  }
}
