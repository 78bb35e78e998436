/**
 * A still with masks over it, drawn with the mouse or with keys alone. Works on a MaskDrawing; shows and changes it.
 * In the picture everything is 0…1; the SVG's own units are pixels of the still, its viewBox is what is zoomed to.
 */

import { LitElement, html, nothing, svg } from "lit";

import { isInPicture, outline, project, unproject } from "./mask-geometry.js";
import { announce, t } from "./page.js";

/** @typedef {import("./mask-geometry.js").Mask} Mask */
/** @typedef {import("./mask-geometry.js").Point} Point */
/** @typedef {import("./mask-geometry.js").View} View */

const MAX_ZOOM = 8;
/** @type {Record<string, Point>} */
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

class MaskCanvas extends LitElement {
  static properties = {
    drawing: { attribute: false },
    picture: { attribute: false },
    view: { attribute: false },
    compare: { attribute: false },
    space: { attribute: false },
    width: { type: Number },
    height: { type: Number },
  };

  constructor() {
    super();
    /** @type {import("./mask-drawing.js").MaskDrawing} */
    this.drawing = /** @type {any} */ (null);
    /** Address of the still, or empty. */
    this.picture = "";
    /** Where the still looks; null for a fixed camera, or unknown. @type {View | null} */
    this.view = null;
    /** Masks of another version, to see the difference. @type {Mask[]} */
    this.compare = [];
    /** @type {"image" | "sphere"} */
    this.space = "image";
    this.width = 1280;
    this.height = 720;
    /** Points of the mask that is being clicked together, in the picture. @type {Point[] | null} */
    this.pending = null;
    this._zoom = 1;
    /** @type {Point} */
    this._centre = [0.5, 0.5];
    /** @type {{ mask: number, point: number | null, from: Point, polygon: Point[] } | null} */
    this._drag = null;
    this._again = () => this.requestUpdate();
  }

  createRenderRoot() {
    return this;
  }

  /** @param {Map<string, unknown>} changed */
  willUpdate(changed) {
    if (!changed.has("drawing") || !this.drawing) return;
    this.drawing.addEventListener("change", this._again);
    this.drawing.addEventListener("select", this._again);
  }

  /** Can points be placed: a fixed camera, or one whose direction is known. */
  get canDraw() {
    return this.space === "image" || this.view !== null;
  }

  get zoom() {
    return this._zoom;
  }

  get _aspect() {
    return this.width / this.height;
  }

  /** A mask in the middle of what is seen, to be shaped with its points: the keyboard's way to begin. */
  addBox() {
    const half = 0.12 / this._zoom;
    const [x, y] = this._centre;
    this._finish([[x - half, y - half], [x + half, y - half], [x + half, y + half], [x - half, y + half]]);
    this.updateComplete.then(() => this._focusPoint(0));
  }

  /** Click the corners one by one. */
  startDrawing() {
    this.pending = [];
    this.drawing.select(null);
    this.requestUpdate();
    announce(t("Klik de hoeken aan; dubbelklik of Enter sluit het vlak."));
  }

  /** @param {number} factor @param {Point} [at] */
  zoomBy(factor, at = this._centre) {
    const zoom = Math.min(MAX_ZOOM, Math.max(1, this._zoom * factor));
    const share = this._zoom / zoom;
    this._look([at[0] + (this._centre[0] - at[0]) * share, at[1] + (this._centre[1] - at[1]) * share], zoom);
  }

  /** @param {Point} centre @param {number} [zoom] */
  _look([x, y], zoom = this._zoom) {
    const half = 0.5 / zoom;
    const within = (/** @type {number} */ value) => Math.min(1 - half, Math.max(half, value));
    this._zoom = zoom;
    this._centre = [within(x), within(y)];
    this.requestUpdate();
    this.dispatchEvent(new Event("look"));
  }

  /** @param {Point[]} points in the picture */
  _finish(points) {
    this.pending = null;
    const polygon = points.map((point) => this._toMask(point));
    const name = t("vlak {n}", { n: this.drawing.masks.length + 1 });
    this.drawing.add({ name, space: this.space, polygon });
  }

  /** @param {Point} point in the picture @param {number} [nearPan] @returns {Point} */
  _toMask([x, y], nearPan) {
    if (this.space === "sphere" && this.view) {
      const [pan, tilt] = unproject(this.view, this._aspect, [x, y], nearPan);
      return [Math.round(pan * 1e4) / 1e4, Math.round(tilt * 1e4) / 1e4];
    }
    const within = (/** @type {number} */ value) => Math.round(Math.min(1, Math.max(0, value)) * 1e5) / 1e5;
    return [within(x), within(y)];
  }

