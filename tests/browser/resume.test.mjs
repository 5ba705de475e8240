// SPDX-License-Identifier: LGPL-2.1-or-later
// Viewers in a browser while the publisher goes away and comes back: they stay, and see it go on.

import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { assertMoving, assertTone } from "./assertions.mjs";
import { killAllBut, until } from "./processes.mjs";
import { publish, publishSilent, publishSrt } from "./publishers.mjs";
import { Server } from "./server.mjs";
import { closePages, launch, Viewer } from "./viewer.mjs";

let server;
let browser;
before(async () => {
  server = await Server.start({ grace: 60 });
  browser = await launch();
});
afterEach(async () => {
  await closePages(browser);
  await killAllBut(server.process);
});
after(async () => {
  await browser?.close();
  assert.equal(await server?.stop(), 0, server?.log);
});

const isIn = (state, key) => until(state, 15000, async () => (await server.status(key.watch)).state === state);

/** One connection, from the first offer on. */
async function assertSameSession(viewer) {
  assert.equal(await viewer.page.evaluate(() => window.peers.length), 1);
  assert.equal(viewer.requests.filter((request) => request.method() === "POST").length, 1);
  assert.deepEqual(viewer.errors, []);
}

/** The picture that stands still is there, with words over it. */
async function assertLastPicture(viewer) {
  assert.match(await viewer.words(), /Signal lost/);
  const { opacity, width } = await viewer.page.evaluate(() => {
    const video = document.getElementById("video");
    return { opacity: Number(getComputedStyle(video).opacity), width: video.videoWidth };
  });
  assert.ok(opacity > 0.2 && opacity < 1, `opacity ${opacity}`);
  assert.equal(width, 640);
}

test("a watch page stays through every return of the publisher", { timeout: 120000 }, async (t) => {
  const key = await server.key("live/resume");
  let publisher = publish(key.rtmpUrl);
  await isIn("live", key);
  const viewer = await Viewer.open(browser, key.watch);
  await viewer.phase("playing");
  for (const [name, again] of [["rtmp", () => publish(key.rtmpUrl)], ["srt", () => publishSrt(key.srt.url)],
    ["rtmp", () => publish(key.rtmpUrl)]]) {
    const left = Date.now();
    await publisher.stop("SIGKILL");
    await viewer.phase("interrupted", { since: left });
    await viewer.page.waitForTimeout(500); // of its fading
    await assertLastPicture(viewer);
    const { frames } = await viewer.counters();
    publisher = again();
    await isIn("live", key);
    const live = Date.now();
    const playing = await viewer.phase("playing", { since: left });
    t.diagnostic(`${name}: ${playing - live} ms after the first frame the page knows, ${live - left} ms after the break`);
    assertMoving(await viewer.numbers(30));
    assert.ok((await viewer.counters()).frames > frames + 20);
    assertTone(await viewer.loudestTone());
    const { frames: rate } = await viewer.rates(1500);
    assert.ok(rate > 20, `${rate} frames/s`);
  }
  await assertSameSession(viewer);
  await viewer.close();
});

test("a publisher who is silent for a while", { timeout: 60000 }, async () => {
  const key = await server.key("live/silent");
  const publisher = publish(key.rtmpUrl);
  await isIn("live", key);
  const viewer = await Viewer.open(browser, key.watch);
  await viewer.phase("playing");
  const begin = Date.now();
  publisher.child.kill("SIGSTOP");
  await viewer.phase("interrupted", { since: begin });
  publisher.child.kill("SIGCONT");
  await viewer.phase("playing", { since: begin });
  await viewer.numbers(10); // what was held back comes at once
  assertMoving(await viewer.numbers(30));
  await assertSameSession(viewer);
  await viewer.close();
});

test("back without sound, the picture goes on", { timeout: 60000 }, async () => {
  const key = await server.key("live/mute");
  const publisher = publish(key.rtmpUrl);
  await isIn("live", key);
  const viewer = await Viewer.open(browser, key.watch);
  await viewer.phase("playing");
  const left = Date.now();
  await publisher.stop("SIGKILL");
  await viewer.phase("interrupted", { since: left });
  publishSilent(key.rtmpUrl);
  await viewer.phase("playing", { since: left });
  assertMoving(await viewer.numbers(30));
  await assertSameSession(viewer);
  await viewer.close();
});

// Runs in a page: a player that asks although the stream is interrupted.
async function joinAnyway(whep) {
  const peer = new RTCPeerConnection();
  const video = document.createElement("video");
  Object.assign(video, { id: "video", muted: true, autoplay: true });
  document.body.append(video);
  peer.ontrack = ({ track, receiver }) => {
    receiver.jitterBufferTarget = 0;
    if (track.kind === "video") video.srcObject = new MediaStream([track]);
  };
  peer.addTransceiver("video", { direction: "recvonly" });
  await peer.setLocalDescription(await peer.createOffer());
  const headers = { "Content-Type": "application/sdp" };
  const response = await fetch(whep, { method: "POST", headers, body: peer.localDescription.sdp });
  await peer.setRemoteDescription({ type: "answer", sdp: await response.text() });
  window.peers = [peer];
  return response.status;
}

test("who comes while the publisher is away has the last picture, and then no delay", { timeout: 60000 }, async (t) => {
  const key = await server.key("live/late");
  const publisher = publish(key.rtmpUrl);
  await isIn("live", key);
  const early = await Viewer.open(browser, key.watch);
  await early.phase("playing");
  const left = Date.now();
  await publisher.stop("SIGKILL");
  await early.phase("interrupted", { since: left });
  await early.page.waitForTimeout(4000); // of the scene
  const late = await Viewer.open(browser, `${new URL(key.watch).origin}/healthz`);
  assert.equal(await late.page.evaluate(joinAnyway, key.whep.url), 201);
  await until("the last picture", 5000, async () => (await late.counters()).frames > 0);
  const page = await Viewer.open(browser, key.watch); // which waits
  await page.phase("interrupted");
  publish(key.rtmpUrl);
  await early.phase("playing", { since: left });
  await page.phase("playing", { since: left });
  assertMoving(await late.numbers(20));
  // What each shows at the same moment.
  const [[one], [other]] = await Promise.all([early.numbers(1), late.numbers(1)]);
  t.diagnostic(`${one} and ${other}`);
  assert.ok(Math.abs(one - other) <= 10, `${one} and ${other}`);
  await assertSameSession(early);
});
