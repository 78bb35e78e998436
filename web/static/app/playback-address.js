/** Opens what the address names, once a purpose was given: a trail's step, or cameras at their time. */

/** @param {import("./vms-playback.js").Playback} page */
export async function openNamed(page) {
  const query = new URLSearchParams(location.search);
  if (await page.trails.load(query)) return;
  if (!page.consultation || !query.has("camera") || !query.has("van")) return;
  page.more.read(query);
  page.load(String(query.get("camera")), Number(query.get("van")), Number(query.get("tot")), Number(query.get("op")) || undefined);
}
