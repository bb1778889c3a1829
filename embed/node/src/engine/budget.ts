// How many requests may be made: a budget that guards all accounts.
//
// Merge blocks an address that was given more than 20 failing answers within ten seconds. The guard
// counts a request in flight as if it had failed, so that fifteen stay fifteen whatever the answers
// under way turn out to be. The requests of one account in a minute are counted by the engine.
//
// Accounts that were given a failing answer within ten minutes share a part of the guard, and leave
// the rest to all others: however many of them fail for good, and however often, they do not hold
// up an account whose requests are answered.

import type { Milliseconds } from "../types.js";

/** The limits of one host. */
export interface Limits {
  /** Failing answers within ten seconds, and requests in flight, of all accounts. Default 15. */
  readonly failingAnswers: number;
  /** As many of these are for accounts with a failing answer within ten minutes. Default 5. */
  readonly failingShare: number;
  /** How long a request may wait for room before it is held back. Default one second. */
  readonly patience: Milliseconds;
}

/** How long a failing answer counts. */
const GUARD = 10_000;
/** For how long a failing answer makes its account one of those that share. */
const SUSPECT = 600_000;
/** When to ask again where only requests in flight stand in the way. */
const IN_FLIGHT = 250;
/** The accounts that failed are looked through for old failures when there are this many. */
const TIDY_ABOVE = 1_024;

/**
 * How a request ended: the status of its answer; without one. Merge does not count one that timed
 * out, but it was in flight for so long, and so will its account's next ones be.
 */
export type Ending = number | "no-answer" | "timed-out";

/** Whether Merge counts it as a failing answer. */
export function isFailing(ending: Ending): boolean {
  return typeof ending === "number" && ending >= 400 && ending !== 429;
}

/** One request that was admitted, to be settled. */
export interface Admission {
  readonly account: string;
  /** Whether it is taken out of the share of those that failed before. */
  readonly suspect: boolean;
}

/** Failing answers, and requests in flight. */
class Guard {
  #failed: number[] = [];
  #inFlight = 0;

  room(limit: number, now: number): Milliseconds {
    this.#failed = recent(this.#failed, now, GUARD);
    if (this.#failed.length + this.#inFlight < limit) return 0;
    const [oldest] = this.#failed;
    const full = this.#failed.length >= limit && oldest !== undefined;
    return full ? until(oldest, now, GUARD) : IN_FLIGHT;
  }

  take(): void {
    this.#inFlight += 1;
  }

  settle(ending: Ending, now: number): void {
    this.#inFlight -= 1;
    if (isFailing(ending)) this.#failed.push(now);
  }
}

export class Budget {
  readonly #limits: Limits;
  readonly #now: () => number;
  readonly #all = new Guard();
  readonly #suspects = new Guard();
  /** When each account last failed. The guard itself bounds their number. */
  readonly #failing = new Map<string, number>();

  constructor(limits: Partial<Limits> = {}, now: () => number = () => performance.now()) {
    const usual = { failingAnswers: 15, failingShare: 5, patience: 1_000 };
    this.#limits = { ...usual, ...limits };
    this.#now = now;
  }

  /** Takes one request out of the budget; or says how long to wait until there may be room. */
  async admit(account: string): Promise<Admission | Milliseconds> {
    const started = this.#now();
    for (;;) {
      const now = this.#now();
      const found = this.#take(account, now);
      if (typeof found !== "number" || now - started + found > this.#limits.patience) return found;
      await new Promise((resolve) => setTimeout(resolve, found));
    }
  }

  /** How an admitted request ended is known. */
  settle({ account, suspect }: Admission, ending: Ending): void {
    const now = this.#now();
    this.#all.settle(ending, now);
    if (suspect) this.#suspects.settle(ending, now);
    if (isFailing(ending) || ending === "timed-out") this.#failing.set(account, now);
  }

  #take(account: string, now: number): Admission | Milliseconds {
    const suspect = this.#isSuspect(account, now);
    const wait = Math.max(
      this.#all.room(this.#limits.failingAnswers, now),
      suspect ? this.#suspects.room(this.#limits.failingShare, now) : 0,
    );
    if (wait > 0) return Math.ceil(wait);
    this.#all.take();
    if (suspect) this.#suspects.take();
    return { account, suspect };
  }

  #isSuspect(account: string, now: number): boolean {
    if (this.#failing.size > TIDY_ABOVE) {
      for (const [known, at] of this.#failing) {
        if (!isWithin(at, now, SUSPECT)) this.#failing.delete(known);
      }
    }
    const at = this.#failing.get(account);
    return at !== undefined && isWithin(at, now, SUSPECT);
  }
}

/** Drops what is `window` old, and what lies in the future: the clock was set back. */
function recent(instants: number[], now: number, window: Milliseconds): number[] {
  return instants.filter((instant) => isWithin(instant, now, window));
}

function isWithin(instant: number, now: number, window: Milliseconds): boolean {
  return instant <= now && now - instant < window;
}

function until(oldest: number, now: number, window: Milliseconds): Milliseconds {
  return Math.max(oldest + window - now, 1);
}
