/** Coupling a telephone at the first login of who needs one: QR code, its first code, recovery codes. */

import { messageOf, request } from "./api.js";
import { field, fieldError } from "./form-errors.js";

const part = (/** @type {string} */ id) => /** @type {HTMLElement} */ (document.getElementById(id));

/** @param {string} id */
function show(id) {
  part(id).hidden = false;
  part(id).querySelector("h2")?.focus();
}

/** @param {string[]} codes @param {() => void} follow */
function showRecoveryCodes(codes, follow) {
  part("telephone").hidden = true;
  part("recovery-codes").replaceChildren(
    ...codes.map((text) => {
      const item = document.createElement("li");
      item.textContent = text;
      return item;
    }),
  );
  part("go-on").addEventListener("click", follow);
  show("recovery");
}

/**
 * In place of the form. Throws Problem when it cannot begin.
 * @param {HTMLFormElement} form
 * @param {{ username: string, password: string }} credentials
 * @param {() => void} follow
 */
export async function coupleTelephone(form, credentials, follow) {
  const answer = await request("POST", "/api/login/second-factor", { json: credentials, login: true });
  const { secret, qr } = await answer.json();
  form.hidden = true;
  document.getElementById("elsewhere")?.setAttribute("hidden", "");
  /** @type {HTMLImageElement} */ (part("qr")).src = qr;
  part("secret").textContent = secret.match(/.{1,4}/g)?.join(" ") ?? secret;
  const code = field("first-code");
  part("confirm").addEventListener("submit", async (event) => {
    event.preventDefault();
    fieldError(code, "");
    try {
      const json = { ...credentials, code: code.value.trim() };
      const confirmed = await request("POST", "/api/login/second-factor/confirm", { json, login: true });
      showRecoveryCodes((await confirmed.json()).recovery_codes, follow);
    } catch (error) {
      fieldError(code, messageOf(error));
      code.focus();
      code.select();
    }
  });
  show("telephone");
}
