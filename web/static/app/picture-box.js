/** Where in an element the picture of its video really is: between the bars that keep its shape. */

/** @param {HTMLVideoElement} video @returns {{ left: number, top: number, width: number, height: number }} in the window */
export function pictureBox(video) {
  const box = video.getBoundingClientRect();
  const ratio = (video.videoWidth || 16) / (video.videoHeight || 9);
  const width = Math.min(box.width, box.height * ratio);
  const height = width / ratio;
  return { left: box.left + (box.width - width) / 2, top: box.top + (box.height - height) / 2, width, height };
}

/** @param {HTMLVideoElement} video @param {{ clientX: number, clientY: number }} event @returns {[number, number]} in 0…1 of the picture */
export function pointIn(video, { clientX, clientY }) {
  const { left, top, width, height } = pictureBox(video);
  /** @param {number} share */
  const kept = (share) => Math.max(0, Math.min(1, share));
  return [kept((clientX - left) / width), kept((clientY - top) / height)];
}
