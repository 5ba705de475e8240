// SPDX-License-Identifier: LGPL-2.1-or-later
// LL-HLS in a browser: the hls.js of the watch page, chromium's own HLS, and the page when WebRTC fails.
// With STAGE_SECONDS it is watched for longer.

import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { assertMoving } from "./assertions.mjs";
import { killAllBut, until } from "./processes.mjs";
import { publish, publishRecording, publishReordered, record } from "./publishers.mjs";
import { Server } from "./server.mjs";
import { closePages, launch, Viewer } from "./viewer.mjs";

const SECONDS = Number(process.env.STAGE_SECONDS ?? 20);
const SETTLE = 5000; // until playback is where it wants to be
const MOST_BEHIND = 1200; // ms, at the median

let server;
let browser;
before(async () => {
  server = await Server.start();
  browser = await launch("--autoplay-policy=no-user-gesture-required");
});
afterEach(async () => {
  await closePages(browser);
  await killAllBut(server.process);
});
after(async () => {
  await browser?.close();
  assert.equal(await server?.stop(), 0, server?.log);
});

const text = async (url) => (await fetch(url)).text();
/** With so many whole segments: without any hls.js 1.7 gives up. */
const isThere = (url, segments = 1) =>
  until("a segment", 30000, async () => {
    const variant = /^[^#\s].*$/m.exec(await text(url))?.[0];
    return variant?.includes(".m3u8") && (await text(new URL(variant, url))).split("#EXTINF:").length > segments;
  });

// These run in the page, which has nothing but a video.
async function playByLibrary({ library, url }) {
  const { default: Hls } = await import(library);
  const video = document.body.appendChild(document.createElement("video"));
  [video.id, video.muted] = ["video", true];
  const hls = new Hls({ lowLatencyMode: true, enableWorker: false, maxLiveSyncPlaybackRate: 1.2 });
  window.seen = { errors: [], parts: 0, behind: [], stalls: 0, longestStill: 0, longestTurn: 0 };
  hls.on(Hls.Events.ERROR, (_, { details, fatal }) => window.seen.errors.push(`${fatal ? "fatal " : ""}${details}`));
  hls.on(Hls.Events.FRAG_LOADED, (_, { part }) => void (window.seen.parts += part ? 1 : 0));
  window.hls = hls;
  hls.loadSource(url);
  hls.attachMedia(video);
  await video.play();
}

function beginToWatch() {
  const { seen, hls } = window;
  const video = document.getElementById("video");
  video.onwaiting = () => seen.stalls++;
  [seen.stalls, seen.longestStill, seen.longestTurn, seen.behind, seen.errors] = [0, 0, 0, [], []];
  let [at, since, last] = [video.currentTime, performance.now(), performance.now()];
  setInterval(() => {
    const now = performance.now();
    seen.longestTurn = Math.max(seen.longestTurn, now - last);
    last = now;
    if (video.currentTime !== at) [at, since] = [video.currentTime, now];
    seen.longestStill = Math.max(seen.longestStill, now - since);
    // The dates are those at which the server got the pictures.
    if (hls.playingDate) seen.behind.push(Date.now() - hls.playingDate.getTime());
  }, 50);
}

async function bare(key) {
  const viewer = await Viewer.open(browser, new URL("/healthz", key.watch).href);
  await viewer.page.setContent("<body></body>");
  return viewer;
}

test(`hls.js plays parts, ${MOST_BEHIND} ms behind at most, for ${SECONDS} s`, { timeout: 120000 + SECONDS * 1000 }, async (t) => {
  const key = await server.key("live/low");
  // Encoded beforehand: who lacks the processor for that would be no live stream.
  const recording = await record(SECONDS + 40);
  t.after(() => recording.remove());
  const publisher = publishRecording(key.rtmpUrl, recording);
  await isThere(key.hls.url);
  const viewer = await bare(key);
  await viewer.page.evaluate(playByLibrary, { library: new URL("/assets/hls.js", key.watch).href, url: key.hls.url });
  await viewer.page.waitForTimeout(SETTLE);
  await viewer.page.evaluate(beginToWatch);
  assertMoving(await viewer.numbers(30));
  await viewer.page.waitForTimeout(SECONDS * 1000);
  assertMoving(await viewer.numbers(30));
  const seen = await viewer.page.evaluate(() => window.seen);
  const behind = seen.behind.sort((a, b) => a - b);
  const median = behind[Math.floor(behind.length / 2)];
  t.diagnostic(`behind: median ${Math.round(median)} ms, worst ${Math.round(behind.at(-1))} ms; ${seen.parts} parts; ` +
    `stalls: ${seen.stalls}, still for ${Math.round(seen.longestStill)} ms at most; ${seen.errors.join() || "no errors"}`);
  // Then it isn't the stream that stands still.
  if (seen.stalls > 0 && seen.longestTurn > 500) return t.skip(`the page had no processor for ${Math.round(seen.longestTurn)} ms`);
  assert.ok(seen.parts > 4 * SECONDS, `only ${seen.parts} parts`);
  assert.equal(seen.stalls, 0);
  assert.ok(seen.longestStill < 500, `still for ${seen.longestStill} ms`);
  assert.ok(median <= MOST_BEHIND, `${median} ms behind`);
  assert.deepEqual(seen.errors.filter((error) => error.startsWith("fatal")), []);
  assert.equal((await server.status(key.watch)).audiences.hls, 1);
  await publisher.stop();
});

test("chromium plays it by itself, where it knows HLS", { timeout: 60000 }, async (t) => {
  const key = await server.key("live/native");
  const publisher = publish(key.rtmpUrl);
  await isThere(key.hls.url, 5); // it begins three segments behind, or never
  const viewer = await bare(key);
  const knows = await viewer.page.evaluate(() => document.createElement("video").canPlayType("application/vnd.apple.mpegurl"));
  t.diagnostic(`this chromium says "${knows}" to HLS`);
  if (!knows) return t.skip("this chromium has no HLS of its own");
  await viewer.page.evaluate(async (url) => {
    const video = document.body.appendChild(document.createElement("video"));
    [video.id, video.muted, video.src] = ["video", true, url];
    await video.play();
  }, key.hls.url);
  assertMoving(await viewer.numbers(45, 20000));
  await publisher.stop();
});

test("what WebRTC refuses the page plays by HLS, and says so", { timeout: 90000 }, async () => {
  const key = await server.key("live/refused");
  const publisher = publishReordered(key.rtmpUrl);
  await isThere(key.hls.url);
  const problem = { type: "about:blank", title: "Not Acceptable", status: 406, detail: "No codec in common" };
  const context = await browser.newContext();
  await context.route("**/whep", (route) =>
    route.fulfill({ status: 406, contentType: "application/problem+json", body: JSON.stringify(problem) }));
  const viewer = await Viewer.open(context, key.watch);
  await viewer.phase("playing", { patience: 20000 });
  assert.equal(await viewer.page.locator("#notice").innerText(), "Some seconds behind: No codec in common");
  assertMoving(await viewer.numbers(45, 20000));
  assert.deepEqual(viewer.errors, []);
  await publisher.stop();
});

test("where no session connects the page plays by HLS, with the key in no address", { timeout: 90000 }, async () => {
  const key = await server.key("live/blocked");
  const play = await server.key("live/blocked", "--role", "play");
  const publisher = publish(key.rtmpUrl);
  await isThere(key.hls.url);
  const context = await browser.newContext();
  await context.route("**/whep", (route) => route.abort());
  const viewer = await Viewer.open(context, play.watch);
  await viewer.phase("playing", { patience: 20000 });
  assertMoving(await viewer.numbers(30, 20000));
  assert.match(await viewer.page.locator("#notice").innerText(), /^Some seconds behind: /);
  for (const request of viewer.requests.slice(1)) assert.ok(!request.url().includes(play.whep.token), request.url());
  await publisher.stop();
});
