/** Drawing a camera's masks on a still: list, canvas, problems, trials, and what becomes of the drawing. */

import { LitElement, html, nothing } from "lit";

import "./vms-mask-aim.js";
import "./vms-mask-canvas.js";
import "./vms-mask-trials.js";
import { messageOf, post } from "./api.js";
import { icon } from "./icon.js";
import { MaskDrawing } from "./mask-drawing.js";
import { crossesItself, extent } from "./mask-geometry.js";
import { forget, secondsLeft, takeStill } from "./mask-still.js";
import { momentField, parseMoment, validFrom } from "./moment-field.js";
import { announce, decimal, page, t } from "./page.js";

/** @typedef {import("./mask-geometry.js").Mask} Mask */

const CHECK_AFTER_MS = 400;
const SHORTEST_REASON = 5;

class MaskEditor extends LitElement {
  static properties = { camera: { attribute: false }, lens: { attribute: false }, compare: { attribute: false } };

  constructor() {
    super();
    /** @type {import("./vms-tile.js").CameraInfo | null} */
    this.camera = null;
    /** Calibration to draw with. @type {Record<string, any>} */
    this.lens = {};
    /** Masks of another version, shown dashed. @type {Mask[]} */
    this.compare = [];
    this.drawing = new MaskDrawing();
    this.drawing.addEventListener("change", () => this._changed());
    this.drawing.addEventListener("select", () => this._show());
    /** @type {import("./mask-still.js").Still | null} */
    this.still = null;
    this.view = /** @type {import("./mask-geometry.js").View | null} */ (null);
    this.size = { width: 1280, height: 720 };
    this.stillReason = "";
    this.why = "";
    this.from = "";
    /** By field, from the server. @type {Record<string, Record<string, string>>} */
    this.problems = {};
    this.checked = true;
    this.error = "";
    this.busy = false;
    this.dirty = false;
    this._timer = 0;
    this._check = 0;
  }

  createRenderRoot() {
    return this;
  }

  connectedCallback() {
    super.connectedCallback();
    this._timer = setInterval(() => this._tick(), 500);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    clearInterval(this._timer);
    forget(this.still);
  }

  /** Begin with these masks. @param {Mask[]} masks */
  begin(masks) {
    this.drawing.load(masks);
    this.dirty = false;
    this.why = "";
    this.error = "";
    this.requestUpdate();
  }

  /** Another camera: nothing of the one before stays in sight. */
  leave() {
    forget(this.still);
    this.still = null;
    this.view = null;
    /** @type {any} */ (this.querySelector("vms-mask-trials"))?.clear();
  }

  get _canvas() {
    return /** @type {import("lit").LitElement & { addBox(): void, startDrawing(): void, zoomBy(factor: number): void, canDraw: boolean }} */ (this.querySelector("vms-mask-canvas"));
  }

  get _turns() {
    return this.camera?.can_turn ?? false;
  }

  get _lensDocument() {
    return Object.keys(this.lens).length ? this.lens : null;
  }

  _changed() {
    this.dirty = true;
    this.checked = false;
    clearTimeout(this._check);
    this._check = setTimeout(() => this._askProblems(), CHECK_AFTER_MS);
    this.requestUpdate();
  }

  /** The row of the mask that was chosen in the picture. */
  async _show() {
    this.requestUpdate();
    await this.updateComplete;
    this.querySelector("li[data-chosen]")?.scrollIntoView({ block: "nearest" });
  }

  async _askProblems() {
    const asked = this.drawing.masks;
    try {
      const { fields } = await post(`/api/cameras/${this.camera?.id}/masks/check`, this._document());
      if (asked !== this.drawing.masks) return;
      this.problems = fields;
      this.checked = true;
      if (Object.keys(fields).length) announce(t("{n} problemen in de tekening", { n: Object.keys(fields).length }));
    } catch (error) {
      this.error = messageOf(error);
    }
    this.requestUpdate();
  }

  _document() {
    return { masks: this.drawing.masks, lens: this._lensDocument, reason: this.why };
  }

  _tick() {
    if (!this.still) return;
    if (secondsLeft(this.still) === 0) {
      forget(this.still);
      this.still = null;
    }
    this.requestUpdate();
  }

