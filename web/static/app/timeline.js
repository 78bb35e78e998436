/** The ruler of recorded time: drag or keys move the moment, the wheel zooms, gaps are hatched with their reason. */

import { t } from "./page.js";
import { TimelineLayers, incidentText } from "./timeline-layers.js";
import { marks } from "./timeline-marks.js";
import { TimelinePan } from "./timeline-pan.js";
import { holes, runs } from "./timeline-spans.js";
import { clockTime, date, full, span, zone } from "./times.js";

/**
 * @typedef {object} Coverage
 * @property {number} from_us
 * @property {number} to_us
 * @property {number} retention_from_us
 * @property {import("./mse-player.js").Segment[]} segments
 * @property {{ start_us: number, end_us: number, reason: string, detail: string }[]} gaps
 * @property {{ start_us: number, end_us: number, case_number: string }[]} holds
 * @property {{ at_us: number, note: string, author: string }[]} [bookmarks] what observers marked, oldest first
 * @property {import("./timeline-layers.js").Seen[]} [incidents] oldest first
 * @property {{ start_us: number, end_us: number, kind: string }[]} stretches
 */

const BAR_TOP = 26;
const BAR_HEIGHT = 34;
const MARK_WIDTH = 6;

/** @param {{ text: string, calm: boolean }} hole */
const holeText = ({ text, calm }) => (calm ? text : `${t("geen opname")}: ${text}`);

/** @param {{ note: string, author: string }} mark */
const markText = ({ note, author }) => [`▲ ${t("markering")}`, note, author].filter(Boolean).join(" · ");

/**
 * Events: "seek" (detail us, when the moment was chosen), "scrub" (detail us, while dragging), "hover" (detail {us, left}
 * or null), "further" (detail {from_us, to_us, at_us}: it was dragged past what was asked for).
 */
export class Timeline extends HTMLElement {
  constructor() {
    super();
    /** @type {Coverage | null} */
    this.coverage = null;
    this.nowUs = 0;
    /** @type {number | null} */
    this.inUs = null;
    /** @type {number | null} */
    this.outUs = null;
    this._from = 0;
    this._to = 1;
    this._dragging = false;
    this.layers = new TimelineLayers();
    this._pan = new TimelinePan(this);
    this._pointerX = 0;
    this._frame = 0;
    /** @type {{ start_us: number, end_us: number }[]} */
    this._runs = [];
    this._canvas = document.createElement("canvas");
    this._hover = document.createElement("output");
    this._hover.className = "hover";
    this._hover.hidden = true;
  }

  connectedCallback() {
    if (!this._canvas.isConnected) this.append(this._canvas, this._hover);
    this.tabIndex = 0;
    this.setAttribute("role", "slider");
    this.setAttribute("aria-label", t("Tijdlijn"));
    new ResizeObserver(() => this.draw()).observe(this);
    this.addEventListener("pointerdown", (event) => this._press(event));
    this.addEventListener("pointermove", (event) => this._move(event));
    this.addEventListener("pointerup", (event) => this._let(event));
    this.addEventListener("pointercancel", () => {
      this._dragging = false;
      this._pan.stop();
    });
    this.addEventListener("pointerleave", () => {
      this._hover.hidden = true;
      this.dispatchEvent(new CustomEvent("hover", { detail: null }));
    });
    this.addEventListener("wheel", (event) => this._wheel(event), { passive: false });
  }

  /** @param {Coverage} coverage */
  show(coverage) {
    this.coverage = coverage;
    this._runs = runs(coverage.segments);
    this.layers.clear();
    this.layers.incidents = coverage.incidents ?? [];
    this._from = coverage.from_us;
    this._to = coverage.to_us;
    this.draw();
  }

  /** @param {number} us */
  moveTo(us) {
    this.nowUs = us;
    this._follow();
    this.setAttribute("aria-valuemin", String(Math.round(this._from / 1e6)));
    this.setAttribute("aria-valuemax", String(Math.round(this._to / 1e6)));
    this.setAttribute("aria-valuenow", String(Math.round(us / 1e6)));
    this.setAttribute("aria-valuetext", full(us));
    this.draw();
  }

