/**
 * The engine: verifies webhooks, polls, fetches and retries for any number of linked accounts,
 * over your HTTP and your store.
 *
 * @packageDocumentation
 */
// What `merge-sync/engine` exports.

export type { Limits } from "./budget.js";
export type { Command } from "./command.js";
export { type Clock, type Delivery, Engine, EngineError, type EngineOptions } from "./engine.js";
export { FetchHttp, type FetchHttpOptions, type Http, type HttpOutcome } from "./http.js";
export type { HttpRequest } from "./http.js";
export type { Log } from "./log.js";
export type { NewAccount } from "./new-account.js";
export { Scheduler, type SchedulerOptions } from "./scheduler.js";
export type { Batch, Change, Committed, Due, FailedRuns, Note, Notice } from "./store.js";
export type { StoredNote, Store } from "./store.js";
export { isHeld, type Summary, type Sweep, type Swept, type TokenChange } from "./store.js";
export type { LoadedAccount } from "./store.js";
export type { FailureKind, HeldSweep, LogEntry, ModelView, Report, Trouble, View } from "./wire.js";
export type { TroubleKind } from "../types.js";
