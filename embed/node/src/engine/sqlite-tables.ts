// Every statement of the SQLite store. Its tables are in `host-example/schema` of the repository,
// from where the build takes them: the reference host and every package share them.
//
// Instants are read as text: the two drivers differ in how they read large integers.

import { STEPS, TABLES } from "../generated/sqlite-schema.js";

export { STEPS, TABLES };

/** Marks a SQLite file as a store of merge-sync: `MSyn`. */
export const APPLICATION_ID = 0x4d53796e;

/** The version of the tables. */
export const SCHEMA_VERSION = STEPS.length + 1;

export const SQL = {
  insertAccount: `
    INSERT OR IGNORE INTO linked_accounts (linked_account_id, first_seen) VALUES (?, ?)`,
  // The note makes the account due as far as its `not_before` allows.
  numberNote: `
    UPDATE linked_accounts SET
        last_note = last_note + 1,
        start_at = (SELECT min(ifnull(start_at, at), at) FROM (
            SELECT max(ifnull(not_before, now), now) AS at FROM (SELECT ? AS now)))
    WHERE linked_account_id = ?
    RETURNING last_note`,
  setProfile: `
    UPDATE linked_accounts SET
        category = ifnull(nullif(?, ''), category),
        integration = ifnull(nullif(?, ''), integration),
        integration_slug = ifnull(nullif(?, ''), integration_slug),
        end_user_origin_id = ifnull(nullif(?, ''), end_user_origin_id),
        organization_name = ifnull(nullif(?, ''), organization_name),
        status = ifnull(nullif(?, ''), status),
        account_type = ifnull(nullif(?, ''), account_type),
        is_duplicate = ifnull(?, is_duplicate)
    WHERE linked_account_id = ?`,
  keepNote: `
    INSERT OR REPLACE INTO notes (linked_account_id, key, number, text, secret)
    VALUES (?, ?, ?, ?, ?)`,
  load: `SELECT state, version FROM linked_accounts WHERE linked_account_id = ?`,
  notes: `
    SELECT number, key, text, secret FROM notes WHERE linked_account_id = ? ORDER BY number`,
  version: `SELECT version FROM linked_accounts WHERE linked_account_id = ?`,
  consume: `DELETE FROM notes WHERE linked_account_id = ? AND number = ?`,
  eraseFromNotes: `
    UPDATE notes SET secret = NULL
    WHERE linked_account_id = ? AND secret = (
        SELECT account_token FROM linked_accounts WHERE linked_account_id = ?)`,
  setToken: `UPDATE linked_accounts SET account_token = ? WHERE linked_account_id = ?`,
  replaceRow: `
    INSERT INTO records (linked_account_id, model_id, id, remote_id, modified_at, deleted,
                         first_seen, last_seen, pass, json)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (linked_account_id, model_id, id) DO UPDATE SET
        remote_id = excluded.remote_id,
        modified_at = excluded.modified_at,
        deleted = excluded.deleted,
        last_seen = excluded.last_seen,
        pass = max(ifnull(excluded.pass, pass), ifnull(pass, excluded.pass)),
        json = excluded.json
    WHERE (modified_at > excluded.modified_at) IS NOT TRUE`,
  seeRow: `
    UPDATE records SET last_seen = ?, pass = max(ifnull(?, pass), ifnull(pass, ?))
    WHERE linked_account_id = ? AND model_id = ? AND id = ?`,
  countUnseen: `
    SELECT count(*) AS live, count(*) FILTER (WHERE pass IS NULL OR pass < ?) AS unseen
    FROM records
    WHERE linked_account_id = ? AND model_id = ? AND NOT deleted`,
  sweep: `
    UPDATE records SET deleted = 1 WHERE rowid IN (
        SELECT rowid FROM records
        WHERE linked_account_id = ? AND model_id = ? AND NOT deleted AND pass IS NULL
        UNION ALL
        SELECT rowid FROM records
        WHERE linked_account_id = ? AND model_id = ? AND NOT deleted AND pass < ?
        LIMIT ?)`,
  addNotice: `
    INSERT INTO notices (id, linked_account_id, at, occasion, model_id, text)
    VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING`,
  setState: `
    UPDATE linked_accounts SET
        state = ?, version = ?, wake_at = ?, not_before = ?,
        start_at = (SELECT max(start, ifnull(?, start)) FROM (
            SELECT CASE WHEN EXISTS (SELECT 1 FROM notes WHERE linked_account_id = ?)
                   THEN ? ELSE ? END AS start)),
        phase = ?, models_ready = ?, models_needed = ?, trouble = ?, link = ?, skipped = ?,
        fresh_to = ?
    WHERE linked_account_id = ?`,
  token: `SELECT account_token FROM linked_accounts WHERE linked_account_id = ?`,
  due: `
    SELECT linked_account_id, CAST(start_at AS TEXT) AS start_at, version, failed_runs
    FROM linked_accounts
    WHERE start_at IS NOT NULL AND (start_at <= ? OR start_at > ?)
    ORDER BY linked_accounts.start_at, linked_account_id LIMIT ?`,
  nextStart: `
    SELECT CAST(min(start_at) AS TEXT) AS start_at FROM linked_accounts WHERE start_at > ?`,
  runEnded: `
    UPDATE linked_accounts SET
        (failed_runs, failed_since, failed_with) = (
            SELECT iif(failure IS NULL, 0, failed_runs + 1),
                   iif(failure IS NULL, NULL, ifnull(failed_since, now)),
                   ifnull(failure, '')
            FROM (SELECT ? AS failure, ? AS now))
    WHERE linked_account_id = ?`,
  failedRuns: `
    SELECT failed_runs, CAST(ifnull(failed_since, 0) AS TEXT) AS failed_since, failed_with
    FROM linked_accounts WHERE linked_account_id = ? AND failed_runs > 0`,
} as const;
