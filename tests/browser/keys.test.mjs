// SPDX-License-Identifier: LGPL-2.1-or-later
// Keys that don't hold: what the publisher is told, what the log says, and what neither must say.

import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, afterEach, before, test } from "node:test";
import { killAllBut, until } from "./processes.mjs";
import { publish } from "./publishers.mjs";
import { Server } from "./server.mjs";

let server;
const macs = []; // of all keys that were used here
const remember = (key) => /\.[\w-]{22}$/.test(key) && macs.push(key.slice(-22));
before(async () => {
  server = await Server.start({ env: { GST_DEBUG: "*:4,stage*:7", GST_DEBUG_NO_COLOR: "1" } });
});

afterEach(() => killAllBut(server.process));

const token = (key) => /key=([^&]*)/.exec(key.rtmpUrl ?? key)[1];

/** Mints by docs/keys.md, with the server's own secret. */
async function mint(stream, { until, role = "p" }) {
  const keys = await readFile(join(server.state, "keys"), "utf8");
  const [, id, secret] = /^secret (\S+) (\S+)$/m.exec(keys);
  const head = `1${id}.${until}.${role}`;
  const text = `stagedoor-key\n${head}\n${stream}`;
  const mac = createHmac("sha256", Buffer.from(secret, "base64url")).update(text).digest().subarray(0, 16);
  return `${head}.${mac.toString("base64url")}`;
}

async function address(stream, key) {
  const { rtmp } = await server.key(stream);
  remember(key);
  return `${rtmp.server}/${stream.split("/")[1]}?key=${key}`;
}

/** ffmpeg with this key gives up; its words and the log's both match. */
async function assertRefused(stream, key, words) {
  const logged = server.log.length;
  const publisher = publish(await address(stream, key));
  const code = await publisher.exitWithin(15000);
  await publisher.stop("SIGKILL");
  assert.ok(code !== "running" && code !== 0, `ffmpeg was not refused: ${code}`);
  assert.match(publisher.log, words);
  await until(`${words} in the log`, 3000, () => words.test(server.log.slice(logged)));
  assert.ok(server.log.slice(logged).includes(stream), "the log does not name the stream");
}

test("a wrong key", { timeout: 30000 }, async () => {
  const good = await mint("live/wrong", { until: 0 });
  const wrong = good.slice(0, -2) + (good.at(-2) === "A" ? "B" : "A") + good.at(-1);
  await assertRefused("live/wrong", wrong, /the key was changed, cut short, or made for another stream/);
});

test("another stream's key", { timeout: 30000 }, async () => {
  const key = await mint("live/mine", { until: 0 });
  await assertRefused("live/yours", key, /the key was changed, cut short, or made for another stream/);
});

test("an expired key", { timeout: 30000 }, async () => {
  const key = await mint("live/expired", { until: Math.floor(Date.now() / 1000) - 10 });
  await assertRefused("live/expired", key, /the key has expired/);
});

test("a play key", { timeout: 30000 }, async () => {
  const key = await mint("live/play", { until: 0, role: "v" });
  await assertRefused("live/play", key, /a play key can't publish/);
});

test("what is no key", { timeout: 30000 }, () => assertRefused("live/junk", "1k1.hello", /this is not a key/));

test("a revoked key, also while it publishes", { timeout: 60000 }, async () => {
  const key = await server.key("live/revoked");
  remember(token(key));
  const publisher = publish(key.rtmpUrl);
  await until("live", 10000, async () => (await server.status(key.watch)).state === "live");
  await server.revoke(token(key));
  assert.notEqual(await publisher.exitWithin(10000), "running");
  await publisher.stop("SIGKILL");
  await assertRefused("live/revoked", token(key), /the key was revoked/);
});

test("an encoder's key by the documented rules is admitted", { timeout: 30000 }, async () => {
  const key = await mint("live/good", { until: Math.floor(Date.now() / 1000) + 3600 });
  const publisher = publish(await address("live/good", key));
  const { watch } = await server.key("live/good");
  await until("live", 10000, async () => (await server.status(watch)).state === "live");
  await publisher.stop();
});

after(async () => {
  assert.equal(await server?.stop(), 0);
  assert.ok(macs.length >= 6 && server.log.length > 0);
  const log = server.log.toLowerCase();
  for (const mac of macs) {
    // No part of it, in no spelling of its bytes.
    const hex = Buffer.from(mac, "base64url").toString("hex");
    for (const text of [mac.toLowerCase(), hex])
      for (let i = 0; i + 8 <= text.length; i++)
        assert.ok(!log.includes(text.slice(i, i + 8)), "part of a key is in the log");
  }
});
