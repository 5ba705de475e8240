// SPDX-License-Identifier: LGPL-2.1-or-later
// One WHEP session: offer, answer, media, end.

import type { Failure, Session, SessionEvents } from "./player.ts";

export interface Endpoint {
  whep: string;
  key: string | null;
}

/** Where the tracks of a session are shown. */
export interface Screen {
  add(track: MediaStreamTrack): void;
  hold(): void; // the tracks are about to end
}

const LONGEST_WAIT = 30000;
const LONGEST_TEXT = 500;
const DISCONNECTED = 2000; // ICE often comes back by itself within this

/** Without it Chromium plays Opus in mono. */
export function withStereo(sdp: string): string {
  const opus = /^a=rtpmap:(\d+) opus\/48000\/2\r?$/im.exec(sdp)?.[1];
  if (!opus) return sdp;
  const fmtp = new RegExp(`^(a=fmtp:${opus} (?!.*\\bstereo=)[^\\r\\n]*)`, "m");
  return sdp.replace(fmtp, "$1;stereo=1");
}

/** Retry-After in milliseconds, in seconds or as a date (RFC 9110 section 10.2.3). */
export function retryAfter(value: string | null, now: number, otherwise: number): number {
  if (value === null) return otherwise;
  const wait = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - now;
  return Number.isNaN(wait) ? otherwise : Math.min(Math.max(wait, 0), LONGEST_WAIT);
}

/** The sentence of a problem document (RFC 9457), or one of our own. */
export function problemText(document: unknown, status: number): string {
  const fields = typeof document === "object" && document !== null ? document : {};
  for (const member of ["detail", "title"]) {
    const text = (fields as Record<string, unknown>)[member];
    if (typeof text === "string" && text !== "") return text.slice(0, LONGEST_TEXT);
  }
  return `The server answered ${status}.`;
}

export function failureOf(status: number, wait: string | null, document: unknown, now: number): Failure {
  if (status === 404 || status === 409) return { kind: "not-live", retryAfter: retryAfter(wait, now, 1000) };
  const text = problemText(document, status);
  if (status === 429 || status === 503) return { kind: "busy", retryAfter: retryAfter(wait, now, 5000), text };
  return status >= 500 ? { kind: "lost" } : { kind: "refused", text };
}

/** What has arrived: decoded pictures, and packets of sound. */
export function progressOf(reports: Iterable<{ type: string; kind?: string }>): { frames: number; packets: number } {
  let frames = 0;
  let packets = 0;
  for (const report of reports as Iterable<Record<string, unknown>>) {
    if (report["type"] !== "inbound-rtp") continue;
    if (report["kind"] === "video") frames += Number(report["framesDecoded"] ?? 0);
    else packets += Number(report["packetsReceived"] ?? 0);
  }
  return { frames, packets };
}

class Refused extends Error {
  constructor(readonly failure: Failure) {
    super(failure.kind);
  }
}

export class WhepSession implements Session {
  private readonly peer = new RTCPeerConnection({ bundlePolicy: "max-bundle" });
  private readonly abort = new AbortController();
  private location: URL | null = null;
  private over = false;
  private timer = 0;
  private disconnectedTimer = 0;
  private seen = 0; // pictures, or packets of sound where no picture ever came
  private frames = 0;

  constructor(
    private readonly endpoint: Endpoint,
    private readonly events: SessionEvents,
    private readonly screen: Screen,
  ) {
    this.peer.ontrack = ({ track, receiver }) => {
      // As soon as it is there: a live picture has no use for a buffer.
      receiver.jitterBufferTarget = 0;
      this.screen.add(track);
      const transport = receiver.transport;
      // A server that says farewell is heard here first; the connection's own state lags by seconds.
      if (transport) transport.onstatechange = () => transport.state === "closed" && this.end({ kind: "lost" });
    };
    this.peer.onconnectionstatechange = () => this.onConnection(this.peer.connectionState);
    this.open().catch((error: unknown) => {
      this.end(error instanceof Refused ? error.failure : { kind: "lost" });
    });
  }

  /** Also while the page is being left: the farewell outlives it. */
  close(): void {
    if (this.over) return;
    this.over = true;
    this.abort.abort();
    clearTimeout(this.timer);
    clearTimeout(this.disconnectedTimer);
    this.peer.onconnectionstatechange = null;
    this.peer.ontrack = null;
    this.screen.hold();
    this.peer.close();
    if (!this.location) return;
    fetch(this.location, { method: "DELETE", headers: this.authorization(), keepalive: true }).catch(() => {});
  }

  tracks(): { video: boolean; audio: boolean } | null {
    if (!this.peer.remoteDescription) return null;
    const [video, audio] = this.peer.getTransceivers().map((one) => one.currentDirection === "recvonly");
    return { video: video ?? false, audio: audio ?? false };
  }

  hasShownPicture(): boolean {
    return this.frames > 0;
  }

  private end(why: Failure): void {
    if (this.over) return;
    this.close();
    this.events.ended(why);
  }

  private authorization(): Record<string, string> {
    return this.endpoint.key ? { Authorization: `Bearer ${this.endpoint.key}` } : {};
  }

  private async open(): Promise<void> {
    this.peer.addTransceiver("video", { direction: "recvonly" });
    this.peer.addTransceiver("audio", { direction: "recvonly" });
    const offer = await this.peer.createOffer();
    const sdp = withStereo(offer.sdp ?? "");
    await this.peer.setLocalDescription({ type: "offer", sdp });
    // The server is ICE-lite and answers with all its candidates: ours need not be gathered first.
    const answer = await this.post(sdp);
    await this.peer.setRemoteDescription({ type: "answer", sdp: answer });
    this.watch();
  }

  private async post(sdp: string): Promise<string> {
    const response = await fetch(this.endpoint.whep, {
      method: "POST",
      headers: { "Content-Type": "application/sdp", ...this.authorization() },
      body: sdp,
      signal: this.abort.signal,
    });
    if (response.status !== 201) {
      const document: unknown = await response.json().catch(() => null);
      const wait = response.headers.get("Retry-After");
      throw new Refused(failureOf(response.status, wait, document, Date.now()));
    }
    const location = response.headers.get("Location");
    const session = location === null ? null : new URL(location, response.url);
    // The key goes nowhere but to where it came from.
    if (session?.origin === new URL(response.url).origin) this.location = session;
    return response.text();
  }

  private onConnection(state: RTCPeerConnectionState): void {
    clearTimeout(this.disconnectedTimer);
    if (state === "failed" || state === "closed") this.end({ kind: "lost" });
    if (state === "disconnected")
      this.disconnectedTimer = window.setTimeout(() => this.end({ kind: "lost" }), DISCONNECTED);
  }

  /** Often until the first picture, whose moment the viewer notices, then now and then. */
  private watch(): void {
    if (this.over) return;
    this.timer = window.setTimeout(() => this.sample(), this.seen > 0 ? 500 : 50);
  }

  private async sample(): Promise<void> {
    const reports: Iterable<RTCStats> = (await this.peer.getStats()).values();
    if (this.over) return;
    const { frames, packets } = progressOf(reports);
    this.frames = frames;
    const progress = frames || packets;
    const moved = progress !== this.seen;
    this.seen = progress;
    this.watch();
    if (moved) this.events.progress();
  }
}
