/** Shift and drag a box, and the camera fills the picture with it; double-click, and it looks there. */

/** Smaller than this is a slip of the hand. Share of the picture. */
const LEAST = 0.02;

/** @typedef {{ left: number, top: number, width: number, height: number }} Box shares of the picture */

/**
 * Returns a function that undoes it.
 * @param {HTMLElement} surface
 * @param {import("./ptz.js").PtzDriver} driver
 * @param {() => boolean} allowed
 * @param {(box: Box | null) => void} onBox to be drawn
 */
export function pointToLook(surface, driver, allowed, onBox) {
  const off = new AbortController();
  const { signal } = off;
  let pointer = -1;
  let start = { x: 0, y: 0 };

  /** Without the bars beside a picture of another shape. */
  const picture = () => {
    const box = surface.getBoundingClientRect();
    const video = surface.querySelector("video");
    const aspect = video?.videoWidth ? video.videoWidth / video.videoHeight : 16 / 9;
    const width = Math.min(box.width, box.height * aspect);
    const height = width / aspect;
    return { left: box.left + (box.width - width) / 2, top: box.top + (box.height - height) / 2, width, height, aspect };
  };
  /** @param {MouseEvent} event */
  const place = (event) => {
    const { left, top, width, height } = picture();
    const share = (/** @type {number} */ value) => Math.max(0, Math.min(1, value));
    return { x: share((event.clientX - left) / width), y: share((event.clientY - top) / height) };
  };
  /** @param {MouseEvent} event @returns {Box} */
  const boxTo = (event) => {
    const { x, y } = place(event);
    return { left: Math.min(x, start.x), top: Math.min(y, start.y), width: Math.abs(x - start.x), height: Math.abs(y - start.y) };
  };

  surface.addEventListener(
    "pointerdown",
    (event) => {
      if (event.button !== 0 || !event.shiftKey || !allowed()) return;
      pointer = event.pointerId;
      surface.setPointerCapture(pointer);
      start = place(event);
    },
    { signal },
  );
  surface.addEventListener("pointermove", (event) => event.pointerId === pointer && onBox(boxTo(event)), { signal });
  surface.addEventListener(
    "pointerup",
    (event) => {
      if (event.pointerId !== pointer) return;
      const { left, top, width, height } = boxTo(event);
      const share = Math.max(width, height);
      if (share >= LEAST) driver.look({ x: left + width / 2, y: top + height / 2, width: share, aspect: picture().aspect });
    },
    { signal },
  );
  surface.addEventListener(
    "lostpointercapture",
    (event) => {
      if (event.pointerId !== pointer) return;
      pointer = -1;
      onBox(null);
    },
    { signal },
  );
  surface.addEventListener(
    "dblclick",
    (event) => {
      if (allowed() && !event.shiftKey) driver.look({ ...place(event), width: 1, aspect: picture().aspect });
    },
    { signal },
  );
  return () => {
    off.abort();
    onBox(null);
  };
}
