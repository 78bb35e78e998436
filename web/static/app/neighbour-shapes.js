/** The ways out of the hero's picture, drawn on it: click = follow, hover or focus = what the neighbour sees now. */

import { html, nothing, svg } from "lit";

import { t } from "./page.js";

/** @typedef {import("./vms-tile.js").CameraInfo} CameraInfo */
/** @typedef {import("./vms-tile.js").Way} Way */
/** @typedef {{ way: Way, camera: CameraInfo }} Exit */
/** @typedef {{ camera: string, url: string }} Preview url "" = on its way or none */

/** Where no outline was drawn: a strip along that edge. @type {Record<string, [number, number][]>} */
const EDGES = {
  left: [[0, 0.3], [0.05, 0.26], [0.05, 0.7], [0, 0.66]],
  right: [[1, 0.3], [0.95, 0.26], [0.95, 0.7], [1, 0.66]],
  up: [[0.36, 0], [0.34, 0.08], [0.66, 0.08], [0.64, 0]],
  down: [[0.36, 0.9], [0.34, 0.82], [0.66, 0.82], [0.64, 0.9]],
};
/** @type {Record<string, string>} */
const ARROWS = { left: "◂", right: "▸", up: "▴", down: "▾" };

/** The neighbours that exist and that this person may see. @param {CameraInfo} camera @param {CameraInfo[]} cameras @returns {Exit[]} */
export function exitsOf(camera, cameras) {
  return camera.ways.flatMap((way) => {
    const other = cameras.find(({ id }) => id === way.camera);
    return other ? [{ way, camera: other }] : [];
  });
}

/** @param {string | null} side */
export function sideText(side) {
  /** @type {Record<string, string>} */
  const words = { left: t("links"), right: t("rechts"), up: t("boven"), down: t("onder") };
  return words[side ?? ""] ?? "";
}

/** Within the stage: the picture keeps its shape between bars. @param {number} aspect width by height @param {number} stage the same of the stage */
function pictureStyle(aspect, stage) {
  const [width, height] = [Math.min(1, aspect / stage), Math.min(1, stage / aspect)];
  return `width: ${width * 100}%; height: ${height * 100}%; left: ${(1 - width) * 50}%; top: ${(1 - height) * 50}%;`;
}

/** @param {[number, number][]} outline */
function boxStyle(outline) {
  const [xs, ys] = [outline.map(([x]) => x), outline.map(([, y]) => y)];
  const [left, top] = [Math.min(...xs), Math.min(...ys)];
  const [width, height] = [Math.max(...xs) - left, Math.max(...ys) - top];
  const corners = outline.map(([x, y]) => [(x - left) / width, (y - top) / height]);
  const text = corners.map(([x, y]) => `${(x * 100).toFixed(2)}% ${(y * 100).toFixed(2)}%`).join(", ");
  return {
    style: `left: ${left * 100}%; top: ${top * 100}%; width: ${width * 100}%; height: ${height * 100}%; clip-path: polygon(${text});`,
    points: corners.map((corner) => corner.join(",")).join(" "),
  };
}

/**
 * @param {Exit[]} exits
 * @param {{ aspect: number, preview: Preview | null, follow: (exit: Exit) => void, look: (exit: Exit | null) => void }} options
 */
export function neighbourShapes(exits, { aspect, preview, follow, look }) {
  const drawn = exits.filter(({ way }) => way.outline || way.side);
  if (!drawn.length) return nothing;
  const seen = drawn.find(({ camera }) => camera.id === preview?.camera);
  return html`<div class="ways" role="group" aria-label=${t("Buurcamera's in beeld")} .style=${pictureStyle(aspect, 16 / 9)}>
    ${drawn.map((exit) => {
      const { way, camera } = exit;
      const { style, points } = boxStyle(way.outline ?? EDGES[way.side ?? "left"]);
      const number = String(camera.number).padStart(2, "0");
      const label = t("Volg naar camera {number} {name}", { number: camera.number, name: camera.name });
      return html`<button type="button" class="way" data-to=${camera.id} data-side=${way.side ?? ""} .style=${style} aria-label=${way.side ? `${label} (${sideText(way.side)})` : label}
        @click=${() => follow(exit)} @pointerenter=${() => look(exit)} @pointerleave=${() => look(null)} @focus=${() => look(exit)} @blur=${() => look(null)}>
        <svg viewBox="0 0 1 1" preserveAspectRatio="none" aria-hidden="true">${svg`<polygon points=${points} vector-effect="non-scaling-stroke"></polygon>`}</svg>
        <span class="num">${ARROWS[way.side ?? ""] ?? ""}${number}</span></button>`;
    })}
    ${seen && preview
      ? html`<figure class="preview" data-side=${seen.way.side ?? ""}>${preview.url ? html`<img src=${preview.url} alt=${t("Beeld van camera {number} van zojuist", { number: seen.camera.number })}>` : html`<div></div>`}
          <figcaption><b class="num">${String(seen.camera.number).padStart(2, "0")}</b> ${seen.camera.name}${seen.way.turns ? html` <small>${t("draait naar haar preset")}</small>` : nothing}</figcaption></figure>`
      : nothing}
  </div>`;
}
