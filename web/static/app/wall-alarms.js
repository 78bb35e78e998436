/** The queue of alarms: what nobody has acknowledged stands first. Under the tiles as a list, in a grid as a bar. */

import { html, nothing } from "lit";

import { icon } from "./icon.js";
import { t } from "./page.js";
import { alarmText, isGood, isOpen } from "./server-link.js";
import { clockTime } from "./times.js";

const MOST = 30;

/** @typedef {import("./server-link.js").Alarm} Alarm */
/** @typedef {import("./vms-tile.js").CameraInfo} CameraInfo */

/**
 * @typedef {object} QueueActions
 * @property {(number: number) => void} callUp
 * @property {(alarm: Alarm) => void} acknowledge
 */

/** @param {Alarm[]} alarms newest first */
const openFirst = (alarms) => [...alarms.filter(isOpen), ...alarms.filter((alarm) => !isOpen(alarm))].slice(0, MOST);

/** @param {Alarm} alarm @param {CameraInfo[]} cameras @param {QueueActions} actions */
function what(alarm, cameras, actions) {
  const camera = cameras.find(({ id }) => id === alarm.camera);
  return html`<time class="num">${clockTime(alarm.at_us)}</time>
    ${icon(isGood(alarm) ? "circle-check" : "triangle-alert")}
    ${camera ? html`<button type="button" class="quiet" @click=${() => actions.callUp(camera.number)}>${String(camera.number).padStart(2, "0")} ${camera.name}</button>` : nothing}
    <span>${alarmText(alarm)}</span>`;
}

/** @param {Alarm} alarm @param {QueueActions} actions */
function acknowledgeButton(alarm, actions) {
  return html`<button type="button" class="acknowledge" title=${t("Bevestigen: gezien (A = de nieuwste)")} @click=${() => actions.acknowledge(alarm)}>${t("Bevestigen")}</button>`;
}

/** @param {Alarm} alarm @param {CameraInfo[]} cameras @param {QueueActions} actions */
function line(alarm, cameras, actions) {
  const seen = alarm.acknowledged_us === null ? nothing : html`<small>${t("gezien: {name}, {time}", { name: alarm.acknowledged_by, time: clockTime(alarm.acknowledged_us) })}</small>`;
  return html`<li data-alarm=${alarm.code} ?data-open=${isOpen(alarm)} data-level=${isGood(alarm) ? "ok" : "danger"}>${what(alarm, cameras, actions)}
    ${isOpen(alarm) ? acknowledgeButton(alarm, actions) : seen}</li>`;
}

/** @param {Alarm[]} alarms @param {CameraInfo[]} cameras @param {QueueActions} actions */
function list(alarms, cameras, actions) {
  return alarms.length
    ? html`<ol>${openFirst(alarms).map((alarm) => line(alarm, cameras, actions))}</ol>`
    : html`<p class="none">${t("Geen meldingen.")}</p>`;
}

/** @param {Alarm[]} alarms newest first @param {CameraInfo[]} cameras @param {QueueActions} actions */
export function alarmQueue(alarms, cameras, actions) {
  const open = alarms.filter(isOpen).length;
  return html`<section class="alarms" ?data-open=${open > 0} aria-label=${t("Meldingen")}>
    <h2>${icon("bell")} ${t("Meldingen")}${open ? html` <span class="num">${t("{n} open", { n: open })}</span>` : nothing}</h2>
    ${list(alarms, cameras, actions)}</section>`;
}

/**
 * One line for layouts that are all tiles; the whole queue opens over them.
 * @param {Alarm[]} alarms newest first @param {CameraInfo[]} cameras @param {QueueActions} actions
 * @param {boolean} unfolded @param {() => void} toggle
 */
export function alarmBar(alarms, cameras, actions, unfolded, toggle) {
  const open = alarms.filter(isOpen);
  return html`<section class="alarm-bar" ?data-open=${open.length > 0} aria-label=${t("Meldingen")}>
    <button type="button" class="quiet" aria-expanded=${unfolded} @click=${toggle}>${icon("bell")} ${t("Meldingen")} <span class="num">${t("{n} open", { n: open.length })}</span></button>
    ${open.length ? html`<p data-alarm=${open[0].code}>${what(open[0], cameras, actions)} ${acknowledgeButton(open[0], actions)}</p>` : nothing}
    ${unfolded ? html`<div class="alarms">${list(alarms, cameras, actions)}</div>` : nothing}</section>`;
}
