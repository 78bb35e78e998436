/** What a tile shows while its own video does not: its last picture, the server's still, or another tile's live one. */

/**
 * @typedef {object} Donor a tile, as far as others may look at it
 * @property {HTMLVideoElement} video
 * @property {string} state
 * @property {(camera: string) => boolean} shows its picture is of this camera, and moves
 */

export class TileStill {
  /** @param {() => HTMLCanvasElement | null} canvas */
  constructor(canvas) {
    this._canvas = canvas;
    /** Id of the camera that it is of; "" = of none. */
    this._camera = "";
    /** @type {Donor | null} */
    this._donor = null;
  }

  /** It is another tile's picture of now. */
  get isLive() {
    return this._donor !== null && this._donor.state === "live" && this._donor.shows(this._camera);
  }

  /** @param {HTMLVideoElement} video @param {string} camera */
  keep(video, camera) {
    if (!video.videoWidth) return;
    this._draw(video, video.videoWidth, video.videoHeight);
    this._camera = camera;
  }

  /** Older than what the video now holds. */
  hide() {
    this.unfollow();
    const canvas = this._canvas();
    if (canvas) canvas.hidden = true;
  }

  /** What is of another camera goes. @param {string} camera */
  keepOnly(camera) {
    if (this._camera === camera) return;
    this._camera = "";
    this.hide();
  }

  /** Show the first of these tiles that has this camera, frame by frame. @param {string} camera @param {Donor[]} donors */
  follow(camera, donors) {
    this.unfollow();
    const donor = donors.find((tile) => tile.shows(camera));
    if (!donor) return;
    this._donor = donor;
    this._copy(donor, camera);
  }

  /** The last picture stays. */
  unfollow() {
    this._donor = null;
  }

  /** @param {Donor} donor @param {string} camera */
  _copy(donor, camera) {
    if (this._donor !== donor) return;
    if (!donor.shows(camera)) {
      this.unfollow();
      return;
    }
    this.keep(donor.video, camera);
    donor.video.requestVideoFrameCallback(() => this._copy(donor, camera));
  }

  /** The server's masked still, once per camera. @param {string} camera @param {() => boolean} isWanted still, when it is there */
  async load(camera, isWanted) {
    if (this._camera === camera) return;
    this._camera = camera;
    const response = await fetch(`/api/cameras/${encodeURIComponent(camera)}/snapshot?profile=tile`).catch(() => null);
    if (!response?.ok) return;
    const image = await createImageBitmap(await response.blob()).catch(() => null);
    if (image && isWanted()) this._draw(image, image.width, image.height);
    image?.close();
  }

  /** @param {CanvasImageSource} source @param {number} width @param {number} height */
  _draw(source, width, height) {
    const canvas = this._canvas();
    if (!canvas) return;
    canvas.width = width;
    canvas.height = height;
    canvas.getContext("2d")?.drawImage(source, 0, 0, width, height);
    canvas.hidden = false;
  }
}
