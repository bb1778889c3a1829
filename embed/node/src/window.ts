// Which records are new?

import { boolean, milliseconds, object, oneOf, optional, text } from "./check.js";
import type * as Component from "./generated/interfaces/merge-sync-triggers-window.js";
import { type Instant, type InstantLike, microseconds, printed } from "./instant.js";
import { instantFrom, type Milliseconds, type ModelStatusInput, put, statusTo } from "./types.js";

/** How the bounds of a window are chosen. */
export type WindowRule =
  /** From the previous watermark, less the overlap, to just past `lastSyncFinished`. */
  | "contiguous"
  /** As `contiguous`, with no upper bound. */
  | "open-ended"
  /** The published guide's rule. LOSES records; for comparison. */
  | "fetch-start";

/** What to keep for each model of each account. */
export interface Progress {
  /** When the latest completed fetch started, host's clock. */
  readonly lastSyncedAt: Instant | null;
  /** The `lastSyncFinished` that the latest completed fetch was for. */
  readonly mergeLastSyncFinished: Instant | null;
  /** When the latest completed fetch ended, host's clock. */
  readonly lastFetchedAt: Instant | null;
}

/** A {@link Progress} as an argument: empty before the first fetch. */
export interface ProgressInput {
  readonly lastSyncedAt?: InstantLike | null | undefined;
  readonly mergeLastSyncFinished?: InstantLike | null | undefined;
  readonly lastFetchedAt?: InstantLike | null | undefined;
}

/** What is known of a model. */
export interface WindowFacts {
  readonly status: ModelStatusInput;
  readonly progress: ProgressInput;
  /** Whether this model's data may be read. */
  readonly ready: boolean;
  /** `contiguous` by default. */
  readonly rule?: WindowRule | undefined;
  /** How far a window reaches back into the one before it; five minutes by default. */
  readonly overlap?: Milliseconds | undefined;
}

/** A window to read. */
export interface Span {
  /** `modified_after`; null reads from the beginning. */
  readonly after: Instant | null;
  /**
   * `modified_before`; null reads to the end. Safe for a read of one page alone: with cursors by
   * offset, a row that changes while the pages are read leaves the window and shifts the others, so
   * that unchanged rows are never served. Where the first page names a next one, start again
   * without this bound.
   */
  readonly before: Instant | null;
  /** What to store as `mergeLastSyncFinished` once every page is stored. */
  readonly watermark: Instant;
  /** The same bounds as a query string, percent-encoded, ready to send. */
  readonly query: string;
}

/** A {@link Span} as an argument. */
export interface SpanInput {
  readonly after?: InstantLike | null | undefined;
  readonly before?: InstantLike | null | undefined;
  readonly watermark: InstantLike;
  readonly query: string;
}

/** Why there is nothing to read. */
export type SkipReason =
  "disabled" | "initial-sync-incomplete" | "failed" | "nothing-finished" | "not-newer";

/** What to read, if anything. */
export type Plan =
  ({ readonly tag: "fetch" } & Span) | { readonly tag: "skip"; readonly reason: SkipReason };

/** A fetch whose every page is stored. */
export interface CompletedFetch {
  readonly progress: ProgressInput;
  /** The span that was read; a plan of case `fetch` may be passed as it is. */
  readonly span: SpanInput;
  /** When the fetch started, host's clock. */
  readonly startedAt: InstantLike;
  /** When its last page was stored, host's clock. */
  readonly endedAt: InstantLike;
}

/** Where a model's records are read. */
export type Endpoint =
  | {
      readonly tag: "listed";
      /** For example `/api/hris/v1/employees`. */
      readonly path: string;
      /** Whether the endpoint knows `modified_after`: where not, it is read whole. */
      readonly filtered: boolean;
      /** The fields of a record that together are its key: `id`, or `remote_id` and `name`. */
      readonly key: readonly string[];
      /**
       * Parameters to send with every request, for example `include_cancelled=true`; mostly empty.
       */
      readonly always: string;
    }
  /** It has no list endpoint: it counts for readiness and is not fetched. */
  | { readonly tag: "unlisted" }
  /** This version does not know the model: reported once, never guessed. */
  | { readonly tag: "unmapped" };

/** Decisions about windows. */
export interface WindowFunctions {
  /** Decide what to read. */
  next(facts: WindowFacts): Plan;
  /** What to store after a fetch. Never moves `mergeLastSyncFinished` back. */
  advance(fetch: CompletedFetch): Progress;
  /** Look a model up, by its id or one of its aliases. */
  locate(modelId: string): Endpoint;
}

/** Five minutes, as the engine's settings have it. */
const OVERLAP: Milliseconds = 300_000;

const RULES = ["contiguous", "open-ended", "fetch-start"] as const;
const FACTS = ["status", "progress", "ready", "rule", "overlap"] as const;
const PROGRESS = ["lastSyncedAt", "mergeLastSyncFinished", "lastFetchedAt"] as const;
const COMPLETED = ["progress", "span", "startedAt", "endedAt"] as const;
const SPAN = ["tag", "after", "before", "watermark", "query"] as const;

function progressTo(value: unknown, field: string): Component.Progress {
  const fields = object(value, field, PROGRESS);
  const progress: Component.Progress = {};
  for (const key of PROGRESS) {
    put(progress, key, optional(fields[key], `${field}.${key}`, microseconds));
  }
  return progress;
}

export function progressFrom(progress: Component.Progress): Progress {
  return {
    lastSyncedAt: instantFrom(progress.lastSyncedAt),
    mergeLastSyncFinished: instantFrom(progress.mergeLastSyncFinished),
    lastFetchedAt: instantFrom(progress.lastFetchedAt),
  };
}

function factsTo(value: unknown): Component.Facts {
  const fields = object(value, "", FACTS);
  const rule = optional(fields.rule, "rule", (value, field) => oneOf(value, field, RULES));
  return {
    status: statusTo(fields.status, "status"),
    progress: progressTo(fields.progress, "progress"),
    ready: boolean(fields.ready, "ready"),
    rule: rule ?? "contiguous",
    overlap: milliseconds(fields.overlap ?? OVERLAP, "overlap"),
  };
}

export function spanFrom(span: Component.Span): Span {
  return {
    after: instantFrom(span.after),
    before: instantFrom(span.before),
    watermark: printed(span.watermark),
    query: span.query,
  };
}

function completedTo(value: unknown): Component.Completed {
  const fields = object(value, "", COMPLETED);
  const given = object(fields.span, "span", SPAN);
  const span: Component.Span = {
    watermark: microseconds(given.watermark, "span.watermark"),
    query: text(given.query, "span.query"),
  };
  put(span, "after", optional(given.after, "span.after", microseconds));
  put(span, "before", optional(given.before, "span.before", microseconds));
  return {
    progress: progressTo(fields.progress, "progress"),
    span,
    startedAt: microseconds(fields.startedAt, "startedAt"),
    endedAt: microseconds(fields.endedAt, "endedAt"),
  };
}

export function windowFunctions(
  component: Pick<typeof Component, "next" | "advance" | "locate">,
): WindowFunctions {
  return {
    next(facts) {
      const plan = component.next(factsTo(facts));
      return plan.tag === "fetch"
        ? { tag: "fetch", ...spanFrom(plan.val) }
        : { tag: "skip", reason: plan.val.reason };
    },
    advance: (fetch) => progressFrom(component.advance(completedTo(fetch))),
    locate(modelId) {
      const endpoint = component.locate(text(modelId, "modelId"));
      return endpoint.tag === "listed" ? { tag: "listed", ...endpoint.val } : { tag: endpoint.tag };
    },
  };
}
