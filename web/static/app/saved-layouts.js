/** Layouts that people gave a name: their own, and those shared with everybody. */

import { getJson, post, request } from "./api.js";

/**
 * @typedef {object} SavedLayout
 * @property {number} id
 * @property {string} name
 * @property {string} owner
 * @property {boolean} shared
 * @property {import("./wall-state.js").Arrangement} wall
 */

/** @returns {Promise<SavedLayout[]>} */
export const savedLayouts = async () => (await getJson("/api/layouts")).layouts;

/** One's own of the same name is replaced. @param {string} name @param {import("./wall-state.js").Arrangement} wall @returns {Promise<SavedLayout>} */
export const saveLayout = (name, wall) => post("/api/layouts", { name, wall });

/** @param {SavedLayout} layout @param {boolean} shared */
export const shareLayout = (layout, shared) => request("PATCH", `/api/layouts/${layout.id}`, { json: { shared } });

/** @param {SavedLayout} layout */
export const forgetLayout = (layout) => request("DELETE", `/api/layouts/${layout.id}`);
