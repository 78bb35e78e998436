/** Looking back: first why, then which camera and when; only then pictures. */

import { LitElement, html, nothing } from "lit";

import "./timeline.js";
import { Problem, getJson, messageOf, post } from "./api.js";
import { DigitalZoom } from "./digital-zoom.js";
import { IDLE, runExport } from "./export-job.js";
import { icon } from "./icon.js";
import { MsePlayer } from "./mse-player.js";
import { announce, t } from "./page.js";
import { openNamed } from "./playback-address.js";
import { SPEEDS, controlsBar, selectionBar } from "./playback-bars.js";
import { PlaybackCameras } from "./playback-cameras.js";
import { purposeForm, queryForm } from "./playback-forms.js";
import { incidentMarks } from "./playback-incidents.js";
import { playbackKeys } from "./playback-keys.js";
import { PlaybackMotion, showMovements } from "./playback-motion.js";
import { takePhoto } from "./playback-photo.js";
import { Reverse } from "./playback-reverse.js";
import { PlaybackTrails } from "./playback-trail.js";
import { placeOf } from "./taken-time.js";
import { TimelineThumbnail } from "./timeline-thumbnail.js";
import { clockTime, full, span, zone } from "./times.js";
import { inOrder } from "./wall-state.js";

const KEPT = "uitkijk-raadpleging";

/** @typedef {{ id: number, expires_us: number, purpose: string, reference: string }} Consultation */

export class Playback extends LitElement {
  constructor() {
    super();
    /** @type {import("./vms-tile.js").CameraInfo[]} */
    this.cameras = [];
    /** @type {Consultation | null} */
    this.consultation = this._kept();
    /** @type {import("./timeline.js").Coverage | null} */
    this.coverage = null;
    this.camera = "";
    /** @type {"main" | "sub"} */
    this.profile = "sub";
    this.message = "";
    this.error = "";
    this.busy = false;
    this.speed = 1;
    this.backwards = new Reverse();
    /** @type {number | null} */
    this.inUs = null;
    /** @type {number | null} */
    this.outUs = null;
    this.job = IDLE;
    this.askedMs = 0;
    /** What plays: one camera or several in step. @type {MsePlayer | import("./player-group.js").PlayerGroup | null} */
    this.player = null;
    /** Of the camera of the timeline. @type {MsePlayer | null} */
    this._solo = null;
    this.more = new PlaybackCameras(this);
    this.trails = new PlaybackTrails(this);
    this.motion = new PlaybackMotion(this);
    this.zoomed = new DigitalZoom();
    this._messageTimer = 0;
  }

  createRenderRoot() {
    return this;
  }

  async connectedCallback() {
    super.connectedCallback();
    playbackKeys(this);
    try {
      this.cameras = inOrder((await getJson("/api/cameras")).cameras);
    } catch (error) {
      this.error = messageOf(error);
    }
    this.requestUpdate();
    await this.updateComplete;
    openNamed(this);
  }

  /** @returns {Consultation | null} */
  _kept() {
    const kept = JSON.parse(sessionStorage.getItem(KEPT) ?? "null");
    return kept && kept.expires_us > Date.now() * 1000 ? kept : null;
  }

  get video() {
    return /** @type {HTMLVideoElement} */ (this.querySelector("video"));
  }

  get timeline() {
    return /** @type {import("./timeline.js").Timeline} */ (this.querySelector("vms-timeline"));
  }

  /** @param {string} purpose @param {string} reference @returns {Promise<void>} throws Problem */
  async consult(purpose, reference) {
    const made = await post("/api/consultations", { purpose, reference });
    this.consultation = { ...made, purpose, reference };
    sessionStorage.setItem(KEPT, JSON.stringify(this.consultation));
    this.requestUpdate();
    await this.updateComplete;
    openNamed(this);
  }

