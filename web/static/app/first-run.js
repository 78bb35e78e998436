/** The first account of a new system. */

import { request } from "./api.js";
import { field, fieldError, focusWrong, showProblem } from "./form-errors.js";
import { t } from "./page.js";

const summary = /** @type {HTMLElement} */ (document.getElementById("summary"));
const submit = /** @type {HTMLButtonElement} */ (document.getElementById("submit"));
const inputs = ["code", "display_name", "username", "password"].map(field);

document.getElementById("first-run")?.addEventListener("submit", async (event) => {
  event.preventDefault();
  summary.hidden = true;
  for (const input of inputs) fieldError(input, input.value.trim() ? "" : t("Vul dit in."));
  if (focusWrong(inputs)) return;
  submit.disabled = true;
  const wanted = Object.fromEntries(inputs.map((input) => [input.id, input.id === "password" ? input.value : input.value.trim()]));
  try {
    await request("POST", "/api/first-run", { json: wanted, login: true });
    location.assign("/inloggen");
  } catch (error) {
    showProblem(summary, error, inputs);
  } finally {
    submit.disabled = false;
  }
});
