/** Disks and processes of the server, and what is wrong with the site as a whole. */

import { html, nothing } from "lit";

import { icon } from "./icon.js";
import { bytes, decimal, t } from "./page.js";
import { diskFixText, diskText, processText } from "./words.js";

/**
 * @typedef {object} Disk
 * @property {string} volume
 * @property {string} path
 * @property {number} total_bytes
 * @property {number} free_bytes
 * @property {number | null} used_pct
 * @property {number} high_water_pct from here on the oldest footage goes early
 * @property {boolean} is_above_high_water
 * @property {number | null} write_bytes_per_s null: not counted yet
 * @property {number | null} days_to_full until the high-water mark; null: the retention period is reached first
 * @property {number | null} fits_days
 * @property {string} fault code; empty = in use
 * @property {string} fault_detail for technicians, in English
 *
 * @typedef {object} SystemStatus
 * @property {boolean} encrypted whether new footage is encrypted
 * @property {Disk[]} disk
 * @property {{ name: string, state: string, restarts: number }[]} processes
 */

/** That footage lies readable on the disk must not go unseen. */
export const notEncrypted = () =>
  html`<p class="warning" role="alert" data-warning="not-encrypted">${icon("lock-open")}<span><strong>${t("Nieuwe opnamen worden niet versleuteld.")}</strong> ${t("Wie bij de schijf kan, kan de beelden bekijken. Alleen voor een proef: zet [recorder] encrypt = true in de configuratie en herstart.")}</span></p>`;

/** @param {SystemStatus} status */
export function warnings({ encrypted, disk }) {
  const lost = disk.filter(({ fault }) => fault);
  return html`${encrypted ? nothing : notEncrypted()}${lost.map(
    (volume) => html`<p class="warning" role="alert" data-warning="volume">${icon("hard-drive")}<span><strong>${t("Volume {name}: {what}", { name: volume.volume, what: diskText(volume.fault) })}</strong> ${diskFixText(volume.fault)}</span></p>`,
  )}${disk.filter((volume) => volume.is_above_high_water && !volume.fault).map(
    (volume) => html`<p class="warning" role="alert" data-warning="disk-pressure">${icon("hard-drive")}<span><strong>${t("Volume {name} is te vol: het oudste beeld wordt eerder gewist.", { name: volume.volume })}</strong> ${t("Voeg een schijf toe of kies een kortere bewaartermijn.")}</span></p>`,
  )}`;
}

/** @param {Disk} volume */
function forecastText({ write_bytes_per_s: rate, days_to_full: days, fits_days: fits }) {
  if (rate === null || rate === undefined) return t("nog niet te zeggen");
  if (days === null) return t("niet: past {days} dagen", { days: decimal(fits ?? 0, 0) });
  return days > 0 ? t("over {days} dagen", { days: decimal(days, 1) }) : t("nu");
}

/** @param {Disk} volume */
const diskLevel = (volume) => (volume.fault && volume.fault !== "volume_slow" ? "danger" : volume.fault || volume.is_above_high_water || volume.days_to_full !== null ? "warn" : "ok");

/** @param {Disk} volume */
function diskRow(volume) {
  const name = html`<th scope="row">${volume.volume}<br><small>${volume.path}</small></th>`;
  const fault = volume.fault
    ? html`<span class="level">${icon("circle-x")}<strong>${diskText(volume.fault)}</strong></span><br><small>${diskFixText(volume.fault)}</small>
      <br><small class="detail">${t("technische melding:")} <span lang="en">${volume.fault_detail}</span></small>`
    : nothing;
  if (volume.used_pct === null) {
    return html`<tr data-level="danger" data-fault=${volume.fault}>${name}<td colspan="3">${fault}</td></tr>`;
  }
  return html`<tr data-level=${diskLevel(volume)} data-fault=${volume.fault}>${name}
    <td><meter min="0" max="100" high=${volume.high_water_pct} value=${volume.used_pct}></meter> <span class="num">${decimal(volume.used_pct, 0)} %</span>${volume.fault ? html`<br>${fault}` : nothing}</td>
    <td class="num">${bytes(volume.free_bytes)} ${t("van")} ${bytes(volume.total_bytes)}</td><td class="num" data-forecast>${forecastText(volume)}</td></tr>`;
}

/** @param {SystemStatus} status */
export function systemTables({ disk, processes }) {
  return html`<div class="system">
    <section><h2>${icon("hard-drive")} ${t("Schijven")}</h2><table><thead><tr><th>${t("volume")}</th><th>${t("vol")}</th><th>${t("vrij")}</th><th>${t("vol tot de grens")}</th></tr></thead><tbody>
      ${disk.map(diskRow)}</tbody></table></section>
    <section><h2>${icon("cpu")} ${t("Processen")}</h2><table><thead><tr><th>${t("proces")}</th><th>${t("toestand")}</th><th>${t("herstarts")}</th></tr></thead><tbody>
      ${processes.map((process) => html`<tr data-level=${process.state === "running" || process.state === "done" ? "ok" : "danger"}><th scope="row">${process.name}</th><td>${processText(process.state)}</td><td class="num">${process.restarts}</td></tr>`)}</tbody></table></section>
  </div>`;
}