  /** @param {boolean} [atRest] */
  async _still(atRest = false) {
    this.busy = true;
    this.error = "";
    this.requestUpdate();
    try {
      const still = await takeStill(this.camera?.id ?? "", { reason: this.stillReason, lens: this._lensDocument ?? undefined, at_rest: atRest });
      forget(this.still);
      this.still = still;
      this.view = still.view;
      this.size = { width: still.width, height: still.height };
    } catch (error) {
      this.error = messageOf(error);
    }
    this.busy = false;
    this.requestUpdate();
  }

  /** @param {boolean} propose */
  async _save(propose) {
    this.busy = true;
    this.error = "";
    this.requestUpdate();
    const url = `/api/cameras/${this.camera?.id}/masks`;
    try {
      const { version } = await post(url, { ...this._document(), ...validFrom(this.from) });
      if (propose) await post(`${url}/${version}/propose`);
      this.dirty = false;
      this.why = "";
      this.from = "";
      announce(propose ? t("Concept {n} wacht op een tweede persoon.", { n: version }) : t("Concept {n} bewaard.", { n: version }));
      this.dispatchEvent(new Event("saved", { bubbles: true }));
    } catch (error) {
      this.error = messageOf(error);
    }
    this.busy = false;
    this.requestUpdate();
  }

  /** @param {number} index */
  _problemsOf(index) {
    const mask = this.drawing.masks[index];
    const found = Object.entries(this.problems).filter(([field]) => field.startsWith(`masks[${index}]`)).map(([, text]) => text[page.language]);
    if (!found.length && crossesItself(mask.polygon)) found.push(t("kruist zichzelf"));
    return found;
  }

  /** @param {Mask} mask @param {number} index */
  _row(mask, index) {
    const [first, second] = extent(mask, (value) => decimal(value, mask.space === "sphere" ? 1 : 2));
    const where = mask.space === "sphere" ? t("pan {pan}°, tilt {tilt}°", { pan: first, tilt: second }) : t("x {x}, y {y}", { x: first, y: second });
    const problems = this._problemsOf(index);
    return html`<li data-mask-row=${index} ?data-chosen=${index === this.drawing.selected} data-level=${problems.length ? "danger" : "ok"}>
      <input aria-label=${t("Naam van masker {n}", { n: index + 1 })} maxlength="80" .value=${mask.name} @focus=${() => this.drawing.select(index)} @change=${(/** @type {any} */ e) => this.drawing.rename(index, e.target.value)}>
      <button type="button" class="quiet" title=${t("Weghalen")} aria-label=${t("Masker {name} weghalen", { name: mask.name })} @click=${() => this.drawing.remove(index)}>${icon("x")}</button>
      <small class="num">${where} · ${t("{n} punten", { n: mask.polygon.length })}</small>
      ${problems.map((text) => html`<small class="bad" role="alert">${icon("triangle-alert")} ${text}</small>`)}</li>`;
  }

  _stillForm() {
    const left = secondsLeft(this.still);
    const may = this.stillReason.trim().length >= SHORTEST_REASON;
    return html`<form class="still" @submit=${(/** @type {Event} */ e) => { e.preventDefault(); if (may) this._still(); }}>
      <div><label for="still-reason">${t("Waarom hebt u een foto zonder masker nodig?")}</label>
      <input id="still-reason" maxlength="300" autocomplete="off" .value=${this.stillReason} @input=${(/** @type {any} */ e) => { this.stillReason = e.target.value; this.requestUpdate(); }}></div>
      <button class="primary" id="take-still" ?disabled=${!may || this.busy}>${icon("camera")} ${t("Foto maken")}</button>
      <p class="left num" role="timer">${left ? t("Nog {n} s zichtbaar", { n: left }) : this.still ? nothing : t("Geen foto in beeld")}</p></form>
      <p class="hint">${t("Alleen voor wie tekent. De foto verdwijnt na 60 seconden en staat met uw reden in het auditlog.")}</p>
      ${this._turns ? html`<vms-mask-aim .camera=${this.camera?.id} ?ready=${may} @aimed=${() => this._still(true)}></vms-mask-aim>` : nothing}`;
  }

