// SPDX-License-Identifier: LGPL-2.1-or-later
// What the page's own address says: which stream, and with which key.

export interface Address {
  name: string; // "live/demo"
  whep: string;
  hls: string;
  status: string;
  key: string | null;
}

const NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/;

/** Reads "/watch/live/demo?key=…"; null when that names no stream. */
export function parseAddress(location: { pathname: string; search: string }): Address | null {
  const [empty, watch, app, stream, ...rest] = location.pathname.replace(/\/$/, "").split("/");
  if (empty !== "" || watch !== "watch" || rest.length > 0) return null;
  if (!app || !stream || !NAME.test(app) || !NAME.test(stream)) return null;
  const name = `${app}/${stream}`;
  return {
    name,
    whep: `/${name}/whep`,
    hls: `/${name}/playlist.m3u8`,
    status: `/${name}/status.json`,
    key: new URLSearchParams(location.search).get("key"),
  };
}
