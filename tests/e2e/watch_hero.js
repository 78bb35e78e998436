// What the hero shows at every frame from now on, in window.frames_seen; until window.watching is false.
() => {
  const hero = document.querySelector("vms-tile.hero"), canvas = new OffscreenCanvas(8, 8);
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  const pixel = (source, width, height) => {
    if (!width) return null;
    pen.clearRect(0, 0, 8, 8);
    pen.drawImage(source, 0, height * 0.9, width, height * 0.1, 0, 0, 8, 8);
    return [...pen.getImageData(6, 4, 1, 1).data].slice(0, 3);
  };
  const seen = () => {
    const still = hero.querySelector("canvas.still"), video = hero.querySelector("video");
    const covered = !still.hidden && getComputedStyle(still).display !== "none";
    if (covered) return ["still", pixel(still, still.width, still.height)];
    if (getComputedStyle(video).opacity === "0") return ["nothing", null];
    return ["video", pixel(video, video.videoWidth, video.videoHeight)];
  };
  window.frames_seen = [];
  window.watching = true;
  const look = () => {
    const [what, colour] = seen();
    window.frames_seen.push({
      what, colour, at: performance.now(), number: Number(hero.querySelector(".number").textContent),
      state: hero.dataset.state, plate: hero.querySelector(".plate strong")?.textContent ?? "",
    });
    if (window.watching) requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}
