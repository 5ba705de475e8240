// SPDX-License-Identifier: LGPL-2.1-or-later
// Chromium as a publisher: getUserMedia with its fake camera, sent by WHIP, watched on the page.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Server } from "./server.mjs";
import { closePages, launch, Viewer } from "./viewer.mjs";

let server;
let browser;
before(async () => {
  server = await Server.start();
  browser = await launch("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream");
});
after(async () => {
  await browser?.close();
  assert.equal(await server?.stop(), 0, server?.log);
});

// In the publisher's page. The codec it prefers comes first in the offer.
async function publish({ url, token, codec }) {
  const media = await navigator.mediaDevices.getUserMedia({ video: { width: 640, height: 360 }, audio: true });
  const peer = new RTCPeerConnection({ bundlePolicy: "max-bundle" });
  for (const track of media.getTracks()) {
    const transceiver = peer.addTransceiver(track, { direction: "sendonly", streams: [media] });
    if (track.kind !== "video") continue;
    const all = RTCRtpSender.getCapabilities("video").codecs;
    const wanted = (c) => c.mimeType === `video/${codec}` && !/packetization-mode=0/.test(c.sdpFmtpLine ?? "");
    transceiver.setCodecPreferences([...all.filter(wanted), ...all.filter((c) => !wanted(c))]);
  }
  await peer.setLocalDescription(await peer.createOffer());
  const response = await fetch(url, {
    method: "POST",
    headers: { "Content-Type": "application/sdp", Authorization: `Bearer ${token}` },
    body: peer.localDescription.sdp,
  });
  if (response.status !== 201) throw new Error(`${response.status}: ${await response.text()}`);
  window.publisher = { peer, token, location: new URL(response.headers.get("Location"), url).href, etag: response.headers.get("ETag") };
  await peer.setRemoteDescription({ type: "answer", sdp: await response.text() });
  await new Promise((resolve, reject) => {
    peer.onconnectionstatechange = () => {
      if (peer.connectionState === "connected") resolve();
      if (peer.connectionState === "failed") reject(new Error("not connected"));
    };
  });
}

async function sent() {
  const found = { codec: "", bitrate: 0, plis: 0, size: 0 };
  const reports = await window.publisher.peer.getStats();
  for (const report of reports.values()) {
    if (report.type === "outbound-rtp" && report.kind === "video") {
      found.codec = reports.get(report.codecId)?.mimeType;
      found.plis = report.pliCount;
      found.size = report.frameWidth;
    }
    if (report.type === "candidate-pair" && report.nominated) found.bitrate = report.availableOutgoingBitrate ?? 0;
  }
  return found;
}

async function leave() {
  const { location, token, peer } = window.publisher;
  const response = await fetch(location, { method: "DELETE", headers: { Authorization: `Bearer ${token}` } });
  peer.close();
  return response.status;
}

for (const codec of ["VP8", "H264", "VP9", "AV1"])
  test(`chromium publishes ${codec}`, { timeout: 60000 }, async (t) => {
    const key = await server.key(`live/${codec.toLowerCase()}`);
    const context = await browser.newContext();
    const page = await context.newPage();
    // Of its own origin: cameras are for secure ones, which localhost is.
    await page.goto(new URL("/healthz", key.watch).href.replace("127.0.0.1", "localhost"));
    const has = await page.evaluate((name) => RTCRtpSender.getCapabilities("video").codecs.some((c) => c.mimeType === `video/${name}`), codec);
    if (!has) return t.skip(`this chromium has no ${codec}`);
    const viewer = await Viewer.open(browser, key.watch);
    try {
      await page.evaluate(publish, { url: key.whip.url, token: key.whip.token, codec });
      await viewer.phase("playing");
      const { frames, packets } = await viewer.rates();
      assert.ok(frames > 10, `${frames} frames/s`);
      assert.ok(packets > 20, `${packets} packets of sound a second`);
      assert.deepEqual(viewer.errors, []);
      const state = await page.evaluate(sent);
      assert.equal(state.codec, `video/${codec}`);
      assert.ok(state.bitrate > 200000, `transport-wide feedback let ${state.bitrate} bit/s through`);
      assert.equal(await page.evaluate(leave), 200);
    } catch (error) {
      throw new Error(`${error.message}\nserver: ${server.log.slice(-4000)}`, { cause: error });
    } finally {
      await closePages(browser);
    }
  });
