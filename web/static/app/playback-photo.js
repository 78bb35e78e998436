/** The picture of this moment as a file: made by the server, masked, with its moment in the name. */

import { request } from "./api.js";
import { saveBlob } from "./snapshot.js";

/** @param {import("./vms-playback.js").Playback} page throws Problem */
export async function takePhoto(page) {
  const nowUs = page.player?.nowUs ?? 0;
  const segment = page.coverage?.segments.find(({ start_us, end_us }) => start_us <= nowUs && nowUs < end_us);
  if (!segment) return;
  const [path, query] = segment.url.split("?");
  const response = await request("GET", `${path}/photo?${query}&at_us=${Math.round(nowUs)}`);
  const name = /filename="([^"]+)"/.exec(response.headers.get("Content-Disposition") ?? "")?.[1] ?? "foto.jpg";
  saveBlob(await response.blob(), name);
}