  endConsultation() {
    sessionStorage.removeItem(KEPT);
    this.player?.close();
    this.player = null;
    this._solo = null;
    this.consultation = null;
    this.coverage = null;
    this.trails.close();
    history.replaceState(null, "", location.pathname);
    this.requestUpdate();
  }

  /** @param {string} text @param {boolean} [lasting] */
  say(text, lasting = false) {
    this.message = text;
    announce(text);
    clearTimeout(this._messageTimer);
    if (!lasting) {
      this._messageTimer = window.setTimeout(() => {
        this.message = "";
        this.requestUpdate();
      }, 6000);
    }
    this.requestUpdate();
  }

  /**
   * @param {string} camera @param {number} fromUs @param {number} toUs
   * @param {number} [atUs] where to begin; default the first recorded moment
   */
  async load(camera, fromUs, toUs, atUs) {
    if (!this.consultation) return;
    this.busy = true;
    this.error = "";
    this.message = "";
    this.requestUpdate();
    try {
      const query = new URLSearchParams({ camera, from_us: String(fromUs), to_us: String(toUs), profile: this.profile, consultation: String(this.consultation.id) });
      const others = this.more.load(fromUs, toUs, this.consultation.id);
      this.coverage = await getJson(`/api/coverage?${query}`);
      await others;
      this.askedMs = performance.now();
      this.camera = camera;
      this.inUs = null;
      this.outUs = null;
      this.job = IDLE;
      this.requestUpdate();
      await this.updateComplete;
      await this._play(atUs);
    } catch (error) {
      this._refused(error);
    } finally {
      this.busy = false;
      this.requestUpdate();
    }
  }

  /** @param {number} [atUs] */
  async _play(atUs) {
    const { coverage } = this;
    if (!coverage) return;
    const solo = (this._solo ??= this._makePlayer());
    const tracks = [coverage.segments, ...this.more.tracks()];
    const starts = tracks.flatMap((segments) => segments.slice(0, 1)).map(({ start_us }) => start_us);
    const first = Math.min(...starts, coverage.to_us);
    const begin = atUs ?? Math.max(coverage.from_us, starts.length ? first : coverage.from_us);
    this.motion.clear();
    this.timeline.show(coverage);
    showMovements(this);
    this.timeline.moveTo(begin);
    if (!starts.length) {
      const gone = coverage.retention_from_us >= coverage.to_us;
      this.say(gone ? t("De bewaartermijn van deze beelden is voorbij; ze zijn gewist.") : t("In deze periode is niets opgenomen."), true);
      this.player?.close();
      for (const place of this.querySelectorAll(".instant, .erased")) place.textContent = "";
      return;
    }
    await this.more.open(solo, tracks, Math.min(coverage.from_us, first), begin);
    this._setSpeed(1);
    this.player?.play();
  }

  /** What a player tells, of one camera or of several. @param {EventTarget} player */
  listen(player) {
    player.addEventListener("time", () => this._moved());
    player.addEventListener("end", () => this.say(t("Einde van de opname in deze periode.")));
    player.addEventListener("gap", (event) => {
      const { from_us, to_us } = /** @type {CustomEvent} */ (event).detail;
      this.say(t("Geen opname van {from} tot {to}: overgeslagen", { from: clockTime(from_us), to: `${clockTime(to_us)} ${zone(to_us)}` }));
    });
  }

  _makePlayer() {
    const player = new MsePlayer(this.video);
    this.listen(player);
    player.addEventListener("loading", () => this.requestUpdate());
    player.addEventListener("problem", (event) => {
      const { detail } = /** @type {CustomEvent} */ (event);
      if (detail.status === 503 && this.player !== player) return; // among several it is tried again, and the picture says that it loads
      this._refused(detail);
    });
    for (const name of ["play", "pause", "waiting", "playing"]) this.video.addEventListener(name, () => this.requestUpdate());
    const { timeline } = this;
    new TimelineThumbnail(timeline);
    timeline.addEventListener("further", (event) => {
      const { from_us, to_us, at_us } = /** @type {CustomEvent} */ (event).detail;
      this.more.go(this.camera, Math.round(from_us), Math.round(to_us), at_us);
    });
    timeline.addEventListener("scrub", (event) => this._scrub(/** @type {CustomEvent} */ (event).detail));
    timeline.addEventListener("seek", (event) => this.seek(/** @type {CustomEvent} */ (event).detail));
    return player;
  }

