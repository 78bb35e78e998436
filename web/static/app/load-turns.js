/** So many downloads at a time for all players of a page: the server masks only so many segments at once. */

export class LoadTurns {
  /** @param {number} atOnce */
  constructor(atOnce) {
    this._free = atOnce;
    /** @type {(() => void)[]} */
    this._waiting = [];
  }

  /**
   * Waits for a turn. Throws AbortError when the signal comes first.
   * @param {AbortSignal} signal
   * @returns {Promise<() => void>} to give the turn back
   */
  async take(signal) {
    if (this._free > 0) this._free -= 1;
    else await new Promise((resolve, reject) => this._queue(signal, () => resolve(undefined), reject));
    let given = false;
    return () => {
      if (given) return;
      given = true;
      const next = this._waiting.shift();
      if (next) next();
      else this._free += 1;
    };
  }

  /** @param {AbortSignal} signal @param {() => void} go @param {(reason: unknown) => void} stop */
  _queue(signal, go, stop) {
    this._waiting.push(go);
    signal.addEventListener("abort", () => {
      const at = this._waiting.indexOf(go);
      if (at < 0) return;
      this._waiting.splice(at, 1);
      stop(new DOMException("gave up waiting", "AbortError"));
    });
  }
}
