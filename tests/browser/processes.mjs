// SPDX-License-Identifier: LGPL-2.1-or-later
// Child processes that say what they said, and never outlive the test.

import { spawn } from "node:child_process";
import { once } from "node:events";

const running = new Set();
process.on("exit", () => running.forEach(({ child }) => child.kill("SIGKILL")));

/** What a failed test left behind would keep this process from ending. */
export function killAllBut(...wanted) {
  const rest = [...running].filter((one) => !wanted.includes(one));
  return Promise.all(rest.map((one) => one.stop("SIGKILL")));
}

export class Child {
  /** `extra` are descriptors beyond standard error. With `feeds`, standard output is left to somebody else. */
  constructor(command, args, { env = process.env, input = "ignore", extra = [], feeds = false } = {}) {
    this.child = spawn(command, args, { env, stdio: [input, "pipe", "pipe", ...extra] });
    this.log = "";
    running.add(this);
    for (const stream of feeds ? [this.child.stderr] : [this.child.stdout, this.child.stderr])
      stream.setEncoding("utf8").on("data", (text) => void (this.log += text));
    // "close" comes after all that was said was read.
    this.ended = once(this.child, "close").then(([code, signal]) => {
      running.delete(this);
      return code ?? signal;
    });
    this.ended.catch(() => {});
  }

  get isRunning() {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  /** The exit code, or "running" when it goes on for `patience` ms. */
  async exitWithin(patience) {
    let timer;
    const timeout = new Promise((resolve) => void (timer = setTimeout(resolve, patience, "running")));
    const code = await Promise.race([this.ended, timeout]);
    clearTimeout(timer);
    return code;
  }

  /** Returns the exit code, or the signal that it took. */
  async stop(signal = "SIGINT", patience = 10000) {
    if (this.isRunning) this.child.kill(signal);
    const hard = setTimeout(() => this.child.kill("SIGKILL"), patience);
    const code = await this.ended;
    clearTimeout(hard);
    return code;
  }
}

/** Standard output of a command that must succeed. */
export async function run(command, ...args) {
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"] });
  let [output, error] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text) => void (output += text));
  child.stderr.setEncoding("utf8").on("data", (text) => void (error += text));
  const [code] = await once(child, "close");
  if (code !== 0) throw new Error(`${command} ${args.join(" ")}: exit ${code}\n${output}${error}`);
  return output;
}

/** Waits until `condition` returns something true, and returns that. */
export async function until(what, patience, condition) {
  const end = performance.now() + patience;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (performance.now() > end) throw new Error(`not within ${patience} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
