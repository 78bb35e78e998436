/** The register of requests for footage, and the exports made for them, as the server has them. */

import { getJson, post, request } from "./api.js";

/**
 * @typedef {object} FootageRequest
 * @property {number} id
 * @property {string} organisation
 * @property {string} requester
 * @property {string} case_number
 * @property {string} legal_basis
 * @property {string} recipient
 * @property {string[]} cameras
 * @property {number} from_us
 * @property {number} to_us
 * @property {boolean} unmasked
 * @property {string} note the reason, when it is unmasked
 * @property {string} created_by
 * @property {number} created_us
 * @property {boolean} mine
 * @property {"asked" | "granted" | "refused"} state
 * @property {string | null} decided_by
 * @property {string} reason
 * @property {string} receipt
 * @property {number | null} received_us
 */

/**
 * @typedef {object} Bundle
 * @property {string} id
 * @property {number} request
 * @property {"queued" | "busy" | "done" | "failed" | "cancelled" | "deleted"} state
 * @property {number} progress 0 to 1
 * @property {number} bytes
 * @property {string | null} sha256
 * @property {Record<string, string> | null} error
 * @property {string | null} url
 * @property {number} delete_at_us
 * @property {number | null} fetched_us
 */

/** @typedef {{ month: string, asked: number, granted: number, refused: number, given: number }} MonthFigures */

/** @returns {Promise<FootageRequest[]>} */
export const footageRequests = async () => (await getJson("/api/requests")).requests;

/** @returns {Promise<MonthFigures[]>} */
export const monthFigures = async () => (await getJson("/api/requests/figures")).months;

/** @returns {Promise<Bundle[]>} */
export const bundles = async () => (await getJson("/api/bundles")).bundles;

/** @param {Record<string, unknown>} asked */
export const askFootage = (asked) => post("/api/requests", asked);

/** @param {number} id @param {"granted" | "refused"} decision @param {string} reason */
export const decideRequest = (id, decision, reason) => request("PATCH", `/api/requests/${id}`, { json: { decision, reason } });

/** @param {number} id @param {string} receipt */
export const noteReceipt = (id, receipt) => request("PATCH", `/api/requests/${id}`, { json: { receipt } });

/** @param {number} id @param {boolean} watermark */
export const makeBundle = (id, watermark) => post("/api/bundles", { request: id, watermark });

/** @param {string} id */
export const cancelBundle = (id) => request("DELETE", `/api/bundles/${id}`);
