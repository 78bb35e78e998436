/** One picture of the wall with its state. Its data-* attributes are the contract for tests and other tools. */

import { LitElement, html, nothing } from "lit";

import { FrameMeter } from "./frame-meter.js";
import { icon } from "./icon.js";
import { decimal, t } from "./page.js";
import { LATE_AGE_S, isDown, isFrozen, isGated, tileState } from "./tile-state.js";
import { decisionText } from "./tile-decision.js";
import { patrolText } from "./ptz-patrols.js";
import { TileStill } from "./tile-still.js";
import { serverLink } from "./server-link.js";
import { since } from "./times.js";
import { maskText, ptzText, purposeText, recText, sourceText } from "./words.js";
import { LiveConnection } from "./whep.js";

/**
 * @typedef {object} Way
 * @property {string} camera
 * @property {"left" | "right" | "up" | "down" | null} side
 * @property {[number, number][] | null} outline in the picture, 0 … 1
 * @property {boolean} turns it goes to a preset that shows the way
 *
 * @typedef {object} CameraInfo
 * @property {string} id
 * @property {number} number
 * @property {string} name
 * @property {string} kind
 * @property {string} area
 * @property {string} purpose
 * @property {boolean} can_turn
 * @property {"required" | "none"} masks
 * @property {string[]} neighbours
 * @property {Way[]} ways how to follow on to each neighbour
 * @property {boolean} has_sub
 * @property {number | null} lat
 * @property {number | null} lon
 * @property {number} reach_m how far its view is drawn on the map
 */

const BACK_OFF_S = [1, 2, 4, 8, 15];
const OFF_SCREEN_MS = 30_000;
const SESSION_GONE_MS = 4000;
const STILL_AFTER_MS = 800;

export class Tile extends LitElement {
  static properties = { camera: { attribute: false }, profile: {}, hero: { type: Boolean } };

  constructor() {
    super();
    /** @type {CameraInfo | null} */
    this.camera = null;
    /** @type {import("./whep.js").Profile} */
    this.profile = "tile";
    this.hero = false;
    /** Frames per second the camera sends in this profile; 0 = not known. */
    this.nominalFps = 0;
    this.link = serverLink();
    /** @type {import("./tile-state.js").TileState} */
    this.state = "connecting";
    /** @type {LiveConnection | null} */
    this.connection = null;
    /** @type {FrameMeter | null} */
    this.meter = null;
    this.released = false;
    this.attempt = 0;
    /** Whole seconds without a new picture. */
    this.silentS = 0;
    this._retryAtMs = 0;
    this._askedMs = 0;
    this._downSinceUs = 0;
    this._sessionSeenMs = 0;
    this._offScreenMs = 0;
    this._shown = "";
    this._gated = false;
    this._still = new TileStill(() => this.querySelector("canvas.still"));
    this._observer = new IntersectionObserver(([entry]) => {
      this._offScreenMs = entry.isIntersecting ? 0 : performance.now();
    });
  }

  createRenderRoot() {
    return this;
  }

  connectedCallback() {
    super.connectedCallback();
    this._observer.observe(this);
    if (this.connection && this.camera) this._ask();
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this._observer.disconnect();
    this.connection?.close();
    this._shown = "";
  }

  get video() {
    return /** @type {HTMLVideoElement} */ (this.querySelector("video"));
  }

  firstUpdated() {
    this.video.muted = true;
    this.connection = new LiveConnection(this.video);
    this.meter = new FrameMeter(this.video, this.connection, () => this.tick());
    this._ask();
  }

  /** @param {Map<string, unknown>} changed */
  updated(changed) {
    if (changed.has("camera") || changed.has("profile")) this._ask();
  }

  /** The camera's state at the server. */
  get status() {
    return this.camera ? this.link.cameras[this.camera.id] : undefined;
  }

