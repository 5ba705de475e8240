// SPDX-License-Identifier: LGPL-2.1-or-later
// One signed key, one stream, every door in turn, while a watch page and an aiortc stay.

import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { Camera, FAKE_CAMERA } from "./camera.mjs";
import { Child, killAllBut, until } from "./processes.mjs";
import { publish, publishSrt, publishTransmit, publishWebrtcbin } from "./publishers.mjs";
import { Server } from "./server.mjs";
import { closePages, launch, Viewer } from "./viewer.mjs";

const PATIENCE = 20000;
const MOST = 1000; // ms without a picture beyond the publishers' own gap
const WATCHED = 2000; // ms after each hand-over

let server;
let browser;
before(async () => {
  server = await Server.start({ grace: 60, rtmps: true });
  browser = await launch(...FAKE_CAMERA);
});
afterEach(async () => {
  await closePages(browser);
  await killAllBut(server.process);
});
after(async () => {
  await browser?.close();
  assert.equal(await server?.stop(), 0, server?.log);
});

/** Starts a publisher. `admitted` is when the server let it in, `begun` when it sent its first picture: those of
 * which that is not known did so no sooner than they were admitted. */
async function arrive(start) {
  const said = server.log.length;
  const admission = () => server.log.slice(said).includes("published over") && Date.now();
  const [admitted, publisher] = await Promise.all([until("admission", PATIENCE, admission), start()]);
  return { admitted, begun: admitted, ...publisher };
}

const program = (start) => async () => {
  const child = start();
  return { vanish: () => child.stop("SIGKILL") };
};

async function webrtcbin(key) {
  const child = publishWebrtcbin(key.whip);
  await until("a connection", PATIENCE, () => child.log.includes("sending") || !child.isRunning);
  assert.ok(child.isRunning, child.log);
  return { begun: Date.now(), vanish: () => child.stop("SIGKILL") };
}

async function chromium(key) {
  const camera = await Camera.open(browser, key);
  await camera.publish("H264");
  await until("its first picture", PATIENCE, async () => (await camera.sent()).frames > 0);
  return { begun: Date.now(), vanish: () => camera.page.close() };
}

const doors = (key) => ({
  "ffmpeg RTMP": program(() => publish(key.rtmpUrl)),
  "ffmpeg RTMPS": program(() => publish(key.rtmpsUrl)),
  "ffmpeg SRT": program(() => publishSrt(key.srt.url)),
  "srt-live-transmit": program(() => publishTransmit(key.srt.url)),
  "chromium WHIP": () => chromium(key),
  "webrtcbin WHIP": () => webrtcbin(key),
  "ffmpeg RTMP again": program(() => publish(key.rtmpUrl)),
});

// Runs in the page: when the number of decoded pictures rose.
function noteDecoded() {
  window.decoded = [];
  let known = 0;
  setInterval(async () => {
    for (const report of (await window.peers.at(-1).getStats()).values()) {
      if (report.type !== "inbound-rtp" || report.kind !== "video" || report.framesDecoded <= known) continue;
      for (; known < report.framesDecoded; known++) window.decoded.push(Date.now());
    }
  }, 20);
}

class Page {
  static async join(key) {
    const page = new Page();
    page.viewer = await Viewer.open(browser, key.watch);
    await page.viewer.phase("playing");
    await page.viewer.page.evaluate(noteDecoded);
    return page;
  }

  decoded = () => this.viewer.page.evaluate(() => window.decoded);

  async assertStayed() {
    assert.equal(await this.viewer.page.evaluate(() => window.peers.length), 1);
    const requests = this.viewer.requests.filter((one) => one.method() === "POST" || one.isNavigationRequest());
    assert.deepEqual(requests.map((one) => one.method()), ["GET", "POST"]);
    assert.deepEqual(this.viewer.errors, []);
  }
}

