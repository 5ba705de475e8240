// SPDX-License-Identifier: LGPL-2.1-or-later
// The watch page in a browser, from the publisher's encoder to the viewer's picture and back to
// offline.

import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { assertMoving, assertTone } from "./assertions.mjs";
import { killAllBut, until } from "./processes.mjs";
import { publish } from "./publishers.mjs";
import { Server } from "./server.mjs";
import { closePages, launch, Viewer } from "./viewer.mjs";

let server;
let browser;
before(async () => {
  server = await Server.start();
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

const isLive = (key) => until("live", 10000, async () => (await server.status(key.watch)).state === "live");
const viewers = async (key) => (await server.status(key.watch)).viewers;

test("within 3 s of page load: picture at more than 20 frames/s, and sound", { timeout: 60000 }, async (t) => {
  const key = await server.key("live/first");
  const publisher = publish(key.rtmpUrl);
  await isLive(key);
  const viewer = await Viewer.open(browser, key.watch);
  const playing = await viewer.phase("playing", { patience: 3000 });
  await viewer.page.waitForTimeout(Math.max(viewer.loadedAt + 2000 - Date.now(), 0));
  const { frames, packets, lost, width } = await viewer.rates(950);
  const within = Date.now() - viewer.loadedAt;
  t.diagnostic(`page load to picture ${Math.round(playing - viewer.loadedAt)} ms, ${frames.toFixed(1)} frames/s`);
  assert.ok(frames > 20, `${frames} frames/s`);
  assert.ok(packets > 20, `${packets} packets of sound a second`);
  assert.equal(width, 640);
  assert.equal(lost, 0);
  t.diagnostic(`measured ${Math.round(within)} ms after page load`);
  assertMoving(await viewer.numbers(45));
  assertTone(await viewer.loudestTone());
  assert.equal(await viewers(key), 1);

  assert.deepEqual(viewer.errors, []);

  await viewer.page.goto("about:blank");
  await until("no viewer once the page was left", 3000, async () => (await viewers(key)) === 0);
  await viewer.close();
  await publisher.stop();
});

test("it starts muted, and buttons and keys work", { timeout: 60000 }, async () => {
  const key = await server.key("live/keys");
  const publisher = publish(key.rtmpUrl);
  await isLive(key);
  const viewer = await Viewer.open(browser, key.watch);
  const { page } = viewer;
  await viewer.phase("playing");
  const sound = () => page.evaluate(() => !document.getElementById("video").muted);
  assert.equal(await sound(), false);
  await page.getByRole("button", { name: "Turn sound on" }).click();
  assert.equal(await sound(), true);
  await page.keyboard.press("m");
  assert.equal(await sound(), false);
  const since = Date.now();
  await page.keyboard.press("Escape");
  await page.locator("#video").focus();
  await page.evaluate(() => document.activeElement?.blur());
  await page.keyboard.press(" ");
  await viewer.phase("paused", { since });
  await until("no viewer while paused", 3000, async () => (await viewers(key)) === 0);
  await page.getByRole("button", { name: "Play" }).click();
  await viewer.phase("playing", { since });
  assertMoving(await viewer.numbers(15));
  assert.deepEqual(viewer.errors, []);
  await viewer.close();
  await publisher.stop();
});

test("an offline page starts by itself, and again when the publisher comes back", { timeout: 90000 }, async (t) => {
  const key = await server.key("live/waiting");
  const viewer = await Viewer.open(browser, key.watch);
  await viewer.phase("offline");
  for (const round of ["first", "second"]) {
    const since = Date.now();
    const publisher = publish(key.rtmpUrl);
    const isAdmitted = async () => (await server.status(key.watch)).state !== "offline";
    await until("admitted", 10000, isAdmitted);
    const admitted = Date.now();
    const playing = await viewer.phase("playing", { since });
    t.diagnostic(`${round} time: first picture ${playing - admitted} ms after the publisher was admitted`);
    assert.ok(playing - admitted < 2000, `${playing - admitted} ms`);
    assertMoving(await viewer.numbers(30));
    const left = Date.now();
    await publisher.stop();
    await viewer.phase("offline", { since: left });
  }
  await viewer.close();
});

test("a play key goes to the server, as a bearer token, and nowhere else", { timeout: 60000 }, async () => {
  const key = await server.key("live/keyed");
  const play = await server.key("live/keyed", "--role", "play");
  const publisher = publish(key.rtmpUrl);
  await isLive(key);
  const viewer = await Viewer.open(browser, play.watch);
  await viewer.phase("playing");
  await viewer.page.keyboard.press(" ");
  await viewer.phase("paused");
  const [page, ...others] = viewer.requests;
  assert.equal(page.url(), play.watch);
  for (const request of others) {
    assert.ok(request.url().startsWith(new URL(play.watch).origin), request.url());
    assert.ok(!request.url().includes("key="), request.url());
    const headers = await request.allHeaders();
    assert.equal(headers["referer"], undefined);
    const isSession = ["POST", "DELETE"].includes(request.method());
    assert.equal(headers["authorization"], isSession ? `Bearer ${play.whep.token}` : undefined);
  }
  const methods = others.map((request) => request.method());
  assert.ok(methods.includes("POST") && methods.includes("DELETE"), methods.join());
  assert.deepEqual(viewer.errors, []);
  await viewer.close();
  await publisher.stop();
});

test("a server that dies and comes back", { timeout: 90000 }, async (t) => {
  const first = await Server.start();
  const key = await first.key("live/back");
  const publisher = publish(key.rtmpUrl);
  const viewer = await Viewer.open(browser, key.watch);
  await viewer.phase("playing");
  const died = Date.now();
  await first.process.stop("SIGKILL");
  const unreachable = await viewer.phase("unreachable");
  t.diagnostic(`noticed after ${unreachable - died} ms`);
  await publisher.stop();
  const second = await Server.start({ state: first.state, http: new URL(key.watch).host });
  const back = Date.now();
  const again = publish((await second.key("live/back")).rtmpUrl);
  await viewer.phase("playing", { since: back });
  assertMoving(await viewer.numbers(15));
  assert.deepEqual(viewer.errors, []);
  await viewer.close();
  await again.stop();
  assert.equal(await second.stop(), 0);
});

test("two viewers of two streams see each their own", { timeout: 60000 }, async () => {
  const [one, other] = await Promise.all([server.key("live/one"), server.key("live/other")]);
  const publisher = publish(one.rtmpUrl);
  await isLive(one);
  const [watching, waiting] = await Promise.all([Viewer.open(browser, one.watch), Viewer.open(browser, other.watch)]);
  await watching.phase("playing");
  await waiting.phase("offline");
  assertMoving(await watching.numbers(15));
  assert.equal((await waiting.counters()).frames, 0);
  await Promise.all([watching.close(), waiting.close()]);
  await publisher.stop();
});
