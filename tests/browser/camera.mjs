// SPDX-License-Identifier: LGPL-2.1-or-later
// Chromium as a publisher: getUserMedia with its fake camera, sent by WHIP.

export const FAKE_CAMERA = ["--use-fake-device-for-media-stream=fps=30", "--use-fake-ui-for-media-stream"];

// These run in the publisher's page. The codec it prefers comes first in the offer.
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
  const found = { codec: "", bitrate: 0, plis: 0, size: 0, frames: 0 };
  const reports = await window.publisher.peer.getStats();
  for (const report of reports.values()) {
    if (report.type === "outbound-rtp" && report.kind === "video") {
      found.codec = reports.get(report.codecId)?.mimeType;
      found.plis = report.pliCount;
      found.size = report.frameWidth;
      found.frames = report.framesSent ?? 0;
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

export class Camera {
  static async open(browser, key) {
    const camera = new Camera();
    camera.key = key;
    camera.page = await (await browser.newContext()).newPage();
    // Of its own origin: cameras are for secure ones, which localhost is.
    await camera.page.goto(new URL("/healthz", key.watch).href.replace("127.0.0.1", "localhost"));
    return camera;
  }

  has = (codec) =>
    this.page.evaluate((name) => RTCRtpSender.getCapabilities("video").codecs.some((c) => c.mimeType === `video/${name}`), codec);
  publish = (codec) => this.page.evaluate(publish, { ...this.key.whip, codec });
  sent = () => this.page.evaluate(sent);
  leave = () => this.page.evaluate(leave);
}
