/** The map itself: Leaflet with areas, cameras and what they see, on tiles from our own server or a plain ground. */

import "leaflet";
import { html, render } from "lit";

import { icon } from "./icon.js";
import { cone } from "./map-shapes.js";

const { L } = window;
const PADDING = [28, 28];
const CLOSEST_FIT = 18;

/**
 * @typedef {{ direction_deg: number, hfov_deg: number }} View
 * @typedef {{ name: string, outline: [number, number][] }} Area
 *
 * @typedef {object} Pin what the map shows of one camera
 * @property {import("./vms-tile.js").CameraInfo} camera
 * @property {[number, number]} at
 * @property {import("./map-state.js").MapState} state
 * @property {View | undefined} view
 * @property {boolean} hero
 * @property {string} label for screen readers and as a title
 *
 * @typedef {{ marker: LeafletMarker, button: HTMLButtonElement, cone: LeafletPolygon | null }} Drawn
 */

/** Its northern edge, in the middle. @param {[number, number][]} outline @returns {[number, number]} */
function topOf(outline) {
  const lons = outline.map(([, lon]) => lon);
  return [Math.max(...outline.map(([lat]) => lat)), (Math.min(...lons) + Math.max(...lons)) / 2];
}

export class MapCanvas {
  /** @param {HTMLElement} container @param {(number: number) => void} choose */
  constructor(container, choose) {
    const moves = !matchMedia("(prefers-reduced-motion: reduce)").matches;
    this._choose = choose;
    this._map = L.map(container, {
      keyboard: false, // keys are the wall's; every camera is a button, and the list says the same
      attributionControl: false,
      zoomControl: false,
      zoomSnap: 0.25,
      maxZoom: 20,
      zoomAnimation: moves,
      fadeAnimation: moves,
      markerZoomAnimation: moves,
      inertia: moves,
    });
    this._map.setView([52.1, 5.3], 8);
    /** @type {Map<string, Drawn>} */
    this._drawn = new Map();
    /** @type {[number, number][]} */
    this._corners = [];
    /** So many corners were fitted in. */
    this._fitted = 0;
    /** Somebody chose what to look at: from then on it stays. */
    this._chosen = false;
    for (const event of ["wheel", "pointerdown"]) container.addEventListener(event, () => (this._chosen = true), { passive: true });
    this._size = new ResizeObserver(() => this._resized());
    this._size.observe(container);
  }

  close() {
    this._size.disconnect();
    this._map.remove();
  }

  zoomIn() {
    this._chosen = true;
    this._map.zoomIn();
  }

  zoomOut() {
    this._chosen = true;
    this._map.zoomOut();
  }

  _resized() {
    this._map.invalidateSize({ animate: false });
    if (!this._chosen) this.fit();
  }

  /** All areas and cameras in sight. */
  fit() {
    if (!this._corners.length) return;
    this._map.fitBounds(this._corners, { padding: PADDING, maxZoom: CLOSEST_FIT, animate: false });
    this._chosen = false;
  }

  /** @param {Area[]} areas */
  drawAreas(areas) {
    for (const { name, outline } of areas) {
      const label = document.createElement("span");
      label.textContent = name;
      L.polygon(outline, { className: "map-area", interactive: false }).addTo(this._map);
      const place = L.divIcon({ html: label, className: "map-area-name", iconSize: null });
      L.marker(topOf(outline), { icon: place, keyboard: false, interactive: false }).addTo(this._map);
      this._corners.push(...outline);
    }
  }

  /** @param {string} address of a raster PMTiles file @returns {Promise<string>} whom to thank for it, as text */
  async drawGround(address) {
    const { PMTiles, leafletRasterLayer } = await import("pmtiles");
    const file = new PMTiles(new URL(address, location.href).href);
    const { minZoom, maxZoom } = await file.getHeader();
    const layer = /** @type {LeafletTiles} */ (leafletRasterLayer(file, { minNativeZoom: minZoom, maxNativeZoom: maxZoom, maxZoom: 20 }));
    layer.on("tileloadstart", ({ tile }) => (tile.alt = ""));
    layer.addTo(this._map);
    const { attribution = "" } = /** @type {{ attribution?: string }} */ (await file.getMetadata().catch(() => ({})));
    return new DOMParser().parseFromString(attribution, "text/html").body.textContent ?? "";
  }

  /** @param {Pin[]} pins */
  drawCameras(pins) {
    const gone = new Set(this._drawn.keys());
    for (const pin of pins) {
      gone.delete(pin.camera.id);
      const drawn = this._drawn.get(pin.camera.id) ?? this._add(pin);
      this._change(drawn, pin);
    }
    for (const id of gone) {
      this._drawn.get(id)?.marker.remove();
      this._drawn.get(id)?.cone?.remove();
      this._drawn.delete(id);
    }
    if (!this._chosen && this._corners.length !== this._fitted) this.fit();
    this._fitted = this._corners.length;
  }

  /** @param {Pin} pin @returns {Drawn} */
  _add(pin) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "pin";
    button.dataset.camera = pin.camera.id;
    button.addEventListener("click", () => this._choose(pin.camera.number));
    button.addEventListener("focus", () => this._map.panInside(pin.at, { padding: PADDING, animate: false }));
    const place = L.divIcon({ html: button, className: "pin-place", iconSize: null });
    const marker = L.marker(pin.at, { icon: place, keyboard: false, interactive: false }).addTo(this._map);
    const drawn = { marker, button, cone: null };
    this._drawn.set(pin.camera.id, drawn);
    this._corners.push(pin.at);
    return drawn;
  }

  /** @param {Drawn} drawn @param {Pin} pin */
  _change(drawn, pin) {
    const { button, marker } = drawn;
    const { state, camera, hero, label } = pin;
    button.dataset.level = state.level;
    button.toggleAttribute("data-hero", hero);
    button.setAttribute("aria-pressed", String(hero));
    button.setAttribute("aria-label", label);
    button.title = label;
    const number = html`<b>${String(camera.number).padStart(2, "0")}</b>`;
    render(state.level === "ok" ? number : html`${icon(state.icon)}${number}<small>${state.text}</small>`, button);
    marker.setZIndexOffset(hero ? 1000 : state.level === "ok" ? 0 : 500);
    this._look(drawn, pin);
  }

  /** @param {Drawn} drawn @param {Pin} pin */
  _look(drawn, { view, at, camera, hero }) {
    if (!view) {
      drawn.cone?.remove();
      drawn.cone = null;
      return;
    }
    const points = cone(at, view, camera.reach_m);
    drawn.cone ??= L.polygon(points, { className: "map-cone", interactive: false }).addTo(this._map);
    drawn.cone.setLatLngs(points);
    const path = drawn.cone.getElement();
    path?.setAttribute("data-camera", camera.id);
    path?.toggleAttribute("data-hero", hero);
  }
}
