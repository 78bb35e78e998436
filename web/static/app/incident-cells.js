/** How a status and a camera look in the register of incidents. */

import { html } from "lit";

import { icon } from "./icon.js";
import { statusText } from "./incident-words.js";

const STATUS_ICONS = { open: "circle-dot", followed_up: "circle-check", closed: "lock" };

/** @param {import("./incident-words.js").Incident["status"]} status */
export const statusChip = (status) => html`<span class="status" data-status=${status}>${icon(STATUS_ICONS[status])}<span>${statusText(status)}</span></span>`;

/** @param {import("./vms-tile.js").CameraInfo[]} cameras @param {string} id */
export const cameraName = (cameras, id) => {
  const camera = cameras.find((each) => each.id === id);
  return camera ? html`<b class="num">${String(camera.number).padStart(2, "0")}</b> ${camera.name}` : html`${id}`;
};
