/** A set of masks while it is being drawn: every change can be undone, and done again. */

/** @typedef {import("./mask-geometry.js").Mask} Mask */
/** @typedef {import("./mask-geometry.js").Point} Point */

const KEPT = 200;
const MIN_POINTS = 3;
export const MAX_POINTS = 64;

export class MaskDrawing extends EventTarget {
  constructor() {
    super();
    /** @type {Mask[]} */
    this.masks = [];
    /** The mask that is being worked on. @type {number | null} */
    this.selected = null;
    /** @type {string[]} */
    this._before = [];
    /** @type {string[]} */
    this._after = [];
    this._kind = "";
  }

  get canUndo() {
    return this._before.length > 0;
  }

  get canRedo() {
    return this._after.length > 0;
  }

  /** Begin with these masks; nothing of before can be undone. @param {Mask[]} masks */
  load(masks) {
    this.masks = structuredClone(masks);
    this.selected = null;
    this._before = [];
    this._after = [];
    this._changed("");
  }

  /** @param {number | null} index */
  select(index) {
    if (index === this.selected) return;
    this.selected = index;
    this._kind = "";
    this.dispatchEvent(new Event("select"));
  }

  /** @param {Mask} mask */
  add(mask) {
    this._keep("");
    this.masks = [...this.masks, mask];
    this.selected = this.masks.length - 1;
    this._changed("");
  }

  /** @param {number} index */
  remove(index) {
    this._keep("");
    this.masks = this.masks.filter((_, at) => at !== index);
    this.selected = null;
    this._changed("");
  }

  /** @param {number} index @param {string} name */
  rename(index, name) {
    this._keep(`name ${index}`);
    this._put(index, { ...this.masks[index], name });
    this._changed(`name ${index}`);
  }

  /** Successive moves of one thing are one step back. @param {number} index @param {Point[]} polygon @param {string} what */
  reshape(index, polygon, what) {
    const kind = `${what} ${index}`;
    this._keep(kind);
    this._put(index, { ...this.masks[index], polygon });
    this._changed(kind);
  }

  /** A point half-way after this one. @param {number} index @param {number} point */
  insert(index, point) {
    const { polygon } = this.masks[index];
    if (polygon.length >= MAX_POINTS) return;
    const [a, b] = [polygon[point], polygon[(point + 1) % polygon.length]];
    this.settle();
    this.reshape(index, polygon.toSpliced(point + 1, 0, [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2]), "insert");
    this.settle();
  }

  /** @param {number} index @param {number} point @returns {boolean} false: fewer points are no polygon */
  removePoint(index, point) {
    const { polygon } = this.masks[index];
    if (polygon.length <= MIN_POINTS) return false;
    this.settle();
    this.reshape(index, polygon.toSpliced(point, 1), "remove");
    this.settle();
    return true;
  }

  /** What follows is a step of its own. */
  settle() {
    this._kind = "";
  }

  undo() {
    this._step(this._before, this._after);
  }

  redo() {
    this._step(this._after, this._before);
  }

  /** @param {string[]} from @param {string[]} to */
  _step(from, to) {
    const state = from.pop();
    if (state === undefined) return;
    to.push(JSON.stringify(this.masks));
    this.masks = JSON.parse(state);
    if (this.selected !== null && this.selected >= this.masks.length) this.selected = null;
    this._changed("");
  }

  /** @param {number} index @param {Mask} mask */
  _put(index, mask) {
    this.masks = this.masks.map((old, at) => (at === index ? mask : old));
  }

  /** @param {string} kind */
  _keep(kind) {
    if (kind !== "" && kind === this._kind) return;
    this._before.push(JSON.stringify(this.masks));
    if (this._before.length > KEPT) this._before.shift();
    this._after = [];
  }

  /** @param {string} kind */
  _changed(kind) {
    this._kind = kind;
    this.dispatchEvent(new Event("change"));
  }
}
