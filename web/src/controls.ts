// SPDX-License-Identifier: LGPL-2.1-or-later
// Buttons and keys: sound, pause, full screen, and when they are in sight.

import { element } from "./element.ts";

export interface ControlActions {
  pause(): void;
  resume(): void;
  retry(): void;
}

const IDLE = 2500;

export class Controls {
  private readonly video = element("video", HTMLVideoElement);
  private readonly stage = element("stage", HTMLElement);
  private readonly mute = element("mute", HTMLButtonElement);
  private readonly unmute = element("unmute", HTMLButtonElement);
  private readonly volume = element("volume", HTMLInputElement);
  private readonly play = element("play", HTMLButtonElement);
  private readonly full = element("fullscreen", HTMLButtonElement);
  private idleTimer = 0;
  private paused = false;

  constructor(private readonly actions: ControlActions) {
    this.mute.onclick = () => this.toggleMute();
    this.unmute.onclick = () => this.toggleMute();
    this.play.onclick = () => this.togglePause();
    this.full.onclick = () => this.toggleFullscreen();
    element("retry", HTMLButtonElement).onclick = () => actions.retry();
    this.volume.oninput = () => {
      this.video.volume = Number(this.volume.value) / 100;
      this.video.muted = this.video.volume === 0;
    };
    this.video.onvolumechange = () => this.showSound();
    this.stage.ondblclick = ({ target }) => {
      if (target === this.video) this.toggleFullscreen();
    };
    document.onfullscreenchange = () => this.showFullscreen();
    document.onkeydown = (event) => this.onKey(event);
    for (const kind of ["pointermove", "pointerdown", "keydown", "focusin"] as const)
      document.addEventListener(kind, () => this.wake());
    this.full.hidden = !document.fullscreenEnabled;
    this.showSound();
    this.wake();
  }

  setPaused(paused: boolean): void {
    this.paused = paused;
    this.play.setAttribute("aria-label", paused ? "Play" : "Pause");
    this.play.title = `${paused ? "Play" : "Pause"} (space)`;
    this.play.dataset["icon"] = paused ? "play" : "pause";
  }

  /** In sight, for a while. */
  wake(): void {
    this.stage.classList.remove("idle");
    clearTimeout(this.idleTimer);
    this.idleTimer = window.setTimeout(() => this.stage.classList.add("idle"), IDLE);
  }

  private onKey(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    const onControl = event.target instanceof HTMLButtonElement || event.target instanceof HTMLInputElement;
    switch (event.key) {
      case "m":
        return this.toggleMute();
      case "f":
        return this.toggleFullscreen();
      case " ":
        if (onControl) return; // it presses the button that has the focus
        event.preventDefault();
        return this.togglePause();
    }
  }

  private toggleMute(): void {
    this.video.muted = !this.video.muted;
    if (!this.video.muted && this.video.volume === 0) this.video.volume = 1;
    // A page that autoplay was refused to may play now: this is the user's own gesture.
    if (!this.paused && (this.video.srcObject || this.video.src)) this.video.play().catch(() => {});
  }

  private togglePause(): void {
    if (this.paused) this.actions.resume();
    else this.actions.pause();
  }

  private toggleFullscreen(): void {
    if (document.fullscreenElement) void document.exitFullscreen();
    else if (document.fullscreenEnabled) this.stage.requestFullscreen().catch(() => {});
  }

  private showSound(): void {
    const { muted, volume } = this.video;
    this.mute.setAttribute("aria-label", muted ? "Unmute" : "Mute");
    this.mute.title = `${muted ? "Unmute" : "Mute"} (m)`;
    this.mute.dataset["icon"] = muted ? "muted" : "sound";
    this.volume.value = String(muted ? 0 : Math.round(volume * 100));
    this.stage.classList.toggle("muted", muted);
  }

  private showFullscreen(): void {
    const on = document.fullscreenElement !== null;
    this.full.setAttribute("aria-label", on ? "Leave full screen" : "Full screen");
    this.full.title = `${on ? "Leave full screen" : "Full screen"} (f)`;
    this.full.dataset["icon"] = on ? "shrink" : "grow";
  }
}
