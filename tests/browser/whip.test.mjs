// SPDX-License-Identifier: LGPL-2.1-or-later
// Chromium as a publisher: getUserMedia with its fake camera, sent by WHIP, watched on the page.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Camera, FAKE_CAMERA } from "./camera.mjs";
import { Server } from "./server.mjs";
import { closePages, launch, Viewer } from "./viewer.mjs";

let server;
let browser;
before(async () => {
  server = await Server.start();
  browser = await launch(...FAKE_CAMERA);
});
after(async () => {
  await browser?.close();
  assert.equal(await server?.stop(), 0, server?.log);
});

for (const codec of ["VP8", "H264", "VP9", "AV1"])
  test(`chromium publishes ${codec}`, { timeout: 60000 }, async (t) => {
    const key = await server.key(`live/${codec.toLowerCase()}`);
    const camera = await Camera.open(browser, key);
    if (!(await camera.has(codec))) return t.skip(`this chromium has no ${codec}`);
    const viewer = await Viewer.open(browser, key.watch);
    try {
      await camera.publish(codec);
      await viewer.phase("playing");
      const { frames, packets } = await viewer.rates();
      assert.ok(frames > 10, `${frames} frames/s`);
      assert.ok(packets > 20, `${packets} packets of sound a second`);
      assert.deepEqual(viewer.errors, []);
      const state = await camera.sent();
      assert.equal(state.codec, `video/${codec}`);
      assert.ok(state.bitrate > 200000, `transport-wide feedback let ${state.bitrate} bit/s through`);
      assert.equal(await camera.leave(), 200);
    } catch (error) {
      throw new Error(`${error.message}\nserver: ${server.log.slice(-4000)}`, { cause: error });
    } finally {
      await closePages(browser);
    }
  });
