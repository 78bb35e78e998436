// Reads MP4 files with GPAC's MP4Box in JavaScript (npm mp4box), a reader that shares no code with libav.
// Usage: node tools/mp4_check.mjs FILE…   Prints one JSON line per file; every complaint of the reader is a finding.
import { readFileSync } from "node:fs";
import { createFile, Log } from "mp4box";

for (const path of process.argv.slice(2)) {
  const findings = [];
  Log.setLogLevel(Log.LOG_LEVEL_WARNING ?? 3);
  for (const level of ["warn", "error"]) Log[level] = (module, text) => findings.push(`${module}: ${text}`);
  const file = createFile(true);
  let info = null;
  file.onError = (module, message) => findings.push(`${module}: ${message}`);
  file.onReady = (ready) => (info = ready);
  const bytes = readFileSync(path);
  const buffer = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
  buffer.fileStart = 0;
  file.appendBuffer(buffer, true);
  file.flush();
  const covered = file.boxes.reduce((sum, box) => sum + box.size, 0);
  if (covered !== bytes.byteLength) findings.push(`boxes cover ${covered} of ${bytes.byteLength} bytes`);
  const tracks = (info?.tracks ?? []).map((track) => describe(file, track, findings));
  console.log(JSON.stringify({ path, brands: info?.brands ?? [], fragmented: info?.isFragmented ?? false, tracks, findings }));
}

/** What a track holds; samples must lie inside the file, follow each other in time, and start with a sync sample. */
function describe(file, track, findings) {
  const samples = file.getTrackSamplesInfo(track.id);
  let dts = samples[0]?.dts ?? 0;
  for (const sample of samples) {
    if (sample.dts !== dts) findings.push(`sample ${sample.number}: decoded at ${sample.dts} instead of ${dts}`);
    if (sample.cts < sample.dts) findings.push(`sample ${sample.number}: shown before it is decoded`);
    if (!(sample.size > 0 && sample.duration > 0)) findings.push(`sample ${sample.number}: empty`);
    const read = file.getSample(file.getTrackById(track.id), sample.number);
    if (!read || !nalLengthsFit(read.data)) findings.push(`sample ${sample.number}: NAL lengths do not fill it`);
    dts = sample.dts + sample.duration;
  }
  if (!samples[0]?.is_sync) findings.push("the first sample is no sync sample");
  return {
    codec: track.codec,
    width: track.video?.width,
    height: track.video?.height,
    timescale: track.timescale,
    samples: samples.length,
    duration: dts - (samples[0]?.dts ?? 0),
  };
}

/** Four-byte lengths one after another, to the last byte. */
function nalLengthsFit(data) {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  let at = 0;
  while (at + 4 <= data.byteLength) at += 4 + view.getUint32(at);
  return at === data.byteLength;
}