  /** Playing on past the edge turns the page. */
  _follow() {
    const width = this._to - this._from;
    if (!this.coverage || this._dragging || (this.nowUs >= this._from && this.nowUs <= this._to)) return;
    this._view(this.nowUs - width * 0.1, width);
  }

  /** @param {number} factor below 1 = closer @param {number} [aroundUs] */
  zoom(factor, aroundUs = this.nowUs) {
    if (!this.coverage) return;
    const whole = this.coverage.to_us - this.coverage.from_us;
    const width = Math.max(10e6, Math.min(whole, (this._to - this._from) * factor));
    const share = (aroundUs - this._from) / (this._to - this._from);
    this._view(aroundUs - width * share, width);
    this.draw();
  }

  /** @param {number} from @param {number} width */
  _view(from, width) {
    if (!this.coverage) return;
    this._from = Math.max(this.coverage.from_us, Math.min(from, this.coverage.to_us - width));
    this._to = this._from + width;
  }

  /** Moves the view while somebody drags, also past what was asked for, but not to where nothing can be.
   * @param {number} share of its width */
  pan(share) {
    if (!this.coverage) return;
    const width = this._to - this._from;
    const least = Math.min(this.coverage.from_us, Math.max(this.coverage.retention_from_us, this.coverage.from_us - width));
    const most = Math.max(this.coverage.to_us, Math.min(Date.now() * 1000, this.coverage.to_us + width));
    this._from = Math.max(least, Math.min(this._from + share * width, most - width));
    this._to = this._from + width;
    this._scrubTo(this._pointerX);
  }

  /** @param {MouseEvent} event */
  _at(event) {
    return this._atX(event.clientX);
  }

  /** @param {number} clientX */
  _atX(clientX) {
    const box = this.getBoundingClientRect();
    const share = Math.max(0, Math.min(1, (clientX - box.left) / box.width));
    return Math.round(this._from + share * (this._to - this._from));
  }

  /** @param {PointerEvent} event */
  _press(event) {
    if (event.button !== 0 || !this.coverage) return;
    this.setPointerCapture(event.pointerId);
    this._dragging = true;
    this._scrubTo(event.clientX);
  }

  /** @param {number} clientX */
  _scrubTo(clientX) {
    this._pointerX = clientX;
    this.nowUs = this._atX(clientX);
    this.dispatchEvent(new CustomEvent("scrub", { detail: this.nowUs }));
    this.draw();
  }

  /** @param {PointerEvent} event */
  _move(event) {
    if (!this.coverage) return;
    if (this._dragging) {
      this._pan.at(event);
      this._scrubTo(event.clientX);
    }
    const us = this._at(event);
    const mark = this._markAt(us);
    const incident = this.layers.incidentAt(us, this._nearUs);
    this._hover.hidden = false;
    this._hover.textContent = `${clockTime(us)} ${zone(us)} · ${incident ? incidentText(incident) : mark ? markText(mark) : this._what(us)}${this.layers.textAt(us)}`;
    const box = this.getBoundingClientRect();
    const left = Math.max(90, Math.min(box.width - 90, event.clientX - box.left));
    this._hover.style.left = `${left}px`;
    this.dispatchEvent(new CustomEvent("hover", { detail: { us, left } }));
  }

  /** @param {PointerEvent} event */
  _let(event) {
    if (!this._dragging) return;
    this._dragging = false;
    this._pan.stop();
    const us = this._at(event);
    const { coverage } = this;
    const further = coverage && (us < coverage.from_us || us > coverage.to_us);
    if (further) this.dispatchEvent(new CustomEvent("further", { detail: { from_us: this._from, to_us: this._to, at_us: us } }));
    else this.dispatchEvent(new CustomEvent("seek", { detail: us }));
  }

