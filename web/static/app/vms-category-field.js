/** A category by a few of its letters. Enter or Tab takes the one that is marked; what is none stays as it was typed. */

import { LitElement, html } from "lit";
import { live } from "lit-html/directives/live.js";

import { announce, t } from "./page.js";
import { matching } from "./palette-match.js";

/** Events: "chosen" (detail {id, typed}), id 0 while what is typed is no category; "done" when Enter took one. */
export class CategoryField extends LitElement {
  static properties = { categories: { attribute: false }, chosen: { type: Number }, typed: {}, problem: {} };

  constructor() {
    super();
    /** @type {import("./incident-words.js").Category[]} */
    this.categories = [];
    this.chosen = 0;
    this.typed = "";
    this.problem = "";
    this._at = 0;
    this._isOpen = false;
  }

  createRenderRoot() {
    return this;
  }

  get input() {
    return /** @type {HTMLInputElement} */ (this.querySelector("input"));
  }

  get _found() {
    const entries = this.categories.map(({ id, name }) => ({ kind: "category", text: name, hint: "", id, run: () => {} }));
    return /** @type {typeof entries} */ (matching(entries, this.typed));
  }

  /** @param {number} id @param {string} typed */
  _tell(id, typed) {
    Object.assign(this, { chosen: id, typed });
    this.dispatchEvent(new CustomEvent("chosen", { detail: { id, typed } }));
    this.requestUpdate();
  }

  _type() {
    const typed = this.input.value;
    const same = this.categories.find(({ name }) => name.toLowerCase() === typed.trim().toLowerCase());
    this._at = 0;
    this._isOpen = true;
    this._tell(same?.id ?? 0, typed);
    const count = typed ? this._found.length : 0;
    if (typed) announce(count ? t("{n} gevonden, {first}", { n: count, first: this._found[0].text }) : t("Niets gevonden"));
  }

  /** What is marked. @returns {boolean} false: there is nothing */
  take() {
    const entry = this._found[this._at];
    this._isOpen = false;
    if (entry) this._tell(entry.id, entry.text);
    this.requestUpdate();
    return entry !== undefined;
  }

  /** @param {number} step */
  _mark(step) {
    this._at = this._isOpen ? Math.max(0, Math.min(this._found.length - 1, this._at + step)) : 0;
    this._isOpen = true;
    this.requestUpdate();
    this.updateComplete.then(() => this.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: "nearest" }));
  }

  /** @param {KeyboardEvent} event */
  _key(event) {
    const isTaking = this._isOpen && this._found.length > 0 && (this.typed.trim() !== "" || this._at > 0 || event.key === "Enter");
    if (event.key === "ArrowDown") this._mark(1);
    else if (event.key === "ArrowUp") this._mark(-1);
    else if (event.key === "Escape" && this._isOpen) {
      this._isOpen = false;
      this.requestUpdate();
    } else if (event.key === "Enter" && isTaking) {
      this.take();
      this.dispatchEvent(new CustomEvent("done"));
    } else {
      if (event.key === "Tab" && isTaking && !event.shiftKey) this.take();
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  }

  _leave() {
    this._isOpen = false;
    this.requestUpdate();
  }

  render() {
    const found = this._isOpen ? this._found : [];
    return html`<div class="category"><label for="incident-category">${t("Categorie")}</label>
      <input id="incident-category" type="text" role="combobox" aria-expanded=${String(found.length > 0)} aria-controls="category-list" aria-autocomplete="list" aria-activedescendant=${found.length ? `category-${this._at}` : ""}
        aria-required="true" aria-invalid=${String(this.problem !== "")} aria-describedby="incident-category-error" autocomplete="off" spellcheck="false" placeholder=${t("typ een paar letters")} .value=${live(this.typed)}
        @input=${() => this._type()} @keydown=${(/** @type {KeyboardEvent} */ event) => this._key(event)} @blur=${() => this._leave()}>
      <ul id="category-list" role="listbox" aria-label=${t("Categorieën")} ?hidden=${!found.length} @pointerdown=${(/** @type {Event} */ event) => event.preventDefault()}>${found.map(
        ({ id, text }, index) => html`<li role="option" id="category-${index}" aria-selected=${String(index === this._at)} @click=${() => {
          this._at = index;
          this.take();
          this.dispatchEvent(new CustomEvent("done"));
        }} data-category=${id}>${text}</li>`,
      )}</ul>
      <p class="field-error" id="incident-category-error" role="alert">${this.problem}</p></div>`;
  }
}

customElements.define("vms-category-field", CategoryField);
