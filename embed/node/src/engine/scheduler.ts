// Which account runs when: each at its start, several at a time, none twice at once.
//
// The store knows when each account is to start; this keeps in memory only which are running and
// which failed a moment ago.

import { reasonOf } from "../errors.js";
import {
  compareInstants,
  fromEpochMicroseconds,
  type Instant,
  toEpochMicroseconds,
} from "../instant.js";
import type { Engine } from "./engine.js";
import type { Log } from "./log.js";
import type { Due } from "./store.js";
import type { Report } from "./wire.js";

/** How to run what is due. */
export interface SchedulerOptions {
  /** Runs at a time. Default 8. */
  readonly concurrency?: number | undefined;
  /** Nobody is told by default. */
  readonly log?: Log | undefined;
  /** Called after each run that came to a good end. */
  readonly onReport?: ((account: string, report: Report) => void) | undefined;
  /** Called after each run that failed; the account is tried again by itself. */
  readonly onFailure?: ((account: string, error: unknown) => void) | undefined;
}

const MINUTE = 60_000_000n;
/** No account waits longer after a failure. */
const LONGEST_HOLD = 10n * MINUTE;
/** When to look again at a store that did not answer. */
const STORE_PAUSE = 5_000;
/** How much of a failure is noted: a trap comes with every function that was called. */
const LONGEST_FAILURE = 300;
/** Another process may have kept a note, and tells nobody here: it is looked again after this. */
const LOOK_AGAIN = 5_000;

interface Held {
  until: bigint;
  failures: bigint;
}

/** Runs accounts as they come due. */
export class Scheduler {
  readonly #running = new Map<string, Promise<void>>();
  readonly #held = new Map<string, Held>();
  /** What each account that ran to a good end looked like when it was started. */
  readonly #ended = new Map<string, Due>();
  readonly #concurrency: number;

  constructor(
    private readonly engine: Engine,
    private readonly options: SchedulerOptions = {},
  ) {
    this.#concurrency = Math.max(1, options.concurrency ?? 8);
  }

