// When do we ask Merge again?

import { below, boolean, list, milliseconds, object, seed } from "./check.js";
import type * as Component from "./generated/interfaces/merge-sync-triggers-cadence.js";
import { type InstantLike, microseconds } from "./instant.js";
import { type Milliseconds, type ModelStatusInput, statusTo } from "./types.js";

/** A range of delays. */
export interface Interval {
  readonly shortest: Milliseconds;
  readonly longest: Milliseconds;
}

/** How often is often enough. */
export interface CadencePolicy {
  /** Initial sync, first three minutes. Default 15 to 30 seconds. */
  readonly initialFast: Interval;
  /** Initial sync after that, growing. Default 1 to 5 minutes. */
  readonly initialSlow: Interval;
  /** Merge syncs more often than hourly. Default 5 to 10 minutes. */
  readonly frequent: Interval;
  /** Merge syncs hourly or less often. Default 30 to 60 minutes. */
  readonly standard: Interval;
  /** Nothing tells how often Merge syncs. Default 54 to 60 minutes. */
  readonly unhinted: Interval;
  /** No answer is longer, whatever the intervals say. Default 24 hours. */
  readonly safetyNet: Milliseconds;
}

/** What is known. */
export interface CadenceFacts {
  readonly statuses: readonly ModelStatusInput[];
  /** Whether some needed model's initial sync is still running. */
  readonly initial: boolean;
  /** When the account was linked, host's clock. */
  readonly linkedAt: InstantLike;
  /** Host's clock. */
  readonly now: InstantLike;
  /** Spreads accounts over each interval: equal seeds give equal answers. 64 bits. */
  readonly seed: number | bigint;
  /** What is left out is as the defaults say. */
  readonly policy?: Partial<CadencePolicy> | undefined;
}

/** When to ask again. */
export interface NextPoll {
  readonly after: Milliseconds;
  /** Which interval the answer is from. */
  readonly pace: "initial-fast" | "initial-slow" | "frequent" | "standard" | "unhinted";
}

/** Decisions about polling. */
export interface CadenceFunctions {
  /** Decide. */
  next(facts: CadenceFacts): NextPoll;
}

const SECOND = 1_000;
const MINUTE = 60 * SECOND;

/** The defaults of the contract. */
export const DEFAULT_CADENCE: CadencePolicy = Object.freeze({
  initialFast: Object.freeze({ shortest: 15 * SECOND, longest: 30 * SECOND }),
  initialSlow: Object.freeze({ shortest: MINUTE, longest: 5 * MINUTE }),
  frequent: Object.freeze({ shortest: 5 * MINUTE, longest: 10 * MINUTE }),
  standard: Object.freeze({ shortest: 30 * MINUTE, longest: 60 * MINUTE }),
  unhinted: Object.freeze({ shortest: 54 * MINUTE, longest: 60 * MINUTE }),
  safetyNet: 24 * 60 * MINUTE,
});

const INTERVALS = ["initialFast", "initialSlow", "frequent", "standard", "unhinted"] as const;
const KEYS = ["statuses", "initial", "linkedAt", "now", "seed", "policy"] as const;

function interval(value: unknown, field: string): Component.Interval {
  const fields = object(value, field, ["shortest", "longest"]);
  return {
    shortest: milliseconds(fields.shortest, below(field, "shortest")),
    longest: milliseconds(fields.longest, below(field, "longest")),
  };
}

function policyTo(value: unknown): Component.Policy {
  const fields = object(value ?? {}, "policy", [...INTERVALS, "safetyNet"]);
  const of = (key: (typeof INTERVALS)[number]) =>
    interval(fields[key] ?? DEFAULT_CADENCE[key], below("policy", key));
  return {
    initialFast: of("initialFast"),
    initialSlow: of("initialSlow"),
    frequent: of("frequent"),
    standard: of("standard"),
    unhinted: of("unhinted"),
    safetyNet: milliseconds(fields.safetyNet ?? DEFAULT_CADENCE.safetyNet, "policy.safetyNet"),
  };
}

export function cadenceFunctions(next: typeof Component.next): CadenceFunctions {
  return {
    next(facts) {
      const fields = object(facts, "", KEYS);
      const { after, pace } = next({
        statuses: list(fields.statuses, "statuses", statusTo),
        initial: boolean(fields.initial, "initial"),
        linkedAt: microseconds(fields.linkedAt, "linkedAt"),
        now: microseconds(fields.now, "now"),
        seed: seed(fields.seed, "seed"),
        policy: policyTo(fields.policy),
      });
      return { after: Number(after), pace };
    },
  };
}
