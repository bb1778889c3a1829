// A request came back. Is it over, and if not, when again?

import {
  expected,
  integer,
  milliseconds,
  MOST_16,
  MOST_32,
  object,
  oneOf,
  optional,
  seed,
  text,
} from "./check.js";
import type * as Component from "./generated/interfaces/merge-sync-triggers-retry.js";
import { type InstantLike, microseconds } from "./instant.js";
import { type Milliseconds, put } from "./types.js";

/** What a request met. */
export type AttemptOutcome =
  | {
      readonly tag: "response";
      readonly status: number;
      /**
       * `Retry-After` as sent: seconds, a fraction rounded up, or an HTTP date in any of its three
       * forms; of a list the longest counts. Unreadable on a 429 or 503 it counts as a minute, and
       * more than 24 hours as one hour.
       */
      readonly retryAfter?: string | null | undefined;
      /** `Date` as sent: the base for a `Retry-After` date. */
      readonly date?: string | null | undefined;
    }
  /** No response: refused, reset, unresolved, bad TLS. The message is for a log. */
  | { readonly tag: "transport"; readonly message: string }
  /** No response within the time allowed. */
  | { readonly tag: "timed-out" }
  /** A response whose body is over the host's limit. */
  | { readonly tag: "too-large" }
  /** A success whose body cannot be used. The message says what is wrong with it, for a log. */
  | { readonly tag: "unusable"; readonly message: string }
  /** A 400, 404 or 410 to a request with a cursor: Merge no longer knows it. */
  | { readonly tag: "stale-cursor" }
  /** Nothing was sent, since no usable token of this account is stored. */
  | { readonly tag: "no-token" };

/** Bounds on the patience. */
export interface RetryPolicy {
  /** First delay after a transient failure. Default one second. */
  readonly base: Milliseconds;
  /** First delay after a 429 that names none. Default ten seconds. */
  readonly throttledBase: Milliseconds;
  /** No computed delay is longer. Default ten minutes. */
  readonly cap: Milliseconds;
  /** After this many attempts in a row, give up for now. Default 8. */
  readonly maxAttempts: number;
}

/** What is known. */
export interface RetryFacts {
  readonly outcome: AttemptOutcome;
  /** Attempts made in a row, this one included. At least 1. */
  readonly attempt: number;
  /** Host's clock. */
  readonly now: InstantLike;
  /** Chooses the jitter: equal seeds give equal answers. 64 bits. */
  readonly seed: number | bigint;
  /** What is left out is as the defaults say. */
  readonly policy?: Partial<RetryPolicy> | undefined;
}

/** Who can end a failure. */
export type Remedy =
  /** Merge does not accept the API key or this account's token (401). */
  | "reauthorize"
  /** The request is wrong, or the model has no such endpoint (other 4xx, 3xx). */
  | "drop-request"
  /** Refused (403), or tried too often in a row: give up until the regular poll. */
  | "park";

/** The answer. */
export type RetryDecision =
  | { readonly tag: "succeeded" }
  | {
      readonly tag: "again";
      /** Never less than the server asked for, up to 24 hours. */
      readonly after: Milliseconds;
      /** One sentence for people. */
      readonly reason: string;
    }
  | {
      readonly tag: "stop";
      readonly remedy: Remedy;
      /** What the server asked for, where it did: the regular poll waits for it too. */
      readonly notBefore: Milliseconds | null;
      /** One sentence for people. */
      readonly reason: string;
    };

/** Decisions about retries. */
export interface RetryFunctions {
  /** Decide. */
  decide(facts: RetryFacts): RetryDecision;
}

/** The defaults of the contract. */
export const DEFAULT_RETRY: RetryPolicy = Object.freeze({
  base: 1_000,
  throttledBase: 10_000,
  cap: 600_000,
  maxAttempts: 8,
});

const KEYS = ["outcome", "attempt", "now", "seed", "policy"] as const;
const OUTCOMES = [
  "response",
  "transport",
  "timed-out",
  "too-large",
  "unusable",
  "stale-cursor",
  "no-token",
] as const;
const POLICY = ["base", "throttledBase", "cap", "maxAttempts"] as const;

function outcomeTo(value: unknown): Component.AttemptOutcome {
  if (typeof value !== "object" || value === null) throw expected("an object", value, "outcome");
  const tag = oneOf((value as { tag?: unknown }).tag, "outcome.tag", OUTCOMES);
  if (tag === "transport" || tag === "unusable") {
    const { message } = object(value, "outcome", ["tag", "message"]);
    return { tag, val: { message: text(message, "outcome.message") } };
  }
  if (tag !== "response") {
    object(value, "outcome", ["tag"]);
    return { tag };
  }
  const fields = object(value, "outcome", ["tag", "status", "retryAfter", "date"]);
  const val: Component.ResponseFacts = {
    status: integer(fields.status, "outcome.status", MOST_16),
  };
  put(val, "retryAfter", optional(fields.retryAfter, "outcome.retryAfter", text));
  put(val, "date", optional(fields.date, "outcome.date", text));
  return { tag, val };
}

function policyTo(value: unknown): Component.Policy {
  const fields = object(value ?? {}, "policy", POLICY);
  const span = (key: "base" | "throttledBase" | "cap") =>
    milliseconds(fields[key] ?? DEFAULT_RETRY[key], `policy.${key}`);
  return {
    base: span("base"),
    throttledBase: span("throttledBase"),
    cap: span("cap"),
    maxAttempts: integer(
      fields.maxAttempts ?? DEFAULT_RETRY.maxAttempts,
      "policy.maxAttempts",
      MOST_32,
    ),
  };
}

function decisionFrom(decision: Component.Decision): RetryDecision {
  switch (decision.tag) {
    case "succeeded":
      return { tag: "succeeded" };
    case "again":
      return { tag: "again", after: Number(decision.val.after), reason: decision.val.reason };
    case "stop": {
      const { remedy, notBefore, reason } = decision.val;
      const wait = notBefore === undefined ? null : Number(notBefore);
      return { tag: "stop", remedy, notBefore: wait, reason };
    }
  }
}

export function retryFunctions(decide: typeof Component.decide): RetryFunctions {
  return {
    decide(facts) {
      const fields = object(facts, "", KEYS);
      const decision = decide({
        outcome: outcomeTo(fields.outcome),
        attempt: integer(fields.attempt, "attempt", MOST_32),
        now: microseconds(fields.now, "now"),
        seed: seed(fields.seed, "seed"),
        policy: policyTo(fields.policy),
      });
      return decisionFrom(decision);
    },
  };
}
