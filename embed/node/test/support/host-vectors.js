// What every language's hosts have to pass, and stores to run it against.

import { readFileSync } from "node:fs";

import { fromEpochMicroseconds } from "merge-sync";

const FOLDER = new URL("../../../../tests/host-vectors/", import.meta.url);

/** The scenarios of a kind. */
export function scenarios(kind) {
  return JSON.parse(readFileSync(new URL(`${kind}.json`, FOLDER), "utf8"));
}

/** What `checkStore` takes: a SQLite store, and what is in its tables. */
export function subject(store, database) {
  const rows = (account, modelId) =>
    database
      .prepare(
        `SELECT id, remote_id AS remoteId, modified_at AS modifiedAt, deleted, json FROM records
         WHERE linked_account_id = ? AND model_id = ?`,
      )
      .all(account, modelId)
      .map((row) => ({
        ...row,
        modifiedAt: row.modifiedAt === null ? null : fromEpochMicroseconds(BigInt(row.modifiedAt)),
        deleted: row.deleted === 1,
      }));
  const profile = (account) => {
    const found = database
      .prepare(
        `SELECT linked_account_id AS id, category, integration,
           integration_slug AS integrationSlug, end_user_origin_id AS endUserOriginId,
           organization_name AS organizationName, status AS linkStatus,
           account_type AS accountType, is_duplicate AS isDuplicate
         FROM linked_accounts WHERE linked_account_id = ?`,
      )
      .get(account);
    return { ...found, isDuplicate: found.isDuplicate === null ? null : found.isDuplicate === 1 };
  };
  const notices = (after, limit) =>
    database
      .prepare(
        `SELECT sequence AS cursor, linked_account_id AS account, id, occasion,
           model_id AS modelId, text
         FROM notices WHERE sequence > ? ORDER BY sequence LIMIT ?`,
      )
      .all(after ?? 0, limit);
  return { store, rows, profile, notices, close: () => database.close() };
}
