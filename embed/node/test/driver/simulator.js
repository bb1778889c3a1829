// The simulator's program, and requests to it.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

import { compareInstants, fromEpochMicroseconds, toEpochMicroseconds } from "merge-sync";

/** While the host waits for a slow answer, webhooks that come due are looked for this often. */
const LOOK = 10;

export class Simulator {
  #process;
  #posts = new Set();
  #postWhileRunning = false;
  #skew = 0;

  /** What the program printed at its start. */
  greeting;
  /** Merge's clock when it was last looked at. */
  lastNow = "";

  static async start(program, { faults, seed, webhookUrl }) {
    if (program === undefined) throw new Error("simulator: missing, expected the program's path");
    const flags = ["--demo", "--seed", seed, "--webhook-url", webhookUrl];
    const child = spawn(program, faults ? [...flags, "--faults"] : flags, {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const simulator = new Simulator();
    simulator.#process = child;
    const failed = once(child, "error").then(([error]) => {
      throw new Error(`simulator: ${error.message}`);
    });
    const line = once(createInterface({ input: child.stdout }), "line");
    simulator.greeting = JSON.parse((await Promise.race([line, failed]))[0]);
    await simulator.next();
    return simulator;
  }

  async stop() {
    const gone = once(this.#process, "exit");
    this.#process.kill("SIGTERM");
    await gone;
  }

  async #control(command, body = {}) {
    const response = await fetch(`${this.greeting.address}/_control/${command}`, {
      method: "POST",
      body: JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`${command}: ${response.status} ${await response.text()}`);
    return response.json();
  }

  async next() {
    const next = await this.#control("next");
    this.lastNow = next.now;
    this.#skew = next.host_skew_micros;
    return next;
  }

  advance(to) {
    return this.#control("advance", { to });
  }

  deliver() {
    return this.#control("deliver");
  }

  verdict(rows) {
    return this.#control("verdict", { rows });
  }

  stats() {
    return this.#control("stats");
  }

  /** The host's clock. Whoever looks at it sees to it that due webhooks are on their way. */
  async hostNow() {
    const now = await this.look();
    return fromEpochMicroseconds(toEpochMicroseconds(now) + BigInt(this.#skew));
  }

  async look() {
    const { now, next_delivery_at: due } = await this.next();
    const posts = this.#postWhileRunning && due !== null && compareInstants(due, now) <= 0;
    if (posts) {
      const post = this.deliver().finally(() => this.#posts.delete(post));
      this.#posts.add(post);
    }
    return now;
  }

  /** Milliseconds of the clock as it was last looked at. */
  milliseconds() {
    return Number(toEpochMicroseconds(this.lastNow)) / 1_000;
  }

  /** Does `work`, and posts webhooks that come due meanwhile. */
  async posting(work) {
    this.#postWhileRunning = true;
    const looks = setInterval(() => void this.look(), LOOK);
    try {
      return await work();
    } finally {
      this.#postWhileRunning = false;
      clearInterval(looks);
      while (this.#posts.size > 0) await Promise.all(this.#posts);
    }
  }
}
