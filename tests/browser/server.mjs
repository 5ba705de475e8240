// SPDX-License-Identifier: LGPL-2.1-or-later
// A Stagedoor of the test's own: state in a fresh folder, ports picked by the system.

import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Child, run } from "./processes.mjs";

const stagedoor = process.env.STAGEDOOR;

/** The flags for a certificate that nobody vouches for. */
async function selfSigned(folder) {
  const [certificate, key] = [join(folder, "test-cert.pem"), join(folder, "test-key.pem")];
  await run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost", "-keyout", key, "-out", certificate);
  return ["--tls-certificate", certificate, "--tls-key", key];
}

export class Server {
  /** Unless there is a grace, in seconds, a stream ends with its publisher. With `rtmps`, that door is there, too. */
  static async start({ env = {}, state, http = "127.0.0.1:0", grace = 0, rtmps = false } = {}) {
    const server = new Server();
    server.state = state ?? (await mkdtemp(join(tmpdir(), "stagedoor-")));
    const any = "127.0.0.1:0";
    const flags = ["--state", server.state, "--rtmp", any, "--srt", any, "--http", http, "--webrtc", any,
      "--reconnect-grace", String(grace), "--ready-fd", "3"];
    if (rtmps) flags.push("--rtmps", any, ...(await selfSigned(server.state)));
    server.process = new Child(stagedoor, ["serve", ...flags], { env: { ...process.env, ...env }, extra: ["pipe"] });
    const ready = server.process.child.stdio[3];
    await Promise.race([once(ready, "data"), server.process.ended]);
    if (!server.process.isRunning) throw new Error(`the server gave up:\n${server.log}`);
    return server;
  }

  get log() {
    return this.process.log;
  }

  /** What `stagedoor key new` says of a stream: where to publish, where to watch. */
  async key(stream, ...flags) {
    const state = ["--state", this.state];
    const minted = JSON.parse(await run(stagedoor, "key", "new", "--stream", stream, "--json", ...state, ...flags));
    const url = (door) => `${door?.server}/${door?.key}`;
    return { ...minted, rtmpUrl: url(minted.rtmp), rtmpsUrl: url(minted.rtmps) };
  }

  revoke(key) {
    return run(stagedoor, "key", "revoke", key, "--state", this.state);
  }

  async status(watch) {
    const { origin, pathname } = new URL(watch);
    const response = await fetch(`${origin}${pathname.replace("/watch/", "/")}/status.json`);
    return response.json();
  }

  async stop() {
    const code = await this.process.stop("SIGTERM");
    await rm(this.state, { recursive: true, force: true });
    return code;
  }
}
