/** What a tile says of the decision that keeps its camera from being shown. */

import { t } from "./page.js";
import { full } from "./times.js";

/**
 * Title and second line.
 * @param {"decision-pending" | "decision-expired"} state
 * @param {import("./server-link.js").CameraState | undefined} status
 * @param {string} refusal what the server said, where the digest says nothing yet
 * @returns {[string, string]}
 */
export function decisionText(state, status, refusal) {
  const { decision, gate_since_us: sinceUs, gate_until_us: untilUs, gate } = status ?? {};
  if (gate === "expired" && decision && sinceUs) {
    const next = untilUs ? t("weer vanaf {time}", { time: full(untilUs) }) : t("geen opname, geen beeld");
    return [t("Besluit {number} verlopen {time}", { number: decision, time: full(sinceUs) }), next];
  }
  if (gate === "pending" && decision && sinceUs) {
    return [t("Besluit {number} gaat in {time}", { number: decision, time: full(sinceUs) }), t("geen opname, geen beeld")];
  }
  if (gate === "none") return [t("Geen besluit voor deze plaats"), t("geen opname, geen beeld")];
  return [state === "decision-expired" ? t("Besluit verlopen") : t("Besluit nog niet ingegaan"), refusal];
}
