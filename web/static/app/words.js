/** Words for the values of the API, each a whole phrase. */

import { t } from "./page.js";

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
  if (status?.ptz === "mine") return t("PTZ van u");
  if (status?.ptz === "other") return t("PTZ: {name}", { name: status.ptz_holder?.name ?? t("iemand anders") });
  return t("PTZ vrij");
}

/** @param {import("./server-link.js").CameraState | undefined} status */
export function recText(status) {
  if (status?.rec === "on") return t("wordt opgenomen");
  const why = status?.rec_detail ? `: ${status.rec_detail}` : "";
  return (status?.rec === "fault" ? t("Opname gestopt") : t("geen opname")) + why;
}

/** @param {string} source */
export function sourceText(source) {
  /** @type {Record<string, string>} */
  const words = {
    connecting: t("verbinden"),
    up: t("in bedrijf"),
    stalled: t("geen beeld meer"),
    unreachable: t("niet bereikbaar"),
    unauthorized: t("aanmelding geweigerd"),
    protocol_error: t("onbegrijpelijk antwoord"),
    stopped: t("gestopt"),
  };
  return words[source] ?? source;
}

/** What to do about it. @param {string} source */
export function fixText(source) {
  /** @type {Record<string, string>} */
  const words = {
    connecting: "",
    up: "",
    stalled: t("De verbinding staat, maar er komt geen beeld: herstart de camera, controleer de encoder."),
    unreachable: t("Controleer voeding, netwerk en adres van de camera."),
    unauthorized: t("Controleer gebruikersnaam en wachtwoordbestand van deze camera in de configuratie."),
    protocol_error: t("Controleer het streamadres en de firmware; stel H.264 of H.265 in."),
    stopped: t("De opname van deze camera is gestopt; kijk in het logboek van het opnameproces."),
  };
  return words[source] ?? "";
}

/** @param {string} reason why there is no recording */
export function gapText(reason) {
  /** @type {Record<string, string>} */
  const words = {
    unreachable: t("camera niet bereikbaar"),
    unauthorized: t("camera weigerde de aanmelding"),
    stalled: t("camera gaf geen beeld"),
    protocol_error: t("camera gaf onbegrijpelijk antwoord"),
    overflow: t("schijf te traag"),
    restart: t("opname herstart"),
    disk: t("schijf vol of gestoord"),
  };
  return words[reason] ?? reason;
}