  /** @param {unknown} error */
  _refused(error) {
    if (error instanceof Problem && error.code.startsWith("consultation")) {
      this.endConsultation();
      this.error = error.message;
      return;
    }
    if (error instanceof Problem && error.status === 410) this.say(t("Gewist: de bewaartermijn van dit moment is voorbij."), true);
    else if (error instanceof Problem && error.status === 403) this.say(t("Geen recht op deze beelden: {reason}", { reason: error.message }), true);
    else this.say(messageOf(error), true);
  }

  _moved() {
    if (!this.player?.isOpen || this.player.isSeeking) return;
    this.timeline.moveTo(this.player.nowUs);
    this.trails.moved(this.player.nowUs);
    const place = this.querySelector(".instant");
    if (place) place.textContent = full(this.player.nowUs);
    const erased = this.querySelector(".erased");
    if (erased) erased.textContent = this._erasedIn();
  }

  _erasedIn() {
    if (!this.coverage || !this.player?.isOpen) return "";
    const { nowUs } = this.player;
    const hold = this.coverage.holds.find(({ start_us, end_us }) => start_us <= nowUs && nowUs < end_us);
    if (hold) return t("veiliggesteld, zaak {case}", { case: hold.case_number });
    const left = nowUs - this.coverage.retention_from_us - (performance.now() - this.askedMs) * 1000;
    return t("wordt gewist over {span}", { span: span(left) });
  }

  /** After a hold was set: the timeline shows it. */
  async refreshHolds() {
    if (!this.coverage || !this.consultation) return;
    const { from_us, to_us } = this.coverage;
    const query = new URLSearchParams({ camera: this.camera, from_us: String(from_us), to_us: String(to_us), profile: this.profile, consultation: String(this.consultation.id) });
    try {
      this.coverage.holds = (await getJson(`/api/coverage?${query}`)).holds;
      this.timeline.draw();
      this.requestUpdate();
    } catch (error) {
      this._refused(error);
    }
  }

  /** To what was taken at that instant. @param {number} us */
  seek(us) {
    if (!this.player?.isOpen) return;
    this._seekPlace(placeOf(this.player.segments, us), us);
  }

  /** @param {number} us where it lies on the timeline @param {number} [askedUs] for the address */
  _seekPlace(us, askedUs = us) {
    this.player?.seek(us);
    const query = new URLSearchParams(location.search);
    query.set("op", String(Math.round(askedUs)));
    history.replaceState(null, "", `?${query}`);
  }

  /** @param {number} us */
  _scrub(us) {
    const place = this.querySelector(".instant");
    if (place) place.textContent = full(us);
  }

  async photo() {
    try {
      await takePhoto(this);
    } catch (error) {
      this._refused(error);
    }
  }

  updated() {
    this.zoomed.watch(/** @type {NodeListOf<HTMLVideoElement>} */ (this.querySelectorAll(".screens video")));
    this.motion.place();
  }

  /** @param {number} seconds */
  skip(seconds) {
    if (this.player?.isOpen) this._seekPlace(this.player.nowUs + seconds * 1e6);
  }

  toggle() {
    this._stopReverse();
    if (this.player?.paused) this.player.play();
    else this.player?.pause();
    this.requestUpdate();
  }

  /** @param {number} speed */
  _setSpeed(speed) {
    this._stopReverse();
    this.speed = speed;
    this.player?.setRate(speed);
    this.requestUpdate();
  }

