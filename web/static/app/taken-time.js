/**
 * When footage was taken. It lies on the timeline by the arrival of its first packet, up to 0.7 s after it was taken. Camera
 * clocks that agree with the server's within this tell how much; one that is further off tells nothing.
 */

const TRUSTED_SKEW_MS = 1000;

/** Camera clock minus the time of the footage; null = not known. @param {import("./mse-player.js").Segment[]} segments @param {number} us */
export function skewMs(segments, us) {
  const skew = segments.find(({ end_us }) => us < end_us)?.skew_ms ?? null;
  return skew !== null && Math.abs(skew) <= TRUSTED_SKEW_MS ? skew : null;
}

/** Where footage lies that was taken at an instant. @param {import("./mse-player.js").Segment[]} segments @param {number} us */
export function placeOf(segments, us) {
  return us - (skewMs(segments, us) ?? 0) * 1000;
}
