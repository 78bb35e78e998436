/** The login form: errors beside the field, what was typed stays. */

import { Problem, messageOf, request } from "./api.js";
import { t } from "./page.js";

const form = /** @type {HTMLFormElement} */ (document.getElementById("login"));
const username = /** @type {HTMLInputElement} */ (document.getElementById("username"));
const password = /** @type {HTMLInputElement} */ (document.getElementById("password"));
const submit = /** @type {HTMLButtonElement} */ (document.getElementById("submit"));
const summary = /** @type {HTMLElement} */ (document.getElementById("summary"));
const reveal = /** @type {HTMLButtonElement} */ (document.getElementById("reveal"));

/** @param {HTMLInputElement} field @param {string} text */
function fieldError(field, text) {
  const place = document.getElementById(`${field.id}-error`);
  if (place) place.textContent = text;
  field.setAttribute("aria-invalid", String(text !== ""));
}

function complete() {
  fieldError(username, username.value.trim() ? "" : t("Vul uw gebruikersnaam in."));
  fieldError(password, password.value ? "" : t("Vul uw wachtwoord in."));
  const wrong = [username, password].find((field) => field.getAttribute("aria-invalid") === "true");
  wrong?.focus();
  return !wrong;
}

/** @param {unknown} error */
function refused(error) {
  summary.hidden = false;
  summary.textContent = messageOf(error);
  if (error instanceof Problem && error.status === 401) {
    fieldError(password, t("Controleer gebruikersnaam en wachtwoord."));
    password.focus();
    password.select();
  }
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  summary.hidden = true;
  if (!complete()) return;
  submit.disabled = true;
  try {
    await request("POST", "/api/login", {
      json: { username: username.value.trim(), password: password.value },
      login: true,
    });
    location.assign(form.dataset.next ?? "/");
  } catch (error) {
    refused(error);
  } finally {
    submit.disabled = false;
  }
});

reveal.addEventListener("click", () => {
  const shown = password.type === "password";
  password.type = shown ? "text" : "password";
  reveal.setAttribute("aria-pressed", String(shown));
});
