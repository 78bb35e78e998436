/** Type a few letters to call up a camera, an area or a layout. */

import { LitElement, html, nothing } from "lit";

import { icon } from "./icon.js";
import { announce, t } from "./page.js";
import { matching } from "./palette-match.js";

const MOST = 12;
/** @type {Record<string, string>} */
const ICONS = { camera: "video", area: "home", layout: "layout-grid" };

/** @param {string} kind */
function kindText(kind) {
  /** @type {Record<string, string>} */
  const words = { camera: t("camera"), area: t("gebied"), layout: t("stand") };
  return words[kind];
}

export class Palette extends LitElement {
  constructor() {
    super();
    /** @type {import("./palette-match.js").Entry[]} */
    this.entries = [];
    this.typed = "";
    this.chosen = 0;
  }

  createRenderRoot() {
    return this;
  }

  get _dialog() {
    return /** @type {HTMLDialogElement} */ (this.querySelector("dialog"));
  }

  get _found() {
    return matching(this.entries, this.typed).slice(0, MOST);
  }

  /** @param {import("./palette-match.js").Entry[]} entries */
  open(entries) {
    this.entries = entries;
    this.typed = "";
    this.chosen = 0;
    this.requestUpdate();
    this._dialog.showModal();
    const field = /** @type {HTMLInputElement} */ (this.querySelector("input"));
    field.value = "";
    field.focus();
  }

  /** @param {Event} event */
  _type(event) {
    this.typed = /** @type {HTMLInputElement} */ (event.target).value;
    this.chosen = 0;
    const count = this._found.length;
    announce(count ? t("{n} gevonden", { n: count }) : t("Niets gevonden"));
    this.requestUpdate();
  }

  /** @param {KeyboardEvent} event */
  _key(event) {
    const count = this._found.length;
    if (event.key === "ArrowDown") this.chosen = Math.min(count - 1, this.chosen + 1);
    else if (event.key === "ArrowUp") this.chosen = Math.max(0, this.chosen - 1);
    else if (event.key === "Enter") this._run(this._found[this.chosen]);
    else return;
    event.preventDefault();
    this.requestUpdate();
  }

  /** @param {import("./palette-match.js").Entry | undefined} entry */
  _run(entry) {
    if (!entry) return;
    this._dialog.close();
    entry.run();
  }

  render() {
    const found = this._found;
    return html`<dialog class="palette" aria-label=${t("Zoeken")} @click=${(/** @type {Event} */ event) => event.target === this._dialog && this._dialog.close()}>
      <div class="palette-field">${icon("search")}<input type="text" role="combobox" aria-expanded="true" aria-controls="palette-list" aria-autocomplete="list"
        aria-activedescendant=${found.length ? `palette-${this.chosen}` : nothing} aria-label=${t("Camera, gebied of stand")} placeholder=${t("Camera, gebied of stand")} autocomplete="off" spellcheck="false"
        @input=${(/** @type {Event} */ event) => this._type(event)} @keydown=${(/** @type {KeyboardEvent} */ event) => this._key(event)}></div>
      <div id="palette-list" role="listbox" aria-label=${t("Gevonden")}>${found.map(
        (entry, index) => html`<div role="option" id=${`palette-${index}`} aria-selected=${String(index === this.chosen)} @click=${() => this._run(entry)}>
          ${icon(ICONS[entry.kind])}<strong>${entry.text}</strong><span>${entry.hint}</span><small>${kindText(entry.kind)}</small></div>`,
      )}</div>
      ${found.length ? nothing : html`<p class="none">${t("Niets gevonden")}</p>`}
    </dialog>`;
  }
}

customElements.define("vms-palette", Palette);
