/** Which camera stands where on the wall, and the same in the address bar. Pure. */

/** @typedef {import("./vms-tile.js").CameraInfo} CameraInfo */

/** A still of every camera on one picture. */
export const OVERVIEW = "alle";

/** Layouts in the order of the keys * 1 … * 8. */
export const LAYOUTS = [
  { key: "1", hero: true, tiles: 0 },
  { key: "1+5", hero: true, tiles: 5 },
  { key: "1+12", hero: true, tiles: 12 },
  { key: "4", hero: false, tiles: 4 },
  { key: "9", hero: false, tiles: 9 },
  { key: "16", hero: false, tiles: 16 },
  { key: "25", hero: false, tiles: 25 },
  { key: OVERVIEW, hero: false, tiles: 0 },
];
const DEFAULT = LAYOUTS[2];

/**
 * @typedef {object} Arrangement what a saved layout keeps
 * @property {string} layout
 * @property {number} hero camera number in the hero; 0 = the first
 * @property {number} page which set of tiles, from 0
 * @property {Record<number, number>} picks slot to camera number, where an operator chose another
 *
 * @typedef {Arrangement & { round: number, map: boolean }} WallState round: seconds per camera, 0 = no round
 */

/** @param {string} key */
export const layoutOf = (key) => LAYOUTS.find((layout) => layout.key === key) ?? DEFAULT;

/** @param {string} query @returns {WallState} */
export function fromQuery(query) {
  const values = new URLSearchParams(query);
  /** @type {Record<number, number>} */
  const picks = {};
  for (const pair of (values.get("vak") ?? "").split(",")) {
    const [slot, number] = pair.split("-").map(Number);
    if (Number.isInteger(slot) && Number.isInteger(number) && slot >= 0 && slot < 25) picks[slot] = number;
  }
  return {
    layout: layoutOf(values.get("stand") ?? "").key,
    hero: Math.max(0, Math.trunc(Number(values.get("camera")) || 0)),
    page: Math.max(0, Math.trunc(Number(values.get("blad")) || 1) - 1),
    picks,
    round: Math.max(0, Math.min(600, Math.trunc(Number(values.get("rondje")) || 0))),
    map: values.get("kaart") === "1",
  };
}

/** @param {WallState} state */
export function toQuery(state) {
  const values = new URLSearchParams({ stand: state.layout });
  if (state.hero) values.set("camera", String(state.hero));
  if (state.page) values.set("blad", String(state.page + 1));
  const picks = Object.entries(state.picks).map(([slot, number]) => `${slot}-${number}`);
  if (picks.length) values.set("vak", picks.join(","));
  if (state.round) values.set("rondje", String(state.round));
  if (state.map) values.set("kaart", "1");
  return `?${values}`;
}

/** By area (the one with the lowest number first) and number. @param {CameraInfo[]} cameras */
export function inOrder(cameras) {
  const byNumber = [...cameras].sort((a, b) => a.number - b.number);
  return [...Map.groupBy(byNumber, ({ area }) => area).values()].flat();
}

/** @param {WallState} state @param {number} count */
export function pages(state, count) {
  const { tiles } = layoutOf(state.layout);
  return tiles ? Math.max(1, Math.ceil(count / tiles)) : 1;
}

/**
 * @param {WallState} state
 * @param {CameraInfo[]} ordered
 * @returns {CameraInfo[]}
 */
export function tilesOf(state, ordered) {
  const { tiles } = layoutOf(state.layout);
  const page = Math.min(state.page, pages(state, ordered.length) - 1);
  const shown = ordered.slice(page * tiles, page * tiles + tiles);
  return shown.map((camera, slot) => ordered.find(({ number }) => number === state.picks[slot]) ?? camera);
}

/** @param {WallState} state @param {CameraInfo[]} ordered */
export function heroOf(state, ordered) {
  return ordered.find(({ number }) => number === state.hero) ?? ordered[0] ?? null;
}

/** To be kept: its cameras by number, so that it shows the same ones when cameras are added. @param {WallState} state @param {CameraInfo[]} ordered @returns {Arrangement} */
export function arrangementOf(state, ordered) {
  const picks = Object.fromEntries(tilesOf(state, ordered).map(({ number }, slot) => [slot, number]));
  return { layout: state.layout, hero: heroOf(state, ordered)?.number ?? 0, page: 0, picks };
}