  /** L: forward, each time faster. */
  forward() {
    const faster = this.player?.paused || this.reverse ? 1 : (SPEEDS.find((speed) => speed > this.speed) ?? 16);
    this._setSpeed(faster);
    this.player?.play();
  }

  /** K: stop. */
  hold() {
    this._setSpeed(1);
    this.player?.pause();
  }

  /** J: each time faster. */
  backward() {
    if (!this.player) return;
    this.backwards.faster(this.player, this.video);
    this.requestUpdate();
  }

  get reverse() {
    return this.backwards.speed;
  }

  _stopReverse() {
    this.backwards.stop(this.player);
  }

  /** @param {"in" | "out"} which */
  mark(which) {
    if (!this.player?.isOpen) return;
    const now = this.player.nowUs;
    if (which === "in") this.inUs = now;
    else this.outUs = now;
    if (this.inUs !== null && this.outUs !== null && this.inUs >= this.outUs) {
      if (which === "in") this.outUs = null;
      else this.inUs = null;
    }
    Object.assign(this.timeline, { inUs: this.inUs, outUs: this.outUs });
    this.timeline.draw();
    this.job = IDLE;
    this.requestUpdate();
  }

  async download() {
    if (this.inUs === null || this.outUs === null || !this.consultation) return;
    const utc = (/** @type {number} */ us) => new Date(us / 1000).toISOString();
    const wish = { camera: this.camera, from: utc(this.inUs), to: utc(this.outUs), profile: "main", consultation: this.consultation.id };
    await runExport(wish, (job) => {
      this.job = job;
      if (job.state === "done") announce(t("De download staat klaar."));
      this.requestUpdate();
    });
  }

  render() {
    if (!this.consultation) return purposeForm(this);
    const { coverage } = this;
    const loading = this.player?.isOpen && this.video && this.video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA;
    const camera = this.cameras.find(({ id }) => id === this.camera);
    const silence = this.more.silence(0);
    return html`${queryForm(this)}${this.trails.render()}
      <section class="theatre" ?hidden=${!coverage}>
        <div class="screens" data-up=${this.more.up}><div class="screen" data-state=${silence ? "gap" : "playing"}><video muted playsinline disablepictureinpicture></video>
          <span class="looking-back">${icon("history")}${t("TERUGKIJKEN")}</span>
          ${camera ? html`<span class="caption"><b class="num">${String(camera.number).padStart(2, "0")}</b> ${camera.name}</span>` : nothing}
          ${loading || silence ? html`<span class="loading">${silence || t("Beeld wordt geladen…")}</span>` : nothing}
          ${this.motion.overlay()}</div>${this.more.render()}
          ${this.message ? html`<p class="notice" role="status">${this.message}</p>` : nothing}
        </div>
        <vms-timeline></vms-timeline>${incidentMarks(this)}
        ${controlsBar(this)}${this.motion.render()}${selectionBar(this)}
        <div class="foot"><details><summary>${t("Opnamen en onderbrekingen als lijst")}</summary><ul>${coverage ? this.timeline?.lines().map((line) => html`<li>${line}</li>`) : nothing}</ul></details><p class="legend"><span data-kind="recorded">${t("opname")}</span><span data-kind="gap">${t("geen opname (reden)")}</span><span data-kind="hold">${t("veiliggesteld")}</span><span data-kind="incident">${t("incident")}</span><span data-kind="bookmark">${t("markering")}</span><span data-kind="ptz">${t("camera draait")}</span><span data-kind="expired">${t("gewist of nog niet in gebruik")}</span></p></div>
      </section>
      ${coverage || this.error ? nothing : html`<div class="before">${icon("search")}<p>${t("Kies camera, dag en tijd, en zoek de beelden. Wat ouder is dan de bewaartermijn is gewist.")}</p></div>`}
      ${!coverage && this.error ? html`<p class="notice" role="alert">${this.error}</p>` : nothing}`;
  }
}

customElements.define("vms-playback", Playback);
