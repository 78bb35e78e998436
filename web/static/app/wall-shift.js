/** When live pictures wait for a shift, the wall goes to the page where one begins; that page comes back here. */

import { t } from "./page.js";

const HELD = 'dialog[open], .incident-drawer, input:not([type="range"], [type="checkbox"]):focus, textarea:focus';
/** Somebody is busy with something that leaving would lose. */
const isBusy = () => document.querySelector(HELD) !== null;

/** With the wall as it is now, which its address says. */
const where = () => `/dienst?next=${encodeURIComponent(location.pathname + location.search)}`;

function notice() {
  if (document.getElementById("shift-over")) return;
  const banner = document.createElement("div");
  banner.id = "shift-over";
  banner.className = "banner";
  banner.setAttribute("role", "alert");
  const link = document.createElement("a");
  link.href = where();
  link.textContent = t("Naar Dienst");
  banner.append(t("Uw dienst is voorbij. Maak af waar u mee bezig bent; daarna gaat deze muur naar Dienst."), link);
  document.body.append(banner);
}

/** @param {import("./server-link.js").ServerLink} link */
export function followShift(link) {
  let left = false;
  link.addEventListener("digest", () => {
    if (left) return;
    if (link.awaitsShift && isBusy()) {
      notice();
      return;
    }
    document.getElementById("shift-over")?.remove();
    if (!link.awaitsShift) return;
    left = true;
    location.assign(where());
  });
}
