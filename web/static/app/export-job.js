/** One export: ask for it, follow it, hand over the file with its SHA-256. */

import { getJson, messageOf, post } from "./api.js";
import { page } from "./page.js";

/**
 * @typedef {object} ExportState
 * @property {"idle" | "queued" | "busy" | "done" | "failed"} state
 * @property {number} progress 0 … 1
 * @property {number | null} bytes
 * @property {string | null} sha256
 * @property {string | null} certificate_id of the seal in the file
 * @property {string} error
 * @property {string | null} url
 */

const POLL_MS = 700;

/** @type {ExportState} */
export const IDLE = { state: "idle", progress: 0, bytes: 0, sha256: "", certificate_id: "", error: "", url: "" };

/** @param {number} ms */
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * @param {{ camera: string, from: string, to: string, profile: string, consultation: number }} wish
 * @param {(state: ExportState) => void} onChange
 */
export async function runExport(wish, onChange) {
  onChange({ ...IDLE, state: "queued" });
  try {
    const { id } = await post("/api/exports", wish);
    for (;;) {
      const job = await getJson(`/api/exports/${id}`);
      onChange({ ...IDLE, ...job, error: job.error?.[page.language] ?? "" });
      if (job.state === "done" || job.state === "failed") return;
      await pause(POLL_MS);
    }
  } catch (error) {
    onChange({ ...IDLE, state: "failed", error: messageOf(error) });
  }
}
