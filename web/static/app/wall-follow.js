/** Following somebody from camera to camera: shapes in the picture, N and an arrow, and the trail that this leaves. */

import { html, nothing } from "lit";

import { getJson, messageOf, post, request } from "./api.js";
import { icon } from "./icon.js";
import { exitsOf, neighbourShapes } from "./neighbour-shapes.js";
import { announce, t } from "./page.js";
import { hourMinute } from "./times.js";

const LOOK_AFTER_MS = 250;

/** @typedef {import("./neighbour-shapes.js").Exit} Exit */
/** @typedef {{ id: number, name: string, steps: { camera: string, at_us: number }[] }} Trail */

export class WallFollow {
  /** @param {import("./vms-wall.js").Wall} wall */
  constructor(wall) {
    this._wall = wall;
    /** The one that goes on. @type {Trail | null} */
    this.trail = null;
    /** @type {import("./neighbour-shapes.js").Preview | null} */
    this.preview = null;
    this._camera = "";
    this._sinceUs = 0;
    this._lookTimer = 0;
    /** Steps reach the server in the order in which they were made. @type {Promise<void>} */
    this._queue = Promise.resolve();
  }

  async load() {
    const { trail } = await getJson("/api/trails/mine").catch(() => ({ trail: null }));
    this.trail = trail;
    this._wall.requestUpdate();
  }

  /** Since when the current camera is looked at; called after each change of the wall. */
  watch() {
    const id = this._wall.current?.id ?? "";
    if (id === this._camera) return;
    this._camera = id;
    this._sinceUs = Math.round(this._wall.link.nowUs());
    this.look(null);
  }

  get exits() {
    const { current, cameras } = this._wall;
    return current ? exitsOf(current, cameras) : [];
  }

  /** @param {string} side */
  go(side) {
    const exit = this.exits.find(({ way }) => way.side === side);
    if (exit) this.follow(exit);
    else this._wall.say(t("Geen buurcamera in die richting"));
  }

  /** @param {Exit} exit */
  follow({ camera }) {
    const step = { came_from: this._camera, since_us: this._sinceUs, to: camera.id };
    this._wall.callUp(camera.number);
    this._queue = this._queue.then(async () => {
      const { trail, turned } = await post("/api/trails/steps", step);
      this.trail = trail;
      if (turned === false) this._wall.say(t("Camera {number} draaide niet naar haar preset", { number: camera.number }));
    }).catch((error) => this._wall.say(messageOf(error)));
    this._queue.then(() => this._shown());
  }

  async _shown() {
    this._wall.requestUpdate();
    await this._wall.updateComplete;
    this._wall.querySelector(".trail ol")?.scrollTo({ left: 1e6 });
  }

  /** A picture of what a neighbour sees, once the pointer rests on its shape. @param {Exit | null} exit null = no more */
  look(exit) {
    clearTimeout(this._lookTimer);
    if (this.preview) {
      URL.revokeObjectURL(this.preview.url);
      this.preview = null;
      this._wall.requestUpdate();
    }
    if (exit) this._lookTimer = window.setTimeout(() => this._look(exit.camera.id), LOOK_AFTER_MS);
  }

  /** @param {string} camera */
  async _look(camera) {
    const preview = { camera, url: "" };
    this.preview = preview;
    this._wall.requestUpdate();
    try {
      const response = await request("GET", `/api/cameras/${encodeURIComponent(camera)}/snapshot?profile=tile`);
      const blob = await response.blob();
      if (this.preview === preview) preview.url = URL.createObjectURL(blob);
    } catch (error) {
      if (this.preview === preview) this._wall.say(messageOf(error));
    }
    this._wall.requestUpdate();
  }

  shapes() {
    const video = /** @type {HTMLVideoElement | null} */ (this._wall.querySelector("vms-tile.hero video"));
    const aspect = video?.videoWidth ? video.videoWidth / video.videoHeight : 16 / 9;
    return neighbourShapes(this.exits, {
      aspect,
      preview: this.preview,
      follow: (exit) => this._wall.tools.byHand(() => this.follow(exit)),
      look: (exit) => this.look(exit),
    });
  }

  /** @param {Event} event */
  async _rename(event) {
    const name = /** @type {HTMLInputElement} */ (event.target).value;
    try {
      this.trail = (await (await request("PATCH", "/api/trails/mine", { json: { name } })).json()).trail;
      announce(t("Naam van het volgspoor bewaard"));
    } catch (error) {
      this._wall.say(messageOf(error));
    }
    this._wall.requestUpdate();
  }

  async _end() {
    try {
      await post("/api/trails/mine/end");
      this.trail = null;
      this._wall.say(t("Volgspoor bewaard; aangewezen politie kan het terugkijken"));
    } catch (error) {
      this._wall.say(messageOf(error));
    }
    this._wall.requestUpdate();
  }

  /** Under the hero, while a trail goes on. */
  row() {
    const { trail } = this;
    if (!trail) return nothing;
    const { cameras } = this._wall;
    return html`<section class="trail" aria-label=${t("Volgspoor")}><h2>${t("Volgspoor")}</h2>
      <ol tabindex="0" aria-label=${t("Stappen van het volgspoor")}>${trail.steps.map(({ camera: id, at_us }) => {
        const camera = cameras.find((candidate) => candidate.id === id);
        return html`<li><time class="num">${hourMinute(at_us)}</time>${camera ? html`<button type="button" class="quiet" title=${camera.name} @click=${() => this._wall.tools.byHand(() => this._wall.callUp(camera.number))}><b class="num">${String(camera.number).padStart(2, "0")}</b><span class="sr">${camera.name}</span></button>` : html`<span>${id}</span>`}</li>`;
      })}</ol>
      <input maxlength="60" autocomplete="off" aria-label=${t("Naam van het volgspoor, zonder persoonsgegevens")} placeholder=${t("naam, geen persoonsgegevens")} .value=${trail.name} @change=${(/** @type {Event} */ event) => this._rename(event)}>
      <button type="button" @click=${() => this._end()}>${icon("square")}${t("Beëindigen")}</button></section>`;
  }
}
