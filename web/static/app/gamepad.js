/** A joystick steers as the pad does: dead zone 0.12, cubic curve, polled only in a focused window. */

const DEAD_ZONE = 0.12;

/** @param {number} value */
export const curve = (value) => (Math.abs(value) < DEAD_ZONE ? 0 : value ** 3);

/**
 * @param {import("./ptz.js").PtzDriver} driver
 * @param {() => boolean} allowed
 * @param {(step: number) => void} nextTile
 */
export function followGamepad(driver, allowed, nextTile) {
  let polling = false;
  /** @type {boolean[]} */
  let before = [];

  const poll = () => {
    const pad = navigator.getGamepads().find((candidate) => candidate?.connected);
    if (!pad || !document.hasFocus()) {
      driver.release("pad-analog");
      polling = Boolean(pad);
      if (pad) requestAnimationFrame(poll);
      return;
    }
    const zoom = (pad.buttons[7]?.value ?? 0) - (pad.buttons[6]?.value ?? 0) + (pad.axes.length === 3 ? pad.axes[2] : 0);
    const velocity = { pan: curve(pad.axes[0] ?? 0), tilt: -curve(pad.axes[1] ?? 0), zoom: curve(zoom) };
    if (allowed() && (velocity.pan || velocity.tilt || velocity.zoom)) driver.press("pad-analog", velocity);
    else driver.release("pad-analog");
    const pressed = pad.buttons.map((button) => button.pressed);
    if (pressed[4] && !before[4]) nextTile(-1);
    if (pressed[5] && !before[5]) nextTile(1);
    before = pressed;
    requestAnimationFrame(poll);
  };

  addEventListener("gamepadconnected", () => {
    if (!polling) requestAnimationFrame(poll);
    polling = true;
  });
  addEventListener("gamepaddisconnected", () => driver.release("pad-analog"));
}
