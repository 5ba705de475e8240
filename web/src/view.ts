// SPDX-License-Identifier: LGPL-2.1-or-later
// Which words a state of the player is shown with.

import type { Phase, View } from "./player.ts";

export interface Words {
  title: string;
  text: string;
}

const WORDS: Record<Phase, Words> = {
  offline: { title: "Offline", text: "It starts here by itself as soon as the stream begins." },
  starting: { title: "Starting…", text: "The publisher has just arrived." },
  connecting: { title: "Connecting…", text: "" },
  playing: { title: "Live", text: "" },
  interrupted: { title: "Signal lost", text: "The publisher's connection broke off. It goes on as soon as they are back." },
  reconnecting: { title: "Reconnecting…", text: "" },
  unreachable: { title: "Server out of reach", text: "Trying again by itself." },
  problem: { title: "This stream can't be played", text: "" },
  paused: { title: "Paused", text: "" },
};

export function wordsFor(view: View): Words {
  const words = WORDS[view.phase];
  return view.phase === "problem" ? { title: words.title, text: view.text } : words;
}

/** What is wrong with a stream that plays all the same. */
export function noticeFor(view: View): string {
  if (view.phase !== "playing") return "";
  return view.delayed !== null ? `Some seconds behind: ${view.delayed}` : (view.status?.problems[0] ?? "");
}

export function viewersFor(view: View): string {
  const viewers = view.status?.viewers ?? 0;
  return view.phase === "playing" && viewers > 0 ? `${viewers} watching` : "";
}
