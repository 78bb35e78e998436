/** Measures one <video>: when its last new frame came, how old that was, how many come. */

const FPS_WINDOW_MS = 3000;
const STATS_EVERY_MS = 1000;
/** How long a digest may take to tell of a newer picture. */
const DIGEST_S = 1.3;

export class FrameMeter {
  /**
   * @param {HTMLVideoElement} video
   * @param {import("./whep.js").LiveConnection} connection
   * @param {() => void} onFirst the first frame of a camera is on the screen
   */
  constructor(video, connection, onFirst) {
    this.video = video;
    this.connection = connection;
    this._onFirst = onFirst;
    /** performance.now of the last new frame; 0 = none of the present camera. */
    this.frameMs = 0;
    this.firstFrameMs = 0;
    /** @type {number | null} */
    this._rtp = null;
    /** @type {number[]} */
    this._times = [];
    this._decoded = 0;
    this._statsMs = 0;
    this._newestUs = 0;
    this._newerMs = 0;
    this._watch();
  }

  _watch() {
    this.video.requestVideoFrameCallback((_, metadata) => {
      this._frame(metadata);
      this._watch();
    });
  }

  /**
   * Frames of the camera before are still under way when the server confirms this one: it says up to which time
   * stamp, else only what is received after the confirmation counts. @param {VideoFrameCallbackMetadata} metadata
   */
  _isOfThisCamera({ rtpTimestamp, receiveTime, presentationTime }) {
    const { confirmedMs, afterRtp } = this.connection;
    if (!confirmedMs) return false;
    if (afterRtp !== null && rtpTimestamp !== undefined) return ((rtpTimestamp - afterRtp) | 0) > 0;
    return (receiveTime ?? presentationTime) >= confirmedMs;
  }

  /** @param {VideoFrameCallbackMetadata} metadata */
  _frame(metadata) {
    if (!this._isOfThisCamera(metadata)) return;
    const now = performance.now();
    const isFirst = !this.firstFrameMs;
    this.frameMs = now;
    this.firstFrameMs ||= now;
    this._rtp = metadata.rtpTimestamp ?? null;
    this._times.push(now);
    while (this._times.length && this._times[0] < now - FPS_WINDOW_MS) this._times.shift();
    if (isFirst) this._onFirst();
  }

  /** Another camera: nothing measured so far is about it. */
  reset() {
    this.frameMs = 0;
    this.firstFrameMs = 0;
    this._rtp = null;
    this._times = [];
    this._decoded = 0;
    this._newestUs = 0;
    this._newerMs = 0;
  }

  /**
   * Seconds without news; null = no picture yet. A server may repeat its last pictures when the decoder asks:
   * those are frames, but their time at the server no longer advances.
   * @param {import("./server-link.js").SessionState | undefined} session
   * @param {boolean} isDown the server says that the camera is away: no benefit of the doubt
   */
  sinceNewS(session, isDown) {
    if (!this.frameMs) return null;
    const now = performance.now();
    const sinceFrame = (now - this.frameMs) / 1000;
    if (!session?.utc_us) return sinceFrame;
    if (session.utc_us > this._newestUs) {
      this._newestUs = session.utc_us;
      this._newerMs = now;
    }
    return Math.max(sinceFrame, (now - this._newerMs) / 1000 - (isDown ? 0 : DIGEST_S));
  }

  /** @returns {number | null} frames per second, null in the first seconds */
  fps() {
    const now = performance.now();
    if (!this.firstFrameMs || now - this.firstFrameMs < FPS_WINDOW_MS) return null;
    return this._times.filter((time) => time > now - FPS_WINDOW_MS).length / (FPS_WINDOW_MS / 1000);
  }

  /**
   * Age of the newest frame: the server says which moment an RTP timestamp was.
   * @param {import("./server-link.js").SessionState | undefined} session
   * @param {number} serverNowUs
   * @returns {number | null} seconds
   */
  ageS(session, serverNowUs) {
    if (!session?.utc_us || this._rtp === null) return null;
    const ticks = (this._rtp - session.rtp_timestamp) | 0; // both count modulo 2^32
    const takenUs = session.utc_us + (ticks / 90_000) * 1e6;
    const age = (serverNowUs - takenUs) / 1e6;
    return age > -5 && age < 86_400 ? Math.max(0, age) : null;
  }

  /** A covered window presents no frames: then decoded ones count. Call now and then while no frame comes. */
  async checkDecoded() {
    const now = performance.now();
    if (!this.connection.confirmedMs || now - this._statsMs < STATS_EVERY_MS) return;
    this._statsMs = now;
    const decoded = await this.connection.framesDecoded();
    if (this._decoded && decoded > this._decoded && this.firstFrameMs) this.frameMs = performance.now();
    this._decoded = decoded;
  }
}
