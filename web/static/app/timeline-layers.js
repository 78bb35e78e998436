/** What lies over the bar of the ruler: when the camera turned, where something moved in the drawn region, incidents. */

import { statusText } from "./incident-words.js";
import { t } from "./page.js";

/** @typedef {{ start_us: number, end_us: number }} Span */

/** An incident on this camera, or on the trail that came along it. @typedef {{ id: number, at_us: number, category_name: string, status: string }} Seen */

const TOP = 26;
const HEIGHT = 34;
const DIAMOND = 7;

/** @param {Seen} incident */
export const incidentText = ({ id, category_name: name, status }) => `◆ ${t("incident {id}", { id })} · ${name} · ${statusText(status)}`;

/** Layers of one timeline; empty until they are known. */
export class TimelineLayers {
  constructor() {
    /** @type {Span[]} */
    this.movements = [];
    /** @type {Span[]} */
    this.hits = [];
    /** @type {Seen[]} */
    this.incidents = [];
  }

  clear() {
    this.movements = [];
    this.hits = [];
    this.incidents = [];
  }

  /** @param {number} us @param {number} nearUs */
  incidentAt(us, nearUs) {
    return this.incidents.find(({ at_us }) => Math.abs(at_us - us) < nearUs);
  }

  /** ◆ @param {CanvasRenderingContext2D} pen @param {(us: number) => number} x @param {(name: string) => string} colour @param {number} height of the ruler */
  paintIncidents(pen, x, colour, height) {
    const middle = height - 3 - DIAMOND;
    for (const { at_us } of this.incidents) {
      const at = x(at_us);
      pen.beginPath();
      pen.moveTo(at, middle - DIAMOND);
      pen.lineTo(at + DIAMOND, middle);
      pen.lineTo(at, middle + DIAMOND);
      pen.lineTo(at - DIAMOND, middle);
      pen.closePath();
      pen.fillStyle = colour("--danger");
      pen.fill();
      pen.strokeStyle = colour("--bg1");
      pen.lineWidth = 1.5;
      pen.stroke();
    }
    pen.lineWidth = 1;
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
      ...this.incidents.map((incident) => ({ start_us: incident.at_us, end_us: incident.at_us, text: incidentText(incident) })),
    ];
  }

  /** @param {number} us */
  textAt(us) {
    const found = this.rows().find(({ start_us, end_us }) => start_us <= us && us <= end_us);
    return found ? ` · ${found.text}` : "";
  }
}
