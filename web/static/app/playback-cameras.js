/** More cameras beside the one of the timeline, in step with it: four or nine pictures, one moment. */

import { html, nothing } from "lit";

import { getJson, messageOf } from "./api.js";
import { icon } from "./icon.js";
import { LoadTurns } from "./load-turns.js";
import { MsePlayer } from "./mse-player.js";
import { t } from "./page.js";
import { PlayerGroup } from "./player-group.js";
import { gapText } from "./words.js";

export const MOST = 9;
/** The server masks four segments at a time. */
const AT_ONCE = 3;

/** @typedef {import("./timeline.js").Coverage} Coverage */

export class PlaybackCameras {
  /** @param {import("./vms-playback.js").Playback} page */
  constructor(page) {
    this._page = page;
    /** @type {string[]} */
    this.ids = [];
    /** By place among `ids`; null = not to be had. @type {(Coverage | null)[]} */
    this.coverages = [];
    /** @type {string[]} */
    this.problems = [];
    this._turns = new LoadTurns(AT_ONCE);
    /** @type {Map<HTMLVideoElement, MsePlayer>} */
    this._players = new Map();
  }

  /** What the address names. @param {URLSearchParams} query */
  read(query) {
    this.choose((query.get("ook") ?? "").split(",").filter(Boolean), String(query.get("camera")));
  }

  /** @param {string[]} ids @param {string} main the camera of the timeline, which is shown anyway */
  choose(ids, main) {
    const known = new Set(this._page.cameras.map(({ id }) => id));
    this.ids = [...new Set(ids)].filter((id) => id !== main && known.has(id)).slice(0, MOST - 1);
    this.coverages = [];
    this.problems = this.ids.map(() => "");
  }

  /** For the address. @returns {Record<string, string>} */
  named() {
    return this.ids.length ? { ook: this.ids.join(",") } : {};
  }

  /** @param {number} fromUs @param {number} toUs @param {number} consultation */
  async load(fromUs, toUs, consultation) {
    this.problems = this.ids.map(() => "");
    this.coverages = await Promise.all(
      this.ids.map(async (camera, index) => {
        const query = new URLSearchParams({ camera, from_us: String(fromUs), to_us: String(toUs), profile: "sub", consultation: String(consultation) });
        try {
          return await getJson(`/api/coverage?${query}`);
        } catch (error) {
          this.problems[index] = messageOf(error);
          return null;
        }
      }),
    );
  }

  tracks() {
    return this.ids.map((_, index) => this.coverages[index]?.segments ?? []);
  }

  /**
   * @param {MsePlayer} solo of the timeline's camera
   * @param {import("./mse-player.js").Segment[][]} tracks
   * @param {number} baseUs @param {number} atUs
   */
  async open(solo, tracks, baseUs, atUs) {
    const page = this._page;
    page.player?.close();
    if (!this.ids.length) {
      page.player = solo;
      solo.turns = null;
      await solo.open(tracks[0], baseUs, atUs);
      return;
    }
    const videos = /** @type {NodeListOf<HTMLVideoElement>} */ (page.querySelectorAll(".extra video"));
    const players = [solo, ...[...videos].map((video) => this._playerOf(video))];
    for (const player of players) player.turns = this._turns;
    const group = new PlayerGroup(players);
    page.player = group;
    page.listen(group);
    group.addEventListener("states", () => page.requestUpdate());
    await group.open(tracks, baseUs, atUs);
  }

  /** @param {HTMLVideoElement} video */
  _playerOf(video) {
    const known = this._players.get(video);
    if (known) return known;
    const made = new MsePlayer(video);
    made.addEventListener("problem", (event) => {
      const index = Number(video.dataset.index);
      const problem = /** @type {CustomEvent} */ (event).detail;
      this.problems[index] = problem.status === 503 ? "" : messageOf(problem);
      this._page.requestUpdate();
    });
    this._players.set(video, made);
    return made;
  }

  /** This one becomes the camera of the timeline. @param {string} id */
  lead(id) {
    const { coverage, camera, player } = this._page;
    if (!coverage) return;
    this.choose([camera, ...this.ids.filter((each) => each !== id)], id);
    this.go(id, coverage.from_us, coverage.to_us, player?.nowUs);
  }

  /** Everything a colleague followed, at once. @param {{ steps: { camera: string }[] }} trail @param {number} fromUs @param {number} toUs @param {number} atUs */
  along(trail, fromUs, toUs, atUs) {
    const [first, ...others] = trail.steps.map(({ camera }) => camera);
    this.choose(others, first);
    this.go(first, fromUs, toUs, atUs);
  }

  /** @param {string} camera @param {number} fromUs @param {number} toUs @param {number} [atUs] */
  go(camera, fromUs, toUs, atUs) {
    const query = new URLSearchParams({ camera, van: String(fromUs), tot: String(toUs), ...this.named() });
    if (atUs) query.set("op", String(Math.round(atUs)));
    history.replaceState(null, "", `?${query}`);
    this._page.load(camera, fromUs, toUs, atUs);
  }

  /** How many pictures the screen is divided for. */
  get up() {
    return this.ids.length === 0 ? 1 : this.ids.length < 4 ? 4 : 9;
  }

  /** Why a camera shows nothing now, "" when it does. @param {number} index 0 = the timeline's camera */
  silence(index) {
    const { player, coverage } = this._page;
    if (!(player instanceof PlayerGroup) || player.states[index] !== "gap") return "";
    const own = index === 0 ? coverage : this.coverages[index - 1];
    const gap = own?.gaps.find(({ start_us, end_us }) => start_us <= player.nowUs && player.nowUs < end_us);
    return gap ? `${t("geen opname")}: ${gapText(gap.reason)}` : t("geen opname");
  }

  /** The other pictures. */
  render() {
    const { player, cameras } = this._page;
    const states = player instanceof PlayerGroup ? player.states : [];
    return this.ids.map((id, index) => {
      const camera = cameras.find((each) => each.id === id);
      const text = this.problems[index] || this.silence(index + 1) || (states[index + 1] === "loading" ? t("Beeld wordt geladen…") : "");
      const name = `${String(camera?.number ?? "").padStart(2, "0")} ${camera?.name ?? id}`;
      return html`<div class="screen extra" data-state=${states[index + 1] ?? "loading"}><video data-index=${index} muted playsinline disablepictureinpicture></video>
        <button type="button" class="caption" title=${t("Op de tijdlijn")} @click=${() => this.lead(id)}><b class="num">${name.slice(0, 2)}</b> ${name.slice(3)}</button>
        ${text ? html`<span class="loading">${text}</span>` : nothing}</div>`;
    });
  }

  /** Which cameras play along. @param {string} main */
  field(main) {
    return html`<details class="also"><summary>${icon("plus")}${t("meer camera's")} <span class="num">${this.ids.length || ""}</span></summary>
      <fieldset><legend>${t("Tegelijk terugkijken, hoogstens {n} camera's", { n: MOST })}</legend>
        ${this._page.cameras.map(({ id, number, name }) => html`<label><input type="checkbox" name="also" value=${id} .checked=${this.ids.includes(id)} ?disabled=${id === main}> <b class="num">${String(number).padStart(2, "0")}</b> ${name}</label>`)}
      </fieldset></details>`;
  }
}