  /** Frames per second measured over the last seconds, and age of the newest frame in seconds. */
  measured() {
    const session = this.link.sessions[this.connection?.session ?? ""];
    return { fps: this.meter?.fps() ?? null, ageS: this.meter?.ageS(session, this.link.nowUs()) ?? null };
  }

  /** Its picture is of this camera, moves, and may be shown elsewhere. @param {string} camera */
  shows(camera) {
    const moves = this.state === "live" || this.state === "late";
    return moves && Boolean(this.meter?.frameMs) && this._shown.split(" ")[0] === camera;
  }

  /** The large stream was asked for; the connection carries only the small one. */
  get isReduced() {
    return this.link.sessions[this.connection?.session ?? ""]?.is_reduced ?? false;
  }

  _ask() {
    if (!this.connection || !this.meter || !this.isConnected) return;
    const wanted = this.camera ? `${this.camera.id} ${this.profile}` : "";
    if (wanted === this._shown) return;
    this._shown = wanted;
    this._askedMs = performance.now();
    this._sessionSeenMs = 0;
    this.attempt = 0;
    this._retryAtMs = 0;
    this.released = false;
    this._downSinceUs = 0;
    this._still.keepOnly(this.camera?.id ?? "");
    this.meter.reset();
    this._gated = isGated(this.status?.gate);
    if (this.camera && !this._gated) {
      const others = /** @type {Tile[]} */ ([...document.querySelectorAll("vms-tile")]).filter((tile) => tile !== this);
      this._still.follow(this.camera.id, others);
      this.connection.show(this.camera.id, this.profile);
    } else this.connection.close();
    this.tick();
  }

  /** Free the stream on the server; the last picture stays as a still. */
  release() {
    if (this.released || !this.connection) return;
    this._keepStill();
    this.released = true;
    this.connection.close();
    this.meter?.reset();
    this.tick();
  }

  resume() {
    if (!this.released) return;
    this._shown = "";
    this._ask();
  }

  /** Try now instead of at the back-off's time. */
  retryNow() {
    if (!this.camera || !this.connection) return;
    this._retryAtMs = 0;
    this._keepStill();
    if (this.attempt > 1 || this.connection.problem) this.connection.reset();
    this._askedMs = performance.now();
    this._sessionSeenMs = 0;
    this.connection.show(this.camera.id, this.profile);
  }

  /** Look at the measurements and say what they mean; the wall calls this four times a second. */
  tick() {
    if (!this.connection || !this.meter) return;
    const now = performance.now();
    const status = this.status;
    this._obeyDecision(isGated(status?.gate));
    this._releaseOffScreen(now);
    if (status && isDown(status.source)) this._downSinceUs ||= status.since_us;
    else if (status) this._downSinceUs = 0;
    const { fps, ageS } = this.measured();
    const session = this.link.sessions[this.connection.session];
    const sinceFrameS = this.meter.sinceNewS(session, isDown(status?.source ?? ""));
    this.silentS = Math.floor(sinceFrameS ?? 0);
    this.state = tileState({
      hidden: this.released,
      linkUp: this.link.up || !this.link.lostAtMs,
      gate: status?.gate,
      refusal: this.connection.problem?.code ?? "",
      source: status?.source ?? "",
      sinceAskedS: (now - this._askedMs) / 1000,
      sinceFrameS,
      ageS,
      fpsShare: fps !== null && this.nominalFps ? fps / this.nominalFps : null,
      frameIntervalS: this.nominalFps ? 1 / this.nominalFps : 0,
      mask: session?.mask ?? status?.mask ?? "none",
    });
    if (sinceFrameS !== null && sinceFrameS > 1) this.meter.checkDecoded();
    if (this.state === "live") this._still.hide();
    else if (this.state !== "connecting") this._still.unfollow();
    this._retry(now);
    this._loadStill(now);
    this._attributes(status);
    this.requestUpdate();
  }