  /**
   * Runs every account that is due at `now`, each once, and resolves when they have ended: the
   * instant at which to call again, not later than `now` where more is due already; null where
   * only a webhook or a command will make an account due.
   */
  async runDue(now: Instant): Promise<Instant | null> {
    for (const due of (await this.#survey(now)).ready) {
      while (this.#running.size >= this.#concurrency) await Promise.race(this.#running.values());
      this.#start(due);
    }
    await Promise.all(this.#running.values());
    const after = await this.#survey(now);
    return after.ready.length === 0 ? after.next : now;
  }

  /** Runs accounts as they come due until `signal` is aborted; then waits for those under way. */
  async serve(signal: AbortSignal): Promise<void> {
    let wake: () => void = () => undefined;
    const stop = this.engine.onNote(() => {
      wake();
    });
    const onAbort = () => {
      wake();
    };
    signal.addEventListener("abort", onAbort);
    try {
      while (!signal.aborted) {
        // Made first: a note that comes while the store is read must not be slept over.
        const woken = new Promise<void>((resolve) => (wake = resolve));
        const pause = await this.#startDue();
        let timer: ReturnType<typeof setTimeout> | undefined;
        const slept = new Promise<void>((resolve) => (timer = setTimeout(resolve, pause)));
        await Promise.race([woken, slept, ...this.#running.values()]);
        clearTimeout(timer);
      }
    } finally {
      stop();
      signal.removeEventListener("abort", onAbort);
      await Promise.all(this.#running.values());
    }
  }

  /** Starts what is due, as far as there is room, and says how long to sleep. */
  async #startDue(): Promise<number> {
    try {
      const now = await this.engine.clock();
      const { ready, next } = await this.#survey(now);
      for (const due of ready.slice(0, Math.max(0, this.#concurrency - this.#running.size))) {
        this.#start(due);
      }
      if (next === null) return LOOK_AGAIN;
      const wait = Number((toEpochMicroseconds(next) - toEpochMicroseconds(now)) / 1_000n) + 1;
      return Math.min(wait, LOOK_AGAIN);
    } catch (thrown) {
      const problem = reasonOf(thrown);
      this.options.log?.("error", "cannot tell which accounts are due", { problem });
      return STORE_PAUSE;
    }
  }

  /** What is to do at `now`, and the earliest start or end of a hold after it. */
  async #survey(now: Instant): Promise<{ ready: Due[]; next: Instant | null }> {
    const { store } = this.engine;
    const limit = this.#concurrency + this.#running.size + this.#held.size;
    const [due, start] = [await store.due(now, limit), await store.nextStart(now)];
    const at = toEpochMicroseconds(now);
    let next = start;
    const ready = [];
    for (const one of due) {
      if (this.#running.has(one.account)) continue;
      const before = this.#ended.get(one.account);
      if (before?.start === one.start && before.version === one.version) {
        // It ran, said that all is well, and is as it was: it would do so for ever.
        this.options.log?.("warn", "a run changed nothing", { account: one.account });
        this.#ended.delete(one.account);
        this.#hold(one.account, at);
      }
      const held = this.#held.get(one.account);
      if (held === undefined || held.until <= at) {
        ready.push(one);
        continue;
      }
      const until = fromEpochMicroseconds(held.until);
      if (next === null || compareInstants(until, next) < 0) next = until;
    }
    return { ready, next };
  }

  #start(due: Due): void {
    const run = this.#run(due).finally(() => this.#running.delete(due.account));
    this.#running.set(due.account, run);
  }

  async #run(due: Due): Promise<void> {
    const { account } = due;
    try {
      const report = await this.engine.run(account);
      const wasHeld = this.#held.delete(account);
      this.#ended.set(account, due);
      if (wasHeld || due.failed === true) await this.#noteEnd(account, null);
      this.#tell(account, () => this.options.onReport?.(account, report));
    } catch (thrown) {
      const problem = reasonOf(thrown);
      this.options.log?.("error", "a run failed", { account, problem });
      this.#hold(account, toEpochMicroseconds(await this.#now(due.start)));
      await this.#noteEnd(account, shortened(problem));
      this.#tell(account, () => this.options.onFailure?.(account, thrown));
    }
  }

  /** Where there is no time to be had there will be none to start a run by, either. */
  async #now(otherwise: Instant): Promise<Instant> {
    try {
      return await this.engine.clock();
    } catch {
      return otherwise;
    }
  }

  /** What somebody does who is told of a run changes nothing about it. */
  #tell(account: string, tell: () => void): void {
    try {
      tell();
    } catch (thrown) {
      const problem = reasonOf(thrown);
      this.options.log?.("error", "who is told of runs failed", { account, problem });
    }
  }

  /** The engine cannot tell of a run that trapped: people are told by the store. */
  async #noteEnd(account: string, failure: string | null): Promise<void> {
    try {
      await this.engine.store.runEnded?.(account, failure);
    } catch (thrown) {
      const problem = reasonOf(thrown);
      this.options.log?.("error", "how a run ended was not noted", { account, problem });
    }
  }

  #hold(account: string, now: bigint): void {
    const failures = this.#held.get(account)?.failures ?? 0n;
    const doubled = MINUTE << (failures > 8n ? 8n : failures);
    const wait = doubled < LONGEST_HOLD ? doubled : LONGEST_HOLD;
    this.#held.set(account, { until: now + wait, failures: failures + 1n });
  }
}

/** By characters, of which each has at most two of a string's units. */
function shortened(text: string): string {
  const signs = Array.from(text.slice(0, 2 * LONGEST_FAILURE + 2));
  return signs.length > LONGEST_FAILURE ? `${signs.slice(0, LONGEST_FAILURE).join("")}...` : text;
}