  /** @param {WheelEvent} event */
  _wheel(event) {
    event.preventDefault();
    this.zoom(event.deltaY < 0 ? 0.8 : 1.25, this._at(event));
  }

  get _nearUs() {
    return ((this._to - this._from) / this.clientWidth) * MARK_WIDTH;
  }

  /** The mark under the pointer. @param {number} us */
  _markAt(us) {
    return this.coverage?.bookmarks?.find(({ at_us }) => Math.abs(at_us - us) < this._nearUs);
  }

  /** What lies at an instant, in words. @param {number} us */
  _what(us) {
    const coverage = this.coverage;
    if (!coverage) return "";
    if (this._runs.some(({ start_us, end_us }) => start_us <= us && us < end_us)) return t("opname");
    if (us < coverage.retention_from_us) return t("gewist (bewaartermijn)");
    const hole = holes(this.coverage).find(({ start_us, end_us }) => start_us <= us && us < end_us);
    return hole ? holeText(hole) : t("geen opname");
  }

  draw() {
    cancelAnimationFrame(this._frame);
    this._frame = requestAnimationFrame(() => this._paint());
  }

  _paint() {
    const { clientWidth: width, clientHeight: height } = this;
    const scale = devicePixelRatio || 1;
    const canvas = this._canvas;
    canvas.width = Math.round(width * scale);
    canvas.height = Math.round(height * scale);
    const pen = canvas.getContext("2d");
    if (!pen || !this.coverage) return;
    pen.scale(scale, scale);
    const style = getComputedStyle(this);
    /** @param {string} name */
    const colour = (name) => style.getPropertyValue(name).trim();
    /** @param {number} us */
    const x = (us) => ((us - this._from) / (this._to - this._from)) * width;
    this._paintHours(pen, x, width, height, colour);
    pen.fillStyle = colour("--bg2");
    pen.fillRect(0, BAR_TOP, width, BAR_HEIGHT);
    this._paintGaps(pen, x, colour);
    pen.fillStyle = colour("--accent");
    for (const run of this._runs) pen.fillRect(x(run.start_us), BAR_TOP, Math.max(1, x(run.end_us) - x(run.start_us)), BAR_HEIGHT);
    this.layers.paint(pen, x, colour);
    pen.fillStyle = colour("--evidence");
    for (const hold of this.coverage.holds) pen.fillRect(x(hold.start_us), BAR_TOP + BAR_HEIGHT + 2, x(hold.end_us) - x(hold.start_us), 5);
    pen.fillStyle = colour("--warn");
    for (const { at_us } of this.coverage.bookmarks ?? []) this._paintMark(pen, x(at_us), height);
    this.layers.paintIncidents(pen, x, colour, height);
    this._paintSelection(pen, x, width, colour);
    this._paintNow(pen, x, height, colour);
  }

  /** @param {CanvasRenderingContext2D} pen @param {(us: number) => number} x @param {number} width @param {number} height @param {(name: string) => string} colour */
  _paintHours(pen, x, width, height, colour) {
    pen.font = `500 12px Inter, sans-serif`;
    pen.textBaseline = "middle";
    for (const { us, label, before } of marks(this._from, this._to, width)) {
      pen.fillStyle = colour("--divider");
      pen.fillRect(Math.round(x(us)), label ? 18 : 22, 1, height - (label ? 18 : 22));
      pen.fillStyle = colour("--text2");
      if (label) pen.fillText(label, before ? x(us) - 4 - pen.measureText(label).width : x(us) + 4, 11);
    }
  }

