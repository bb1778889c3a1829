// The simulator's program, and requests to it.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

import { compareInstants, fromEpochMicroseconds, toEpochMicroseconds } from "merge-sync";

export class Simulator {
  #process;
  #state;
  #posting = Promise.resolve();
  #queued = false;
  #posted = 0;

  /** What the program printed at its start. */
  greeting;

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
    simulator.#state = await simulator.#control("next");
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

  verdict(rows) {
    return this.#control("verdict", { rows });
  }

  stats() {
    return this.#control("stats");
  }

  /** Merge's clock as it was last looked at: it moves by `advance` and by requests alone. */
  get now() {
    return this.#state.now;
  }

  /** The host's clock, which may be ahead. */
  get hostNow() {
    return this.#shifted(this.now, 1n);
  }

  /** When it is `instant` of the host's clock by Merge's. */
  toMerge(instant) {
    return this.#shifted(instant, -1n);
  }

  #shifted(instant, sign) {
    const skew = sign * BigInt(this.#state.host_skew_micros);
    return fromEpochMicroseconds(toEpochMicroseconds(instant) + skew);
  }

  async #look() {
    const state = await this.#control("next");
    // Of two that look at once, the one that saw less may be answered last.
    if (compareInstants(state.now, this.now) >= 0) this.#state = state;
  }

  get #due() {
    const { now, next_delivery_at: due } = this.#state;
    return due !== null && compareInstants(due, now) <= 0;
  }

  /** Lets it be `to`, or the first instant before it at which a webhook is due. */
  async advance(to) {
    this.#state = await this.#control("advance", { to, until_delivery: true });
  }

  /** A request took some time: webhooks that came due are on their way, and nobody waits. */
  async moved() {
    await this.#look();
    if (!this.#due || this.#queued) return;
    this.#queued = true;
    this.#posting = this.#posting.then(() => this.#deliver());
    // Whoever settles hears of it.
    this.#posting.catch(() => undefined);
  }

  async #deliver() {
    this.#queued = false;
    this.#posted += (await this.#control("deliver")).posted;
    await this.#look();
  }

  /** Waits until no webhook is due or on its way, and says whether any was. */
  async settled() {
    while (this.#queued) await this.#posting;
    await this.#posting;
    if (this.#due) await this.#deliver();
    const any = this.#posted > 0;
    this.#posted = 0;
    return any;
  }
}
