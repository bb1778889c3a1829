/**
 * Decisions for Merge's Unified API: is this webhook Merge's, may this account's data be used yet,
 * which records are new, when to ask again. They run in Node, Deno, browsers and on edge runtimes.
 *
 * @packageDocumentation
 */
// What the package exports, and how the component becomes an object of functions.

import { type CadenceFunctions, cadenceFunctions } from "./cadence.js";
import { LogicComponent } from "./component.js";
import { compiled, moduleOf, type Source } from "./load.js";
import { type PageFunctions, pageFunctions } from "./page.js";
import { type ReadinessFunctions, readinessFunctions } from "./readiness.js";
import { type RetryFunctions, retryFunctions } from "./retry.js";
import { type SignatureFunctions, signatureFunctions } from "./signature.js";
import { type WebhookFunctions, webhookFunctions } from "./webhook.js";
import { type WindowFunctions, windowFunctions } from "./window.js";

export { type CadenceFacts, type CadenceFunctions, type CadencePolicy } from "./cadence.js";
export { DEFAULT_CADENCE, type Interval, type NextPoll } from "./cadence.js";
export { ComponentError, InputError, MergeSyncError, ProblemError } from "./errors.js";
export { VersionError } from "./errors.js";
export { compareInstants, fromEpochMicroseconds, instant, type Instant } from "./instant.js";
export { type InstantLike, toDate, toEpochMicroseconds } from "./instant.js";
export type { Source } from "./load.js";
export type { PageContents, PageFunctions, Row } from "./page.js";
export type { AccountPhase, AccountReadiness, ModelReadiness, PartialPolicy } from "./readiness.js";
export type { Phase, ReadinessFacts, ReadinessFunctions, StatusPage } from "./readiness.js";
export { type AttemptOutcome, DEFAULT_RETRY, type Remedy, type RetryDecision } from "./retry.js";
export type { RetryFacts, RetryFunctions, RetryPolicy } from "./retry.js";
export type { Authentic, Refusal, SignatureFunctions, SignedBody, Verdict } from "./signature.js";
export type { Account, LinkState, Milliseconds, ModelStatus } from "./types.js";
export type { ModelStatusInput, SyncState, UnknownState } from "./types.js";
export { VERSION } from "./version.js";
export type { Handling, Outcome, Reply, WebhookEvent, WebhookFunctions } from "./webhook.js";
export type { CompletedFetch, Endpoint, Plan, Progress, ProgressInput } from "./window.js";
export type { SkipReason, Span, SpanInput, WindowFacts, WindowFunctions } from "./window.js";
export type { WindowRule } from "./window.js";

/** The decisions. Every function is synchronous, and keeps nothing between two calls. */
export interface MergeSync {
  readonly signature: SignatureFunctions;
  readonly webhook: WebhookFunctions;
  readonly readiness: ReadinessFunctions;
  readonly window: WindowFunctions;
  readonly page: PageFunctions;
  readonly cadence: CadenceFunctions;
  readonly retry: RetryFunctions;
  readonly meta: {
    /** The component's version. */
    version(): string;
  };
}

/**
 * Loads the decisions, from the package's own file unless told otherwise.
 *
 * @throws {@link ComponentError} where that is missing, damaged or of another version.
 */
export async function load(source?: Source): Promise<MergeSync> {
  return instantiate(await moduleOf("merge-sync-logic.core.wasm", source));
}

/**
 * The decisions of a module that is compiled already: for runtimes that import WebAssembly as a
 * module, such as Cloudflare's (`import logic from "merge-sync/logic.wasm"`).
 *
 * @throws {@link ComponentError} where the module is damaged or of another version.
 */
export function instantiate(module: WebAssembly.Module): MergeSync {
  const component = new LogicComponent(compiled(module, "module"));
  return Object.freeze({
    signature: signatureFunctions((facts) => component.call((c) => c.signature.verify(facts))),
    webhook: webhookFunctions((facts) => component.call((c) => c.webhook.handle(facts))),
    readiness: readinessFunctions({
      evaluate: (facts) => component.call((c) => c.readiness.evaluate(facts)),
      parseStatus: (body) => component.call((c) => c.readiness.parseStatus(body)),
    }),
    window: windowFunctions({
      next: (facts) => component.call((c) => c.window.next(facts)),
      advance: (fetch) => component.call((c) => c.window.advance(fetch)),
      locate: (modelId) => component.call((c) => c.window.locate(modelId)),
    }),
    page: pageFunctions((modelId, body) => component.call((c) => c.page.parse(modelId, body))),
    cadence: cadenceFunctions((facts) => component.call((c) => c.cadence.next(facts))),
    retry: retryFunctions((facts) => component.call((c) => c.retry.decide(facts))),
    meta: { version: () => component.call((c) => c.meta.version()) },
  });
}
