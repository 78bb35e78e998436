/** The dialog that marks a moment of a camera for who looks back. The moment is when it was opened. */

import { LitElement, html } from "lit";

import { messageOf, post } from "./api.js";
import { t } from "./page.js";
import { clockTime, zone } from "./times.js";

export class BookmarkDialog extends LitElement {
  constructor() {
    super();
    /** @type {import("./vms-tile.js").CameraInfo | null} */
    this.camera = null;
    this.atUs = 0;
    this.problem = "";
    this.busy = false;
    /** @type {(text: string) => void} */
    this.done = () => {};
  }

  createRenderRoot() {
    return this;
  }

  get _dialog() {
    return /** @type {HTMLDialogElement} */ (this.querySelector("dialog"));
  }

  /** @param {import("./vms-tile.js").CameraInfo} camera @param {number} atUs @param {(text: string) => void} done */
  async open(camera, atUs, done) {
    Object.assign(this, { camera, atUs: Math.round(atUs), done, problem: "" });
    this.requestUpdate();
    await this.updateComplete;
    /** @type {HTMLFormElement} */ (this.querySelector("form")).reset();
    this._dialog.showModal();
  }

  /** @param {SubmitEvent} event */
  async _mark(event) {
    event.preventDefault();
    if (this.busy || !this.camera) return;
    this.busy = true;
    const note = String(new FormData(/** @type {HTMLFormElement} */ (event.target)).get("note")).trim();
    try {
      await post("/api/bookmarks", { camera: this.camera.id, at_us: this.atUs, note });
      this._dialog.close();
      this.done(t("Gemarkeerd: camera {number}, {time}", { number: this.camera.number, time: clockTime(this.atUs) }));
    } catch (error) {
      this.problem = messageOf(error);
    }
    this.busy = false;
    this.requestUpdate();
  }

  render() {
    const { camera } = this;
    return html`<dialog class="bookmark" aria-labelledby="bookmark-title">
      <h2 id="bookmark-title">${t("Moment markeren")}</h2>
      <p>${camera ? html`<b class="num">${String(camera.number).padStart(2, "0")}</b> ${camera.name} · ` : ""}<time class="num">${clockTime(this.atUs)} ${zone(this.atUs)}</time></p>
      <form @submit=${(/** @type {SubmitEvent} */ event) => this._mark(event)}>
        <label for="bookmark-note">${t("Notitie (hoeft niet)")}</label>
        <div class="save-row"><input id="bookmark-note" name="note" maxlength="120" autocomplete="off" aria-describedby="bookmark-hint bookmark-problem"><button class="primary">${t("Markeren")}</button></div>
        <p id="bookmark-hint" class="hint">${t("Geen persoonsgegevens: geen namen, geen kentekens.")}</p>
        <p id="bookmark-problem" class="field-error" role="alert">${this.problem}</p>
      </form>
      <form method="dialog"><button>${t("Annuleren")}</button></form>
    </dialog>`;
  }
}

customElements.define("vms-bookmark", BookmarkDialog);
