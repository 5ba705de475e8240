// SPDX-License-Identifier: LGPL-2.1-or-later
// What the page reads from strangers: its own address, status documents, answers of a WHEP server.

import assert from "node:assert/strict";
import { test } from "node:test";
import { parseAddress } from "../../../web/src/address.ts";
import { OFFLINE, parseStatus } from "../../../web/src/status.ts";
import { noticeFor, viewersFor, wordsFor } from "../../../web/src/view.ts";
import { failureOf, problemText, progressOf, retryAfter, withStereo } from "../../../web/src/whep.ts";

const address = (pathname: string, search = "") => parseAddress({ pathname, search });

test("the address names stream and key", () => {
  assert.deepEqual(address("/watch/live/demo", "?key=1k1.0.v.a-b_c"), {
    name: "live/demo",
    whep: "/live/demo/whep",
    hls: "/live/demo/playlist.m3u8",
    status: "/live/demo/status.json",
    key: "1k1.0.v.a-b_c",
  });
  assert.equal(address("/watch/live/demo/")?.name, "live/demo");
  assert.equal(address("/watch/live/demo")?.key, null);
});

test("addresses that name no stream", () => {
  const long = "a".repeat(65);
  for (const path of ["", "/", "/watch", "/watch/", "/watch/live", "/watch/live/", "/watch//demo", "/watch/live/a/b",
    "/embed/live/demo", "/watch/live/..", "/watch/../demo", "/watch/li%2Fve/demo", "/watch/live/<b>", "/watch/live/-a",
    `/watch/live/${long}`, `//evil.example/watch/live/demo`])
    assert.equal(address(path), null, path);
});

test("a whole status document", () => {
  const document = { stream: "live/demo", state: "live", since: "2026-01-01T00:00:00Z", viewers: 3,
    video: { codec: "H264" }, audio: null, publisher: {}, problems: ["too slow", 7, "", null], whep: "/live/demo/whep" };
  assert.deepEqual(parseStatus(document), { state: "live", since: "2026-01-01T00:00:00Z", viewers: 3, hasVideo: true,
    hasAudio: false, problems: ["too slow"] });
});

test("what is no status document", () => {
  for (const document of [null, undefined, 1, "live", [], {}, { state: "on" }, { state: 1 }, { state: "toString" }])
    assert.equal(parseStatus(document), null, JSON.stringify(document));
});

test("members of the wrong type count as missing", () => {
  const document = { state: "offline", viewers: "3", problems: "none" };
  assert.deepEqual(parseStatus(document), OFFLINE);
  for (const viewers of [-1, NaN, Infinity * -1]) assert.equal(parseStatus({ state: "live", viewers })?.viewers, 0);
});

test("Opus is asked for in stereo, once", () => {
  const offer = "m=audio 9 UDP/TLS/RTP/SAVPF 111 63\r\na=rtpmap:63 red/48000/2\r\na=fmtp:63 111/111\r\n" +
    "a=rtpmap:111 opus/48000/2\r\na=fmtp:111 minptime=10;useinbandfec=1\r\n";
  const stereo = offer.replace("useinbandfec=1", "useinbandfec=1;stereo=1");
  assert.equal(withStereo(offer), stereo);
  assert.equal(withStereo(stereo), stereo);
  assert.equal(withStereo("v=0\r\n"), "v=0\r\n");
});

test("Retry-After in seconds, as a date, and as rubbish", () => {
  const now = Date.parse("2026-01-01T00:00:00Z");
  assert.equal(retryAfter("2", now, 500), 2000);
  assert.equal(retryAfter("Thu, 01 Jan 2026 00:00:03 GMT", now, 500), 3000);
  assert.equal(retryAfter("Thu, 01 Jan 2025 00:00:03 GMT", now, 500), 0);
  assert.equal(retryAfter(null, now, 500), 500);
  assert.equal(retryAfter("soon", now, 500), 500);
  assert.equal(retryAfter("99999999999999999999", now, 500), 30000);
});

test("answers and what they mean", () => {
  const text = "The stream has B-frames.";
  const problem = { title: "Not Acceptable", status: 406, detail: text };
  assert.deepEqual(failureOf(409, "1", null, 0), { kind: "not-live", retryAfter: 1000 });
  assert.deepEqual(failureOf(404, null, null, 0), { kind: "not-live", retryAfter: 1000 });
  assert.deepEqual(failureOf(503, "3", problem, 0), { kind: "busy", retryAfter: 3000, text });
  assert.deepEqual(failureOf(406, null, problem, 0), { kind: "refused", text });
  assert.deepEqual(failureOf(401, null, null, 0), { kind: "refused", text: "The server answered 401." });
  assert.deepEqual(failureOf(502, null, null, 0), { kind: "lost" });
});

test("a problem's sentence", () => {
  assert.equal(problemText({ title: "Gone", detail: "" }, 410), "Gone");
  for (const document of [null, [], {}, { detail: 1 }, { detail: {} }])
    assert.equal(problemText(document, 418), "The server answered 418.");
  assert.equal(problemText({ detail: "x".repeat(10000) }, 400).length, 500);
});

test("progress is decoded pictures and packets of sound", () => {
  const audio = { type: "inbound-rtp", kind: "audio", packetsReceived: 50 };
  const video = { type: "inbound-rtp", kind: "video", framesDecoded: 7, packetsReceived: 99 };
  assert.deepEqual(progressOf([]), { frames: 0, packets: 0 });
  assert.deepEqual(progressOf([audio, video, { type: "outbound-rtp", kind: "video" }]), { frames: 7, packets: 50 });
  assert.deepEqual(progressOf([audio, { type: "inbound-rtp", kind: "video" }]), { frames: 0, packets: 50 });
});

test("every phase has words, and a problem has its own", () => {
  const status = { ...OFFLINE, viewers: 1, problems: ["no sound"] };
  for (const phase of ["offline", "starting", "connecting", "playing", "interrupted", "reconnecting", "unreachable",
    "paused"] as const) {
    const view = { phase, text: "", status, delayed: null };
    assert.notEqual(wordsFor(view).title, "");
    assert.equal(noticeFor(view), phase === "playing" ? "no sound" : "");
    assert.equal(viewersFor(view), phase === "playing" ? "1 watching" : "");
  }
  assert.equal(wordsFor({ phase: "problem", text: "B-frames", status: null, delayed: null }).text, "B-frames");
  assert.equal(noticeFor({ phase: "playing", text: "", status, delayed: "no way" }), "Some seconds behind: no way");
});
