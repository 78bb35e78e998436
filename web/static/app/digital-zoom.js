/** Digital zoom of pictures that play: wheel or buttons to come closer, drag to look around, twice a click to go back. */

const MOST = 8;
const STEP = 1.5;

/** @typedef {{ scale: number, x: number, y: number }} Look x, y: of the picture's middle, in pixels from where it was */

export class DigitalZoom {
  constructor() {
    /** @type {WeakMap<HTMLVideoElement, Look>} */
    this._looks = new WeakMap();
    /** @type {WeakSet<Element>} */
    this._known = new WeakSet();
    /** Drawing on the picture goes before moving it. */
    this.rests = false;
  }

  /** @param {Iterable<HTMLVideoElement>} videos */
  watch(videos) {
    for (const video of videos) {
      const screen = video.parentElement;
      if (!screen || this._known.has(screen)) continue;
      this._known.add(screen);
      screen.addEventListener("wheel", (event) => this._wheel(video, event), { passive: false });
      screen.addEventListener("pointerdown", (event) => this._drag(video, event));
      screen.addEventListener("dblclick", () => this.reset(video));
    }
  }

  /** @param {HTMLVideoElement} video */
  scaleOf(video) {
    return this._looks.get(video)?.scale ?? 1;
  }

  /** @param {HTMLVideoElement} video @param {1 | -1} direction */
  step(video, direction) {
    const box = video.parentElement?.getBoundingClientRect();
    if (box) this._to(video, this.scaleOf(video) * STEP ** direction, box.left + box.width / 2, box.top + box.height / 2);
  }

  /** @param {HTMLVideoElement} video */
  reset(video) {
    this._put(video, { scale: 1, x: 0, y: 0 });
  }

  /** @param {HTMLVideoElement} video @param {WheelEvent} event */
  _wheel(video, event) {
    if (this.rests) return;
    event.preventDefault();
    this._to(video, this.scaleOf(video) * (event.deltaY < 0 ? 1.2 : 1 / 1.2), event.clientX, event.clientY);
  }

  /** What is under the pointer stays there. @param {HTMLVideoElement} video @param {number} wanted @param {number} clientX @param {number} clientY */
  _to(video, wanted, clientX, clientY) {
    const box = video.parentElement?.getBoundingClientRect();
    if (!box) return;
    const { scale, x, y } = this._looks.get(video) ?? { scale: 1, x: 0, y: 0 };
    const next = Math.max(1, Math.min(MOST, wanted));
    const fromX = clientX - box.left - box.width / 2;
    const fromY = clientY - box.top - box.height / 2;
    this._put(video, { scale: next, x: fromX - ((fromX - x) * next) / scale, y: fromY - ((fromY - y) * next) / scale });
  }

  /** @param {HTMLVideoElement} video @param {PointerEvent} event */
  _drag(video, event) {
    const look = this._looks.get(video);
    if (this.rests || !look || look.scale === 1 || event.button !== 0) return;
    const { clientX, clientY } = event;
    const abort = new AbortController();
    addEventListener("pointermove", (moved) => this._put(video, { scale: look.scale, x: look.x + moved.clientX - clientX, y: look.y + moved.clientY - clientY }), { signal: abort.signal });
    for (const name of ["pointerup", "pointercancel"]) addEventListener(name, () => abort.abort(), { signal: abort.signal });
  }

  /** @param {HTMLVideoElement} video @param {Look} look */
  _put(video, { scale, x, y }) {
    const mostX = ((scale - 1) * video.clientWidth) / 2;
    const mostY = ((scale - 1) * video.clientHeight) / 2;
    const kept = { scale, x: Math.max(-mostX, Math.min(mostX, x)), y: Math.max(-mostY, Math.min(mostY, y)) };
    this._looks.set(video, kept);
    video.style.transform = scale === 1 ? "" : `translate(${kept.x}px, ${kept.y}px) scale(${scale})`;
  }
}