  /** @param {Mask} mask @param {Point} point @returns {Point | null} in the picture */
  _toPicture(mask, point) {
    if (mask.space === "image") return point;
    return this.view && project(this.view, this._aspect, point);
  }

  /** @param {PointerEvent | WheelEvent | MouseEvent} event @returns {Point} */
  _at(event) {
    const box = /** @type {SVGSVGElement} */ (this.querySelector("svg")).getBoundingClientRect();
    const [x, y] = [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
    return [this._centre[0] + (x - 0.5) / this._zoom, this._centre[1] + (y - 0.5) / this._zoom];
  }

  /** Move one point, or all, by a step in the picture. @param {number} index @param {number | null} point @param {Point} step @param {Point[]} from @param {string} what */
  _shift(index, point, step, from, what) {
    const mask = this.drawing.masks[index];
    const polygon = from.map((old, at) => {
      const place = point === null || point === at ? this._toPicture(mask, old) : null;
      return place ? this._toMask([place[0] + step[0], place[1] + step[1]], old[0]) : old;
    });
    this.drawing.reshape(index, polygon, what);
  }

  /** @param {PointerEvent} event @param {number | null} [mask] @param {number | null} [point] */
  _down(event, mask = null, point = null) {
    if (event.button !== 0 || (this.pending && mask === null)) return;
    event.stopPropagation();
    this.drawing.select(mask);
    if (mask === null) return;
    event.preventDefault();
    this.drawing.settle();
    this._drag = { mask, point, from: this._at(event), polygon: this.drawing.masks[mask].polygon };
    /** @type {SVGSVGElement} */ (this.querySelector("svg")).setPointerCapture(event.pointerId);
    this.updateComplete.then(() => (point === null ? this._focusShape(mask) : this._focusPoint(point)));
  }

  /** @param {PointerEvent} event */
  _move(event) {
    if (!this._drag) return;
    const [x, y] = this._at(event);
    const { mask, point, from, polygon } = this._drag;
    this._shift(mask, point, [x - from[0], y - from[1]], polygon, `drag ${point}`);
  }

  _up() {
    this._drag = null;
    this.drawing.settle();
  }

  /** @param {MouseEvent} event */
  _click(event) {
    if (!this.pending) return;
    const at = this._at(event);
    const first = this.pending[0];
    const closes = first && this.pending.length >= 3 && Math.hypot(at[0] - first[0], at[1] - first[1]) * this._zoom < 0.012;
    if (closes) this._finish(this.pending);
    else if (event.detail < 2) this.pending = [...this.pending, at];
    this.requestUpdate();
  }

  _close() {
    if (this.pending && this.pending.length >= 3) this._finish(this.pending);
  }

  /** @param {WheelEvent} event */
  _wheel(event) {
    event.preventDefault();
    this.zoomBy(event.deltaY < 0 ? 1.25 : 0.8, this._at(event));
  }

  /** @param {KeyboardEvent} event */
  _key(event) {
    const step = ARROWS[event.key];
    if (this.pending && event.key === "Enter") this._close();
    else if (this.pending && event.key === "Escape") this.pending = null;
    else if (event.ctrlKey && event.key.toLowerCase() === "z") event.shiftKey ? this.drawing.redo() : this.drawing.undo();
    else if (event.ctrlKey && event.key.toLowerCase() === "y") this.drawing.redo();
    else if (event.key === "+" || event.key === "=") this.zoomBy(1.25);
    else if (event.key === "-") this.zoomBy(0.8);
    else if (event.key.toLowerCase() === "n" && !event.ctrlKey && this.canDraw) this.addBox();
    else if (step && event.target === event.currentTarget) this._look([this._centre[0] + (step[0] * 0.1) / this._zoom, this._centre[1] + (step[1] * 0.1) / this._zoom]);
    else return;
    event.preventDefault();
    this.requestUpdate();
  }

  /** On a point or a whole mask. @param {KeyboardEvent} event @param {number} mask @param {number | null} point */
  _shapeKey(event, mask, point) {
    const step = ARROWS[event.key];
    const { polygon } = this.drawing.masks[mask];
    if (step) {
      const pixels = event.shiftKey ? 1 : event.ctrlKey ? 32 : 8;
      this._shift(mask, point, [(step[0] * pixels) / this.width / this._zoom, (step[1] * pixels) / this.height / this._zoom], polygon, `keys ${point}`);
    } else if (point !== null && (event.key === "Insert" || event.key.toLowerCase() === "i")) {
      this.drawing.insert(mask, point);
      this.updateComplete.then(() => this._focusPoint(point + 1));
    } else if (point !== null && (event.key === "Delete" || event.key === "Backspace")) {
      const left = this.drawing.removePoint(mask, point);
      announce(left ? t("Punt weggehaald.") : t("Een vlak heeft minstens drie punten."));
      this.updateComplete.then(() => this._focusPoint(Math.max(0, point - 1)));
    } else if (event.key === "Delete" || event.key === "Backspace") {
      this.drawing.remove(mask);
      /** @type {HTMLElement | null} */ (this.querySelector("svg"))?.focus();
    } else if (point === null && (event.key === "Enter" || event.key === " ")) {
      this.drawing.select(mask);
      this.updateComplete.then(() => this._focusPoint(0));
    } else if (event.key === "Escape") {
      this.drawing.select(null);
      /** @type {HTMLElement | null} */ (this.querySelector("svg"))?.focus();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** @param {number} point */
  _focusPoint(point) {
    /** @type {SVGElement | null} */ (this.querySelector(`[data-point="${point}"]`))?.focus();
  }

  /** @param {number} mask */
  _focusShape(mask) {
    /** @type {SVGElement | null} */ (this.querySelector(`[data-mask="${mask}"]`))?.focus();
  }

  /** @param {Point[]} points */
  _path(points) {
    return points.map(([x, y]) => `${(x * this.width).toFixed(1)},${(y * this.height).toFixed(1)}`).join(" ");
  }

  /** @param {Mask} mask @param {number} index */
  _shape(mask, index) {
    const points = outline(mask, this.view, this._aspect);
    if (!isInPicture(points)) return nothing;
    const chosen = index === this.drawing.selected;
    return svg`<polygon class="mask" data-mask=${index} ?data-chosen=${chosen} points=${this._path(points)} tabindex="0" role="button"
      aria-label=${t("Masker {name}; Enter om de punten te verschuiven", { name: mask.name })} aria-pressed=${chosen}
      @pointerdown=${(/** @type {PointerEvent} */ e) => this._down(e, index)} @keydown=${(/** @type {KeyboardEvent} */ e) => this._shapeKey(e, index, null)}></polygon>`;
  }

  /** The points of the chosen mask, and places between them where one can be added. */
  _handles() {
    const index = this.drawing.selected;
    const mask = index === null ? undefined : this.drawing.masks[index];
    if (index === null || !mask) return nothing;
    const radius = (this.width / 1280) * (9 / this._zoom);
    return mask.polygon.map((point, at) => {
      const place = this._toPicture(mask, point);
      if (!place) return nothing;
      const label = t("Punt {n} van {total} van {name}", { n: at + 1, total: mask.polygon.length, name: mask.name });
      return svg`<circle class="handle" data-point=${at} cx=${place[0] * this.width} cy=${place[1] * this.height} r=${radius} tabindex="0" role="button" aria-label=${label}
        @pointerdown=${(/** @type {PointerEvent} */ e) => this._down(e, index, at)} @keydown=${(/** @type {KeyboardEvent} */ e) => this._shapeKey(e, index, at)}></circle>`;
    });
  }

  _pending() {
    if (!this.pending) return nothing;
    const radius = 6 / this._zoom;
    return svg`<polyline class="pending" points=${this._path(this.pending)}></polyline>
      ${this.pending.map(([x, y]) => svg`<circle class="pending" cx=${x * this.width} cy=${y * this.height} r=${radius}></circle>`)}`;
  }

  render() {
    if (!this.drawing) return nothing;
    const [w, h] = [this.width / this._zoom, this.height / this._zoom];
    const box = `${this._centre[0] * this.width - w / 2} ${this._centre[1] * this.height - h / 2} ${w} ${h}`;
    return html`<svg class="canvas" viewBox=${box} tabindex="0" role="group" aria-label=${t("Tekenvlak: N maakt een vlak, Tab gaat langs de punten, pijlen verschuiven, Insert voegt een punt toe, Delete haalt weg")}
      ?data-pending=${this.pending !== null} @pointerdown=${this._down} @pointermove=${this._move} @pointerup=${this._up} @pointercancel=${this._up}
      @click=${this._click} @dblclick=${this._close} @wheel=${this._wheel} @keydown=${this._key}>
      ${this.picture ? svg`<image href=${this.picture} width=${this.width} height=${this.height}></image>` : nothing}
      ${this.compare.map((mask) => svg`<polygon class="compare" points=${this._path(outline(mask, this.view, this._aspect))}></polygon>`)}
      ${this.drawing.masks.map((mask, index) => this._shape(mask, index))}
      ${this._handles()}${this._pending()}
    </svg>`;
  }
}

customElements.define("vms-mask-canvas", MaskCanvas);
