// What several interfaces share: accounts, models, and how the component's own values become
// these.

import { boolean, object, oneOf, optional, text, texts } from "./check.js";
import type * as Component from "./generated/interfaces/merge-sync-triggers-types.js";
import { type Instant, type InstantLike, microseconds, printed } from "./instant.js";

/** A span of time in whole milliseconds. */
export type Milliseconds = number;

/** A linked account, as far as the source names it. An empty text is "not said". */
export interface Account {
  /** Merge's id of the linked account. */
  readonly id: string;
  /** `hris`, `ats`, `crm`, `accounting`, `ticketing`, `filestorage`, ... */
  readonly category: string;
  /** Display name of the integration, for example `Azure DevOps`. */
  readonly integration: string;
  /** Its slug, for example `azure-devops`. */
  readonly integrationSlug: string;
  /** The product's own id for its customer. May be empty, and is not unique. */
  readonly endUserOriginId: string;
  /** The customer's name. */
  readonly organizationName: string;
  /** State of the link, not of any sync: `COMPLETE`, `RELINK_NEEDED`, ... */
  readonly linkStatus: string;
  /** `PRODUCTION` or `TEST`. A test account syncs once, and then only by hand. */
  readonly accountType: string;
  /**
   * Whether Merge takes it for a second link of the same customer's system; null where not said,
   * as for test accounts.
   */
  readonly isDuplicate: boolean | null;
}

/** What kind of trouble an account has. */
export type TroubleKind =
  | "reauthorize"
  | "drop-request"
  | "park"
  /** A failure that is being retried. */
  | "retrying"
  /** Merge's initial sync of some needed model ended badly. */
  | "initial-sync"
  /**
   * A full re-read found so many records missing that none was marked deleted. Ends with a second
   * full re-read that agrees, or with the command `approve-deletions`.
   */
  | "held-sweep"
  /**
   * Some records cannot be read: part of a list was given up. Ends with the next complete full
   * re-read.
   */
  | "incomplete"
  /**
   * A field of `/sync-status` cannot be read, so it is not known whether there is something new.
   */
  | "unreadable"
  /** Records without a key, or that are not JSON, cannot be stored. */
  | "no-key";

/** Whether Merge still has access to the customer's system. */
export type LinkState =
  /** As far as is known. */
  | "active"
  /** Merge needs the end user to link the account again. Its data stays readable. */
  | "relink-needed"
  /** Merge deleted the account, or an operator unlinked it. Its rows are kept. */
  | "unlinked";

/** A sync state that Merge may send and this version does not know. */
export interface UnknownState {
  /** The text as Merge sent it. */
  readonly unknown: string;
}

/** The state of one model's sync, as `/sync-status` and webhooks name it. */
export type SyncState =
  "syncing" | "done" | "partially-synced" | "failed" | "disabled" | "paused" | UnknownState;

/** What Merge says of one model. */
export interface ModelStatus {
  /** `<category>.<Model>`, for example `hris.Employee`. */
  readonly modelId: string;
  /** Name for people; empty where not sent. */
  readonly modelName: string;
  /** Merge's current state; null where the source carries only a result. */
  readonly status: SyncState | null;
  /** Whether Merge still counts this as the model's initial sync. */
  readonly isInitialSync: boolean | null;
  /** Start of the latest attempt, Merge's clock. */
  readonly lastSyncStart: Instant | null;
  /** Planned start of the next attempt, Merge's clock. */
  readonly nextSyncStart: Instant | null;
  /** How the latest finished attempt ended. */
  readonly lastSyncResult: SyncState | null;
  /** When the latest finished attempt ended, Merge's clock. */
  readonly lastSyncFinished: Instant | null;
  /** Why a running sync takes long, for example `RATE_LIMITED`; empty where not sent. */
  readonly statusReason: string;
  /** Up to when Merge vouches for its data, Merge's clock. */
  readonly dataFreshAsOf: Instant | null;
  /** The fields that a partial sync brought, as Merge names them; empty where not sent. */
  readonly syncedFields: readonly string[];
  /**
   * Fields above that were sent and could not be read, by Merge's names, in order and once each.
   * They count as absent, but not as "there is nothing".
   */
  readonly unreadable: readonly string[];
}

