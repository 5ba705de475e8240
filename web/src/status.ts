// SPDX-License-Identifier: LGPL-2.1-or-later
// The stream's status document: reads it and trusts nothing in it.

export const STATES = ["offline", "starting", "live", "interrupted", "stopping"] as const;
export type StreamState = (typeof STATES)[number];

export interface Status {
  state: StreamState;
  since: string; // changes whenever the state does
  viewers: number;
  hasVideo: boolean;
  hasAudio: boolean;
  problems: string[];
}

export const OFFLINE: Status = {
  state: "offline",
  since: "",
  viewers: 0,
  hasVideo: false,
  hasAudio: false,
  problems: [],
};

function words(list: unknown): string[] {
  if (!Array.isArray(list)) return [];
  return list.filter((item): item is string => typeof item === "string" && item !== "");
}

/** Null when @p document is not a status document. */
export function parseStatus(document: unknown): Status | null {
  if (typeof document !== "object" || document === null) return null;
  const fields = document as Record<string, unknown>;
  const state = STATES.find((known) => known === fields["state"]);
  if (!state) return null;
  const viewers = fields["viewers"];
  return {
    state,
    since: String(fields["since"] ?? ""),
    viewers: typeof viewers === "number" && viewers > 0 ? Math.floor(viewers) : 0,
    hasVideo: Boolean(fields["video"]),
    hasAudio: Boolean(fields["audio"]),
    problems: words(fields["problems"]),
  };
}

/** Rejects when the server can't be reached or answers something else. A stream that the server
 * has never heard of is offline. */
export async function readStatus(address: string): Promise<Status> {
  const response = await fetch(address, { cache: "no-store", signal: AbortSignal.timeout(5000) });
  if (response.status === 404) return OFFLINE;
  const status = response.ok ? parseStatus(await response.json()) : null;
  if (!status) throw new Error(`no status in an answer ${response.status}`);
  return status;
}
