// What did Merge just tell us, and what do we answer?

import type * as Component from "./generated/interfaces/merge-sync-triggers-webhook.js";
import type { Instant } from "./instant.js";
import { type Authentic, type Refusal, type SignedBody, signedBody } from "./signature.js";
import { type Account, accountFrom, instantFrom, type ModelStatus, statusFrom } from "./types.js";

/** What a verified body says. */
export type WebhookEvent =
  /** `LinkedAccount.linked`: the only event that carries the account token. */
  | {
      readonly tag: "linked";
      readonly account: Account;
      /** The secret to send as `X-Account-Token`. */
      readonly accountToken: string;
      /** Whether the end user authenticated an account that was linked before. */
      readonly isRelink: boolean;
      /**
       * When the end user completed this link, Merge's clock; null where not sent. Deliveries come
       * in any order: of two links, the token of the one that was completed later counts.
       */
      readonly completedAt: Instant | null;
    }
  /**
   * `LinkedAccount.sync_completed` or `<Model>.synced`; or, without a model, any other event that
   * names a linked account (`LinkedAccount.synced`, `employee.updated`, events unknown today): a
   * hint to poll. Names of events compare without regard to case.
   */
  | {
      readonly tag: "synced";
      readonly account: Account;
      /** The account's flag in `sync_completed`, the model's in `<Model>.synced`. */
      readonly isInitialSync: boolean | null;
      /** One entry a model named, in model-id order. Empty: poll. */
      readonly models: readonly ModelStatus[];
    }
  /** `<Model>.added`, `.changed` or `.removed`. */
  | {
      readonly tag: "record-changed";
      readonly account: Account;
      /** Null where this version does not know the event's model. */
      readonly modelId: string | null;
      /** Merge's id of the record; null where not sent. */
      readonly recordId: string | null;
    }
  /**
   * `Issue.*`. A hint: it may tell of an issue that is solved, so what is wrong now is what
   * `/issues` says.
   */
  | {
      readonly tag: "issue-changed";
      readonly account: Account | null;
      /** Merge's words for people or, without any, the first of its details; may be empty. */
      readonly description: string;
    }
  /** `LinkedAccount.deleted`. */
  | { readonly tag: "unlinked"; readonly account: Account }
  /**
   * An event that asks nothing of us: one that names no account, what came of a request of your own
   * (`AsyncPassthrough.*`), or Merge's test ping.
   */
  | { readonly tag: "ignored"; readonly reason: string };

/** What came of a delivery. */
export type Outcome =
  | {
      readonly tag: "accepted";
      readonly authentic: Authentic;
      /** Merge's name of the event, for example `Employee.synced`; empty for the ping. */
      readonly name: string;
      readonly event: WebhookEvent;
    }
  | { readonly tag: "refused"; readonly reason: Refusal }
  /** A trusted body that is not a Merge webhook. */
  | { readonly tag: "malformed"; readonly authentic: Authentic; readonly problem: string };

/** What to send back. */
export interface Reply {
  /** 200, 401 or 500. */
  readonly status: number;
  /** A JSON document. */
  readonly body: string;
}

/** A delivery, handled. */
export interface Handling {
  /**
   * The reply once the outcome is durable. Where it cannot be made durable within five seconds,
   * answer 500 instead, so that Merge sends it again.
   */
  readonly reply: Reply;
  readonly outcome: Outcome;
}

/** Decisions about webhooks. */
export interface WebhookFunctions {
  /** Verify, then parse, then choose the reply: in that order, never another. */
  handle(delivery: SignedBody): Handling;
}

/** For a body that is no text: no signature of Merge's is over such a body. */
const NOT_UTF_8: Handling = {
  reply: { status: 401, body: '{"error": "Invalid signature"}' },
  outcome: { tag: "refused", reason: "mismatch" },
};

export function webhookFunctions(handle: typeof Component.handle): WebhookFunctions {
  return {
    handle(delivery) {
      const facts = signedBody(delivery);
      if (facts === null) return structuredClone(NOT_UTF_8);
      const { reply, outcome } = handle(facts);
      return { reply, outcome: outcomeFrom(outcome) };
    },
  };
}

function outcomeFrom(outcome: Component.Outcome): Outcome {
  switch (outcome.tag) {
    case "accepted": {
      const { authentic, name, event } = outcome.val;
      return { tag: "accepted", authentic, name, event: eventFrom(event) };
    }
    case "refused":
      return { tag: "refused", reason: outcome.val.reason };
    case "malformed": {
      const { authentic, problem } = outcome.val;
      return { tag: "malformed", authentic, problem: problem.message };
    }
  }
}

function eventFrom(event: Component.Event): WebhookEvent {
  switch (event.tag) {
    case "linked": {
      const { accountToken, isRelink, completedAt } = event.val;
      return {
        tag: "linked",
        account: accountFrom(event.val.account),
        accountToken,
        isRelink,
        completedAt: instantFrom(completedAt),
      };
    }
    case "synced": {
      const { account, isInitialSync = null, models } = event.val;
      return {
        tag: "synced",
        account: accountFrom(account),
        isInitialSync,
        models: models.map(statusFrom),
      };
    }
    case "record-changed": {
      const { account, modelId = null, recordId = null } = event.val;
      return { tag: "record-changed", account: accountFrom(account), modelId, recordId };
    }
    case "issue-changed": {
      const { account, description } = event.val;
      return {
        tag: "issue-changed",
        account: account === undefined ? null : accountFrom(account),
        description,
      };
    }
    case "unlinked":
      return { tag: "unlinked", account: accountFrom(event.val.account) };
    case "ignored":
      return { tag: "ignored", reason: event.val.reason };
  }
}
