/** What lies over the bar of the ruler: when the camera turned, and where something moved in the drawn region. */

import { t } from "./page.js";

/** @typedef {{ start_us: number, end_us: number }} Span */

const TOP = 26;
const HEIGHT = 34;

/** Layers of one timeline; empty until they are known. */
export class TimelineLayers {
  constructor() {
    /** @type {Span[]} */
    this.movements = [];
    /** @type {Span[]} */
    this.hits = [];
  }

  clear() {
    this.movements = [];
    this.hits = [];
  }

  /** @param {CanvasRenderingContext2D} pen @param {(us: number) => number} x @param {(name: string) => string} colour */
  paint(pen, x, colour) {
    pen.fillStyle = colour("--ptz");
    for (const { start_us, end_us } of this.movements) pen.fillRect(x(start_us), TOP, Math.max(1, x(end_us) - x(start_us)), 5);
    pen.fillStyle = colour("--text1");
    for (const { start_us, end_us } of this.hits) pen.fillRect(x(start_us), TOP + 10, Math.max(2, x(end_us) - x(start_us)), HEIGHT - 14);
  }

  /** In words, with their times. */
  rows() {
    return [
      ...this.movements.map((span) => ({ ...span, text: t("camera draait") })),
      ...this.hits.map((span) => ({ ...span, text: t("beweging in het vlak") })),
    ];
  }

  /** @param {number} us */
  textAt(us) {
    const found = this.rows().find(({ start_us, end_us }) => start_us <= us && us <= end_us);
    return found ? ` · ${found.text}` : "";
  }
}
