/** Categories from year to year: a new one, also in the place of others, and the end of one. Old incidents keep theirs. */

import { LitElement, html, nothing } from "lit";

import { Problem, getJson, messageOf, post, request } from "./api.js";
import { icon } from "./icon.js";
import { announce, t } from "./page.js";
import { isoDate } from "./times.js";

/** @typedef {import("./incident-words.js").Category} Category */

class IncidentCategories extends LitElement {
  constructor() {
    super();
    this.year = Number(isoDate(Date.now() * 1000).slice(0, 4));
    /** @type {Category[] | null} */
    this.categories = null;
    /** The one whose end is asked for; null: a new one is. @type {Category | null} */
    this.ending = null;
    this.error = "";
    this.problem = "";
    /** @type {Record<string, string>} */
    this.problems = {};
  }

  createRenderRoot() {
    return this;
  }

  connectedCallback() {
    super.connectedCallback();
    this._load();
  }

  async _load() {
    try {
      this.categories = (await getJson("/api/incidents/categories")).categories;
      this.error = "";
    } catch (error) {
      this.error = messageOf(error);
    }
    this.requestUpdate();
  }

  get _dialog() {
    return /** @type {HTMLDialogElement} */ (this.querySelector("dialog"));
  }

  /** @param {Category | null} ending */
  async _ask(ending) {
    Object.assign(this, { ending, problem: "", problems: {} });
    this.requestUpdate();
    await this.updateComplete;
    /** @type {HTMLFormElement} */ (this._dialog.querySelector("form")).reset();
    this._dialog.showModal();
  }

  /** @param {SubmitEvent} event */
  async _save(event) {
    event.preventDefault();
    const fields = new FormData(/** @type {HTMLFormElement} */ (event.target));
    const others = fields.getAll("other").map(Number);
    const year = Number(fields.get("year"));
    const { ending } = this;
    try {
      if (ending) await request("PATCH", `/api/incidents/categories/${ending.id}`, { json: { last_year: fields.get("year") ? year : null, became: others } });
      else await post("/api/incidents/categories", { name: String(fields.get("name")), first_year: year, replaces: others });
      this._dialog.close();
      announce(t("Bewaard"));
      await this._load();
      this.dispatchEvent(new Event("changed", { bubbles: true }));
    } catch (error) {
      this.problem = messageOf(error);
      this.problems = error instanceof Problem ? error.fields : {};
      this.requestUpdate();
    }
  }

  /** @param {number} id */
  _name(id) {
    return this.categories?.find((each) => each.id === id)?.name ?? String(id);
  }

  _form() {
    const { ending, problems } = this;
    const choices = (this.categories ?? []).filter(({ id, last_year: last }) => id !== ending?.id && (last === null || last >= this.year));
    const wrong = (/** @type {string} */ name) => html`<p class="field-error" id="category-${name}-error">${problems[name] ?? ""}</p>`;
    return html`<dialog class="category-form" aria-labelledby="category-title"><form @submit=${(/** @type {SubmitEvent} */ event) => this._save(event)}>
      <h2 id="category-title">${ending ? t("Einde van {name}", { name: ending.name }) : t("Nieuwe categorie")}</h2>
      <p class="hint">${t("Incidenten die al zijn ingeschreven, houden hun categorie. In de jaarcijfers telt zij mee bij wat ervoor in de plaats komt.")}</p>
      ${ending ? nothing : html`<label for="category-name">${t("Naam")}</label><input id="category-name" name="name" required minlength="2" maxlength="120" autocomplete="off" aria-describedby="category-name-error">${wrong("name")}`}
      <label for="category-year">${ending ? t("Laatste jaar (leeg: tot nader order)") : t("Eerste jaar")}</label><input id="category-year" class="num" name="year" type="number" min="2000" max="2100" ?required=${!ending} value=${ending ? (ending.last_year ?? this.year) : this.year + 1} aria-describedby="category-year-error">
      <p class="field-error" id="category-year-error">${problems.first_year ?? problems.last_year ?? ""}</p>
      <fieldset class="choices" aria-describedby="category-other-error"><legend>${ending ? t("Gaat verder als") : t("Komt in de plaats van")}</legend>${choices.map(
        ({ id, name }) => html`<label><input type="checkbox" name="other" value=${id} ?checked=${ending?.became.includes(id) ?? false}> ${name}</label>`,
      )}</fieldset><p class="field-error" id="category-other-error">${problems.replaces ?? problems.became ?? ""}</p>
      <p class="failed" role="alert">${this.problem}</p>
      <div class="actions"><button class="primary">${t("Vastleggen")}</button><button type="button" @click=${() => this._dialog.close()}>${t("Annuleren")}</button></div></form></dialog>`;
  }

  /** @param {Category} category */
  _row(category) {
    const { id, name, first_year: first, last_year: last, became } = category;
    const isOver = last !== null && last < this.year;
    return html`<tr data-category=${id} ?data-over=${isOver}><th scope="row">${name}</th><td class="num">${first}</td><td class="num">${last ?? t("tot nader order")}</td><td>${became.map((each) => this._name(each)).join(", ") || html`<span class="none">–</span>`}</td>
      <td class="do"><button type="button" class="quiet" @click=${() => this._ask(category)} aria-label=${t("Einde van {name}…", { name })}>${t("Einde…")}</button></td></tr>`;
  }

  render() {
    const { categories } = this;
    return html`<section class="part" aria-labelledby="categories-title"><details><summary><h2 id="categories-title">${t("Categorieën")}</h2></summary>
      ${this.error ? html`<p class="failed" role="alert">${icon("wifi-off")} ${this.error}</p>` : nothing}
      <p class="lead">${t("Observanten kiezen uit wat in het jaar van het incident geldt.")} <button type="button" id="new-category" @click=${() => this._ask(null)}>${icon("plus")} ${t("Nieuwe categorie…")}</button></p>
      ${categories ? html`<div class="scroll"><table class="categories"><thead><tr><th scope="col">${t("categorie")}</th><th scope="col">${t("vanaf")}</th><th scope="col">${t("tot en met")}</th><th scope="col">${t("gaat verder als")}</th><th scope="col"><span class="sr">${t("handeling")}</span></th></tr></thead><tbody>${categories.map((each) => this._row(each))}</tbody></table></div>` : nothing}
      </details></section>${this._form()}`;
  }
}

customElements.define("vms-incident-categories", IncidentCategories);