  /** @param {CanvasRenderingContext2D} pen @param {(us: number) => number} x @param {(name: string) => string} colour */
  _paintGaps(pen, x, colour) {
    if (!this.coverage) return;
    for (const hole of holes(this.coverage)) {
      const left = x(hole.start_us);
      const wide = x(hole.end_us) - left;
      pen.save();
      pen.beginPath();
      pen.rect(left, BAR_TOP, wide, BAR_HEIGHT);
      pen.clip();
      pen.strokeStyle = colour(hole.calm ? "--text3" : "--warn");
      pen.globalAlpha = 0.55;
      for (let at = Math.max(left, -40) - BAR_HEIGHT; at < Math.min(left + wide, 8000); at += 9) {
        pen.beginPath();
        pen.moveTo(at, BAR_TOP + BAR_HEIGHT);
        pen.lineTo(at + BAR_HEIGHT, BAR_TOP);
        pen.stroke();
      }
      pen.globalAlpha = 1;
      pen.fillStyle = colour("--text1");
      const textWidth = pen.measureText(hole.text).width;
      if (wide > textWidth + 16) {
        const centre = (Math.max(left, 0) + Math.min(left + wide, this.clientWidth)) / 2;
        pen.fillStyle = colour("--bg1");
        pen.fillRect(centre - textWidth / 2 - 5, BAR_TOP + 8, textWidth + 10, 18);
        pen.fillStyle = colour("--text1");
        pen.fillText(hole.text, centre - textWidth / 2, BAR_TOP + 17);
      }
      pen.restore();
    }
  }

  /** @param {CanvasRenderingContext2D} pen @param {(us: number) => number} x @param {number} width @param {(name: string) => string} colour */
  _paintSelection(pen, x, width, colour) {
    if (this.inUs === null && this.outUs === null) return;
    const left = this.inUs === null ? 0 : x(this.inUs);
    const right = this.outUs === null ? width : x(this.outUs);
    pen.fillStyle = colour("--evidence");
    pen.globalAlpha = 0.28;
    pen.fillRect(left, BAR_TOP - 4, right - left, BAR_HEIGHT + 8);
    pen.globalAlpha = 1;
    if (this.inUs !== null) pen.fillRect(left, BAR_TOP - 6, 2, BAR_HEIGHT + 12);
    if (this.outUs !== null) pen.fillRect(right - 2, BAR_TOP - 6, 2, BAR_HEIGHT + 12);
  }

  /** ▲ @param {CanvasRenderingContext2D} pen @param {number} at @param {number} height */
  _paintMark(pen, at, height) {
    pen.beginPath();
    pen.moveTo(at, BAR_TOP + BAR_HEIGHT - 4);
    pen.lineTo(at + MARK_WIDTH, height - 4);
    pen.lineTo(at - MARK_WIDTH, height - 4);
    pen.fill();
  }

  /** @param {CanvasRenderingContext2D} pen @param {(us: number) => number} x @param {number} height @param {(name: string) => string} colour */
  _paintNow(pen, x, height, colour) {
    const at = Math.round(x(this.nowUs));
    pen.fillStyle = colour("--text1");
    pen.fillRect(at - 1, 18, 2, height - 18);
    pen.beginPath();
    pen.moveTo(at - 7, 18);
    pen.lineTo(at + 7, 18);
    pen.lineTo(at, 27);
    pen.fill();
  }

  /** The same in words, for the list under the ruler. @returns {string[]} */
  lines() {
    const rows = [
      ...this._runs.map(({ start_us, end_us }) => ({ start_us, end_us, text: t("opname") })),
      ...holes(this.coverage).map((hole) => ({ ...hole, text: holeText(hole) })),
      ...(this.coverage?.holds ?? []).map(({ start_us, end_us, case_number }) => ({ start_us, end_us, text: t("veiliggesteld, zaak {case}", { case: case_number }) })),
      ...this.layers.rows(),
      ...(this.coverage?.bookmarks ?? []).map((mark) => ({ start_us: mark.at_us, end_us: mark.at_us, text: markText(mark) })),
    ].sort((a, b) => a.start_us - b.start_us);
    return rows.map(({ start_us, end_us, text }) => start_us === end_us ? `${date(start_us)} ${clockTime(start_us)} ${zone(start_us)}: ${text}` : `${date(start_us)} ${clockTime(start_us)} – ${clockTime(end_us)} ${zone(end_us)} (${span(end_us - start_us)}): ${text}`);
  }
}

customElements.define("vms-timeline", Timeline);
