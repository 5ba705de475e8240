// SPDX-License-Identifier: LGPL-2.1-or-later
// Decides when to watch, wait, reconnect or give a reason. Knows neither DOM nor network; time and
// chance are passed in.

import type { Status } from "./status.ts";

export type Cancel = () => void;

/** Why a WHEP session ended, or never began. Times are milliseconds. */
export type Failure =
  | { kind: "not-live"; retryAfter: number }
  | { kind: "busy"; retryAfter: number; text: string }
  | { kind: "refused"; text: string }
  | { kind: "lost" };

export interface SessionEvents {
  progress(): void; // pictures, or sound where there are no pictures, arrived since the last call
  ended(why: Failure): void; // once, and not after close()
}

export interface Session {
  close(): void;
  /** Which tracks the server promised to send; null until it has answered. */
  tracks(): { video: boolean; audio: boolean } | null;
  hasShownPicture(): boolean;
}

/** The world around the player. */
export interface Host {
  now(): number;
  after(ms: number, call: () => void): Cancel;
  random(): number; // [0, 1)
  readStatus(): Promise<Status>;
  open(events: SessionEvents): Session;
  /** By a way that is seconds behind, but less fastidious; null when there is none. */
  openDelayed: ((events: SessionEvents) => Session) | null;
  visible(): boolean;
  show(view: View): void;
}

export type Phase =
  | "offline"
  | "starting"
  | "connecting"
  | "playing"
  | "interrupted"
  | "reconnecting"
  | "unreachable"
  | "problem"
  | "paused";

export interface View {
  phase: Phase;
  text: string; // why, for phase "problem"
  status: Status | null;
  delayed: string | null; // why it plays seconds behind; null when it doesn't
}

const STALL = 3000; // no progress for so long: something is wrong
const CONNECT = 8000; // a session that shows nothing by then is given up
const STEADY = 10000; // one that played for so long was no failed attempt
const FRUITLESS = 2; // so many in a row that showed nothing: WebRTC doesn't get through

export class Player {
  private phase: Phase = "connecting";
  private text = "";
  private status: Status | null = null;
  private opened: Status | null = null; // the status with which the session was opened
  private session: Session | null = null;
  private running = false;
  private polling = false;
  private again = false; // poll once more after the one under way
  private pollTimer: Cancel | null = null;
  private progressTimer: Cancel | null = null;
  private stalled = false;
  private playingSince: number | null = null;
  private notBefore = 0; // of the next session
  private attempts = 0; // sessions that failed in a row
  private misses = 0; // status requests that failed in a row
  private fruitless = 0; // sessions in a row that were lost before they showed anything
  private delayed: string | null = null; // why sessions are opened by the other way

  constructor(private readonly host: Host) {}

  start(): void {
    if (this.running) return;
    this.running = true;
    this.forget();
    this.enter("connecting");
    this.poll();
  }

  /** Ends the session. start() begins anew. */
  stop(): void {
    this.running = false;
    this.pollTimer?.();
    this.pollTimer = null;
    this.closeSession();
  }

  /** A live picture can't be held: pausing lets go of it, so that it costs the server nothing. */
  pause(): void {
    if (!this.running || this.phase === "paused") return;
    this.closeSession();
    this.enter("paused");
  }

  resume(): void {
    if (!this.running || this.phase !== "paused") return;
    this.enter("connecting");
    this.retry();
  }

  /** The user's wish, or a network that is back: no more waiting. */
  retry(): void {
    if (!this.running || this.phase === "paused") return;
    this.forget();
    this.poll();
  }

  /** The page was hidden or is seen again. */
  visibilityChanged(): void {
    if (!this.running) return;
    if (this.session && this.playingSince !== null) this.watchProgress(STALL);
    this.poll();
  }

  private forget(): void {
    this.notBefore = 0;
    this.attempts = 0;
    this.misses = 0;
    this.fruitless = 0;
    this.delayed = null;
    this.text = "";
  }

  private poll(): void {
    this.pollTimer?.();
    this.pollTimer = null;
    if (this.polling) {
      this.again = true;
      return;
    }
    this.polling = true;
    this.host.readStatus().then(
      (status) => this.polled(() => this.onStatus(status)),
      () => this.polled(() => this.onUnreachable()),
    );
  }

  private polled(handle: () => void): void {
    this.polling = false;
    if (!this.running) return;
    handle();
    const delay = this.again ? 0 : this.pollDelay();
    this.again = false;
    this.pollTimer?.();
    this.pollTimer = this.host.after(delay, () => this.poll());
  }

  private pollDelay(): number {
    if (this.misses > 0) return Math.min(400 * 2 ** (this.misses - 1), 5000);
    if (!this.host.visible()) return this.session ? 15000 : 5000;
    const waitsForItsTurn = this.status?.state === "live" && !this.session && this.phase !== "paused";
    const turn = waitsForItsTurn ? Math.max(this.notBefore - this.host.now(), 0) : Infinity;
    return Math.min(turn, this.ordinaryPollDelay());
  }

  private ordinaryPollDelay(): number {
    switch (this.phase) {
      case "starting":
        return 150;
      case "offline":
      case "interrupted":
        // Spread, so that a waiting crowd does not ask in step.
        return 300 + 100 * this.host.random();
      case "playing":
        // A track that is missing may be late.
        return this.status?.hasVideo && this.status.hasAudio ? 3000 : 1000;
      case "paused":
        return 3000;
      default:
        return 1000;
    }
  }

