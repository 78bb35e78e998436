/** Backwards: picture by picture, as fast as they come. */

/** @typedef {import("./mse-player.js").MsePlayer | import("./player-group.js").PlayerGroup} Player */

/** Backwards, the next picture lies before this one. */
const BEHIND_S = 15;
const STEP_MS = 100;
/** What is waited for longer is not made up for. */
const MOST_STEP_MS = 500;
const FASTEST = 4;

export class Reverse {
  constructor() {
    /** Times real time; 0: not backwards. */
    this.speed = 0;
    this._timer = 0;
  }

  /** Each time faster. @param {Player} player @param {HTMLVideoElement} video */
  faster(player, video) {
    const speed = Math.min(FASTEST, this.speed ? this.speed * 2 : 1);
    this.stop(player);
    player.pause();
    player.behindS = BEHIND_S;
    this.speed = speed;
    let us = player.nowUs;
    let stepped = performance.now();
    this._timer = window.setInterval(() => {
      if (video.seeking) return;
      us -= speed * 1000 * Math.min(performance.now() - stepped, MOST_STEP_MS);
      stepped = performance.now();
      player.seek(us);
    }, STEP_MS);
  }

  /** @param {Player | null} player */
  stop(player) {
    clearInterval(this._timer);
    if (player) player.behindS = 0;
    this.speed = 0;
  }
}