  /** Outside a decision nothing is shown, not even what was; inside the next one it comes by itself. @param {boolean} gated */
  _obeyDecision(gated) {
    if (gated === this._gated) return;
    this._gated = gated;
    if (gated) {
      this.connection?.close();
      this.meter?.reset();
      this._still.keepOnly("");
    } else {
      this._shown = "";
      this._ask();
    }
  }

  /** @param {number} now */
  _releaseOffScreen(now) {
    if (this._offScreenMs && now - this._offScreenMs > OFF_SCREEN_MS) this.release();
    else if (!this._offScreenMs && this.released && !document.hidden) this.resume();
  }

  /** @param {number} now */
  _needsRetry(now) {
    const connection = this.connection;
    if (!connection || this.released || this._gated || !this.link.up || !this.camera) return false;
    if (connection.problem) return true;
    if (!connection.confirmedMs) return false;
    if (this.link.sessions[connection.session]) this._sessionSeenMs = now;
    const seen = this._sessionSeenMs || connection.confirmedMs;
    return connection.broken || now - seen > SESSION_GONE_MS || this.state === "reconnecting";
  }

  /** @param {number} now */
  _retry(now) {
    if (this.state === "live" || this.state === "mask-fault") this.attempt = 0;
    if (!this._needsRetry(now)) {
      this._retryAtMs = 0;
    } else if (!this._retryAtMs) {
      const base = this.connection?.problem?.retryAfterS ?? BACK_OFF_S[Math.min(this.attempt, BACK_OFF_S.length - 1)];
      this.attempt += 1;
      this._retryAtMs = now + base * 1000 * (0.8 + Math.random() * 0.4);
    } else if (now >= this._retryAtMs) {
      if (this.connection && this._sessionSeenMs && now - this._sessionSeenMs > SESSION_GONE_MS) this.connection.reset();
      this.retryNow();
    }
  }

  _keepStill() {
    if (this.meter?.frameMs && this.camera) this._still.keep(this.video, this.camera.id);
  }

  /** Something to look at while connecting. @param {number} now */
  _loadStill(now) {
    const camera = this.camera;
    const idle = this.state !== "connecting" || now - this._askedMs < STILL_AFTER_MS || this.status?.source !== "up";
    if (camera && !idle) this._still.load(camera.id, () => this.camera?.id === camera.id);
  }

  /** @param {import("./server-link.js").CameraState | undefined} status */
  _attributes(status) {
    const session = this.link.sessions[this.connection?.session ?? ""];
    const values = {
      camera: this.camera?.id ?? "",
      state: this.camera ? this.state : "empty",
      mask: session?.mask ?? status?.mask ?? "none",
      ptz: this.camera?.can_turn ? (status?.ptz ?? "free") : "none",
      rec: status?.rec ?? "off",
    };
    for (const [name, value] of Object.entries(values)) {
      if (this.dataset[name] !== value) this.dataset[name] = value;
    }
    this.toggleAttribute("data-frozen", isFrozen(this.state));
    this.toggleAttribute("data-fresh", Boolean(this.meter?.frameMs));
    this.toggleAttribute("data-borrowed", this._still.isLive);
  }

  /** What the plate over the picture says: icon, text, second line. @returns {[string, string, string] | null} */
  _plate() {
    const attempt = this.attempt ? t("poging {n}", { n: this.attempt }) : "";
    switch (this.state) {
      case "connecting":
        return this._still.isLive ? null : ["hourglass", t("Verbinden…"), ""];
      case "stalled":
        return ["triangle-alert", t("bevroren {n} s", { n: this.silentS }), ""];
      case "reconnecting":
        return this.link.up
          ? ["refresh-cw", t("Opnieuw verbinden…"), attempt]
          : ["wifi-off", t("Server niet bereikbaar"), ""];
      case "camera-offline":
        return ["video-off", t("Storing sinds {time}", { time: since(this._downSinceUs, this.link.nowUs()) }), sourceText(this.status?.reason ?? "unreachable")];
      case "forbidden":
        return ["lock", t("Geen toegang"), this.connection?.problem?.message ?? ""];
      case "decision-pending":
      case "decision-expired":
        return ["gavel", ...decisionText(this.state, this.status, this.connection?.problem?.message ?? "")];
      case "privacy-off":
        return ["eye-off", t("Uitgeschakeld op last"), this.connection?.problem?.message ?? ""];
      case "mask-fault":
        return ["shield-alert", t("Masker onzeker: beeld afgedekt"), this.hero ? this._maskReason() : ""];
      case "hidden":
        return ["pause", t("Gepauzeerd"), ""];
      default:
        return null;
    }
  }

