// What must outlive a crash, and who keeps it: the interface of a store.

import type { Instant } from "../instant.js";
import type { Row } from "../page.js";
import type { AccountPhase } from "../readiness.js";
import type { Account, LinkState, TroubleKind } from "../types.js";

/** Something to tell an account's next run, which it makes due now. */
export interface Note {
  readonly account: string;
  /** A note replaces an earlier one of the same account and key. */
  readonly key: string;
  /** Opaque. */
  readonly text: string;
  /** A secret to keep with the note, encrypted if secrets are encrypted. */
  readonly secret: string | null;
  /** What Merge says the account is; null leaves it as it is, and so does an empty text. */
  readonly profile: Account | null;
  /** Whether an account that is not in the store is to be created. */
  readonly create: boolean;
}

/** A note, as kept. */
export interface StoredNote {
  /** Larger for each later note of the account, also one that replaced another. */
  readonly number: number;
  readonly key: string;
  readonly text: string;
  readonly secret: string | null;
}

/** The latest committed state of an account. */
export interface LoadedAccount {
  /** Opaque; empty where only a note created the account so far. */
  readonly state: string;
  /** Changes with every commit, not with a note. */
  readonly version: string;
  /** Notes not yet consumed, by number. */
  readonly notes: readonly StoredNote[];
}

/**
 * Rows of one model. A row replaces the stored one of the same account, model and id unless the
 * stored one has a later `modifiedAt`.
 */
export interface Batch {
  readonly modelId: string;
  /**
   * The number of the model's latest full re-read, under way or not; null before the first. The
   * highest is kept with each row, also with one that is not replaced.
   */
  readonly pass: number | null;
  readonly rows: readonly Row[];
}

/**
 * Mark as deleted the live rows of a model whose pass is below `unseenSince`, rows without one
 * included: Merge no longer has them.
 *
 * In one transaction with the change, after its batches, the store counts `live`, the rows not
 * marked deleted, and `unseen`, those of them to be marked. Where {@link isHeld} it marks none.
 * Otherwise it marks at most `limit` of them. It answers with {@link Swept}.
 */
export interface Sweep {
  readonly modelId: string;
  readonly unseenSince: number;
  readonly mostRows: number;
  readonly mostPercent: number;
  readonly limit: number;
}

/** Whether so many of the live rows are unseen that none is to be marked. */
export function isHeld(sweep: Sweep, live: number, unseen: number): boolean {
  return unseen > sweep.mostRows && unseen * 100 > live * sweep.mostPercent;
}

/** What a sweep did. */
export interface Swept {
  /** Rows not marked deleted, counted before. */
  readonly live: number;
  /** Those of them to be marked, counted before. */
  readonly unseen: number;
  /** Rows marked now. Fewer than `unseen` where the limit was met: another sweep follows. */
  readonly marked: number;
  /** Whether it was held: then none was marked. */
  readonly held: boolean;
}

/** Something a product may want to act on, to be handed to it at least once. */
export interface Notice {
  /** The same for every delivery of this notice. */
  readonly id: string;
  readonly occasion:
    | "became-ready"
    | "window-completed"
    | "caught-up"
    | "needs-attention"
    | "recovered"
    | "unlinked";
  /** Null where the whole account is meant. */
  readonly modelId: string | null;
  /** One sentence for people. */
  readonly text: string;
}

/** What a list of accounts shows of one. */
export interface Summary {
  readonly phase: AccountPhase;
  readonly ready: number;
  readonly needed: number;
  /** The worst kind of trouble; null without any. */
  readonly trouble: TroubleKind | null;
  readonly link: LinkState;
  /** Records of the latest reads that cannot be stored: no key, or no JSON object. */
  readonly skipped: number;
  /** The oldest `mergeLastSyncFinished` of the needed models, Merge's clock. */
  readonly freshTo: Instant | null;
}

/** What happens to the account's token. `erase` also erases it from notes that carry it. */
export type TokenChange =
  | { readonly tag: "keep" }
  | { readonly tag: "put"; readonly value: string }
  | { readonly tag: "erase" };

/** One atomic change to one account. */
export interface Change {
  readonly account: string;
  /** The version that was loaded; null to create the account. */
  readonly expected: string | null;
  readonly state: string;
  /** Numbers of the notes that this change has acted on. */
  readonly consumed: readonly number[];
  /** When to run again, host's clock; at once while notes remain. Null is only for a note. */
  readonly wakeAt: Instant | null;
  /** Not before this, not even for a note, host's clock. */
  readonly notBefore: Instant | null;
  readonly token: TokenChange;
  readonly summary: Summary;
  readonly batches: readonly Batch[];
  /** Comes after the batches. */
  readonly sweep: Sweep | null;
  /** One whose id is known already is not added again. */
  readonly notices: readonly Notice[];
}

/** What became of a change. */
export type Committed =
  | {
      readonly tag: "committed";
      readonly version: string;
      /** What the sweep did; null where the change has none. */
      readonly swept: Swept | null;
    }
  /** Somebody else committed first: nothing was written. */
  | {
      readonly tag: "stale";
      /** The version that is there now; null where the account is gone. */
      readonly current: string | null;
    };

/** An account whose time has come. */
export interface Due {
  readonly account: string;
  /** When its run was to start, host's clock. */
  readonly start: Instant;
  readonly version: string;
  /** Whether its latest run that ended failed, of a store with `runEnded`. */
  readonly failed?: boolean | undefined;
}

/** Runs of an account that failed in a row, up to now. */
export interface FailedRuns {
  readonly count: number;
  /** Host's clock. */
  readonly since: Instant;
  /** What the latest one failed with, for a support person. */
  readonly text: string;
}

/**
 * A store. Every method may be called while another is under way. One that rejects was not able
 * to do anything: nothing was written, and trying later may help.
 */
export interface Store {
  /** Keeps a note; durable when it resolves. The account's version stays. */
  keepNote(note: Note): Promise<"kept" | "unknown-account">;
  /** State and notes; null for an unknown account. */
  load(account: string): Promise<LoadedAccount | null>;
  /** All of the change or none of it; durable when it resolves. */
  commit(change: Change): Promise<Committed>;
  /** The account's token; null where there is none. */
  token(account: string): Promise<string | null>;
  /**
   * At most `limit` accounts whose start has come, the longest overdue first. An account's start
   * is the later of `notBefore` and, while notes wait, now, else `wakeAt`; one that lies more
   * than 25 hours ahead was written under a wrong clock and has come.
   */
  due(now: Instant, limit: number): Promise<readonly Due[]>;
  /** The earliest start later than `now`. */
  nextStart(now: Instant): Promise<Instant | null>;
  /**
   * Notes how a run ended, for people to see: with a text that one more in a row failed, with null
   * that one did not. The account's version and start stay. Of a run that the component could not
   * carry through the state tells nothing; a store without this lets its account look well.
   */
  runEnded?(account: string, failure: string | null): Promise<void>;
}
