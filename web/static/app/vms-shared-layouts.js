/** The shift manager decides which layouts of the wall everybody gets. */

import { LitElement, html, nothing } from "lit";

import { messageOf } from "./api.js";
import { icon } from "./icon.js";
import { t } from "./page.js";
import { savedLayouts, shareLayout } from "./saved-layouts.js";

class SharedLayouts extends LitElement {
  constructor() {
    super();
    /** @type {import("./saved-layouts.js").SavedLayout[] | null} */
    this.layouts = null;
    this.problem = "";
    this._do(async () => {});
  }

  createRenderRoot() {
    return this;
  }

  /** @param {() => Promise<unknown>} act */
  async _do(act) {
    try {
      await act();
      this.layouts = await savedLayouts();
      this.problem = "";
    } catch (error) {
      this.problem = messageOf(error);
    }
    this.requestUpdate();
  }

  /** @param {import("./saved-layouts.js").SavedLayout} layout */
  _row(layout) {
    const { name, owner, wall, shared } = layout;
    const what = wall.hero ? t("{layout}, camera {hero} groot", { layout: wall.layout, hero: wall.hero }) : wall.layout;
    return html`<tr><td>${name}</td><td>${owner}</td><td>${what}</td>
      <td><button type="button" aria-pressed=${String(shared)} @click=${() => this._do(() => shareLayout(layout, !shared))}>${shared ? t("voor iedereen") : t("delen")}<span class="sr"> ${name}</span></button></td></tr>`;
  }

  render() {
    if (!this.layouts) return this.problem ? html`<p role="alert">${this.problem}</p>` : nothing;
    return html`<section class="part" aria-labelledby="layouts-title"><h2 id="layouts-title">${icon("layout-grid")} ${t("Standen van de muur")}</h2>
      <p role="alert">${this.problem}</p>
      ${this.layouts.length
        ? html`<div class="scroll"><table><thead><tr><th>${t("Naam")}</th><th>${t("Gemaakt door")}</th><th>${t("Toont")}</th><th>${t("Delen")}</th></tr></thead><tbody>${this.layouts.map((layout) => this._row(layout))}</tbody></table></div>`
        : html`<p class="none">${t("Nog geen observant heeft een stand bewaard.")}</p>`}
    </section>`;
  }
}

customElements.define("vms-shared-layouts", SharedLayouts);
