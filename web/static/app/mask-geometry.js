/**
 * Where a mask lies in a picture: the same pinhole as vms/rules/ptz_geometry.py, for drawing only. What is painted is
 * decided by the server. Points of the picture are 0…1 from the top left; directions are degrees of pan and tilt.
 */

/** @typedef {[number, number]} Point */
/** @typedef {{ pan_deg: number, tilt_deg: number, hfov_deg: number }} View */
/** @typedef {{ name: string, space: "image" | "sphere", polygon: Point[] }} Mask */
/** @typedef {[number, number, number]} Direction */

const NEAR = 0.02;
const EDGE_STEP_DEG = 2;
const RAD = Math.PI / 180;

/** Unit vectors to the right, up and forward. @param {View} view @returns {Direction[]} */
function axes({ pan_deg, tilt_deg }) {
  const [pan, tilt] = [pan_deg * RAD, tilt_deg * RAD];
  return [
    [Math.cos(pan), 0, -Math.sin(pan)],
    [-Math.sin(tilt) * Math.sin(pan), Math.cos(tilt), -Math.sin(tilt) * Math.cos(pan)],
    [Math.cos(tilt) * Math.sin(pan), Math.sin(tilt), Math.cos(tilt) * Math.cos(pan)],
  ];
}

/** @param {Direction} a @param {Direction} b */
const dot = (a, b) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];

/** In the camera's own axes. @param {View} view @param {Point} point @returns {Direction} */
function seen(view, [pan_deg, tilt_deg]) {
  const [pan, tilt] = [pan_deg * RAD, tilt_deg * RAD];
  /** @type {Direction} */
  const direction = [Math.cos(tilt) * Math.sin(pan), Math.sin(tilt), Math.cos(tilt) * Math.cos(pan)];
  const [right, up, forward] = axes(view);
  return [dot(direction, right), dot(direction, up), dot(direction, forward)];
}

/** @param {View} view @param {number} aspect width / height @param {Direction} direction @returns {Point} */
function flat(view, aspect, [x, y, z]) {
  const focal = 0.5 / Math.tan((view.hfov_deg * RAD) / 2);
  return [0.5 + (focal * x) / z, 0.5 - (focal * aspect * y) / z];
}

/** Null when it lies behind the lens. @param {View} view @param {number} aspect @param {Point} point */
export function project(view, aspect, point) {
  const direction = seen(view, point);
  return direction[2] > NEAR ? flat(view, aspect, direction) : null;
}

/** The direction of a point of the picture, its pan within half a turn of `nearPan`.
 * @param {View} view @param {number} aspect @param {Point} point @param {number} [nearPan] @returns {Point} */
export function unproject(view, aspect, [x, y], nearPan = view.pan_deg) {
  const focal = 0.5 / Math.tan((view.hfov_deg * RAD) / 2);
  const [right, up, forward] = axes(view);
  const [a, b] = [(x - 0.5) / focal, (0.5 - y) / (focal * aspect)];
  const [dx, dy, dz] = [0, 1, 2].map((i) => right[i] * a + up[i] * b + forward[i]);
  const pan = Math.atan2(dx, dz) / RAD;
  const tilt = Math.asin(dy / Math.hypot(dx, dy, dz)) / RAD;
  return [pan + 360 * Math.round((nearPan - pan) / 360), tilt];
}

/** The mask's outline in the picture, cut off behind the lens; empty when nothing of it lies in front.
 * @param {Mask} mask @param {View | null} view @param {number} aspect @returns {Point[]} */
export function outline(mask, view, aspect) {
  if (mask.space === "image") return mask.polygon;
  if (!view) return [];
  const directions = subdivided(mask.polygon).map((point) => seen(view, point));
  return cutNear(directions).map((direction) => flat(view, aspect, direction));
}

/** @param {Point[]} polygon @returns {Point[]} */
function subdivided(polygon) {
  return polygon.flatMap(([pan, tilt], index) => {
    const [nextPan, nextTilt] = polygon[(index + 1) % polygon.length];
    const steps = Math.max(1, Math.ceil(Math.max(Math.abs(nextPan - pan), Math.abs(nextTilt - tilt)) / EDGE_STEP_DEG));
    return Array.from({ length: steps }, (_, step) => /** @type {Point} */ ([
      pan + ((nextPan - pan) * step) / steps,
      tilt + ((nextTilt - tilt) * step) / steps,
    ]));
  });
}

/** @param {Direction[]} polygon @returns {Direction[]} */
function cutNear(polygon) {
  return polygon.flatMap((a, index) => {
    const b = polygon[(index + 1) % polygon.length];
    const [inA, inB] = [a[2] - NEAR, b[2] - NEAR];
    /** @type {Direction[]} */
    const kept = inA >= 0 ? [a] : [];
    if (inA >= 0 !== inB >= 0) {
      const share = inA / (inA - inB);
      kept.push([a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share, a[2] + (b[2] - a[2]) * share]);
    }
    return kept;
  });
}

/** Is any of it inside the picture? @param {Point[]} points */
export function isInPicture(points) {
  if (points.length < 3) return false;
  const xs = points.map(([x]) => x);
  const ys = points.map(([, y]) => y);
  return Math.max(...xs) > 0 && Math.min(...xs) < 1 && Math.max(...ys) > 0 && Math.min(...ys) < 1;
}

/** Do two of its edges cross? @param {Point[]} polygon */
export function crossesItself(polygon) {
  const count = polygon.length;
  const edge = (/** @type {number} */ i) => [polygon[i], polygon[(i + 1) % count]];
  for (let i = 0; i < count; i++) {
    for (let j = i + 2; j < count; j++) {
      if (i === 0 && j === count - 1) continue;
      const [[a, b], [c, d]] = [edge(i), edge(j)];
      if (side(a, b, c) * side(a, b, d) < 0 && side(c, d, a) * side(c, d, b) < 0) return true;
    }
  }
  return false;
}

/** @param {Point} a @param {Point} b @param {Point} p */
const side = (a, b, p) => (b[0] - a[0]) * (p[1] - a[1]) - (b[1] - a[1]) * (p[0] - a[0]);

/** "pan −12 … 31, tilt 2 … 18", or its place in the picture. @param {Mask} mask @param {(value: number) => string} number */
export function extent({ polygon }, number) {
  return [0, 1].map((axis) => {
    const values = polygon.map((point) => point[axis]);
    return `${number(Math.min(...values))} … ${number(Math.max(...values))}`;
  });
}
