/** The map on the wall: open or not stands in the address, like all that the wall shows. */

import { html, nothing } from "lit";

import "./vms-map.js";

/** @param {import("./vms-wall.js").Wall} wall */
export function toggleMap(wall) {
  wall.go({ map: !wall.state.map });
}

/** @param {import("./vms-wall.js").Wall} wall */
export function mapPanel(wall) {
  if (!wall.state.map) return nothing;
  return html`<vms-map .cameras=${wall.cameras} .hero=${wall.current?.id ?? ""} .close=${() => toggleMap(wall)}
    .choose=${(/** @type {number} */ number) => wall.tools.byHand(() => wall.callUp(number))}></vms-map>`;
}
