// How many requests may be made: one budget for each account, and one that guards them all.
//
// Merge counts the requests of each account by the minute, and blocks an address that was given
// more than 20 failing answers within ten seconds. The guard counts a request in flight as if it
// had failed, so that fifteen stay fifteen whatever the answers under way turn out to be.

import type { Milliseconds } from "../types.js";

/** The limits of one host. */
export interface Limits {
  /** Requests of one account within a minute. Default 100, of Merge's smallest plan. */
  readonly requestsPerMinute: number;
  /** Failing answers within ten seconds, and requests in flight, of all accounts. Default 15. */
  readonly failingAnswers: number;
  /** How long a request may wait for room before it is held back. Default one second. */
  readonly patience: Milliseconds;
}

/** Merge's minute, and a second for what lies between our sending and its counting. */
const WINDOW = 61_000;
/** How long a failing answer counts. */
const GUARD = 10_000;
/** When to ask again where only requests in flight stand in the way. */
const IN_FLIGHT = 250;
/** The accounts are looked through for idle ones when there are this many. */
const TIDY_ABOVE = 1_024;

export class Budget {
  readonly #limits: Limits;
  readonly #now: () => number;
  readonly #sent = new Map<string, number[]>();
  #failed: number[] = [];
  #inFlight = 0;
  #tidyAt = TIDY_ABOVE;

  constructor(limits: Partial<Limits> = {}, now: () => number = () => performance.now()) {
    this.#limits = { requestsPerMinute: 100, failingAnswers: 15, patience: 1_000, ...limits };
    this.#now = now;
  }

  /** Takes one request out of both budgets: zero, or how long to wait until there may be room. */
  async admit(account: string): Promise<Milliseconds> {
    const started = this.#now();
    for (;;) {
      const now = this.#now();
      const wait = this.#take(account, now);
      if (wait === 0 || now - started + wait > this.#limits.patience) return wait;
      await new Promise((resolve) => setTimeout(resolve, wait));
    }
  }

  /** The answer to an admitted request is known; zero where none arrived. */
  settle(status: number): void {
    this.#inFlight -= 1;
    if (status >= 400 && status !== 429) this.#failed.push(this.#now());
  }

  #take(account: string, now: number): Milliseconds {
    const wait = Math.max(this.#guardRoom(now), this.#accountRoom(account, now));
    if (wait > 0) return Math.ceil(wait);
    this.#inFlight += 1;
    const sent = this.#sent.get(account);
    if (sent === undefined) this.#sent.set(account, [now]);
    else sent.push(now);
    return 0;
  }

  #guardRoom(now: number): Milliseconds {
    this.#failed = recent(this.#failed, now, GUARD);
    const limit = this.#limits.failingAnswers;
    if (this.#failed.length + this.#inFlight < limit) return 0;
    const [oldest] = this.#failed;
    const full = this.#failed.length >= limit && oldest !== undefined;
    return full ? until(oldest, now, GUARD) : IN_FLIGHT;
  }

  #accountRoom(account: string, now: number): Milliseconds {
    this.#tidy(now);
    const sent = recent(this.#sent.get(account) ?? [], now, WINDOW);
    const [oldest] = sent;
    if (oldest === undefined) return 0;
    this.#sent.set(account, sent);
    return sent.length >= this.#limits.requestsPerMinute ? until(oldest, now, WINDOW) : 0;
  }

  #tidy(now: number): void {
    if (this.#sent.size <= this.#tidyAt) return;
    for (const [account, sent] of this.#sent) {
      if (recent(sent, now, WINDOW).length === 0) this.#sent.delete(account);
    }
    this.#tidyAt = Math.max(TIDY_ABOVE, this.#sent.size * 2);
  }
}

/** Drops what is `window` old, and what lies in the future: the clock was set back. */
function recent(instants: number[], now: number, window: Milliseconds): number[] {
  return instants.filter((instant) => instant <= now && now - instant < window);
}

function until(oldest: number, now: number, window: Milliseconds): Milliseconds {
  return Math.max(oldest + window - now, 1);
}
