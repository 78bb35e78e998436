/**
 * Live pictures over WHEP: one RTCPeerConnection per tile, reused for every camera the tile shows.
 * A page can make only some 500 connections in its life, so a swap is a PATCH and never a new connection.
 */

import { Problem, request, whoAmI } from "./api.js";
import { t } from "./page.js";

/** @typedef {"tile" | "hero"} Profile */

const AT_ONCE = 4;
const ANSWER_TIMEOUT_MS = 10_000;
const SWEEP_AFTER = 400;

/** Connections being made, and those waiting with their rank (the hero has 0). */
let running = 0;
/** @type {{ rank: number, go: () => void }[]} */
const waiting = [];
let made = 0;
/** @type {Set<LiveConnection>} */
const open = new Set();

/** So many connections were made that the page should be loaded anew at a quiet moment. */
export const isWorn = () => made >= SWEEP_AFTER;

/** @param {number} rank */
async function turn(rank) {
  if (running >= AT_ONCE) {
    await new Promise((resolve) => {
      waiting.push({ rank, go: () => resolve(undefined) });
      waiting.sort((a, b) => a.rank - b.rank);
    });
  }
  running += 1;
}

function leave() {
  running -= 1;
  waiting.shift()?.go();
}

/** H.264 first and only: nothing else is sent, and the offer stays small. @param {RTCRtpTransceiver} transceiver */
function onlyH264(transceiver) {
  const codecs = RTCRtpReceiver.getCapabilities("video")?.codecs ?? [];
  const h264 = codecs.filter(
    ({ mimeType, sdpFmtpLine }) => mimeType === "video/H264" && sdpFmtpLine?.includes("packetization-mode=1"),
  );
  if (!h264.length) throw new Problem(0, { detail: t("Deze browser kan geen H.264 ontvangen.") });
  transceiver.setCodecPreferences([...h264, ...codecs.filter(({ mimeType }) => mimeType === "video/rtx")]);
}

export class LiveConnection {
  /** @param {HTMLVideoElement} video */
  constructor(video) {
    this.video = video;
    this.session = "";
    this.camera = "";
    /** @type {Profile} */
    this.profile = "tile";
    /** When the server confirmed the camera now asked for (performance.now); 0 = not yet. */
    this.confirmedMs = 0;
    /** Frames with a later RTP timestamp are of the camera now shown; null = the server did not say. @type {number | null} */
    this.afterRtp = null;
    /** @type {Problem | null} */
    this.problem = null;
    this.broken = false;
    /** @type {RTCPeerConnection | null} */
    this._peer = null;
    this._generation = 0;
    this._busy = Promise.resolve();
  }

  /**
   * Show this camera. The newest call wins; errors are left in `problem`.
   * @param {string} camera @param {Profile} profile
   */
  show(camera, profile) {
    const generation = ++this._generation;
    this.camera = camera;
    this.profile = profile;
    this.confirmedMs = 0;
    this.problem = null;
    this._busy = this._busy.then(() => this._show(generation)).catch(() => undefined);
    return this._busy;
  }

  /** @param {number} generation */
  async _show(generation) {
    if (generation !== this._generation) return;
    try {
      if (!this.session || this.broken || !(await this._swap())) await this._connect(generation);
      if (generation === this._generation) this.confirmedMs = performance.now();
    } catch (error) {
      if (error instanceof Problem && error.status === 404 && this.session) await this._drop();
      if (generation === this._generation) {
        this.problem = error instanceof Problem ? error : new Problem(0, { detail: String(error) });
      }
    }
  }

  /** False: another process serves this camera, and it takes a new connection. */
  async _swap() {
    const json = { camera: this.camera, profile: this.profile };
    try {
      const answer = await request("PATCH", `/api/live/${this.session}`, { json });
      this.afterRtp = (await answer.json()).after_rtp ?? null;
      return true;
    } catch (error) {
      if (error instanceof Problem && error.code === "other_process") return false;
      throw error;
    }
  }

  /** @param {number} generation */
  async _connect(generation) {
    await this._drop();
    await turn(this.profile === "hero" ? 0 : 1);
    try {
      if (generation === this._generation) await this._offer();
    } catch (error) {
      await this._drop();
      throw error;
    } finally {
      leave();
    }
  }

  async _offer() {
    made += 1;
    this.afterRtp = null;
    const peer = new RTCPeerConnection({ iceServers: [] });
    this._peer = peer;
    this.broken = false;
    open.add(this);
    peer.addEventListener("connectionstatechange", () => {
      if (peer === this._peer && /failed|closed|disconnected/.test(peer.connectionState)) this.broken = true;
      if (peer === this._peer && peer.connectionState === "connected") this.broken = false;
    });
    const transceiver = peer.addTransceiver("video", { direction: "recvonly" });
    onlyH264(transceiver);
    if ("jitterBufferTarget" in transceiver.receiver) transceiver.receiver.jitterBufferTarget = 40;
    await peer.setLocalDescription(await peer.createOffer());
    const path = `/whep/${encodeURIComponent(this.camera)}?profile=${this.profile}`;
    const answer = await request("POST", path, {
      body: peer.localDescription?.sdp ?? "",
      type: "application/sdp",
      signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
    });
    this.session = (answer.headers.get("Location") ?? "").split("/").pop() ?? "";
    await peer.setRemoteDescription({ type: "answer", sdp: await answer.text() });
    this.video.srcObject = new MediaStream([transceiver.receiver.track]);
    this.video.play().catch(() => undefined);
  }

  /** Decoded frames so far, 0 without a connection. */
  async framesDecoded() {
    const stats = await this._peer?.getStats();
    let frames = 0;
    stats?.forEach((report) => {
      if (report.type === "inbound-rtp") frames = report.framesDecoded ?? 0;
    });
    return frames;
  }

  /** Make the next show() build a new connection. */
  async reset() {
    this.broken = true;
  }

  /** Stop the stream on the server and forget the connection. */
  close() {
    this._generation += 1;
    this.confirmedMs = 0;
    this._busy = this._busy.then(() => this._drop()).catch(() => undefined);
    return this._busy;
  }

  async _drop() {
    const session = this.session;
    this.session = "";
    open.delete(this);
    this._peer?.close();
    this._peer = null;
    this.video.srcObject = null;
    if (session) await request("DELETE", `/whep/session/${session}`, { keepalive: true }).catch(() => undefined);
  }
}

/** Nobody looks any more: free the server's side at once, not at its time-out. */
addEventListener("pagehide", () => {
  for (const connection of open) {
    if (connection.session) {
      request("DELETE", `/whep/session/${connection.session}`, { keepalive: true }).catch(() => undefined);
    }
  }
});

// Have the CSRF token at hand: pagehide cannot wait for it.
whoAmI().catch(() => undefined);
