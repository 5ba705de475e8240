// SPDX-License-Identifier: LGPL-2.1-or-later
// The player: what it does when streams, publishers, servers and networks come and go.

import assert from "node:assert/strict";
import { test } from "node:test";
import { World } from "./world.ts";

const soon = 400;

test("a live stream is watched at once", async () => {
  const world = new World();
  world.set("live");
  world.player.start();
  await world.pass(0);
  assert.equal(world.sessions.length, 1);
  assert.equal(world.phase, "connecting");
  world.session.progress();
  assert.equal(world.phase, "playing");
});

test("an offline stream is watched within 400 ms of its beginning", async () => {
  const world = new World();
  world.chance = 0.999;
  world.player.start();
  await world.pass(10000);
  assert.equal(world.phase, "offline");
  assert.equal(world.sessions.length, 0);
  world.set("live");
  await world.pass(soon);
  assert.equal(world.sessions.length, 1);
});

test("the end of starting is not missed", async () => {
  const world = new World();
  world.set("starting");
  world.player.start();
  await world.pass(1000);
  assert.equal(world.phase, "starting");
  world.set("live");
  await world.pass(150);
  assert.equal(world.sessions.length, 1);
});

test("a hidden page asks seldom, and at once when it is seen again", async () => {
  const world = new World();
  world.isVisible = false;
  world.player.start();
  await world.pass(20000);
  assert.ok(world.polls.length <= 5, `${world.polls.length} polls in 20 s`);
  world.set("live");
  world.isVisible = true;
  world.player.visibilityChanged();
  await world.pass(0);
  assert.equal(world.sessions.length, 1);
});

test("a waiting crowd does not ask in step", async () => {
  const [one, other] = [new World(), new World()];
  one.chance = 0.1;
  other.chance = 0.9;
  for (const world of [one, other]) {
    world.player.start();
    await world.pass(2000);
  }
  assert.notDeepEqual(one.polls, other.polls);
});

test("the end of a stream ends the session", async () => {
  const world = new World();
  await world.playing();
  world.set("offline");
  await world.pass(3000);
  assert.equal(world.phase, "offline");
  assert.equal(world.openSessions, 0);
});

test("a publisher that is gone for a while keeps its viewers", async () => {
  const world = new World();
  await world.playing();
  world.set("interrupted");
  await world.pass(12000);
  assert.equal(world.phase, "interrupted");
  assert.equal(world.openSessions, 1);
  world.set("live", "again");
  await world.pass(soon);
  world.session.progress();
  assert.equal(world.phase, "playing");
  assert.equal(world.sessions.length, 1);
});

test("a session that does not resume after an interruption is replaced", async () => {
  const world = new World();
  await world.playing();
  world.set("interrupted");
  await world.pass(6000);
  world.set("live", "again");
  await world.pass(soon + 3000 + 1000);
  assert.equal(world.sessions.length, 2);
  assert.equal(world.openSessions, 1);
});

test("a publisher who is back before anybody looked keeps its viewers", async () => {
  const world = new World();
  await world.playing();
  await world.pass(2900);
  world.set("live", "again");
  await world.pass(1000);
  assert.equal(world.phase, "reconnecting");
  world.session.progress();
  assert.equal(world.phase, "playing");
  assert.equal(world.sessions.length, 1);
  await world.pass(3000 + 1000);
  assert.equal(world.sessions.length, 2);
});

test("no pictures for 3 s while the stream is live: a new session", async () => {
  const world = new World();
  await world.playing();
  await world.flow(20000);
  assert.equal(world.sessions.length, 1);
  await world.pass(2900);
  assert.equal(world.sessions.length, 1);
  await world.pass(900);
  assert.equal(world.sessions.length, 2);
  assert.equal(world.openSessions, 1);
  assert.equal(world.phase, "reconnecting");
});

test("pictures need not come while the page is hidden", async () => {
  const world = new World();
  await world.playing();
  world.isVisible = false;
  world.player.visibilityChanged();
  await world.pass(60000);
  assert.equal(world.sessions.length, 1);
  world.isVisible = true;
  world.player.visibilityChanged();
  await world.pass(2900);
  assert.equal(world.sessions.length, 1);
  await world.pass(1000);
  assert.equal(world.sessions.length, 2);
});

