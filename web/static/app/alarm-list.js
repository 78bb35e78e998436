/** What went wrong lately and came back, newest first; the newest of them stay in sight. */

import { html, nothing } from "lit";

import { icon } from "./icon.js";
import { t } from "./page.js";
import { alarmText, isGood } from "./server-link.js";
import { clockTime, since } from "./times.js";

const IN_SIGHT = 4;

/** @typedef {import("./server-link.js").Alarm} Alarm */

/** One of each, newest first. @param {Alarm[]} alarms */
export function newestFirst(alarms) {
  const byId = new Map(alarms.map((alarm) => [alarm.id, alarm]));
  return [...byId.values()].sort((a, b) => b.at_us - a.at_us);
}

/** @param {Alarm} alarm @param {(id: string) => string} nameOf @param {number} nowUs */
function line(alarm, nameOf, nowUs) {
  const good = isGood(alarm);
  const when = since(alarm.at_us, nowUs);
  return html`<li data-alarm=${alarm.code} data-level=${good ? "ok" : "danger"}><time class="num" title=${clockTime(alarm.at_us)}>${when}</time>${icon(good ? "circle-check" : "triangle-alert")}
    <span>${alarm.camera ? html`<strong>${nameOf(alarm.camera)}</strong> ` : nothing}${alarmText(alarm)}${
      alarm.detail ? html` <small class="detail"><span class="sr">${t("technische melding:")}</span> <span lang="en">${alarm.detail}</span></small>` : nothing
    }</span></li>`;
}

/** @param {Alarm[]} alarms newest first @param {(id: string) => string} nameOf @param {number} nowUs */
export function alarmList(alarms, nameOf, nowUs) {
  const [first, rest] = [alarms.slice(0, IN_SIGHT), alarms.slice(IN_SIGHT)];
  return html`<section class="alarms" aria-labelledby="alarms-title"><h2 id="alarms-title">${icon("bell")} ${t("Laatste meldingen")}</h2>
    ${first.length ? html`<ol>${first.map((alarm) => line(alarm, nameOf, nowUs))}</ol>` : html`<p class="none">${t("Geen meldingen.")}</p>`}
    ${rest.length ? html`<details><summary>${t("Eerdere meldingen ({n})", { n: rest.length })}</summary><ol>${rest.map((alarm) => line(alarm, nameOf, nowUs))}</ol></details>` : nothing}
  </section>`;
}
