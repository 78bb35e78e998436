/** How large the hero and the tiles are: what gives the most picture in the room there is. Pure. */

const GAP_PX = 4;
const HEADING_PX = 20;
const TOOLBAR_PX = 44;
const ALARMS_PX = 104;
/** The alarms of a wall that is all tiles: one line. */
const ALARM_BAR_PX = 44;
/** Details and controls under the hero. */
const DECK_PX = 234;
/** The toolbar in one row. */
const SIDE_PX = 504;
/** The hero gets at least this share of the width, where the height allows it. */
const HERO_SHARE = 0.6;
/** And this much where it does not (a small or much enlarged window): what is under it then scrolls. */
const LOW_HERO_SHARE = 0.4;
const STEP_PX = 8;
/** Beside a hero, a tile this wide shows what a tile's picture holds. */
const MOST_TILE_PX = 480;
/** Tiles under a heading per area read better; they may be so much smaller for it. */
const FLOW_GAIN = 1.15;

/**
 * @typedef {object} Fit
 * @property {number} heroWidth 0 = no hero
 * @property {number} columns of tiles
 * @property {number} tileWidth
 * @property {boolean} flow tiles follow each other without a heading per area
 */

/**
 * The columns that give the largest 16:9 tiles.
 * @param {number[]} groups tiles per group; each group starts a row
 * @param {number} width @param {number} height of the room
 * @param {number} headingPx above each group; 0 = none
 * @param {number} [mostPx] no tile is wider
 */
function bestColumns(groups, width, height, headingPx, mostPx = Infinity) {
  const most = Math.max(1, ...groups);
  const tiles = groups.reduce((sum, count) => sum + count, 0);
  let best = { columns: 1, tileWidth: 0, score: 0 };
  for (let columns = 1; columns <= most; columns += 1) {
    const rows = groups.reduce((sum, count) => sum + Math.ceil(count / columns), 0);
    const free = height - groups.length * (headingPx ? headingPx + GAP_PX : 0) - (rows - 1) * GAP_PX;
    const tileWidth = Math.min(mostPx, (width - (columns - 1) * GAP_PX) / columns, ((free / rows) * 16) / 9);
    // Half-empty rows look broken: a slightly smaller tile in full rows is better.
    const score = tileWidth * (1 - (0.5 * (rows * columns - tiles)) / (rows * columns));
    if (score > best.score) best = { columns, tileWidth: Math.floor(tileWidth), score };
  }
  return best;
}

/**
 * @param {number} width @param {number} height of the whole wall, in pixels
 * @param {number[]} areas tiles per area, in order
 * @param {{ hero: boolean, alarmsBeside: boolean, toolbarPx?: number }} has alarmsBeside: the alarms stand under the tiles; toolbarPx: taken from the tiles' height by toolbar and map
 * @returns {Fit}
 */
export function fitWall(width, height, areas, has) {
  const count = areas.reduce((sum, tiles) => sum + tiles, 0);
  const toolbarPx = Math.max(TOOLBAR_PX, has.toolbarPx ?? 0);
  if (!has.hero) return { heroWidth: 0, flow: true, ...bestColumns([count], width, height - toolbarPx - ALARM_BAR_PX, 0) };
  const overDeck = ((height - GAP_PX - DECK_PX) * 16) / 9;
  const mostHero = Math.floor(Math.max(width * LOW_HERO_SHARE, Math.min(overDeck, width - GAP_PX - SIDE_PX)));
  const leastHero = Math.min(mostHero, Math.floor(width * HERO_SHARE));
  const sideHeight = height - toolbarPx - (has.alarmsBeside ? ALARMS_PX : 0);
  let best = { heroWidth: mostHero, columns: 1, tileWidth: 0, flow: false, score: 0 };
  for (let heroWidth = mostHero; heroWidth >= leastHero; heroWidth -= STEP_PX) {
    const sideWidth = width - GAP_PX - heroWidth;
    const grouped = bestColumns(areas, sideWidth, sideHeight, HEADING_PX, MOST_TILE_PX);
    const flowing = bestColumns([count], sideWidth, sideHeight, 0, MOST_TILE_PX);
    const flow = flowing.score > grouped.score * FLOW_GAIN;
    const fit = flow ? flowing : grouped;
    const score = Math.sqrt(heroWidth) * fit.score;
    if (score > best.score) best = { heroWidth, columns: fit.columns, tileWidth: fit.tileWidth, flow, score };
  }
  return best;
}
