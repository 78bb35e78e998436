/** Save the masked picture of a camera as the server gives it. */

import { request } from "./api.js";
import { clockTime, isoDate } from "./times.js";

/** @param {Blob} blob @param {string} name */
export function saveBlob(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/**
 * @param {import("./vms-tile.js").CameraInfo} camera
 * @param {number} nowUs
 * @returns {Promise<string>} the file's name; throws Problem
 */
export async function savePicture(camera, nowUs) {
  const response = await request("GET", `/api/cameras/${encodeURIComponent(camera.id)}/snapshot?profile=hero`);
  const name = `${camera.id}_${isoDate(nowUs)}_${clockTime(nowUs).replaceAll(":", "")}.jpg`;
  saveBlob(await response.blob(), name);
  return name;
}
