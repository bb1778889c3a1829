// The tables of the SQLite store, those of the reference host, and every statement on them.
//
// Instants are microseconds since 1970: `modified_at` and `fresh_to` on Merge's clock, all others
// on the host's. They are read as text: the two drivers differ in how they read large integers.
// The index of live records is for sweeps; `deleted` is in it so that they need not look at the
// records themselves.

/** Marks a SQLite file as a store of merge-sync: `MSyn`. */
export const APPLICATION_ID = 0x4d53796e;

/** The version of {@link TABLES}. */
export const SCHEMA_VERSION = 3;

export const TABLES = `
CREATE TABLE linked_accounts (
    linked_account_id TEXT PRIMARY KEY NOT NULL,
    category TEXT NOT NULL DEFAULT '',
    integration TEXT NOT NULL DEFAULT '',
    integration_slug TEXT NOT NULL DEFAULT '',
    end_user_origin_id TEXT NOT NULL DEFAULT '',
    organization_name TEXT NOT NULL DEFAULT '',
    status TEXT NOT NULL DEFAULT '',
    account_token TEXT,
    first_seen INTEGER NOT NULL,
    state TEXT NOT NULL DEFAULT '',
    version INTEGER NOT NULL DEFAULT 0,
    last_note INTEGER NOT NULL DEFAULT 0,
    wake_at INTEGER,
    not_before INTEGER,
    start_at INTEGER,
    phase TEXT NOT NULL DEFAULT '',
    models_ready INTEGER NOT NULL DEFAULT 0,
    models_needed INTEGER NOT NULL DEFAULT 0,
    fresh_to INTEGER,
    account_type TEXT NOT NULL DEFAULT '',
    is_duplicate INTEGER,
    link TEXT NOT NULL DEFAULT '',
    skipped INTEGER NOT NULL DEFAULT 0,
    failed_runs INTEGER NOT NULL DEFAULT 0,
    failed_since INTEGER,
    failed_with TEXT NOT NULL DEFAULT '',
    trouble TEXT
) STRICT;
CREATE INDEX linked_accounts_by_start ON linked_accounts (start_at) WHERE start_at IS NOT NULL;
CREATE TABLE notes (
    linked_account_id TEXT NOT NULL REFERENCES linked_accounts,
    key TEXT NOT NULL,
    number INTEGER NOT NULL,
    text TEXT NOT NULL,
    secret TEXT,
    PRIMARY KEY (linked_account_id, key)
) STRICT, WITHOUT ROWID;
CREATE TABLE records (
    linked_account_id TEXT NOT NULL REFERENCES linked_accounts,
    model_id TEXT NOT NULL,
    id TEXT NOT NULL,
    remote_id TEXT,
    modified_at INTEGER,
    deleted INTEGER NOT NULL,
    first_seen INTEGER NOT NULL,
    last_seen INTEGER NOT NULL,
    pass INTEGER,
    json TEXT NOT NULL,
    PRIMARY KEY (linked_account_id, model_id, id)
) STRICT;
CREATE INDEX records_live_by_pass ON records (linked_account_id, model_id, pass, deleted)
    WHERE NOT deleted;
CREATE TABLE notices (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    linked_account_id TEXT NOT NULL REFERENCES linked_accounts,
    at INTEGER NOT NULL,
    occasion TEXT NOT NULL,
    model_id TEXT,
    text TEXT NOT NULL
) STRICT;
PRAGMA application_id = ${APPLICATION_ID.toString()};
PRAGMA user_version = ${SCHEMA_VERSION.toString()};
`;

/** What makes of each version the next one: the first of version 1 version 2. */
export const STEPS = [
  `
ALTER TABLE linked_accounts ADD COLUMN account_type TEXT NOT NULL DEFAULT '';
ALTER TABLE linked_accounts ADD COLUMN is_duplicate INTEGER;
ALTER TABLE linked_accounts ADD COLUMN link TEXT NOT NULL DEFAULT '';
ALTER TABLE linked_accounts ADD COLUMN skipped INTEGER NOT NULL DEFAULT 0;
ALTER TABLE linked_accounts ADD COLUMN failed_runs INTEGER NOT NULL DEFAULT 0;
ALTER TABLE linked_accounts ADD COLUMN failed_since INTEGER;
ALTER TABLE linked_accounts ADD COLUMN failed_with TEXT NOT NULL DEFAULT '';
CREATE INDEX records_live_by_pass ON records (linked_account_id, model_id, pass, deleted)
    WHERE NOT deleted;
PRAGMA user_version = 2;
`,
  `
ALTER TABLE linked_accounts ADD COLUMN trouble_kind TEXT;
UPDATE linked_accounts SET trouble_kind = nullif(trouble, '');
ALTER TABLE linked_accounts DROP COLUMN trouble;
ALTER TABLE linked_accounts RENAME COLUMN trouble_kind TO trouble;
PRAGMA user_version = 3;
`,
] as const;

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
