// May the product use this account's data yet?

import { boolean, list, object, oneOf, optional, text } from "./check.js";
import type * as Component from "./generated/interfaces/merge-sync-triggers-readiness.js";
import { type ModelStatus, type ModelStatusInput, statusFrom, statusTo } from "./types.js";

/** What to do with a model whose initial sync ended incomplete. */
export type PartialPolicy =
  /** Wait: only `DONE`, or the end of the initial sync, is ready. */
  | "strict"
  /** Take `PARTIALLY_SYNCED` as ready. */
  | "accept-partial";

/** What is known of an account. */
export interface ReadinessFacts {
  /** The latest row of each model. */
  readonly statuses: readonly ModelStatusInput[];
  /** Whether `statuses` covers all pages of a `/sync-status` read. */
  readonly complete: boolean;
  /** The models the product needs. Empty, the default, means every enabled model. */
  readonly required?: readonly string[] | undefined;
  /** `strict` by default. */
  readonly partial?: PartialPolicy | undefined;
  /** Models found ready before: they stay ready. */
  readonly readyBefore?: readonly string[] | undefined;
  /** Whether the account was found ready before with `required` empty. */
  readonly wasReady?: boolean | undefined;
}

/** Where one model stands. */
export type Phase = "disabled" | "syncing" | "ready" | "needs-attention";

/** Where the account stands. */
export type AccountPhase = "unknown" | "syncing" | "needs-attention" | "ready";

/** One model. */
export interface ModelReadiness {
  readonly modelId: string;
  readonly phase: Phase;
  /** One sentence for people. */
  readonly reason: string;
}

/** The answer. */
export interface AccountReadiness {
  readonly phase: AccountPhase;
  /** Needed models. */
  readonly needed: number;
  /** Needed models that are ready. */
  readonly ready: number;
  /** Needed models that need attention, also while others sync. */
  readonly attention: number;
  /** Every model listed or required, in model-id order. */
  readonly models: readonly ModelReadiness[];
}

/** One page of `/sync-status`. */
export interface StatusPage {
  readonly statuses: readonly ModelStatus[];
  /** The `cursor` of the next page; null on the last. */
  readonly next: string | null;
}

/** Decisions about readiness. */
export interface ReadinessFunctions {
  /** Decide. */
  evaluate(facts: ReadinessFacts): AccountReadiness;
  /**
   * Read one page of `GET /api/{category}/v1/sync-status`.
   *
   * @throws {@link ProblemError} where the body is no such page.
   */
  parseStatus(body: string): StatusPage;
}

const KEYS = ["statuses", "complete", "required", "partial", "readyBefore", "wasReady"] as const;
const PARTIAL = ["strict", "accept-partial"] as const;

function factsTo(value: unknown): Component.Facts {
  const fields = object(value, "", KEYS);
  const ids = (key: "required" | "readyBefore") =>
    optional(fields[key], key, (value, field) => list(value, field, text)) ?? [];
  const partial = optional(fields.partial, "partial", (value, field) =>
    oneOf(value, field, PARTIAL),
  );
  return {
    statuses: list(fields.statuses, "statuses", statusTo),
    complete: boolean(fields.complete, "complete"),
    required: ids("required"),
    partial: partial ?? "strict",
    readyBefore: ids("readyBefore"),
    wasReady: optional(fields.wasReady, "wasReady", boolean) ?? false,
  };
}

export function readinessFunctions(
  component: Pick<typeof Component, "evaluate" | "parseStatus">,
): ReadinessFunctions {
  return {
    evaluate: (facts) => component.evaluate(factsTo(facts)),
    parseStatus(body) {
      const { statuses, next = null } = component.parseStatus(text(body, "body"));
      return { statuses: statuses.map(statusFrom), next };
    },
  };
}
