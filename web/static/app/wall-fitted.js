import { fitWall } from "./wall-fit.js";

/**
 * Give hero and tiles the size at which all of them fit without scrolling.
 * @param {HTMLElement} wall what holds them
 * @param {number[]} areas tiles of each area, in order
 * @param {{ hero: boolean, alarmsBeside: boolean }} options
 */
export function applyFit(wall, areas, options) {
  const { paddingLeft, paddingTop } = getComputedStyle(wall);
  const width = wall.clientWidth - 2 * parseFloat(paddingLeft);
  const height = wall.clientHeight - 2 * parseFloat(paddingTop);
  const bars = /** @type {HTMLElement[]} */ ([...wall.querySelectorAll(".toolbar, .screens, vms-map")]);
  const fit = fitWall(width, height, areas, { ...options, toolbarPx: bars.reduce((sum, bar) => sum + bar.offsetHeight + 4, 0) });
  // On what is around it: a drawer beside the wall leaves the hero in sight.
  wall.parentElement?.style.setProperty("--hero-width", `${fit.heroWidth}px`);
  const grid = /** @type {HTMLElement | null} */ (wall.querySelector(".tiles"));
  if (!grid) return;
  grid.dataset.columns = String(fit.columns);
  grid.toggleAttribute("data-flow", fit.flow);
  grid.style.setProperty("--columns", String(fit.columns));
  grid.style.setProperty("--tile-width", `${fit.tileWidth}px`);
}
