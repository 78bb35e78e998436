/** The dialog on the wall to keep a layout under a name, and to get it back. */

import { LitElement, html, nothing } from "lit";

import { messageOf } from "./api.js";
import { icon } from "./icon.js";
import { announce, page, t } from "./page.js";
import { forgetLayout, saveLayout, savedLayouts } from "./saved-layouts.js";

/** @typedef {import("./saved-layouts.js").SavedLayout} SavedLayout */
/** @typedef {import("./wall-state.js").Arrangement} Arrangement */

export class SavedLayouts extends LitElement {
  constructor() {
    super();
    /** @type {SavedLayout[]} */
    this.layouts = [];
    this.problem = "";
    /** @type {(wall: Arrangement) => void} */
    this.apply = () => {};
    /** @type {() => Arrangement | null} */
    this.current = () => null;
  }

  createRenderRoot() {
    return this;
  }

  connectedCallback() {
    super.connectedCallback();
    this._try(async () => {});
  }

  get _dialog() {
    return /** @type {HTMLDialogElement} */ (this.querySelector("dialog"));
  }

  open() {
    this._try(async () => {});
    this._dialog.showModal();
  }

  /** Do it, then ask anew what there is. @param {() => Promise<unknown>} act */
  async _try(act) {
    try {
      await act();
      this.layouts = (await savedLayouts()).filter(({ shared, owner }) => shared || owner === page.user?.username);
      this.problem = "";
    } catch (error) {
      this.problem = messageOf(error);
    }
    this.requestUpdate();
  }

  /** @param {SubmitEvent} event */
  async _save(event) {
    event.preventDefault();
    const field = /** @type {HTMLInputElement} */ (this.querySelector("#layout-name"));
    const name = field.value.trim();
    const wall = this.current();
    if (!name || !wall) return;
    await this._try(() => saveLayout(name, wall));
    if (this.problem) return;
    field.value = "";
    announce(t("Stand {name} bewaard", { name }));
  }

  /** @param {SavedLayout} layout */
  _show(layout) {
    this._dialog.close();
    this.apply(layout.wall);
  }

  /** @param {SavedLayout} layout */
  _row(layout) {
    const mine = layout.owner === page.user?.username;
    return html`<li><button type="button" class="quiet" @click=${() => this._show(layout)}><strong>${layout.name}</strong> <span class="chip">${layout.wall.layout}</span></button>
      <small>${layout.shared ? t("voor iedereen") : ""}${layout.shared && !mine ? ` · ${layout.owner}` : ""}</small>
      ${mine ? html`<button type="button" class="quiet" aria-label=${t("Stand {name} verwijderen", { name: layout.name })} @click=${() => this._try(() => forgetLayout(layout))}>${icon("x")}</button>` : nothing}</li>`;
  }

  render() {
    return html`<dialog class="saved" aria-labelledby="saved-title">
      <h2 id="saved-title">${t("Bewaarde standen")}</h2>
      ${this.layouts.length ? html`<ul>${this.layouts.map((layout) => this._row(layout))}</ul>` : html`<p class="none">${t("Nog geen stand bewaard.")}</p>`}
      <form @submit=${(/** @type {SubmitEvent} */ event) => this._save(event)}>
        <label for="layout-name">${t("Bewaar wat u nu ziet als")}</label>
        <div class="save-row"><input id="layout-name" maxlength="40" required autocomplete="off"><button class="primary">${t("Bewaren")}</button></div>
        <p class="field-error" role="alert">${this.problem}</p>
      </form>
      <form method="dialog"><button>${t("Sluiten")}</button></form>
    </dialog>`;
  }
}

customElements.define("vms-saved-layouts", SavedLayouts);