  private onStatus(status: Status): void {
    const before = this.status;
    this.misses = 0;
    this.status = status;
    // A stream that began anew owes nothing to what went wrong with the one before.
    const anew = before?.state !== status.state || before.since !== status.since;
    if (anew) this.forget();
    if (this.phase === "paused") return this.enter("paused");
    switch (status.state) {
      case "live":
        return this.onLive(anew);
      case "interrupted":
        return this.enter("interrupted");
      case "starting":
        return this.enter(this.session ? this.phase : "starting");
      default:
        this.closeSession();
        return this.enter("offline");
    }
  }

  private onLive(anew: boolean): void {
    // An interruption may have come and gone between two looks.
    if (this.session && (this.phase === "interrupted" || (this.stalled && anew))) {
      // The publisher is back and the same session carries on; it gets the time to.
      this.stalled = false;
      this.watchProgress(STALL);
      return this.enter("reconnecting");
    }
    if (this.session && this.stalled) return this.lose();
    // An offer is answered once, by what was known then.
    if (this.session && (this.tracksWereAdded() || this.isRefusedByNow())) this.closeSession();
    if (this.session) return this.enter(this.phase);
    if (this.host.now() < this.notBefore) return this.enter(this.waitingPhase());
    this.connect();
  }

  private tracksWereAdded(): boolean {
    const [before, now, sent] = [this.opened, this.status, this.session?.tracks()];
    if (!before || !now || !sent) return false;
    return (now.hasVideo && !before.hasVideo && !sent.video) || (now.hasAudio && !before.hasAudio && !sent.audio);
  }

  /** What was promised did not come, and by now the server knows why: it will say so to another offer. */
  private isRefusedByNow(): boolean {
    const came = this.session?.tracks()?.video ? this.session.hasShownPicture() : this.playingSince !== null;
    return !came && this.status?.problems.join() !== this.opened?.problems.join();
  }

  private waitingPhase(): Phase {
    if (this.text) return "problem"; // the reason stays in sight until something plays
    return this.attempts > 0 ? "reconnecting" : "connecting";
  }

  private onUnreachable(): void {
    this.misses++;
    if (this.session && !this.stalled) return; // media may well still flow
    this.closeSession();
    if (this.phase !== "paused") this.enter("unreachable");
  }

  private connect(): void {
    this.enter(this.waitingPhase());
    const events: SessionEvents = {
      progress: () => this.session === session && this.onProgress(),
      ended: (why) => this.session === session && this.onEnded(why),
    };
    const { openDelayed } = this.host;
    const session: Session = this.delayed !== null && openDelayed ? openDelayed(events) : this.host.open(events);
    this.session = session;
    this.opened = this.status;
    this.watchProgress(CONNECT);
  }

  private onProgress(): void {
    this.stalled = false;
    this.playingSince ??= this.host.now();
    this.watchProgress(STALL);
    this.text = "";
    if (this.phase !== "playing") this.enter("playing");
  }

  private watchProgress(ms: number): void {
    this.progressTimer?.();
    this.progressTimer = this.host.after(ms, () => this.onStall());
  }

  private onStall(): void {
    this.progressTimer = null;
    // A hidden page is not shown pictures, and need not be.
    if (!this.host.visible() && this.playingSince !== null) return this.watchProgress(STALL);
    this.stalled = true;
    this.poll(); // whether the publisher, the server or the way to it is gone
  }

  private onEnded(why: Failure): void {
    if (why.kind === "lost") {
      this.lose();
      return this.poll();
    }
    this.closeSession();
    switch (why.kind) {
      case "not-live":
        this.notBefore = this.host.now() + why.retryAfter;
        this.enter("connecting");
        break;
      case "busy":
        this.notBefore = this.host.now() + why.retryAfter;
        this.fail(why.text);
        break;
      case "refused":
        if (this.fallBack(why.text)) break;
        this.notBefore = this.host.now() + Math.min(5000 * 2 ** this.attempts++, 60000);
        this.fail(why.text);
        break;
    }
    this.poll();
  }

  /** The session is of no use any more; the next one comes after a while. */
  private lose(): void {
    const played = this.playingSince === null ? 0 : this.host.now() - this.playingSince;
    this.fruitless = this.playingSince === null ? this.fruitless + 1 : 0;
    this.closeSession();
    if (this.fruitless >= FRUITLESS && this.fallBack("WebRTC doesn't get through")) return;
    this.delayed = null;
    if (played > STEADY) this.attempts = 0;
    const longest = Math.min(500 * 2 ** this.attempts++, 10000);
    this.notBefore = this.host.now() + longest * this.host.random();
    this.enter("reconnecting");
  }

  /** From the next session on; false when that is the way that failed, or there is none. */
  private fallBack(why: string): boolean {
    if (this.delayed !== null || !this.host.openDelayed) return false;
    this.delayed = why;
    this.notBefore = 0;
    return true;
  }

  private fail(text: string): void {
    this.text = text;
    this.enter("problem");
  }

  private closeSession(): void {
    const session = this.session;
    this.session = null;
    this.progressTimer?.();
    this.progressTimer = null;
    this.stalled = false;
    this.playingSince = null;
    session?.close();
  }

  private enter(phase: Phase): void {
    this.phase = phase;
    this.host.show({ phase, text: this.text, status: this.status, delayed: this.delayed });
  }
}
