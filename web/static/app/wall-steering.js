/** Steering the wall's current camera: by drag and box in the hero, by presets; and who took it over. */

import { html, nothing } from "lit";

import { page, t } from "./page.js";
import { pointToLook } from "./ptz-look.js";
import { PtzDriver, dragToSteer } from "./ptz.js";

export class WallSteering {
  /** @param {import("./vms-wall.js").Wall} wall */
  constructor(wall) {
    this._wall = wall;
    this.driver = new PtzDriver();
    /** @type {{ x: number, y: number } | null} */
    this._vector = null;
    /** @type {import("./ptz-look.js").Box | null} */
    this._box = null;
    /** @type {HTMLElement | null} */
    this._surface = null;
    this._undo = () => {};
    wall.link.addEventListener("ptz", (event) => this._holderChanged(/** @type {CustomEvent} */ (event).detail));
  }

  get allowed() {
    const { current, link } = this._wall;
    return Boolean(link.up && current?.can_turn && link.cameras[current.id]?.ptz !== "other");
  }

  /** The picture that is dragged in, whenever it is another one. @param {HTMLElement | null} surface */
  follow(surface) {
    if (!surface || surface === this._surface) return;
    this._undo();
    this._surface = surface;
    const undo = [
      dragToSteer(surface, this.driver, () => this.allowed, (vector) => {
        this._vector = vector;
        this._wall.requestUpdate();
      }),
      pointToLook(surface, this.driver, () => this.allowed, (box) => {
        this._box = box;
        this._wall.requestUpdate();
      }),
    ];
    this._undo = () => undo.forEach((step) => step());
  }

  /** @param {number} index */
  preset(index) {
    const pad = /** @type {import("./vms-ptz-pad.js").PtzPad | null} */ (this._wall.querySelector("vms-ptz-pad"));
    const preset = pad?.presets[index];
    if (preset) this.driver.goto(preset.token);
    else this._wall.say(t("Geen preset {n}", { n: index + 1 }));
  }

  /** Who loses a camera is told by whom. @param {{ camera: string, holder: import("./server-link.js").Holder | null }} change */
  _holderChanged({ camera: id, holder }) {
    const camera = this._wall.cameras.find((candidate) => candidate.id === id);
    if (!camera || !holder || this._wall.link.cameras[id]?.ptz !== "mine" || holder.username === page.user?.username) return;
    this._wall.say(t("{name} heeft camera {number} van u overgenomen", { name: holder.name, number: camera.number }));
  }

  /** What the hand draws over the picture. */
  overlay() {
    const [vector, box] = [this._vector, this._box];
    return html`${vector ? html`<svg class="vector" viewBox="-1 -1 2 2" preserveAspectRatio="none" aria-hidden="true"><line x1="0" y1="0" x2=${vector.x} y2=${vector.y} vector-effect="non-scaling-stroke"></line></svg>` : nothing}
      ${box ? html`<svg class="vector" viewBox="0 0 1 1" preserveAspectRatio="none" aria-hidden="true"><rect x=${box.left} y=${box.top} width=${box.width} height=${box.height} vector-effect="non-scaling-stroke"></rect></svg>` : nothing}`;
  }
}
