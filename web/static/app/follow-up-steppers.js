/** Follow-ups as counts: typed, or up and down by arrow keys, + and −; a letter goes to the next kind that begins with it. */

import { html } from "lit";

import { followUpKinds, followUpText } from "./incident-words.js";
import { t } from "./page.js";

const MOST = 999;

/** @param {Element} inside */
const inputsAround = (inside) => /** @type {HTMLInputElement[]} */ ([...(inside.closest(".follow-ups")?.querySelectorAll("input.count") ?? [])]);

/** @param {KeyboardEvent} event @param {(step: number) => void} step */
function key(event, step) {
  if (event.ctrlKey || event.altKey || event.metaKey) return;
  const by = { "+": 1, "=": 1, ArrowUp: 1, "-": -1, ArrowDown: -1 }[event.key];
  if (by) {
    event.preventDefault();
    step(by);
  } else if (/^\p{L}$/u.test(event.key)) {
    event.preventDefault();
    const input = /** @type {HTMLInputElement} */ (event.target);
    const all = inputsAround(input);
    const at = all.indexOf(input);
    const next = [...all.slice(at + 1), ...all.slice(0, at)].find(({ dataset }) => dataset.text?.startsWith(event.key.toLowerCase()));
    next?.select();
  }
}

/**
 * @param {Record<string, number>} counts @param {(counts: Record<string, number>) => void} change
 * @param {string} problem
 */
export function followUpSteppers(counts, change, problem = "") {
  const kinds = [...followUpKinds(), ...Object.keys(counts).filter((kind) => !followUpKinds().includes(kind))];
  /** @param {string} kind @param {number} count */
  const set = (kind, count) => change({ ...counts, [kind]: Math.max(0, Math.min(MOST, Math.trunc(count) || 0)) });
  /** Another kind than the usual ones. @param {HTMLInputElement} input */
  const add = (input) => {
    const kind = input.value.trim();
    const known = kinds.find((each) => followUpText(each).toLowerCase() === kind.toLowerCase()) ?? kind;
    if (kind) set(known, (counts[known] ?? 0) + 1);
    input.value = "";
  };
  return html`<fieldset class="follow-ups" aria-describedby="follow-ups-error"><legend>${t("Opvolging")} <small>${t("letter = naar de volgende soort, + en − = aantal")}</small></legend>
    <div class="steppers">${kinds.map((kind) => {
      const count = counts[kind] ?? 0;
      const text = followUpText(kind);
      return html`<div class="stepper" ?data-some=${count > 0}><label for="follow-up-${kind}">${text}</label>
        <button type="button" tabindex="-1" aria-label=${t("{kind} minder", { kind: text })} ?disabled=${count === 0} @click=${() => set(kind, count - 1)}>−</button>
        <input id="follow-up-${kind}" class="count num" type="number" min="0" max=${MOST} placeholder="0" data-text=${text} .value=${count ? String(count) : ""}
          @input=${(/** @type {any} */ event) => set(kind, Number(event.target.value))} @keydown=${(/** @type {KeyboardEvent} */ event) => key(event, (by) => set(kind, count + by))}>
        <button type="button" tabindex="-1" aria-label=${t("{kind} meer", { kind: text })} @click=${() => set(kind, count + 1)}>+</button></div>`;
    })}</div>
    <div class="another"><label for="follow-up-other">${t("iets anders")}</label><input id="follow-up-other" maxlength="40" autocomplete="off" placeholder=${t("soort, dan Enter")}
      @keydown=${(/** @type {KeyboardEvent} */ event) => {
        const input = /** @type {HTMLInputElement} */ (event.target);
        if (event.key !== "Enter" || !input.value.trim()) return;
        event.preventDefault();
        add(input);
      }} @change=${(/** @type {any} */ event) => add(event.target)}></div>
    <p class="field-error" id="follow-ups-error" role="alert">${problem}</p></fieldset>`;
}
