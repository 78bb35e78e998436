/** A field of a form that a script draws: its label, its control, and what is wrong beside it. */

import { html, nothing } from "lit";

/** @typedef {{ id: string, invalid: boolean, by: string }} Described */

/** @param {string} id @param {string} label @param {string} error empty: nothing is wrong @param {(described: Described) => unknown} control */
export function formField(id, label, error, control) {
  return html`<div><label for=${id}>${label}</label>${control({ id, invalid: error !== "", by: `${id}-error` })}<p class="field-error" id="${id}-error">${error || nothing}</p></div>`;
}
