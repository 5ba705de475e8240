// SPDX-License-Identifier: LGPL-2.1-or-later
// One HLS session: seconds behind, but through networks and with pictures that WebRTC has no way for.

import type Hls from "hls.js";
import type { Session, SessionEvents } from "./player.ts";

export interface Playlist {
  hls: string;
  key: string | null;
}

const WATCH = 250;
const NATIVE = "application/vnd.apple.mpegurl";

/** For a page that shows it in a <video>; hls.js comes only now, since most viewers have no need of it. */
export class HlsSession implements Session {
  private hls: Hls | null = null;
  private over = false;
  private timer = 0;
  private at = -1; // where the video was
  private shown = false;

  constructor(
    private readonly playlist: Playlist,
    private readonly events: SessionEvents,
    private readonly video: HTMLVideoElement,
  ) {
    this.open().catch(() => this.end());
  }

  close(): void {
    if (this.over) return;
    this.over = true;
    clearTimeout(this.timer);
    this.video.onended = null;
    this.video.pause();
    this.hls?.destroy();
    if (!this.hls) this.video.removeAttribute("src");
  }

  /** Whatever the stream has. */
  tracks(): { video: boolean; audio: boolean } {
    return { video: true, audio: true };
  }

  hasShownPicture(): boolean {
    return this.shown;
  }

  private end(): void {
    if (this.over) return;
    this.close();
    this.events.ended({ kind: "lost" });
  }

  private async open(): Promise<void> {
    const { default: Library } = (await import(new URL("./hls.js", import.meta.url).href)) as typeof import("hls.js");
    if (this.over) return;
    this.video.srcObject = null;
    this.video.onended = () => this.end();
    if (Library.isSupported()) this.attach(Library);
    else if (this.video.canPlayType(NATIVE)) this.video.src = this.withKey();
    else return this.end();
    this.video.play().catch(() => {});
    this.watch();
  }

  private attach(Library: typeof Hls): void {
    const { key } = this.playlist;
    const { default: policy } = Library.DefaultConfig.playlistLoadPolicy;
    this.hls = new Library({
      // To hls.js a stream in its first seconds, of which there are parts but no whole segment yet, is an error.
      playlistLoadPolicy: { default: { ...policy, errorRetry: { maxNumRetry: 10, retryDelayMs: 500, maxRetryDelayMs: 1000 } } },
      lowLatencyMode: true,
      maxLiveSyncPlaybackRate: 1.2,
      enableWorker: false, // the content policy has no workers
      xhrSetup: (request) => {
        if (key) request.setRequestHeader("Authorization", `Bearer ${key}`);
      },
    });
    this.hls.on(Library.Events.ERROR, (_, { fatal }) => fatal && this.end());
    this.hls.loadSource(this.playlist.hls);
    this.hls.attachMedia(this.video);
  }

  /** A browser that plays HLS itself sends no headers of ours. */
  private withKey(): string {
    const { hls, key } = this.playlist;
    return key ? `${hls}?key=${encodeURIComponent(key)}` : hls;
  }

  private watch(): void {
    if (this.over) return;
    this.timer = window.setTimeout(() => this.watch(), WATCH);
    const { currentTime, readyState, videoWidth } = this.video;
    const moved = readyState >= HTMLMediaElement.HAVE_CURRENT_DATA && currentTime > 0 && currentTime !== this.at;
    this.at = currentTime;
    if (!moved) return;
    this.shown ||= videoWidth > 0;
    this.events.progress();
  }
}
