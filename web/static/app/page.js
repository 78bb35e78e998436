/** What the server wrote into the page: language, texts, site, user. */

/**
 * @typedef {object} PageData
 * @property {"nl" | "en"} language
 * @property {Record<string, string>} messages Dutch text to the page's language; empty for Dutch
 * @property {Record<string, Record<string, string>>} words texts for the API's codes, by table (web/state_words.py)
 * @property {{ name: string, timezone: string }} site
 * @property {{ username: string, roles: string[] } | null} user
 */

/** @type {PageData} */
export const page = JSON.parse(document.getElementById("page-data")?.textContent ?? "{}");

/**
 * The text in the page's language. The Dutch text is the key, so a missing translation still reads.
 * @param {string} message one literal; `{name}` is replaced from values
 * @param {Record<string, string | number>} [values]
 */
export function t(message, values = {}) {
  const text = page.messages[message] ?? message;
  return text.replace(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole));
}

/** @param {number} value @param {number} [digits] */
export function decimal(value, digits = 1) {
  return value.toLocaleString(page.language, { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** @param {number} bytes */
export function bytes(bytes) {
  const units = ["B", "kB", "MB", "GB", "TB", "PB"];
  const step = bytes > 0 ? Math.min(units.length - 1, Math.floor(Math.log10(bytes) / 3)) : 0;
  return `${decimal(bytes / 1000 ** step, step < 2 ? 0 : 1)} ${units[step]}`;
}

/** A path into the icon sprite. @param {string} name */
export const iconHref = (name) => `/static/vendor/lucide-static@1.62.0/sprite.svg#${name}`;

let lastSaid = 0;
let pending = "";

/** Tell a screen reader, at most once in two seconds (the newest wins). @param {string} text */
export function announce(text) {
  const region = document.getElementById("polite");
  if (!region) return;
  const waiting = pending !== "";
  pending = text;
  if (waiting) return;
  setTimeout(() => {
    region.textContent = pending;
    pending = "";
    lastSaid = performance.now();
  }, Math.max(0, 2000 - (performance.now() - lastSaid)));
}

/** Whether keys are for a field, a dialog or a panel with keys of its own. @param {boolean} [whole] */
export function isTyping(whole = true) {
  if (whole && document.querySelector("dialog[open]")) return true;
  const element = document.activeElement;
  if (!(element instanceof HTMLElement)) return false;
  return element.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(element.tagName) || element.closest("[data-own-keys]") !== null;
}
