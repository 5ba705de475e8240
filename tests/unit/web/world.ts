// SPDX-License-Identifier: LGPL-2.1-or-later
// A world for the player with a clock of its own: nothing happens until a test lets time pass.

import { OFFLINE, type Status, type StreamState } from "../../../web/src/status.ts";
import { Player, type Host, type SessionEvents, type View } from "../../../web/src/player.ts";

export interface FakeSession extends SessionEvents {
  closed: boolean;
  sent: { video: boolean; audio: boolean } | null;
  picture: boolean;
}

export class World implements Host {
  time = 0;
  isVisible = true;
  chance = 0.5;
  status: Status | null = OFFLINE; // null: the server can't be reached
  polls: number[] = [];
  sessions: FakeSession[] = [];
  views: View[] = [];
  readonly player = new Player(this);
  private timers: { at: number; call: () => void }[] = [];

  now = () => this.time;
  random = () => this.chance;
  visible = () => this.isVisible;

  after(ms: number, call: () => void) {
    const timer = { at: this.time + ms, call };
    this.timers.push(timer);
    return () => void (this.timers = this.timers.filter((other) => other !== timer));
  }

  readStatus(): Promise<Status> {
    this.polls.push(this.time);
    return this.status ? Promise.resolve(this.status) : Promise.reject(new Error("unreachable"));
  }

  open(events: SessionEvents) {
    const { hasVideo = false, hasAudio = false } = this.status ?? {};
    const session: FakeSession = { ...events, closed: false, sent: { video: hasVideo, audio: hasAudio }, picture: true };
    this.sessions.push(session);
    return {
      close: () => void (session.closed = true),
      tracks: () => session.sent,
      hasShownPicture: () => session.picture,
    };
  }

  delayedSessions: FakeSession[] = [];
  openDelayed: Host["openDelayed"] = null;
  hasHls() {
    this.openDelayed = (events) => {
      const session = this.open(events);
      this.delayedSessions.push(this.session);
      return session;
    };
  }

  show(view: View) {
    this.views.push(view);
  }

  set(state: StreamState, since: string = state, { hasVideo = true, hasAudio = true } = {}) {
    this.status = { ...OFFLINE, state, since, hasVideo, hasAudio };
  }

  async pass(ms: number) {
    const end = this.time + ms;
    for (;;) {
      await settled();
      this.timers.sort((a, b) => a.at - b.at);
      const next = this.timers[0];
      if (!next || next.at > end) break;
      this.timers.shift();
      this.time = next.at;
      next.call();
    }
    this.time = end;
  }

  /** A page that plays. */
  async playing() {
    this.set("live");
    this.player.start();
    await this.pass(10);
    this.session.progress();
  }

  /** Lets time pass while pictures arrive. */
  async flow(ms: number) {
    for (let passed = 0; passed < ms; passed += 500) {
      await this.pass(500);
      this.session.progress();
    }
  }

  get session(): FakeSession {
    const last = this.sessions.at(-1);
    if (!last) throw new Error("no session was opened");
    return last;
  }

  get openSessions(): number {
    return this.sessions.filter((session) => !session.closed).length;
  }

  get view(): View {
    const last = this.views.at(-1);
    if (!last) throw new Error("nothing was shown");
    return last;
  }

  get phase() {
    return this.view.phase;
  }
}

/** All promises that can be kept without time passing are kept. */
async function settled() {
  for (let turn = 0; turn < 8; turn++) await Promise.resolve();
}