test("a session that shows nothing is given up after 8 s", async () => {
  const world = new World();
  world.set("live");
  world.player.start();
  await world.pass(7900);
  assert.equal(world.sessions.length, 1);
  await world.pass(600);
  assert.equal(world.sessions.length, 2);
  assert.equal(world.openSessions, 1);
});

test("lost sessions are replaced ever more slowly, and never slower than 10 s", async () => {
  const world = new World();
  world.chance = 0.999;
  world.set("live");
  world.player.start();
  const opened: number[] = [];
  for (let attempt = 0; attempt < 10; attempt++) {
    while (world.sessions.length === attempt) await world.pass(10);
    opened.push(world.time);
    world.session.ended({ kind: "lost" });
    assert.equal(world.phase, "reconnecting");
  }
  const waits = opened.slice(1).map((at, index) => at - opened[index]!);
  for (const [index, wait] of waits.entries()) {
    assert.ok(wait >= (waits[index - 1] ?? 0) - 20, `waits ${waits}`);
    assert.ok(wait <= 10020, `waits ${waits}`);
  }
  assert.ok(waits[0]! <= 520 && waits.at(-1)! >= 9000, `waits ${waits}`);
});

test("a session that played for long is replaced quickly", async () => {
  const world = new World();
  await world.playing();
  for (let round = 0; round < 5; round++) {
    await world.flow(11000);
    world.session.ended({ kind: "lost" });
    await world.pass(510);
    world.session.progress();
  }
  assert.equal(world.sessions.length, 6);
});

for (const late of ["hasVideo", "hasAudio"] as const)
  test(`a track that comes late is fetched by another session: ${late}`, async () => {
    const world = new World();
    world.set("live", "first", { [late]: false });
    world.player.start();
    await world.flow(5000);
    assert.equal(world.sessions.length, 1);
    world.set("live", "first");
    await world.pass(1000);
    assert.equal(world.sessions.length, 2);
    assert.equal(world.openSessions, 1);
    await world.flow(20000);
    assert.equal(world.sessions.length, 2);
  });

test("a track that the server can't send here is not asked for again and again", async () => {
  const world = new World();
  await world.playing();
  world.session.sent = { video: false, audio: true };
  await world.flow(20000);
  assert.equal(world.sessions.length, 1);
});

test("a problem that shows after the offer was answered is asked for at once", async () => {
  const world = new World();
  world.set("live");
  world.player.start();
  await world.pass(100);
  world.session.picture = false;
  world.session.progress(); // sound, alone
  world.status = { ...world.status!, problems: ["The stream has B-frames"] };
  await world.pass(3000);
  assert.equal(world.sessions.length, 2);
  world.session.ended({ kind: "refused", text: "The stream has B-frames" });
  assert.equal(world.phase, "problem");
  await world.pass(4000);
  assert.equal(world.sessions.length, 2);
});

test("a problem of a stream that plays does not disturb it", async () => {
  const world = new World();
  await world.playing();
  world.status = { ...world.status!, problems: ["The sound can't be converted"] };
  await world.flow(10000);
  assert.equal(world.sessions.length, 1);
  assert.deepEqual(world.view.status?.problems, ["The sound can't be converted"]);
});

test("a session that was not answered yet is not replaced", async () => {
  const world = new World();
  world.set("live", "first", { hasVideo: false });
  world.player.start();
  await world.pass(0);
  world.session.sent = null;
  world.set("live", "first");
  await world.pass(5000);
  assert.equal(world.sessions.length, 1);
});

test("409 is asked again after Retry-After", async () => {
  const world = new World();
  world.set("live");
  world.player.start();
  await world.pass(0);
  world.session.ended({ kind: "not-live", retryAfter: 2000 });
  await world.pass(1900);
  assert.equal(world.sessions.length, 1);
  await world.pass(200);
  assert.equal(world.sessions.length, 2);
});

test("a stream that begins anew is not made to wait for the old one's Retry-After", async () => {
  const world = new World();
  world.set("live");
  world.player.start();
  await world.pass(0);
  world.session.ended({ kind: "not-live", retryAfter: 30000 });
  world.set("offline");
  await world.pass(1000);
  assert.equal(world.phase, "offline");
  world.set("live", "anew");
  await world.pass(soon);
  assert.equal(world.sessions.length, 2);
});

