import { html } from "lit";

import { iconHref } from "./page.js";

/** An icon of the sprite; meaning must also be in text. @param {string} name */
export const icon = (name) => html`<svg class="icon" aria-hidden="true"><use href=${iconHref(name)}></use></svg>`;
