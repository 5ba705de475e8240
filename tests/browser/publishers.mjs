// SPDX-License-Identifier: LGPL-2.1-or-later
// Other people's publishers. Their picture carries its own number (tests/data/counter.lavfi), their
// sound is a tone of 1 kHz.

import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Child, run } from "./processes.mjs";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const counter = readFileSync(here("../data/counter.lavfi"), "utf8").replaceAll("\n", "");

export const TONE = 1000;
const quiet = ["-nostdin", "-hide_banner", "-loglevel", "warning"];
const picture = ["-re", "-f", "lavfi", "-i", counter];
const sound = ["-re", "-f", "lavfi", "-i", `sine=frequency=${TONE}:sample_rate=48000`];
const aac = ["-c:a", "aac", "-b:a", "96k", "-ac", "2"];
const x264 = ["-c:v", "libx264", "-pix_fmt", "yuv420p", "-b:v", "1000k"];
const h264 = [...x264, "-preset", "ultrafast", "-g", "30", "-tune", "zerolatency", "-profile:v", "baseline"];
// As OBS has it when nobody changes its settings.
const reordered = [...x264, "-preset", "veryfast", "-g", "300", "-profile:v", "high", "-bf", "2"];

// GStreamer of the system alone: a publisher is somebody else's program.
const { GST_PLUGIN_PATH_1_0, GST_PLUGIN_SYSTEM_PATH_1_0, GST_REGISTRY, GST_REGISTRY_FORK, G_DEBUG, ...foreign } =
  process.env;

/** Starts a command that reads what `source` writes. */
function pipeTo(source, command, args) {
  const reader = new Child(command, args, { env: foreign, input: source.child.stdout });
  // Only the two of them hold the pipe now, so that either ends with the other.
  source.child.stdout.destroy();
  return reader;
}

const ffmpeg = (...args) => new Child("ffmpeg", [...quiet, ...args], { env: foreign });

export const publish = (url) => ffmpeg(...picture, ...sound, ...h264, ...aac, "-f", "flv", url);
export const publishSrt = (url) => ffmpeg(...picture, ...sound, ...h264, ...aac, "-f", "mpegts", url);
/** srt-live-transmit, which an ffmpeg feeds. Whom another replaced shall not call again and replace that one. */
export function publishTransmit(url) {
  const feed = new Child("ffmpeg", [...quiet, ...picture, ...sound, ...h264, ...aac, "-f", "mpegts", "pipe:1"], { env: foreign, feeds: true });
  return pipeTo(feed, "srt-live-transmit", ["-q", "-a:no", "-chunk:1316", "file://con", url]);
}

/** webrtcbin; "sending" is in its log once it is connected. Its picture has no number. */
export const publishWebrtcbin = ({ url, token }) =>
  new Child("/usr/bin/python3", [here("../interop/webrtcbin_publish.py"), url, token], { env: foreign });

export const publishSilent = (url) => ffmpeg(...picture, ...h264, "-f", "flv", url);
export const publishSound = (url) => ffmpeg(...sound, ...aac, "-f", "flv", url);
export const publishReordered = (url) => ffmpeg(...picture, ...sound, ...reordered, ...aac, "-f", "flv", url);

/** gst-launch-1.0 with rtmp2sink; the numbered picture comes to it raw from an ffmpeg. */
export function publishGst(url) {
  const raw = new Child("ffmpeg", [...quiet, ...picture, "-pix_fmt", "yuv420p", "-f", "rawvideo", "pipe:1"], { env: foreign, feeds: true });
  const format = "width=640 height=360 format=i420 framerate=30/1";
  const pipeline = `flvmux name=mux streamable=true ! rtmp2sink location=${url}
    fdsrc blocksize=345600 ! rawvideoparse ${format} ! x264enc tune=zerolatency speed-preset=ultrafast key-int-max=30
      ! video/x-h264,profile=baseline ! queue ! mux.
    audiotestsrc is-live=true freq=${TONE} ! audio/x-raw,rate=48000,channels=2 ! voaacenc ! queue ! mux.`;
  return pipeTo(raw, "gst-launch-1.0", ["-q", ...pipeline.split(/\s+/)]);
}

/** A recording of `seconds`, for publishRecording(). Call its remove() at the end. */
export async function record(seconds) {
  const folder = await mkdtemp(join(tmpdir(), "stagedoor-"));
  const file = join(folder, "recording.flv");
  const fast = [...picture, ...sound].filter((word) => word !== "-re");
  await run("ffmpeg", ...quiet, ...fast, "-t", String(seconds), ...h264, ...aac, "-f", "flv", file);
  return { file, remove: () => rm(folder, { recursive: true }) };
}

/** Sends a recording as it is, but for its timestamps: `flags` of rtmp_publish.py. */
export function publishRecording(url, recording, ...flags) {
  return new Child("/usr/bin/python3", [here("../interop/rtmp_publish.py"), ...flags, recording.file, url], { env: foreign });
}
