/** What stands under the pictures of looking back: how they play, and what of them is taken along. */

import { html, nothing } from "lit";

import { holdButton } from "./hold-button.js";
import { icon } from "./icon.js";
import { bytes, decimal, t } from "./page.js";
import { clockTime, span, zone } from "./times.js";

export const SPEEDS = [0.5, 1, 2, 4, 8, 16];

/** @param {import("./vms-playback.js").Playback} playback */
export function controlsBar(playback) {
  const playing = playback.player?.isOpen && !playback.player.paused;
  /** @param {string} name @param {string} text @param {() => void} act */
  const button = (name, text, act) => html`<button type="button" title=${text} aria-label=${text} ?disabled=${!playback.player?.isOpen} @click=${act}>${icon(name)}</button>`;
  return html`<div class="controls" role="toolbar" aria-label=${t("Afspelen")}>
    ${button("rewind", t("10 seconden terug (←)"), () => playback.skip(-10))}
    ${button("step-back", t("beeld terug (,)"), () => playback.player?.stepFrames(-1))}
    <button type="button" class="primary play" title=${t("Afspelen of pauze (spatie)")} aria-label=${t("Afspelen of pauze (spatie)")} ?disabled=${!playback.player?.isOpen} @click=${() => playback.toggle()}>${icon(playing ? "pause" : "play")}</button>
    ${button("step-forward", t("beeld vooruit (.)"), () => playback.player?.stepFrames(1))}
    ${button("fast-forward", t("10 seconden vooruit (→)"), () => playback.skip(10))}
    <label class="speed"><span class="sr">${t("Snelheid")}</span><select @change=${(/** @type {Event} */ event) => playback._setSpeed(Number(/** @type {HTMLSelectElement} */ (event.target).value))}>
      ${SPEEDS.map((speed) => html`<option value=${speed} ?selected=${speed === playback.speed}>${decimal(speed, speed < 1 ? 1 : 0)}×</option>`)}</select></label>
    ${playback.reverse ? html`<span class="chip">◀ ${playback.reverse}×</span>` : nothing}
    <time class="instant num"></time>
    <span class="erased"></span>
    <span class="spacer"></span>
    ${playback.motion.button()}
    ${button("camera", t("Foto, met masker (S)"), () => playback.photo())}
    ${button("minus", t("Beeld kleiner"), () => playback.zoomed.step(playback.video, -1))}
    ${button("plus", t("Beeld groter"), () => playback.zoomed.step(playback.video, 1))}
    ${button("zoom-out", t("Tijdlijn ruimer (−)"), () => playback.timeline.zoom(2))}
    ${button("zoom-in", t("Tijdlijn fijner (+)"), () => playback.timeline.zoom(0.5))}
  </div>`;
}

/** @param {import("./vms-playback.js").Playback} playback */
export function selectionBar(playback) {
  /** @param {number | null} us */
  const shown = (us) => (us === null ? "–" : `${clockTime(us)} ${zone(us)}`);
  const complete = playback.inUs !== null && playback.outUs !== null;
  const { job } = playback;
  return html`<section class="export" aria-label=${t("Downloaden")}>
    <button type="button" ?disabled=${!playback.player?.isOpen} @click=${() => playback.mark("in")}><kbd>[</kbd>${t("In")} <span class="num">${shown(playback.inUs)}</span></button>
    <button type="button" ?disabled=${!playback.player?.isOpen} @click=${() => playback.mark("out")}><kbd>]</kbd>${t("Uit")} <span class="num">${shown(playback.outUs)}</span></button>
    ${complete ? html`<span class="chip num">${span(Number(playback.outUs) - Number(playback.inUs))}</span>` : nothing}
    ${holdButton(playback)}
    <button type="button" class="primary" id="export" ?disabled=${!complete || job.state === "queued" || job.state === "busy"} @click=${() => playback.download()}>${icon("download")}${t("MP4 met maskers maken")}</button>
    ${job.state === "queued" ? html`<span>${t("in de wachtrij…")}</span>` : nothing}
    ${job.state === "busy" ? html`<progress max="1" value=${job.progress}></progress><span class="num">${Math.round(job.progress * 100)} %</span>` : nothing}
    ${job.state === "failed" ? html`<span class="failed" role="alert">${icon("circle-x")}${job.error || t("De export is mislukt.")}</span>` : nothing}
    ${job.state === "done" ? html`<a class="button" id="export-file" href=${job.url ?? ""} download>${icon("download")}${t("Opslaan")} (${bytes(job.bytes ?? 0)})</a><span class="hash"><abbr title="Secure Hash Algorithm">SHA-256</abbr> <code>${job.sha256}</code></span>
      <p class="hint">${t("Verzegeld met certificaat {id}, zonder manifest. Is het bewijs, doe dan een verzoek.", { id: job.certificate_id ?? "" })} <a href="/controle">${t("Controle")}</a> · <a href="/verzoeken">${t("Verzoeken")}</a></p>` : nothing}
  </section>`;
}
