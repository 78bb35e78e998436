/** The map as a panel of the wall, and the same as a list for who does not look at maps. */

import { LitElement, html, nothing } from "lit";

import { getJson, messageOf } from "./api.js";
import { icon } from "./icon.js";
import { compass } from "./map-shapes.js";
import { mapState } from "./map-state.js";
import { t } from "./page.js";
import { serverLink } from "./server-link.js";

const LOOK_EVERY_MS = 2000;

/** @typedef {import("./vms-tile.js").CameraInfo} CameraInfo */
/** @typedef {import("./map-canvas.js").View} View */
/** @typedef {import("./map-canvas.js").Pin} Pin */

export class StreetMap extends LitElement {
  static properties = { cameras: { attribute: false }, hero: { attribute: false } };

  constructor() {
    super();
    /** @type {CameraInfo[]} */
    this.cameras = [];
    /** Id of the camera in the hero. */
    this.hero = "";
    /** @type {(number: number) => void} */
    this.choose = () => {};
    /** @type {() => void} */
    this.close = () => {};
    this.asList = false;
    this.thanks = "";
    this.error = "";
    /** @type {Record<string, View>} */
    this.views = {};
    /** @type {import("./map-canvas.js").MapCanvas | null} */
    this.canvas = null;
    this._link = serverLink();
    this._changed = () => this.requestUpdate();
    this._timer = 0;
  }

  createRenderRoot() {
    return this;
  }

  connectedCallback() {
    super.connectedCallback();
    this._link.addEventListener("digest", this._changed);
    this._link.addEventListener("down", this._changed);
    this._timer = window.setInterval(() => this._look(), LOOK_EVERY_MS);
    this._look();
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this._link.removeEventListener("digest", this._changed);
    this._link.removeEventListener("down", this._changed);
    clearInterval(this._timer);
    this.canvas?.close();
    this.canvas = null;
  }

  async firstUpdated() {
    try {
      const [{ MapCanvas }, known] = await Promise.all([import("./map-canvas.js"), getJson("/api/map")]);
      if (!this.isConnected) return;
      const container = /** @type {HTMLElement} */ (this.querySelector(".map-canvas"));
      this.canvas = new MapCanvas(container, (number) => this.choose(number));
      this.canvas.drawAreas(known.areas);
      this.requestUpdate();
      if (known.ground) this.thanks = await this.canvas.drawGround(known.ground);
    } catch (error) {
      this.error = messageOf(error);
    }
    this.requestUpdate();
  }

  async _look() {
    if (!this._link.up || document.hidden) return;
    const found = await getJson("/api/map/views").catch(() => ({ views: {} }));
    this.views = found.views;
    this.requestUpdate();
  }

  updated() {
    this.canvas?.drawCameras(this._pins());
  }

  /** @returns {Pin[]} */
  _pins() {
    return this.cameras.flatMap((camera) => {
      if (camera.lat === null || camera.lon === null) return [];
      const state = mapState(this._link.cameras[camera.id], this._link.up);
      /** @type {[number, number]} */
      const at = [camera.lat, camera.lon];
      return [{ camera, at, state, view: this.views[camera.id], hero: camera.id === this.hero, label: this._label(camera) }];
    });
  }

  /** @param {CameraInfo} camera */
  _label(camera) {
    const { text } = mapState(this._link.cameras[camera.id], this._link.up);
    return `${t("Camera {number} {name}", { number: camera.number, name: camera.name })}, ${text}, ${this._direction(camera)}`;
  }

  /** @param {CameraInfo} camera */
  _direction(camera) {
    const view = this.views[camera.id];
    return view ? t("kijkt naar {direction}", { direction: compass(view.direction_deg) }) : t("kijkrichting niet bekend");
  }

  /** @param {boolean} asList */
  _show(asList) {
    this.asList = asList;
    this.requestUpdate();
  }

  _list() {
    const areas = [...Map.groupBy(this.cameras, ({ area }) => area)];
    return html`<div class="map-list">${areas.map(
      ([area, cameras]) => html`<h3>${area || t("overig")}</h3><ul>${cameras.map((camera) => this._line(camera))}</ul>`,
    )}</div>`;
  }

  /** @param {CameraInfo} camera */
  _line(camera) {
    const state = mapState(this._link.cameras[camera.id], this._link.up);
    const place = camera.lat === null ? t("geen plaats in de configuratie") : this._direction(camera);
    return html`<li><button type="button" class="quiet" data-camera=${camera.id} aria-pressed=${String(camera.id === this.hero)} @click=${() => this.choose(camera.number)}>
      <b class="num">${String(camera.number).padStart(2, "0")}</b> ${camera.name}</button>
      <span class="map-level" data-level=${state.level}>${icon(state.icon)} ${state.text}</span><small>${place}</small></li>`;
  }

  _bar() {
    /** @param {string} name @param {string} text @param {() => void} act */
    const button = (name, text, act) =>
      html`<button type="button" class="quiet" title=${text} @click=${act}>${icon(name)}<span class="sr">${text}</span></button>`;
    const onMap = html`${button("zoom-in", t("Kaart inzoomen"), () => this.canvas?.zoomIn())}
      ${button("zoom-out", t("Kaart uitzoomen"), () => this.canvas?.zoomOut())}
      ${button("locate-fixed", t("Alle camera's in beeld"), () => this.canvas?.fit())}`;
    return html`<div class="map-bar"><h2>${t("Kaart")}</h2><span class="spacer"></span>${this.asList ? nothing : onMap}
      <button type="button" class="quiet" aria-pressed=${String(this.asList)} title=${t("Als lijst")} @click=${() => this._show(!this.asList)}>${icon("list")}<span class="sr">${t("Als lijst")}</span></button>
      ${button("x", t("Kaart sluiten (M)"), () => this.close())}</div>`;
  }

  _message() {
    if (this.error) return html`<p class="map-message" role="alert">${this.error}</p>`;
    if (this.cameras.some(({ lat }) => lat !== null)) return nothing;
    return html`<p class="map-message">${t("Van geen camera staat de plaats in de configuratie.")}</p>`;
  }

  render() {
    return html`<section class="map" aria-label=${t("Kaart")}>${this._bar()}
      <div class="map-room" ?hidden=${this.asList}><div class="map-canvas" role="group" aria-label=${t("Camera's op de kaart")}></div>
        ${this._message()}${this.thanks ? html`<small class="map-thanks">${this.thanks}</small>` : nothing}</div>
      ${this.asList ? this._list() : nothing}</section>`;
  }
}

customElements.define("vms-map", StreetMap);
