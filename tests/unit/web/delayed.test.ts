// SPDX-License-Identifier: LGPL-2.1-or-later
// The player's other way, which is seconds behind: when it is taken, and when it is left again.

import assert from "node:assert/strict";
import { test } from "node:test";
import { World } from "./world.ts";

test("what WebRTC refuses is watched by HLS, and the reason is said", async () => {
  const world = new World();
  world.hasHls();
  world.set("live");
  world.player.start();
  await world.pass(0);
  world.session.ended({ kind: "refused", text: "No codec in common" });
  await world.pass(10);
  assert.equal(world.delayedSessions.length, 1);
  world.session.progress();
  assert.equal(world.phase, "playing");
  assert.equal(world.view.delayed, "No codec in common");
  await world.flow(20000);
  assert.equal(world.sessions.length, 2);
});

test("WebRTC that never gets through is given up for HLS", async () => {
  const world = new World();
  world.hasHls();
  world.set("live");
  world.player.start();
  await world.pass(0);
  world.session.ended({ kind: "lost" });
  await world.pass(1000);
  assert.equal(world.delayedSessions.length, 0);
  world.session.ended({ kind: "lost" });
  await world.pass(10);
  assert.equal(world.delayedSessions.length, 1);
  assert.notEqual(world.view.delayed, null);
});

test("WebRTC that has played is not given up", async () => {
  const world = new World();
  world.hasHls();
  await world.playing();
  for (let round = 0; round < 5; round++) {
    await world.flow(11000);
    world.session.ended({ kind: "lost" });
    await world.pass(510);
    world.session.progress();
  }
  assert.equal(world.delayedSessions.length, 0);
  assert.equal(world.view.delayed, null);
});

test("HLS that fails gives WebRTC another chance, ever more slowly", async () => {
  const world = new World();
  world.hasHls();
  world.set("live");
  world.player.start();
  for (let second = 0; second < 300; second++) {
    await world.pass(1000);
    const isDelayed = world.session === world.delayedSessions.at(-1);
    if (!world.session.closed)
      world.session.ended(isDelayed ? { kind: "lost" } : { kind: "refused", text: "No codec in common" });
  }
  assert.ok(world.delayedSessions.length >= 5, `${world.delayedSessions.length} times HLS`);
  assert.ok(world.sessions.length <= 120, `${world.sessions.length} attempts in 5 minutes`);
});

test("a stream that begins anew is tried by WebRTC first", async () => {
  const world = new World();
  world.hasHls();
  world.set("live", "first");
  world.player.start();
  await world.pass(0);
  world.session.ended({ kind: "refused", text: "No codec in common" });
  await world.pass(10);
  world.session.progress();
  world.set("offline");
  await world.pass(3000);
  world.set("live", "second");
  await world.pass(1000);
  assert.equal(world.delayedSessions.length, 1);
  assert.equal(world.sessions.length, 3);
});
