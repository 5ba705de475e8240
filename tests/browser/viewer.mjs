// SPDX-License-Identifier: LGPL-2.1-or-later
// Debian's chromium on the watch page, and what can be measured in it.

import { chromium } from "playwright-core";

const ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
  "--disable-background-networking", "--disable-component-update"];

export function launch(...flags) {
  return chromium.launch({ executablePath: "/usr/bin/chromium", headless: true, args: [...ARGUMENTS, ...flags] });
}

export function closePages(browser) {
  return Promise.all(browser.contexts().map((context) => context.close()));
}

// Runs in the page, before its own script.
function observe() {
  window.peers = [];
  const Native = window.RTCPeerConnection;
  window.RTCPeerConnection = class extends Native {
    constructor(...args) {
      super(...args);
      window.peers.push(this);
    }
  };
  // The moment of each phase: a test that asks from outside would add its own delay.
  window.phases = [];
  new MutationObserver(() => {
    const phase = document.getElementById("stage")?.dataset.phase;
    if (phase && window.phases.at(-1)?.phase !== phase) window.phases.push({ phase, at: Date.now() });
  }).observe(document, { subtree: true, childList: true, attributes: true, attributeFilter: ["data-phase"] });
}

// These run in the page, too.
async function counters() {
  const found = { at: performance.now(), frames: 0, width: 0, packets: 0, energy: 0, concealed: 0, lost: 0 };
  const reports = await window.peers.at(-1)?.getStats();
  for (const report of reports?.values() ?? []) {
    if (report.type !== "inbound-rtp") continue;
    found.lost += report.packetsLost ?? 0;
    if (report.kind === "video") {
      found.frames = report.framesDecoded ?? 0;
      found.width = report.frameWidth ?? 0;
    } else {
      found.packets = report.packetsReceived ?? 0;
      found.energy = report.totalAudioEnergy ?? 0;
    }
  }
  return found;
}

async function numbers({ count, patience }) {
  const video = document.getElementById("video");
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [640, 1];
  const context = canvas.getContext("2d", { willReadFrequently: true });
  const read = () => {
    // In one go: the video may have moved on at the next call.
    context.drawImage(video, 0, 20, 640, 1, 0, 0, 640, 1);
    const pixels = context.getImageData(0, 0, 640, 1).data;
    const bits = Array.from({ length: 16 }, (_, cell) => pixels[4 * (40 * cell + 20) + 1]);
    const clear = bits.every((level) => level < 80 || level > 176);
    if (!clear || bits[14] < 128 || bits[15] > 128) return null;
    return bits.slice(0, 14).reduce((number, level, bit) => number + (level > 128 ? 2 ** bit : 0), 0);
  };
  const found = [];
  const end = performance.now() + patience;
  while (found.length < count && performance.now() < end)
    await Promise.race([
      new Promise((resolve) => video.requestVideoFrameCallback(() => resolve(found.push(read())))),
      new Promise((resolve) => setTimeout(resolve, 500)),
    ]);
  return found;
}

async function loudestTone() {
  const audio = new AudioContext();
  await audio.resume();
  const analyser = new AnalyserNode(audio, { fftSize: 4096, smoothingTimeConstant: 0 });
  audio.createMediaStreamSource(document.getElementById("video").srcObject).connect(analyser);
  const levels = new Float32Array(analyser.frequencyBinCount);
  let loudest = { hertz: 0, decibels: -Infinity };
  for (let round = 0; round < 60 && loudest.decibels < -60; round++) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    analyser.getFloatFrequencyData(levels);
    const decibels = Math.max(...levels);
    loudest = { hertz: (levels.indexOf(decibels) * audio.sampleRate) / analyser.fftSize, decibels };
  }
  await audio.close();
  return loudest;
}

export class Viewer {
  /** Loads the watch page; `loadedAt` is the moment (Date.now()) of its load event. */
  static async open(browser, address) {
    const viewer = new Viewer();
    viewer.page = await browser.newPage({ viewport: { width: 960, height: 540 } });
    viewer.errors = [];
    viewer.page.on("pageerror", (error) => viewer.errors.push(String(error)));
    viewer.page.on("console", (message) => {
      // Also what the content policy forbids; but an answer of 409 is no error of the page.
      if (message.type() === "error" && !message.text().startsWith("Failed to load resource"))
        viewer.errors.push(message.text());
    });
    viewer.requests = [];
    viewer.page.on("request", (request) => viewer.requests.push(request));
    await viewer.page.addInitScript(observe);
    await viewer.page.goto(address);
    viewer.loadedAt = await viewer.page.evaluate(() => {
      const { loadEventStart } = performance.getEntriesByType("navigation")[0];
      return performance.timeOrigin + loadEventStart;
    });
    return viewer;
  }

  counters = () => this.page.evaluate(counters);
  numbers = (count, patience = 10000) => this.page.evaluate(numbers, { count, patience });
  loudestTone = () => this.page.evaluate(loudestTone);
  words = () => this.page.locator(".message").innerText();

  /** Waits for a phase that begins after `since` (Date.now()), and returns the moment of it. */
  async phase(wanted, { since = 0, patience = 10000 } = {}) {
    const entered = ([phase, after]) => window.phases.find((one) => one.phase === phase && one.at >= after)?.at;
    try {
      const found = await this.page.waitForFunction(entered, [wanted, since], { timeout: patience, polling: 50 });
      return await found.jsonValue();
    } catch (error) {
      const seen = await this.page.evaluate(() => JSON.stringify(window.phases));
      throw new Error(`no phase "${wanted}" within ${patience} ms, but ${seen}: ${await this.words()}`, { cause: error });
    }
  }

  /** What changed during `ms`, per second. */
  async rates(ms = 1000) {
    const before = await this.counters();
    await this.page.waitForTimeout(ms);
    const after = await this.counters();
    const seconds = (after.at - before.at) / 1000;
    return { frames: (after.frames - before.frames) / seconds, packets: (after.packets - before.packets) / seconds,
      energy: after.energy - before.energy, lost: after.lost - before.lost, width: after.width };
  }

  close() {
    return this.page.close();
  }
}
