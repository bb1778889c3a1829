// Between the engine's text form and the objects of this package: snake_case and camelCase,
// secrets in a record and secrets alone.

import type { Account, LinkState, ModelStatus, SyncState, TroubleKind } from "../types.js";
import type { Progress, Span } from "../window.js";
import type { AccountReadiness } from "../readiness.js";
import type { Instant } from "../instant.js";
import type { Reply } from "../webhook.js";
import type { Change, LoadedAccount, Note, Sweep, TokenChange } from "./store.js";

/** Trouble with one account. */
export interface Trouble {
  readonly kind: TroubleKind;
  /** Since when, host's clock. */
  readonly since: Instant;
  /** One sentence for people. */
  readonly text: string;
}

/** What one run did. */
export interface Report {
  /** Whether `/sync-status` was read. */
  readonly polled: boolean;
  /** Windows completed. */
  readonly windows: number;
  /** Rows committed. */
  readonly rows: number;
  /** When to run again, host's clock; as committed to the store. */
  readonly wakeAt: Instant | null;
  /** What went wrong; null if nothing did. */
  readonly trouble: Trouble | null;
}

/** A full re-read found so many records missing that none was marked deleted. */
export interface HeldSweep {
  /** The number of the first full re-read that found them missing. */
  readonly pass: number;
  /** Live records that it did not find. */
  readonly unseen: number;
  /** Live records. */
  readonly live: number;
}

/** One model, for a page or a support person. */
export interface ModelView {
  readonly status: ModelStatus;
  readonly progress: Progress;
  /** The window being read, if any. */
  readonly window: Span | null;
  /** What is wrong with this model alone. */
  readonly trouble: Trouble | null;
  /** A sweep that waits for a second full re-read or for approval. */
  readonly heldSweep: HeldSweep | null;
  /** Rows a page, as its next request asks for them: 1 to 100. */
  readonly pageSize: number;
  /** Records of its latest read that have no key (see `Row.id`). */
  readonly withoutKey: number;
  /** Records of its latest read that are not JSON objects. */
  readonly unreadableRecords: number;
}

/** One account, for a page or a support person. */
export interface View {
  readonly account: Account;
  readonly linkedAt: Instant;
  readonly readiness: AccountReadiness;
  /** In model-id order. */
  readonly models: readonly ModelView[];
  readonly trouble: Trouble | null;
  /** Merge's newest issue texts, newest first, at most five. */
  readonly issues: readonly string[];
  readonly paused: boolean;
  readonly link: LinkState;
  readonly wakeAt: Instant | null;
}

interface Secret {
  readonly value: string;
}

/** What the engine asks for, once its keys are camelCase. */
export type Effect =
  | {
      readonly tag: "send";
      readonly value: {
        readonly account: string;
        readonly method: string;
        readonly target: string;
      };
    }
  | { readonly tag: "commit"; readonly value: WireChange }
  | { readonly tag: "finished"; readonly value: Report }
  | {
      readonly tag: "failed";
      readonly value: { readonly tag: FailureKind; readonly value: { readonly message: string } };
    };

/** Why nothing was done. */
export type FailureKind = "store" | "unknown-account" | "state" | "settings";

/** One event for a log. */
export interface LogEntry {
  readonly level: "debug" | "info" | "warn" | "error";
  readonly message: string;
  /** A JSON object. */
  readonly fields: string;
}

/** A webhook, verified and read: what is kept, answered and logged. */
export interface Receipt {
  readonly note: WireNote | null;
  /** Where the note is durable, and where nobody linked its account. */
  readonly reply: Reply;
  /** Where the note is not durable in time. */
  readonly unkeptReply: Reply;
  /** In any case. */
  readonly log: LogEntry;
  /** Where nobody linked the account, too; null without a note. */
  readonly unknownAccountLog: LogEntry | null;
  /** Where the note is not kept, too; null without one. */
  readonly unkeptLog: LogEntry | null;
}

export interface WireNote extends Omit<Note, "secret"> {
  readonly secret: Secret | null;
}

export interface WireChange extends Omit<Change, "token" | "sweep"> {
  readonly token:
    { readonly tag: "keep" | "erase" } | { readonly tag: "put"; readonly value: Secret };
  /** Numbers past 2^53 come as texts. */
  readonly sweep:
    | (Pick<Sweep, "modelId" | "mostPercent" | "limit"> & {
        readonly unseenSince: number | string;
        readonly mostRows: number | string;
      })
    | null;
}

/** Reads the engine's answer. No record of its own holds a map, so every key is a field's. */
export function read(text: string): unknown {
  return JSON.parse(text, (_key, value: unknown) => renamed(value, camel));
}

/** Writes an input of the engine's. */
export function write(value: unknown): string {
  return JSON.stringify(value, (_key, value: unknown) => renamed(value, snake));
}

/** `value` with its own keys renamed; what they hold was, or will be, visited by itself. */
function renamed(value: unknown, rename: (key: string) => string): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  const record: Record<string, unknown> = {};
  for (const key in value) record[rename(key)] = (value as Record<string, unknown>)[key];
  return record;
}

const camel = remembered((key) =>
  key.replaceAll(/_([a-z])/g, (_all, letter: string) => letter.toUpperCase()),
);
const snake = remembered((key) => key.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`));

/** There are some dozens of keys, each met thousands of times. */
function remembered(rename: (key: string) => string): (key: string) => string {
  const known = new Map<string, string>();
  return (key) => {
    let found = known.get(key);
    if (found === undefined) {
      found = rename(key);
      known.set(key, found);
    }
    return found;
  };
}

export function noteFrom(note: WireNote): Note {
  return { ...note, secret: note.secret?.value ?? null };
}

export function changeFrom(change: WireChange): Change {
  const { token, sweep } = change;
  const flat: TokenChange =
    token.tag === "put" ? { tag: "put", value: token.value.value } : { tag: token.tag };
  return {
    ...change,
    token: flat,
    // Of so many rows, one more or less makes no difference.
    sweep: sweep && {
      ...sweep,
      unseenSince: Number(sweep.unseenSince),
      mostRows: Number(sweep.mostRows),
    },
  };
}

export function loadedAccountTo(loaded: LoadedAccount): unknown {
  const notes = loaded.notes.map((note) => ({
    ...note,
    secret: note.secret === null ? null : { value: note.secret },
  }));
  return { state: loaded.state, version: loaded.version, notes };
}

interface WireState {
  readonly tag: string;
  readonly value?: { readonly text: string };
}

/** A view whose states are still tagged, as the text form has them. */
export interface WireView extends Omit<View, "models"> {
  readonly models: readonly (Omit<ModelView, "status"> & { readonly status: WireStatus })[];
}

interface WireStatus extends Omit<ModelStatus, "status" | "lastSyncResult"> {
  readonly status: WireState | null;
  readonly lastSyncResult: WireState | null;
}

export function viewFrom(view: WireView): View {
  const models = view.models.map((model) => ({ ...model, status: statusFrom(model.status) }));
  return { ...view, models };
}

function statusFrom(status: WireStatus): ModelStatus {
  return {
    ...status,
    status: stateFrom(status.status),
    lastSyncResult: stateFrom(status.lastSyncResult),
  };
}

function stateFrom(state: WireState | null): SyncState | null {
  if (state === null) return null;
  return state.value === undefined ? (state.tag as SyncState) : { unknown: state.value.text };
}
