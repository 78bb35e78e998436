/** Dragging past the edge of the ruler: it moves along, and past what was asked for the page looks further. */

const EVERY_MS = 40;
const SHARE = 0.015;
const EDGE = 8;

export class TimelinePan {
  /** @param {import("./timeline.js").Timeline} timeline */
  constructor(timeline) {
    this._timeline = timeline;
    this._timer = 0;
    this._direction = 0;
  }

  /** @param {PointerEvent} event while dragging */
  at(event) {
    const box = this._timeline.getBoundingClientRect();
    this._direction = event.clientX < box.left + EDGE ? -1 : event.clientX > box.right - EDGE ? 1 : 0;
    if (this._direction && !this._timer) this._timer = window.setInterval(() => this._timeline.pan(this._direction * SHARE), EVERY_MS);
    if (!this._direction) this.stop();
  }

  stop() {
    clearInterval(this._timer);
    this._timer = 0;
  }
}
