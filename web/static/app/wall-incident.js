/** The wall's way to the incident's drawer and back: what it knows already, and where the focus goes afterwards. */

import { html } from "lit";

import "./vms-incident-open.js";
import "./vms-incident.js";
import { kept, newDraft } from "./incident-draft.js";
import { hintsText } from "./incident-words.js";
import { page, t } from "./page.js";

/** An Enter that comes so soon after the one that saved was meant for it too. */
const SAME_ENTER_MS = 700;

export class WallIncident {
  /** @param {import("./vms-wall.js").Wall} wall */
  constructor(wall) {
    this._wall = wall;
    this._savedMs = -Infinity;
    addEventListener("keydown", (event) => this._swallow(event), { capture: true });
  }

  get _drawer() {
    return /** @type {import("./vms-incident.js").IncidentDrawer | null} */ (this._wall.querySelector("vms-incident"));
  }

  get mayWrite() {
    return page.user?.roles.includes("observer") ?? false;
  }

  /** With the current camera, now and the trail that goes on, or what was left before it was sent. */
  open() {
    const { current, link, trails } = this._wall;
    const drawer = this._drawer;
    this._savedMs = -Infinity;
    if (!this.mayWrite) this._wall.say(t("Incidenten registreren is voorbehouden aan camera-observanten."));
    else if (drawer?.draft) drawer.focusCategory();
    else if (!current && !kept()) this._wall.say(t("Kies eerst een camera"));
    else if (drawer) {
      const trail = trails.trail && { id: trails.trail.id, cameras: trails.trail.steps.map(({ camera }) => camera) };
      const left = kept();
      drawer.open(left ?? newDraft(Math.round(link.nowUs()), current ? [current.id] : [], trail), left !== null);
    }
  }

  /** Categories are there before somebody types; after a reload in the middle of an incident it is open again. */
  _ready() {
    if (!this.mayWrite) return;
    this._drawer?.load(this._wall.link.nowUs());
    const left = kept();
    if (left) this._drawer?.open(left, true);
  }

  /** Beside the hero, once it is opened. */
  drawer() {
    return html`<vms-incident .cameras=${this._wall.cameras} @ready=${() => this._ready()}
      @saved=${(/** @type {CustomEvent} */ { detail }) => this._saved(detail)} @closed=${(/** @type {CustomEvent} */ { detail }) => this._closed(detail.waits)}
      @open=${(/** @type {CustomEvent} */ { detail }) => this._followUp(detail.id)}></vms-incident><vms-incident-open @closed=${() => this._followedUp()}></vms-incident-open>`;
  }

  /** In a panel in the drawer's place; the hero stays in sight. @param {number} id */
  _followUp(id) {
    const panel = /** @type {import("./vms-incident-open.js").IncidentOpen | null} */ (this._wall.querySelector("vms-incident-open"));
    this._drawer?.stepAside();
    panel?.open(id, this._wall.cameras, this._drawer?.categories ?? []);
  }

  /** Back to what was being entered before. */
  _followedUp() {
    const left = kept();
    if (left) this._drawer?.open(left, true);
    else this._backToTile();
  }

  /** @param {import("./incident-words.js").Incident} made */
  _saved(made) {
    this._savedMs = performance.now();
    this._backToTile();
    const told = t("Incident {id} ingeschreven: {category}", { id: made.id, category: made.category_name });
    this._wall.say([told, hintsText(made.note_hints)].filter(Boolean).join(". "));
  }

  /** @param {boolean} waits what was entered is kept */
  _closed(waits) {
    this._backToTile();
    if (waits) this._wall.say(t("Niet ingeschreven; met I gaat u verder."));
  }

  async _backToTile() {
    await this._drawer?.updateComplete;
    const tiles = ["[data-in-hero]", "[data-active]", ""].map((which) => this._wall.querySelector(`vms-tile${which} .hit`));
    /** @type {HTMLElement | undefined} */ (tiles.find((tile) => tile !== null))?.focus({ preventScroll: true });
  }

  /** @param {KeyboardEvent} event */
  _swallow(event) {
    if (event.key !== "Enter" || performance.now() - this._savedMs > SAME_ENTER_MS) return;
    event.preventDefault();
    event.stopImmediatePropagation();
  }
}