  _maskReason() {
    const reason = this.link.sessions[this.connection?.session ?? ""]?.reason || this.status?.mask_reason;
    return reason ? maskText(reason) : "";
  }

  _age() {
    if (this.state !== "live" && this.state !== "late") return nothing;
    const { ageS } = this.measured();
    const behind = this.state === "late";
    const halting = behind && (ageS === null || ageS <= LATE_AGE_S);
    const text = halting ? t("hapert") : ageS === null ? t("live") : `${decimal(ageS)} s${behind ? ` ${t("achter")}` : ""}`;
    return html`<span class="age" ?data-late=${behind}>${behind ? icon("clock") : nothing}${text}</span>`;
  }

  _badges() {
    const { mask, ptz, rec } = this.dataset;
    return html`<span class="badges">
      ${this.isReduced ? html`<span class="badge reduced">${icon("arrow-down")}${t("lagere kwaliteit: verbinding")}</span>` : nothing}
      ${ptz === "none" ? nothing : html`<span class="badge ptz" data-value=${ptz ?? ""} title=${ptzText(this.status)}>${icon("joystick")}${this.hero && ptz === "patrol" && this.status?.patrol ? patrolText(this.status.patrol) : nothing}</span>`}
      ${mask === "none" ? nothing : html`<span class="badge mask" data-value=${mask ?? ""} title=${mask === "ok" ? t("masker actief") : t("masker onzeker")}>${icon(mask === "ok" ? "eye-off" : "shield-alert")}</span>`}
      <span class="badge rec" data-value=${rec ?? "off"} title=${recText(this.status)}>${rec === "on" ? html`<i></i>${t("OPN")}` : rec === "fault" ? html`${icon("triangle-alert")}${t("OPN")}` : t("geen opname")}</span>
    </span>`;
  }

  _label() {
    const camera = this.camera;
    if (!camera) return "";
    const plate = this._plate();
    const state = plate ? plate[1] : this.state === "late" ? t("loopt achter") : t("live");
    const ptz = camera.can_turn ? `, ${ptzText(this.status)}` : "";
    return t("Camera {number} {name}", { number: camera.number, name: camera.name }) + `, ${state}${ptz}`;
  }

  render() {
    const plate = this._plate();
    const camera = this.camera;
    return html`
      <video muted playsinline disablepictureinpicture tabindex="-1"></video>
      <canvas class="still" hidden></canvas>
      ${plate && camera ? html`<div class="plate">${icon(plate[0])}<strong>${plate[1]}</strong>${plate[2] ? html`<span>${plate[2]}</span>` : nothing}</div>` : nothing}
      ${this.hero ? nothing : html`<button class="hit" type="button" aria-label=${this._label()} ?disabled=${!camera}></button>`}
      ${this.state === "reconnecting" && this.link.up ? html`<button class="now" type="button" @click=${() => this.retryNow()}>${t("nu")}</button>` : nothing}
      ${camera ? html`<div class="label"><span class="number">${String(camera.number).padStart(2, "0")}</span><span class="name">${camera.name}</span>${this.hero || !camera.area ? nothing : html`<span class="of-area">${camera.area}</span>`}${this.hero ? html`<span class="chip">${purposeText(camera.purpose)}</span>` : nothing}${this._age()}</div>${this._badges()}` : html`<div class="empty">${t("geen camera")}</div>`}
    `;
  }
}

customElements.define("vms-tile", Tile);
