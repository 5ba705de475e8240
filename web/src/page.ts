// SPDX-License-Identifier: LGPL-2.1-or-later
// The watch page: joins player, session, status and controls to the document.

import { parseAddress, type Address } from "./address.ts";
import { Controls } from "./controls.ts";
import { element } from "./element.ts";
import { HlsSession } from "./hls.ts";
import { Player, type Host, type SessionEvents, type View } from "./player.ts";
import { readStatus } from "./status.ts";
import { noticeFor, viewersFor, wordsFor } from "./view.ts";
import { WhepSession } from "./whep.ts";

const video = element("video", HTMLVideoElement);
const stage = element("stage", HTMLElement);

function say(id: string, text: string): void {
  const target = element(id, HTMLElement);
  // Repeating the same words would have them read aloud again.
  if (target.textContent !== text) target.textContent = text;
}

function open(address: Address, events: SessionEvents): WhepSession {
  const media = new MediaStream();
  return new WhepSession(address, events, {
    add: (track) => {
      media.addTrack(track);
      if (video.srcObject !== media) {
        video.removeAttribute("src"); // of a session by HLS
        video.srcObject = media;
      }
      video.play().catch(() => {});
    },
    // What is paused keeps its last picture when the tracks end.
    hold: () => video.srcObject === media && video.pause(),
  });
}

function show(view: View, controls: Controls): void {
  const { title, text } = wordsFor(view);
  if (stage.dataset["phase"] !== view.phase) controls.wake();
  stage.dataset["phase"] = view.phase;
  stage.classList.toggle("sound", view.status?.hasAudio ?? false);
  stage.classList.toggle("picture", view.status?.hasVideo ?? false);
  say("title", title);
  say("text", text);
  say("notice", noticeFor(view));
  say("viewers", viewersFor(view));
  controls.setPaused(view.phase === "paused");
}

function host(address: Address, controls: () => Controls): Host {
  return {
    now: () => performance.now(),
    after: (ms, call) => {
      const timer = window.setTimeout(call, ms);
      return () => clearTimeout(timer);
    },
    random: Math.random,
    readStatus: () => readStatus(address.status),
    open: (events) => open(address, events),
    openDelayed: (events) => new HlsSession(address, events, video),
    visible: () => !document.hidden,
    show: (view) => show(view, controls()),
  };
}

function main(): void {
  const address = parseAddress(window.location);
  if (!address) {
    stage.dataset["phase"] = "problem";
    say("title", "No such stream");
    say("text", "The address must look like /watch/live/demo.");
    return;
  }
  document.title = `${address.name} · Stagedoor`;
  say("name", address.name);
  const player = new Player(host(address, () => controls));
  const controls: Controls = new Controls({
    pause: () => player.pause(),
    resume: () => player.resume(),
    retry: () => player.retry(),
  });
  document.addEventListener("visibilitychange", () => player.visibilityChanged());
  window.addEventListener("online", () => player.retry());
  window.addEventListener("pagehide", () => player.stop());
  window.addEventListener("pageshow", () => player.start());
  player.start();
}

main();
