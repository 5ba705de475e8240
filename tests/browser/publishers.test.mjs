// SPDX-License-Identifier: LGPL-2.1-or-later
// Publishers of all kinds, each watched in a browser.

import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { assertMoving, assertTone } from "./assertions.mjs";
import { killAllBut } from "./processes.mjs";
import { publishGst, publishRecording, publishReordered, publishSilent, publishSound, record } from "./publishers.mjs";
import { Server } from "./server.mjs";
import { closePages, launch, Viewer } from "./viewer.mjs";

let server;
let browser;
let recording;
before(async () => {
  recording = await record(20);
  server = await Server.start();
  browser = await launch();
});
afterEach(async () => {
  await closePages(browser);
  await killAllBut(server.process);
});
after(async () => {
  await browser?.close();
  await recording?.remove();
  assert.equal(await server?.stop(), 0, server?.log);
});

/** Publishes, waits for it on the page, and hands both to `check`. */
async function watch(name, start, check) {
  const key = await server.key(name);
  const viewer = await Viewer.open(browser, key.watch);
  const publisher = start(key.rtmpUrl);
  try {
    await viewer.phase("playing");
    await check(viewer, publisher, key);
    assert.deepEqual(viewer.errors, []);
  } catch (error) {
    throw new Error(`${error.message}\npublisher: ${publisher.log}\nserver: ${server.log.slice(-4000)}`, { cause: error });
  } finally {
    await viewer.close();
    await publisher.stop();
  }
}

async function assertPlays(viewer) {
  const { frames, packets } = await viewer.rates();
  assert.ok(frames > 20, `${frames} frames/s`);
  assert.ok(packets > 20, `${packets} packets of sound a second`);
  assertMoving(await viewer.numbers(30));
  assertTone(await viewer.loudestTone());
}

test("gst-launch-1.0 with rtmp2sink", { timeout: 60000 }, () => watch("live/gst", publishGst, assertPlays));

test("B-frames and a key frame every 10 s", { timeout: 60000 }, () =>
  watch("live/reordered", publishReordered, assertPlays));

test("a publisher without sound", { timeout: 60000 }, () =>
  watch("live/silent", publishSilent, async (viewer, _, key) => {
    const { frames, packets } = await viewer.rates();
    assert.ok(frames > 20, `${frames} frames/s`);
    assert.equal(packets, 0);
    assertMoving(await viewer.numbers(30));
    assert.equal((await server.status(key.watch)).audio, null);
    assert.ok(await viewer.page.locator("#unmute").isHidden());
  }));

test("a publisher without picture", { timeout: 60000 }, () =>
  watch("live/sound", publishSound, async (viewer, _, key) => {
    const { frames, packets } = await viewer.rates();
    assert.equal(frames, 0);
    assert.ok(packets > 20, `${packets} packets of sound a second`);
    assertTone(await viewer.loudestTone());
    assert.equal((await server.status(key.watch)).video, null);
  }));

test("sound that comes 2 s before the picture", { timeout: 60000 }, () =>
  watch("live/sound-first", (url) => publishRecording(url, recording, "--video-late=2"), async (viewer) => {
    // Whether it began with sound alone or waited for the picture: the picture comes to stay.
    await viewer.page.waitForFunction(() => document.getElementById("video").videoWidth > 0, null, { timeout: 8000 });
    await assertPlays(viewer);
  }));

for (const seconds of [90, -3])
  test(`timestamps that jump by ${seconds} s`, { timeout: 60000 }, () =>
    watch(`live/jump${seconds > 0 ? "" : "-back"}`, (url) => publishRecording(url, recording, `--jump=${seconds}`, "--jump-at=6"),
      async (viewer, publisher) => {
        await assertPlays(viewer);
        const sessions = () => viewer.page.evaluate(() => window.peers.length);
        const before = await sessions();
        while (!publisher.log.includes("jumped")) await viewer.page.waitForTimeout(50);
        await viewer.page.waitForTimeout(500);
        await assertPlays(viewer);
        assert.equal(await sessions(), before, "the viewer had to connect anew");
      }));
