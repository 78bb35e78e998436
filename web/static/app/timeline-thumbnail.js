/** A small picture over the ruler of time, of the moment under the pointer: masked, and kept for a minute at most. */

import { Problem, request } from "./api.js";

const STEP_US = 2e6;
const KEPT = 120;
const FRESH_MS = 60_000;

export class TimelineThumbnail {
  /** @param {import("./timeline.js").Timeline} timeline */
  constructor(timeline) {
    this._timeline = timeline;
    this._image = document.createElement("img");
    this._image.className = "thumbnail";
    this._image.alt = "";
    this._image.hidden = true;
    timeline.append(this._image);
    /** @type {Map<string, { url: string, atMs: number }>} */
    this._kept = new Map();
    this._wanted = "";
    this._busy = false;
    timeline.addEventListener("hover", (event) => this._show(/** @type {CustomEvent} */ (event).detail));
  }

  /** @param {{ us: number, left: number } | null} at */
  _show(at) {
    const segment = at && this._timeline.coverage?.segments.find(({ start_us, end_us }) => start_us <= at.us && at.us < end_us);
    if (!at || !segment) {
      this._wanted = "";
      this._image.hidden = true;
      return;
    }
    this._image.style.left = `${Math.max(120, Math.min(this._timeline.clientWidth - 120, at.left))}px`;
    const atUs = Math.max(segment.start_us, Math.floor(at.us / STEP_US) * STEP_US);
    const [path, query] = segment.url.split("?");
    this._wanted = `${path}/thumbnail?${query}&at_us=${atUs}`;
    this._load();
  }

  /** One at a time, and always the last one that is wanted. */
  async _load() {
    const path = this._wanted;
    const kept = this._kept.get(path);
    if (kept && performance.now() - kept.atMs < FRESH_MS) {
      this._image.src = kept.url;
      this._image.hidden = false;
      return;
    }
    if (this._busy) return;
    this._busy = true;
    try {
      const blob = await (await request("GET", path)).blob();
      this._keep(path, URL.createObjectURL(blob));
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      if (this._wanted === path) this._wanted = ""; // the hover text still tells what is there
      this._image.hidden = true;
    } finally {
      this._busy = false;
    }
    if (this._wanted) this._load();
  }

  /** @param {string} path @param {string} url */
  _keep(path, url) {
    this._drop(path);
    this._kept.set(path, { url, atMs: performance.now() });
    for (const [oldest, { atMs }] of this._kept) {
      if (this._kept.size <= KEPT && performance.now() - atMs < FRESH_MS) break;
      this._drop(oldest);
    }
  }

  /** @param {string} path */
  _drop(path) {
    const kept = this._kept.get(path);
    if (kept) URL.revokeObjectURL(kept.url);
    this._kept.delete(path);
  }
}