  _tools() {
    const can = this._turns ? this.view !== null : true;
    return html`<div class="tools" role="toolbar" aria-label=${t("Tekenen")}>
      <button type="button" id="draw-mouse" ?disabled=${!can} @click=${() => this._canvas.startDrawing()}>${icon("plus")} ${t("Vlak klikken")}</button>
      <button type="button" id="draw-keys" ?disabled=${!can} @click=${() => this._canvas.addBox()}>${icon("keyboard")} ${t("Vlak met toetsen")}</button>
      <button type="button" id="undo" ?disabled=${!this.drawing.canUndo} title="Ctrl+Z" @click=${() => this.drawing.undo()}>${icon("step-back")} ${t("Ongedaan maken")}</button>
      <button type="button" id="redo" ?disabled=${!this.drawing.canRedo} title="Ctrl+Y" @click=${() => this.drawing.redo()}>${icon("step-forward")} ${t("Opnieuw")}</button>
      <button type="button" title=${t("Inzoomen")} aria-label=${t("Inzoomen")} @click=${() => this._canvas.zoomBy(1.5)}>${icon("zoom-in")}</button>
      <button type="button" title=${t("Uitzoomen")} aria-label=${t("Uitzoomen")} @click=${() => this._canvas.zoomBy(1 / 1.5)}>${icon("zoom-out")}</button>
      ${can ? nothing : html`<span class="hint">${this._lensDocument ? t("Maak eerst een foto: zonder stand van de camera ligt een vlak nergens.") : t("Deze camera is nog niet gekalibreerd: er is geen lenstabel om op te tekenen.")}</span>`}</div>`;
  }

  _saveForm() {
    const whole = Object.entries(this.problems).filter(([field]) => !/^masks\[/.test(field)).map(([, text]) => text[page.language]);
    const ready = this.dirty && this.checked && !Object.keys(this.problems).length && this.why.trim().length >= SHORTEST_REASON && parseMoment(this.from) !== undefined && !this.busy;
    return html`<form class="save" @submit=${(/** @type {Event} */ e) => e.preventDefault()}>
      ${whole.map((text) => html`<p class="field-error" role="alert">${icon("triangle-alert")} ${text}</p>`)}
      <div class="fields"><div><label for="why">${t("Waarom deze versie?")}</label><input id="why" maxlength="300" autocomplete="off" .value=${this.why} @input=${(/** @type {any} */ e) => { this.why = e.target.value; this.requestUpdate(); }}></div>
      ${momentField("valid-from", t("Geldt vanaf (leeg: zodra vastgesteld)"), this.from, (text) => { this.from = text; this.requestUpdate(); })}</div>
      ${this.error ? html`<p class="field-error" role="alert">${this.error}</p>` : nothing}
      <div class="actions"><button type="button" id="propose" class="primary" ?disabled=${!ready} @click=${() => this._save(true)}>${icon("gavel")} ${t("Aanbieden aan tweede persoon")}</button>
      <button type="button" id="save-draft" ?disabled=${!ready} @click=${() => this._save(false)}>${t("Bewaren als concept")}</button></div></form>`;
  }

  render() {
    if (!this.camera) return nothing;
    const masks = this.drawing.masks;
    const may = this.stillReason.trim().length >= SHORTEST_REASON;
    return html`${this._stillForm()}${this._tools()}
      <div class="drawing"><vms-mask-canvas .drawing=${this.drawing} .picture=${this.still?.url ?? ""} .view=${this.view} .compare=${this.compare} .space=${this._turns ? "sphere" : "image"} .width=${this.size.width} .height=${this.size.height}></vms-mask-canvas>
      <div class="side"><h3>${t("Maskers")} <span class="chip num">${masks.length}</span></h3>
        ${masks.length ? html`<ol class="masks">${masks.map((mask, index) => this._row(mask, index))}</ol>` : html`<p class="hint">${t("Geen vlakken: er is besloten dat niets afgedekt hoeft te worden. Ook dat stelt een tweede persoon vast.")}</p>`}
        ${this.compare.length ? html`<p class="hint"><span class="dashed"></span> ${t("gestreept: de versie waarmee u vergelijkt")}</p>` : nothing}</div></div>
      <vms-mask-trials .camera=${this.camera.id} ?turns=${this._turns} .masks=${masks} .lens=${this._lensDocument} .reason=${this.stillReason} ?ready=${may && this.checked && !Object.keys(this.problems).length}></vms-mask-trials>
      ${this._saveForm()}`;
  }
}

customElements.define("vms-mask-editor", MaskEditor);
