/** Requests to the server, with the CSRF token, and its errors as one kind of exception. */

import { page, t } from "./page.js";

/** The server's answer was an error (RFC 9457 with code, nl, en, fields). */
export class Problem extends Error {
  /**
   * @param {number} status 0 when there was no answer
   * @param {Record<string, any>} body
   * @param {number} [retryAfterS]
   */
  constructor(status, body, retryAfterS) {
    super(String(body[page.language] ?? body.detail ?? body.title ?? t("De server gaf een fout ({status}).", { status })));
    this.status = status;
    this.code = String(body.code ?? "");
    this.body = body;
    /** What is wrong, by field, in the page's language. @type {Record<string, string>} */
    this.fields = {};
    for (const [name, text] of Object.entries(body.fields ?? {})) this.fields[name] = text?.[page.language] ?? String(text);
    this.retryAfterS = retryAfterS;
  }
}

/**
 * @typedef {object} Me
 * @property {string} username
 * @property {string} display_name
 * @property {string[]} roles
 * @property {string} csrf_token
 * @property {{ name: string, timezone: string }} site
 * @property {number} server_us
 */

/** @type {Promise<Me> | null} */
let me = null;

/** Who is logged in; asked once per page. @returns {Promise<Me>} */
export function whoAmI() {
  me ??= request("GET", "/api/me").then((response) => response.json());
  me.catch(() => (me = null));
  return me;
}

export function toLogin() {
  location.assign(`/inloggen?next=${encodeURIComponent(location.pathname + location.search)}`);
}

/** @param {Response} response */
async function problemOf(response) {
  const body = await response.json().catch(() => ({}));
  const retry = Number(response.headers.get("Retry-After") ?? NaN);
  return new Problem(response.status, body, Number.isFinite(retry) ? retry : undefined);
}

/**
 * @param {string} method
 * @param {string} path
 * @param {{ json?: unknown, body?: BodyInit, type?: string, headers?: Record<string, string>, signal?: AbortSignal, keepalive?: boolean, login?: boolean }} [options]
 *   login: stay on the page when the session is over (default: go to the login page)
 * @returns {Promise<Response>} only 2xx; everything else throws Problem
 */
export async function request(method, path, options = {}) {
  /** @type {Record<string, string>} */
  const headers = { ...options.headers };
  let body = options.body;
  if (options.json !== undefined) {
    headers["Content-Type"] = "application/json";
    body = JSON.stringify(options.json);
  } else if (options.type) {
    headers["Content-Type"] = options.type;
  }
  if (method !== "GET" && !options.login) headers["X-CSRF-Token"] = (await whoAmI()).csrf_token;
  let response;
  try {
    response = await fetch(path, { method, headers, body, signal: options.signal, keepalive: options.keepalive });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new Problem(0, { detail: t("Geen verbinding met de server.") });
  }
  if (response.ok) return response;
  const problem = await problemOf(response);
  if (response.status === 401 && !options.login) toLogin();
  throw problem;
}

/**
 * @param {string} path
 * @param {AbortSignal} [signal]
 * @returns {Promise<any>}
 */
export const getJson = async (path, signal) => (await request("GET", path, { signal })).json();

/**
 * @param {string} path
 * @param {unknown} [json]
 * @returns {Promise<any>} the JSON answer, or null when there is none
 */
export async function post(path, json = {}) {
  const response = await request("POST", path, { json });
  const hasJson = response.status !== 204 && response.headers.get("Content-Type")?.includes("json");
  return hasJson ? response.json() : null;
}

/** @param {unknown} error */
export const messageOf = (error) => (error instanceof Error ? error.message : String(error));