test("503 is shown in the server's words and asked again after Retry-After", async () => {
  const world = new World();
  world.set("live");
  world.player.start();
  await world.pass(0);
  world.session.ended({ kind: "busy", retryAfter: 7000, text: "200 viewers are the most" });
  await world.pass(6900);
  assert.equal(world.phase, "problem");
  assert.equal(world.view.text, "200 viewers are the most");
  assert.equal(world.sessions.length, 1);
  await world.pass(200);
  assert.equal(world.sessions.length, 2);
  world.session.progress();
  assert.equal(world.phase, "playing");
  assert.equal(world.view.text, "");
});

test("a refusal stays in sight and is retried seldom", async () => {
  const world = new World();
  world.set("live");
  world.player.start();
  for (let second = 0; second < 300; second++) {
    await world.pass(1000);
    if (!world.session.closed) world.session.ended({ kind: "refused", text: "The stream has B-frames" });
    assert.equal(world.phase, "problem");
    assert.equal(world.view.text, "The stream has B-frames");
  }
  assert.ok(world.sessions.length <= 9, `${world.sessions.length} attempts in 5 minutes`);
});

test("a refused stream that begins anew is tried at once", async () => {
  const world = new World();
  world.set("live", "first");
  world.player.start();
  await world.pass(0);
  world.session.ended({ kind: "refused", text: "The stream has B-frames" });
  await world.pass(100);
  world.set("live", "second");
  await world.pass(1000);
  assert.equal(world.sessions.length, 2);
  assert.notEqual(world.phase, "problem");
});

test("the user may retry without waiting", async () => {
  const world = new World();
  world.set("live");
  world.player.start();
  await world.pass(0);
  world.session.ended({ kind: "refused", text: "no" });
  await world.pass(100);
  world.player.retry();
  await world.pass(0);
  assert.equal(world.sessions.length, 2);
});

test("a server out of reach is asked ever more seldom, up to 5 s, and comes back", async () => {
  const world = new World();
  world.status = null;
  world.player.start();
  await world.pass(60000);
  assert.equal(world.phase, "unreachable");
  const waits = world.polls.slice(1).map((at, index) => at - world.polls[index]!);
  assert.ok(waits[0]! < waits[2]! && Math.max(...waits) === 5000, `waits ${waits}`);
  world.set("live");
  await world.pass(5000);
  world.session.progress();
  assert.equal(world.phase, "playing");
});

test("media that flows outlives a status server that does not answer", async () => {
  const world = new World();
  await world.playing();
  world.status = null;
  await world.flow(20000);
  assert.equal(world.phase, "playing");
  assert.equal(world.openSessions, 1);
  await world.pass(4000);
  assert.equal(world.phase, "unreachable");
  assert.equal(world.openSessions, 0);
});

test("pausing ends the session and playing opens another", async () => {
  const world = new World();
  await world.playing();
  world.player.pause();
  assert.equal(world.phase, "paused");
  assert.equal(world.openSessions, 0);
  await world.pass(30000);
  world.player.retry();
  await world.pass(1000);
  assert.equal(world.phase, "paused");
  assert.equal(world.sessions.length, 1);
  world.player.resume();
  await world.pass(0);
  assert.equal(world.sessions.length, 2);
});

test("leaving ends everything; coming back begins anew", async () => {
  const world = new World();
  await world.playing();
  world.player.stop();
  assert.equal(world.openSessions, 0);
  const polls = world.polls.length;
  await world.pass(60000);
  assert.equal(world.polls.length, polls);
  world.player.start();
  world.player.start();
  await world.pass(0);
  assert.equal(world.openSessions, 1);
});

test("leaving while the status is asked for opens nothing", async () => {
  const world = new World();
  world.set("live");
  world.player.start();
  world.player.stop();
  await world.pass(10000);
  assert.equal(world.sessions.length, 0);
});

test("what a closed session still says is not heard", async () => {
  const world = new World();
  await world.playing();
  const old = world.session;
  world.player.pause();
  old.progress();
  old.ended({ kind: "lost" });
  assert.equal(world.phase, "paused");
});
