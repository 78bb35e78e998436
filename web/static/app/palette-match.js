/** Which of the things that can be called up somebody means by what they typed. Pure. */

/**
 * @typedef {object} Entry
 * @property {string} kind camera, area or layout
 * @property {string} text what is shown
 * @property {string} hint beside it
 * @property {number} [number] of a camera
 * @property {() => void} run
 */

/** Without capitals and accents. @param {string} text */
const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

/** 0 = not meant; more is better. @param {Entry} entry @param {string[]} words */
function score(entry, words) {
  const text = plain(`${entry.text} ${entry.hint}`);
  let total = 1;
  for (const word of words) {
    if (entry.number !== undefined && String(entry.number) === String(Number(word))) total += 8;
    else if (text.startsWith(word)) total += 4;
    else if (text.includes(` ${word}`)) total += 2;
    else if (!text.includes(word)) return 0;
  }
  return total;
}

/** Best first; everything in its own order when nothing is typed. @param {Entry[]} entries @param {string} typed */
export function matching(entries, typed) {
  const words = plain(typed).split(/\s+/).filter(Boolean);
  const scored = entries.map((entry) => ({ entry, points: score(entry, words) })).filter(({ points }) => points > 0);
  return scored.sort((a, b) => b.points - a.points).map(({ entry }) => entry);
}
