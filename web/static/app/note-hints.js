/** Whether a note that is being written looks like personal data; the server's rules say so, and keep nothing of it. */

import { request } from "./api.js";

const PAUSE_MS = 500;

export class NoteHints {
  /** @param {() => void} changed */
  constructor(changed) {
    this._changed = changed;
    this._timer = 0;
    this._note = "";
    /** @type {string[]} */
    this.hints = [];
  }

  /** Once nobody types for a moment. @param {string} note */
  ask(note) {
    this._note = note;
    clearTimeout(this._timer);
    this._timer = window.setTimeout(() => this._ask(note), PAUSE_MS);
  }

  /** @param {string[]} [hints] that are known */
  reset(hints = []) {
    clearTimeout(this._timer);
    this.hints = hints;
  }

  /** @param {string} note */
  async _ask(note) {
    /** @type {string[]} */
    let hints = [];
    try {
      if (note.trim()) hints = (await (await request("POST", "/api/incidents/note-hints", { json: { note } })).json()).note_hints;
    } catch {
      return; // a hint that cannot be had keeps nobody from writing
    }
    if (note !== this._note) return;
    this.hints = hints;
    this._changed();
  }
}
