/** The login form: errors beside the field, what was typed stays. What else is needed is asked for when it is. */

import { Problem, messageOf, request } from "./api.js";
import { field, fieldError, focusWrong } from "./form-errors.js";
import { coupleTelephone } from "./login-telephone.js";
import { t } from "./page.js";

const form = /** @type {HTMLFormElement} */ (document.getElementById("login"));
const submit = /** @type {HTMLButtonElement} */ (document.getElementById("submit"));
const summary = /** @type {HTMLElement} */ (document.getElementById("summary"));
const reveal = /** @type {HTMLButtonElement} */ (document.getElementById("reveal"));
const username = field("username");
const password = field("password");
const code = field("code");
const reason = field("reason");

/** Parts of the form that only some need, by the problem that asks for them. @type {Record<string, HTMLInputElement>} */
const ASKED_FOR = { second_factor_code: code, second_factor_wrong: code, break_glass_reason: reason };

const credentials = () => ({ username: username.value.trim(), password: password.value });
const follow = () => location.assign(form.dataset.next ?? "/");

function complete() {
  fieldError(username, username.value.trim() ? "" : t("Vul uw gebruikersnaam in."));
  fieldError(password, password.value ? "" : t("Vul uw wachtwoord in."));
  return !focusWrong([username, password]);
}

/** @param {HTMLInputElement} input @param {string} text */
function ask(input, text) {
  const part = /** @type {HTMLElement} */ (document.getElementById(`${input.id}-part`));
  const isNew = part.hidden;
  part.hidden = false;
  if (!isNew || input === reason) fieldError(input, text);
  input.focus();
  input.select();
}

/** @param {unknown} error */
async function refused(error) {
  const asked = error instanceof Problem ? ASKED_FOR[error.code] : undefined;
  if (asked) return ask(asked, messageOf(error));
  if (error instanceof Problem && error.code === "second_factor_enrol") return coupleTelephone(form, credentials(), follow);
  summary.hidden = false;
  summary.textContent = messageOf(error);
  if (error instanceof Problem && error.status === 401) {
    fieldError(password, t("Controleer gebruikersnaam en wachtwoord."));
    password.focus();
    password.select();
  }
}

/** @param {unknown} error */
const couldNot = (error) => {
  summary.hidden = false;
  summary.textContent = messageOf(error);
};

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  summary.hidden = true;
  if (!complete()) return;
  submit.disabled = true;
  try {
    await request("POST", "/api/login", {
      json: { ...credentials(), code: code.value.trim(), reason: reason.value.trim() },
      login: true,
    });
    follow();
  } catch (error) {
    await refused(error).catch(couldNot);
  } finally {
    submit.disabled = false;
  }
});

reveal.addEventListener("click", () => {
  const shown = password.type === "password";
  password.type = shown ? "text" : "password";
  reveal.setAttribute("aria-pressed", String(shown));
});
