/** A form's errors: beside the field, and what belongs to no field above them all. What was typed stays. */

import { Problem, messageOf } from "./api.js";

/** @param {string} id @returns {HTMLInputElement} */
export const field = (id) => /** @type {HTMLInputElement} */ (document.getElementById(id));

/** Empty text: nothing is wrong. @param {HTMLInputElement} input @param {string} text */
export function fieldError(input, text) {
  const place = document.getElementById(`${input.id}-error`);
  if (place) place.textContent = text;
  input.setAttribute("aria-invalid", String(text !== ""));
}

/** @param {HTMLInputElement[]} inputs in their order; the focus goes to the first that is wrong */
export function focusWrong(inputs) {
  const wrong = inputs.find((input) => input.getAttribute("aria-invalid") === "true");
  wrong?.focus();
  return wrong !== undefined;
}

/** @param {HTMLElement} summary @param {unknown} error @param {HTMLInputElement[]} inputs */
export function showProblem(summary, error, inputs) {
  summary.hidden = false;
  summary.textContent = messageOf(error);
  const fields = error instanceof Problem ? error.fields : {};
  for (const input of inputs) fieldError(input, fields[input.id] ?? "");
  focusWrong(inputs);
}
