/** Keys of the playback page; ignored while somebody types in a field. */

import { secure } from "./hold-button.js";
import { isTyping } from "./page.js";
import { nextIncident } from "./playback-incidents.js";

/** @param {import("./vms-playback.js").Playback} page */
export function playbackKeys(page) {
  /** @type {Record<string, () => void>} */
  const keys = {
    " ": () => page.toggle(),
    j: () => page.backward(),
    k: () => page.hold(),
    l: () => page.forward(),
    ArrowLeft: () => page.skip(-10),
    ArrowRight: () => page.skip(10),
    ",": () => page.player?.stepFrames(-1),
    ".": () => page.player?.stepFrames(1),
    g: () => /** @type {HTMLInputElement | null} */ (page.querySelector("#from"))?.select(),
    s: () => page.photo(),
    "[": () => page.mark("in"),
    "]": () => page.mark("out"),
    v: () => secure(page),
    i: () => nextIncident(page),
    "+": () => page.timeline.zoom(0.5),
    "=": () => page.timeline.zoom(0.5),
    "-": () => page.timeline.zoom(2),
  };
  addEventListener("keydown", (event) => {
    if (isTyping() || event.altKey || event.ctrlKey || event.metaKey || !page.player?.isOpen) return;
    const onButton = event.key === " " && document.activeElement instanceof HTMLButtonElement;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (onButton || !keys[key]) return;
    event.preventDefault();
    keys[key]();
  });
}
