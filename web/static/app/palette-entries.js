/** What the palette can call up on the wall. */

import { t } from "./page.js";
import { LAYOUTS } from "./wall-state.js";
import { layoutText } from "./wall-toolbar.js";

/** @typedef {import("./palette-match.js").Entry} Entry */

/**
 * @param {import("./vms-tile.js").CameraInfo[]} cameras
 * @param {import("./saved-layouts.js").SavedLayout[]} saved
 * @param {{ text: string, run: () => void }[]} screens
 * @param {{ callUp: (number: number) => void, showArea: (area: string) => void, setLayout: (key: string) => void, arrange: (wall: import("./wall-state.js").Arrangement) => void }} act
 * @returns {Entry[]}
 */
export function paletteEntries(cameras, saved, screens, act) {
  const areas = [...new Set(cameras.map(({ area }) => area))].filter(Boolean);
  return [
    ...cameras.map(({ number, name, area }) => ({ kind: "camera", text: `${String(number).padStart(2, "0")} ${name}`, hint: area, number, run: () => act.callUp(number) })),
    ...areas.map((area) => ({ kind: "area", text: area, hint: "", run: () => act.showArea(area) })),
    ...saved.map(({ name, shared, wall }) => ({ kind: "layout", text: name, hint: shared ? t("voor iedereen") : t("van u"), run: () => act.arrange(wall) })),
    ...LAYOUTS.map(({ key }) => ({ kind: "layout", text: layoutText(key), hint: "", run: () => act.setLayout(key) })),
    ...screens.map(({ text, run }) => ({ kind: "layout", text, hint: "", run })),
  ];
}
