/** Roles that were given: what the server tells of them, in words. */

import { t } from "./page.js";
import { purposeText, roleText } from "./words.js";

/**
 * @typedef {{ id: number, role: string, group: string, purpose: string, from_us: number, to_us: number | null, given_by: string, given_us: number, reason: string, revoked_us: number | null, revoked_by: string, state: "holds" | "later" | "over" | "revoked" }} Grant
 * @typedef {{ username: string, display_name: string, roles: string[], active: boolean, is_break_glass: boolean, is_local: boolean, grants: Grant[] }} Account
 * @typedef {{ users: Account[], roles: string[], groups: string[], purposes: string[] }} Register
 */

/** @param {Grant} grant */
export const grantText = ({ role, group, purpose }) => `${roleText(role)} · ${group || t("alle gebieden")} · ${purpose ? purposeText(purpose) : t("alle doelen")}`;

/** @param {Grant} grant */
export const isStanding = ({ state }) => state === "holds" || state === "later";