/** A {@link ModelStatus} as an argument: what is not known may be left out. */
export interface ModelStatusInput {
  readonly modelId: string;
  readonly modelName?: string | null | undefined;
  readonly status?: SyncState | null | undefined;
  readonly isInitialSync?: boolean | null | undefined;
  readonly lastSyncStart?: InstantLike | null | undefined;
  readonly nextSyncStart?: InstantLike | null | undefined;
  readonly lastSyncResult?: SyncState | null | undefined;
  readonly lastSyncFinished?: InstantLike | null | undefined;
  readonly statusReason?: string | null | undefined;
  readonly dataFreshAsOf?: InstantLike | null | undefined;
  readonly syncedFields?: readonly string[] | null | undefined;
  readonly unreadable?: readonly string[] | null | undefined;
}

const STATES = ["syncing", "done", "partially-synced", "failed", "disabled", "paused"] as const;

const STATUS_KEYS = [
  "modelId",
  "modelName",
  "status",
  "isInitialSync",
  "lastSyncStart",
  "nextSyncStart",
  "lastSyncResult",
  "lastSyncFinished",
  "statusReason",
  "dataFreshAsOf",
  "syncedFields",
  "unreadable",
] as const;

export function accountFrom(account: Component.Account): Account {
  return { ...account, isDuplicate: account.isDuplicate ?? null };
}

export function stateFrom(state: Component.SyncState): SyncState {
  return state.tag === "unknown" ? { unknown: state.val.text } : state.tag;
}

function stateTo(value: unknown, field: string): Component.SyncState {
  if (typeof value === "object" && value !== null) {
    const fields = object(value, field, ["unknown"]);
    return { tag: "unknown", val: { text: text(fields.unknown, `${field}.unknown`) } };
  }
  return { tag: oneOf(value, field, STATES) };
}

export function instantFrom(value: bigint | undefined): Instant | null {
  return value === undefined ? null : printed(value);
}

export function statusFrom(status: Component.ModelStatus): ModelStatus {
  return {
    modelId: status.modelId,
    modelName: status.modelName,
    status: status.status === undefined ? null : stateFrom(status.status),
    isInitialSync: status.isInitialSync ?? null,
    lastSyncStart: instantFrom(status.lastSyncStart),
    nextSyncStart: instantFrom(status.nextSyncStart),
    lastSyncResult: status.lastSyncResult === undefined ? null : stateFrom(status.lastSyncResult),
    lastSyncFinished: instantFrom(status.lastSyncFinished),
    statusReason: status.statusReason,
    dataFreshAsOf: instantFrom(status.dataFreshAsOf),
    syncedFields: status.syncedFields,
    unreadable: status.unreadable,
  };
}

export function statusTo(value: unknown, field: string): Component.ModelStatus {
  const fields = object(value, field, STATUS_KEYS);
  const status: Component.ModelStatus = {
    modelId: text(fields.modelId, `${field}.modelId`),
    modelName: optional(fields.modelName, `${field}.modelName`, text) ?? "",
    statusReason: optional(fields.statusReason, `${field}.statusReason`, text) ?? "",
    syncedFields: optional(fields.syncedFields, `${field}.syncedFields`, texts) ?? [],
    unreadable: optional(fields.unreadable, `${field}.unreadable`, texts) ?? [],
  };
  put(status, "status", optional(fields.status, `${field}.status`, stateTo));
  put(status, "isInitialSync", optional(fields.isInitialSync, `${field}.isInitialSync`, boolean));
  put(
    status,
    "lastSyncResult",
    optional(fields.lastSyncResult, `${field}.lastSyncResult`, stateTo),
  );
  for (const key of INSTANTS) {
    put(status, key, optional(fields[key], `${field}.${key}`, microseconds));
  }
  return status;
}

const INSTANTS = ["lastSyncStart", "nextSyncStart", "lastSyncFinished", "dataFreshAsOf"] as const;

/** Sets what there is: in the component's records none is an absent key. */
export function put<T, K extends keyof T>(record: T, key: K, value: T[K] | undefined): void {
  if (value !== undefined) record[key] = value;
}
