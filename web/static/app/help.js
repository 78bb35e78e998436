/** The list of keys. */

import { html } from "lit";

import { t } from "./page.js";
import { LAYOUTS } from "./wall-state.js";
import { layoutText } from "./wall-toolbar.js";

export function helpDialog() {
  /** @type {[string[], string][]} */
  const rows = [
    [["1", "7", "Enter"], t("camera 17 oproepen (of even wachten)")],
    [["*", "3"], t("stand: {list}", { list: LAYOUTS.map(({ key }, index) => `${index + 1} = ${layoutText(key)}`).join(", ") })],
    [["←", "↑", "→", "↓"], t("actieve tegel verplaatsen")],
    [["Enter"], t("actieve tegel groot")],
    [["PageUp", "PageDown"], t("vorige of volgende camera's")],
    [["N", "←"], t("volgen naar de buurcamera; elke stap komt in het volgspoor")],
    [["/"], t("zoeken: camera, gebied of stand (ook Ctrl K)")],
    [["L"], t("bewaarde standen")],
    [["M"], t("kaart openen of sluiten")],
    [["Q"], t("rondje: starten, pauzeren, hervatten")],
    [["V", "2"], t("deze camera naar scherm 2; is het er niet, dan gaat het open")],
    [["P"], t("sturen aan of uit")],
    [["←", "↑", "+", "−"], t("draaien en zoomen; Shift langzaam, Ctrl snel")],
    [["Shift", "1"], t("preset 1 tot 9 (tijdens sturen); Home = beginstand")],
    [["Esc"], t("stop en geef de camera vrij")],
    [["S"], t("foto van het grote beeld, met masker")],
    [["B"], t("dit moment markeren, voor wie terugkijkt")],
    [["I"], t("incident inschrijven: paar letters van de categorie, aantal, Enter")],
    [["A"], t("nieuwste open melding bevestigen")],
    [["F"], t("volledig scherm")],
  ];
  return html`<dialog class="help" aria-labelledby="help-title">
    <form method="dialog">
      <h2 id="help-title">${t("Toetsen")}</h2>
      <dl>${rows.map(([keys, text]) => html`<dt>${keys.map((key) => html`<kbd>${key}</kbd> `)}</dt><dd>${text}</dd>`)}</dl>
      <button class="primary" autofocus>${t("Sluiten")}</button>
    </form>
  </dialog>`;
}
