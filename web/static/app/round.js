/** The round: the hero steps through the cameras, or the tiles through their pages; whoever does something pauses it. */

export const DWELLS_S = [5, 8, 10, 15, 20, 30, 60];
export const USUAL_DWELL_S = 10;

export class Round {
  /**
   * @param {() => void} step to the next camera or page
   * @param {() => void} changed
   */
  constructor(step, changed) {
    this._step = step;
    this._changed = changed;
    /** Seconds on each camera; 0 = no round. */
    this.dwellS = 0;
    this.paused = false;
    this._timer = 0;
  }

  get on() {
    return this.dwellS > 0;
  }

  get running() {
    return this.on && !this.paused;
  }

  /** @param {number} dwellS 0 ends it */
  set(dwellS) {
    this.dwellS = dwellS;
    this.paused = false;
    this._again();
  }

  pause() {
    if (!this.running) return;
    this.paused = true;
    this._again();
  }

  resume() {
    if (this.running) return;
    this.paused = false;
    this._again();
  }

  _again() {
    clearInterval(this._timer);
    if (this.running) this._timer = window.setInterval(() => document.hidden || this._step(), this.dwellS * 1000);
    this._changed();
  }
}
