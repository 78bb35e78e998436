/** Words for the values of the API, each a whole phrase. */

import { page, t } from "./page.js";
import { patrolText } from "./ptz-patrols.js";
import { full } from "./times.js";

/** @param {string} purpose */
export function purposeText(purpose) {
  /** @type {Record<string, string>} */
  const words = {
    public_order: t("openbare orde"),
    traffic: t("verkeer"),
    bollard: t("poller"),
    harbour: t("haven"),
    waste_site: t("milieustation"),
  };
  return words[purpose] ?? purpose;
}

/** @param {string} role */
export function roleText(role) {
  /** @type {Record<string, string>} */
  const words = {
    observer: t("camera-observant"),
    police_reviewer: t("aangewezen politiemedewerker"),
    evidence_officer: t("veiligsteller"),
    technician: t("technicus"),
    privacy_officer: t("privacyfunctionaris"),
    shift_manager: t("clustermanager"),
    policy_officer: t("beleidsmedewerker"),
    admin: t("beheerder"),
  };
  return words[role] ?? role;
}

/** @param {import("./server-link.js").CameraState | undefined} status */
export function ptzText(status) {
  if (status?.ptz_fault) return t("PTZ gestoord");
  if (status?.patrol && status.ptz === "patrol") return t("PTZ: {name}", { name: patrolText(status.patrol) });
  if (status?.ptz === "mine") return t("PTZ van u");
  if (status?.ptz === "other") return t("PTZ: {name}", { name: status.ptz_holder?.name ?? t("iemand anders") });
  return t("PTZ vrij");
}

/** The server's text for a code. @param {string} table @param {string} code */
function word(table, code) {
  return page.words[table]?.[code] ?? t("onbekende oorzaak");
}

/** @param {import("./server-link.js").CameraState | undefined} status */
export function recText(status) {
  if (status?.rec === "on") return t("wordt opgenomen");
  const why = status?.rec_reason ? `: ${word("recording", status.rec_reason)}` : "";
  return (status?.rec === "fault" ? t("Opname gestopt") : t("geen opname")) + why;
}

/** What to do about it. @param {import("./server-link.js").CameraState} status */
export const recFixText = (status) => page.words.recording_fix?.[status.rec_reason] ?? "";

/** @param {string} reason the state of a source, or why it is not known */
export const sourceText = (reason) => word("source", reason);

/** What to do about it. @param {string} reason */
export const fixText = (reason) => page.words.source_fix?.[reason] ?? "";

/** @param {string} reason why a picture is covered */
export const maskText = (reason) => word("mask", reason);

/** What to do about it. @param {string} reason */
export const maskFixText = (reason) => page.words.mask_fix?.[reason] ?? "";

/** @param {string} reason why there is no recording */
export const gapText = (reason) => word("recording", reason);

/** @param {string} kind what became of a stretch of time */
export const coverageText = (kind) => word("coverage", kind);

/** @param {string} code why a volume is not in use */
export const diskText = (code) => word("disk", code);

/** @param {string} code */
export const diskFixText = (code) => page.words.disk_fix?.[code] ?? "";

/** @param {string} state of a process */
export const processText = (state) => word("process", state);

/** @param {string} code what a check found */
export const findingText = (code) => word("finding", code);

/** @param {string} action of an audit row; a new action is shown by its code */
export const actionText = (action) => page.words.audit_action?.[action] ?? action;

/** Which part of what those who oversee have. @param {string} name */
function auditPartText(name) {
  /** @type {Record<string, string>} */
  const parts = {
    chain: t("keten van het auditlog"),
    copies: t("kopieën van het auditlog"),
    alerts: t("signalen"),
    logins: t("aanmeldingen"),
    reviews: t("afgetekende controles"),
    pack: t("auditpakket"),
  };
  return parts[name] ?? (name.startsWith("copy ") ? t("kopieën van het auditlog") : t("auditlog"));
}

/** `user:jan` → "account jan" @param {string} object */
function plainObjectText(object) {
  const [kind, ...rest] = object.split(":");
  const name = rest.join(":");
  /** @type {Record<string, string>} */
  const texts = {
    user: t("account {name}", { name }),
    token: t("token {name}", { name }),
    case: t("zaak {name}", { name }),
    export: t("export {name}", { name }),
    hold: t("veiligstelling {name}", { name }),
    decision: t("besluit {name}", { name }),
    volume: t("schijf {name}", { name }),
    path: t("pagina {name}", { name }),
    audit: auditPartText(name),
    alert: t("signaal {name}", { name }),
    incident: t("incident {id}", { id: name }),
    incidents: t("register van incidenten"),
    category: t("categorie {name}", { name }),
    retention: t("bewaarbewijs"),
    certificates: t("wiscertificaten"),
    crossings: t("inzage voor een ander doel"),
    decisions: t("register van besluiten"),
    users: t("accounts"),
  };
  return texts[kind] ?? object;
}

/** Who did it; the command on the server has no name. @param {string} actor */
export const actorText = (actor) => (actor === "command line" ? t("opdracht op de server") : actor);

/**
 * What an audit row is about, for people; an object that says enough by itself stays as it is.
 * @param {string} object
 * @param {{ camera: string, camera_name: string, start_us?: number, end_us?: number } | null} about
 */
export function objectText(object, about) {
  if (!about) return plainObjectText(object);
  const camera = about.camera_name ? `${about.camera_name} (${about.camera})` : about.camera;
  return about.start_us ? t("opname van {camera}, {time}", { camera, time: full(about.start_us) }) : t("camera {camera}", { camera });
}

const TABLES = { purpose: "consultation_purpose", alarm: "alarm", profile: "profile", method: "login_method", status: "incident_status", kind: "decision_kind" };

/** What police look back for: code and text. */
export const purposes = () => Object.entries(page.words.consultation_purpose ?? {});

/** A code in words; what somebody typed stays as it is. @param {string} name of what it tells @param {string | number} value */
export function valueText(name, value) {
  const table = TABLES[/** @type {keyof typeof TABLES} */ (name)];
  return String((table && page.words[table]?.[value]) ?? value);
}

/** What an audit row adds, one thing of it. @param {string} name @param {string | number} value */
export function detailText(name, value) {
  const moment = name.endsWith("_us") && typeof value === "number";
  return `${page.words.audit_detail?.[name] ?? name}: ${moment ? full(value) : valueText(name, value)}`;
}

/** How somebody proved who they are. @param {string} method */
export const methodText = (method) => page.words.login_method?.[method] ?? method;
