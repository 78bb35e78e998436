/** Local time for people, UTC for everything else. Instants are microseconds since 1970 UTC. */

import { page } from "./page.js";

const ZONE = page.site?.timezone ?? "Europe/Amsterdam";
const parts = new Intl.DateTimeFormat("en-GB", {
  timeZone: ZONE,
  year: "numeric",
  month: "2-digit",
  day: "2-digit",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hourCycle: "h23",
});
const zoneName = new Intl.DateTimeFormat("en-GB", { timeZone: ZONE, timeZoneName: "short" });
const weekday = new Intl.DateTimeFormat(page.language ?? "nl", { timeZone: ZONE, weekday: "short" });

/**
 * @param {number} us
 * @returns {Record<"year" | "month" | "day" | "hour" | "minute" | "second", string>}
 */
function fields(us) {
  const result = { year: "", month: "", day: "", hour: "", minute: "", second: "" };
  for (const { type, value } of parts.formatToParts(us / 1000)) {
    if (type in result) result[/** @type {keyof typeof result} */ (type)] = value;
  }
  return result;
}

/** CET or CEST at that instant. @param {number} us */
export function zone(us) {
  return zoneName.formatToParts(us / 1000).find(({ type }) => type === "timeZoneName")?.value ?? "";
}

/** 14:03:27 @param {number} us */
export function clockTime(us) {
  const f = fields(us);
  return `${f.hour}:${f.minute}:${f.second}`;
}

/** 14:03 @param {number} us */
export const hourMinute = (us) => clockTime(us).slice(0, 5);

/** 26-11-2026 in Dutch, 2026-11-26 in English: there 11-12 would be read as November. @param {string} isoDay */
export const spelledDay = (isoDay) => (page.language === "en" ? isoDay : isoDay.split("-").reverse().join("-"));

/** The day, as people of the page's language write it. @param {number} us */
export const date = (us) => spelledDay(isoDate(us));

/** The same without the year. @param {number} us */
const monthDay = (us) => (page.language === "en" ? date(us).slice(5) : date(us).slice(0, 5));

/** 2026-11-22, as <input type=date> wants it. @param {number} us */
export function isoDate(us) {
  const f = fields(us);
  return `${f.year}-${f.month}-${f.day}`;
}

/** zo 22-11-2026 14:03:27 CET, Sun 2026-11-22 14:03:27 CET @param {number} us */
export function full(us) {
  return `${weekday.format(us / 1000).replace(".", "")} ${date(us)} ${clockTime(us)} ${zone(us)}`;
}

/** "13:41", or with the date when it was not today. @param {number} us @param {number} nowUs */
export function since(us, nowUs) {
  return date(us) === date(nowUs) ? hourMinute(us) : `${monthDay(us)} ${hourMinute(us)}`;
}

/** "19 d 23 u", "3 u 5 m", "4 m 10 s". @param {number} us */
export function span(us) {
  const seconds = Math.max(0, Math.round(us / 1e6));
  const hour = page.language === "en" ? "h" : "u";
  const steps = [
    [Math.floor(seconds / 86400), "d"],
    [Math.floor(seconds / 3600) % 24, hour],
    [Math.floor(seconds / 60) % 60, "m"],
    [seconds % 60, "s"],
  ];
  const first = Math.max(0, steps.findIndex(([value]) => Number(value) > 0));
  const from = seconds === 0 ? 3 : first;
  return steps.slice(from, from + 2).map(([value, unit]) => `${value} ${unit}`).join(" ");
}

/**
 * The instants that a wall clock showed as this local time: one, none (the hour that is skipped in spring)
 * or two (the hour that comes twice in autumn, summer time first).
 * @param {string} isoDay 2026-10-25
 * @param {string} time 02:30 or 02:30:15
 * @returns {number[]} microseconds
 */
export function instants(isoDay, time) {
  const wanted = `${isoDay}T${time.length === 5 ? `${time}:00` : time}`;
  const naive = Date.parse(`${wanted}Z`);
  if (Number.isNaN(naive)) return [];
  const found = new Set();
  for (const around of [naive - 86_400_000, naive + 86_400_000]) {
    const f = fields(around * 1000);
    const offset = Date.parse(`${f.year}-${f.month}-${f.day}T${f.hour}:${f.minute}:${f.second}Z`) - around;
    const us = (naive - offset) * 1000;
    if (`${isoDate(us)}T${clockTime(us)}` === wanted) found.add(us);
  }
  return [...found].sort((a, b) => a - b);
}
