/** The frame of every page: clock, health of server and recording, alarms, log out, the lost-server banner. */

import { LitElement, html, nothing } from "lit";

import { request } from "./api.js";
import { icon } from "./icon.js";
import { t } from "./page.js";
import { serverLink } from "./server-link.js";
import { full } from "./times.js";

class FrameStatus extends LitElement {
  constructor() {
    super();
    this.link = serverLink();
    this.link.addEventListener("digest", () => this.requestUpdate());
    this.link.addEventListener("alarm", () => this.requestUpdate());
    this.link.addEventListener("up", () => this._banner());
    this.link.addEventListener("down", () => this._banner());
    setInterval(() => this.requestUpdate(), 500);
  }

  createRenderRoot() {
    return this;
  }

  _banner() {
    this.requestUpdate();
    document.body.toggleAttribute("data-server-lost", !this.link.up);
    document.getElementById("server-lost")?.remove();
    if (this.link.up) return;
    const banner = document.createElement("div");
    banner.id = "server-lost";
    banner.className = "banner";
    banner.setAttribute("role", "alert");
    banner.textContent = t("Geen verbinding met de server. De bediening is geblokkeerd; herstelt vanzelf.");
    document.body.append(banner);
  }

  _health() {
    if (!this.link.up) return { level: "danger", text: t("server weg") };
    const { cameras: all, up, recording_faults: faults } = this.link.counts;
    if (faults) return { level: "danger", text: t("opname: {n} gestoord", { n: faults }) };
    return { level: up < all ? "warn" : "ok", text: t("{up}/{all} in bedrijf", { up, all }) };
  }

  render() {
    const { level, text } = this._health();
    const alarms = this.link.openAlarms.length;
    return html`
      <span class="dot" data-level=${level} title=${t("Server en opname")}>${text}</span>
      <span class="dot-alarms" ?data-open=${alarms > 0} title=${t("Meldingen die niemand heeft bevestigd")}>${icon("bell")} <span class="num">${alarms}</span><span class="sr"> ${t("open meldingen")}</span></span>
      <time class="clock">${this.link.up || this.link.lostAtMs ? full(this.link.nowUs()) : nothing}</time>
    `;
  }
}

customElements.define("vms-frame-status", FrameStatus);

document.getElementById("logout")?.addEventListener("click", async () => {
  try {
    await request("POST", "/api/logout", { json: {} });
  } finally {
    sessionStorage.clear(); // what was begun here is nobody else's at this desk
    location.assign("/inloggen");
  }
});

/** Go there with the rest of the address as it is now, which scripts may have changed. @param {string} id @param {string} name */
function keepsAddress(id, name) {
  const link = /** @type {HTMLAnchorElement | null} */ (document.getElementById(id));
  link?.addEventListener("click", (event) => {
    event.preventDefault();
    const query = new URLSearchParams(location.search);
    query.set(name, new URL(link.href).searchParams.get(name) ?? "");
    location.assign(`?${query}`);
  });
}

keepsAddress("language", "taal");
keepsAddress("theme", "thema");
