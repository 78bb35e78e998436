// The next frame of a <video> (the present one when it is paused), as raw pixels.
async (video, timeoutMs) => {
  const shown = { mediaTime: video.currentTime, presentedFrames: 0 };
  const frame = video.paused
    ? shown
    : await new Promise((resolve, reject) => {
        video.requestVideoFrameCallback((_, metadata) => resolve(metadata));
        setTimeout(() => reject(new Error("no new frame came")), timeoutMs);
      });
  const { videoWidth: width, videoHeight: height } = video;
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(video, 0, 0);
  const atMs = Date.now();
  const reader = new FileReader();
  const read = new Promise((resolve) => reader.addEventListener("load", () => resolve(reader.result)));
  reader.readAsDataURL(new Blob([context.getImageData(0, 0, width, height).data]));
  const url = await read;
  const pixels = url.slice(url.indexOf(",") + 1);
  return { width, height, at_ms: atMs, frames: frame.presentedFrames, media_s: frame.mediaTime, pixels };
}