class Aiortc {
  static async join(key) {
    const aiortc = new Aiortc();
    const script = fileURLToPath(new URL("../interop/aiortc_watch.py", import.meta.url));
    aiortc.child = new Child("/usr/bin/python3", [script, key.whep.url]);
    await until("aiortc to see it", PATIENCE, () => aiortc.decoded().length > 0);
    return aiortc;
  }

  decoded = () => [...this.child.log.matchAll(/^picture (\d+)$/gm)].map((match) => Number(match[1]));

  async assertStayed() {
    const words = () => this.child.log.split("\n").filter((line) => line && !line.startsWith("picture"));
    assert.deepEqual(words(), ["connecting", "connected"]);
    assert.equal(await this.child.stop("SIGTERM"), 0, this.child.log);
    assert.ok(words().includes("left 200"), words());
  }
}

/** The longest time without a new picture that began before `until` and ended after `from`: [length, end]. */
function longestGap(pictures, from, until) {
  const gaps = pictures.map((at, i) => [at - pictures[i - 1], at]).slice(1);
  return gaps.filter(([length, at]) => at > from && at - length < until).reduce((a, b) => (b[0] > a[0] ? b : a));
}

/** What a viewer sees of a hand-over: that nobody sends between `left` and `begun` is the publishers' own gap. */
async function assertGoesOn(viewer, { left, begun }, what, t) {
  // By then the last pictures of the one before are through.
  await until(`pictures after ${what}`, PATIENCE, async () => (await viewer.decoded()).at(-1) > begun + MOST);
  const [gap, again] = longestGap(await viewer.decoded(), left, begun + MOST);
  await until("what is watched", PATIENCE, () => Date.now() > again + WATCHED + 200);
  const pictures = await viewer.decoded();
  const beyond = gap - (begun - left);
  const rate = (pictures.filter((at) => at >= again && at < again + WATCHED).length * 1000) / WATCHED;
  const [freeze] = longestGap(pictures, again, again + WATCHED);
  t.diagnostic(`${what}, ${viewer.constructor.name}: no picture for ${gap} ms, ${beyond} ms beyond the publishers' own ` +
    `gap; then ${rate} pictures/s, each within ${freeze} ms`);
  assert.ok(beyond <= MOST, `${what}: ${beyond} ms`);
  assert.ok(rate >= 20, `${what}: ${rate} pictures/s`);
  assert.ok(freeze < 500, `${what}: nothing for ${freeze} ms`);
}

/** Each door in turn. A publisher `takesOver` from one who is still there, or comes when that one has vanished. */
async function everyDoor(t, name, takesOver) {
  const key = await server.key(name);
  const [[first, start], ...others] = Object.entries(doors(key));
  let [before, publisher] = [first, await arrive(start)];
  // A page that comes before the picture joins again with it.
  await until("its picture", PATIENCE, () => server.log.includes(`${name}: transcode.video_0`));
  const viewers = await Promise.all([Page.join(key), Aiortc.join(key)]);
  for (const [door, next] of others) {
    const vanished = Date.now();
    if (!takesOver) await publisher.vanish();
    const successor = await arrive(next);
    if (takesOver) await publisher.vanish(); // told it has been already
    const times = { left: takesOver ? successor.admitted : vanished, begun: successor.begun };
    await Promise.all(viewers.map((viewer) => assertGoesOn(viewer, times, `${before} → ${door}`, t)));
    [before, publisher] = [door, successor];
  }
  for (const viewer of viewers) await viewer.assertStayed();
  assert.equal(server.log.split(`${name}: starting`).length, 2, "it was not one stream");
  assert.ok(!server.log.includes(`${name}: offline`));
}

for (const [what, name, takesOver] of [["a publisher vanishes, the next comes by another door", "live/turns", false],
  ["each takes over from the one before", "live/takeover", true]])
  test(what, { timeout: 120000 }, async (t) => {
    try {
      await everyDoor(t, name, takesOver);
    } catch (error) {
      throw new Error(`${error.message}\nserver: ${server.log.slice(-4000)}`, { cause: error });
    }
  });
