// An account that the engine learns of by other means than a webhook.

import { boolean, object, optional, text } from "../check.js";
import { instant, type InstantLike } from "../instant.js";
import type { Account } from "../types.js";

/** An account to look after, for who learns of it by other means than its webhook. */
export interface NewAccount {
  readonly account: Pick<Account, "id" | "category"> & Partial<Account>;
  /** What to send as `X-Account-Token`; left out where the store holds it already. */
  readonly token?: string | null | undefined;
  /** When it was linked; now by default. */
  readonly linkedAt?: InstantLike | null | undefined;
}

const ACCOUNT = [
  "id",
  "category",
  "integration",
  "integrationSlug",
  "endUserOriginId",
  "organizationName",
  "linkStatus",
  "accountType",
  "isDuplicate",
] as const;

/** The account as the engine takes it. */
export function newAccountTo(account: NewAccount): unknown {
  const fields = object(account, "account", ["account", "token", "linkedAt"]);
  const given = object(fields.account, "account", ACCOUNT);
  const profile = Object.fromEntries(
    ACCOUNT.map((key): [string, unknown] => {
      if (key === "isDuplicate") {
        return [key, optional(given[key], `account.${key}`, boolean) ?? null];
      }
      const needed = key === "id" || key === "category";
      const value = needed ? given[key] : (given[key] ?? "");
      return [key, text(value, `account.${key}`)];
    }),
  );
  return {
    account: profile,
    token: optional(fields.token, "token", text) ?? null,
    linkedAt: account.linkedAt == null ? null : instant(account.linkedAt),
  };
}
