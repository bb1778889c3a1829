package sqlitestore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// applicationID marks a SQLite file as a store of merge-sync: MSyn.
const applicationID = 0x4d53796e

// schemaVersion is the version of tables.
const schemaVersion = 3

// tables are those of the reference host: a file of one can be opened by the other.
// Instants are microseconds since 1970 in UTC.
const tables = `
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

-- For sweeps. ` + "`deleted`" + ` is in it so that they need not look at the records themselves.
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
`

// steps make of each version the next one: the first of version 1 version 2.
var steps = [schemaVersion - 1]string{`
ALTER TABLE linked_accounts ADD COLUMN account_type TEXT NOT NULL DEFAULT '';
ALTER TABLE linked_accounts ADD COLUMN is_duplicate INTEGER;
ALTER TABLE linked_accounts ADD COLUMN link TEXT NOT NULL DEFAULT '';
ALTER TABLE linked_accounts ADD COLUMN skipped INTEGER NOT NULL DEFAULT 0;
ALTER TABLE linked_accounts ADD COLUMN failed_runs INTEGER NOT NULL DEFAULT 0;
ALTER TABLE linked_accounts ADD COLUMN failed_since INTEGER;
ALTER TABLE linked_accounts ADD COLUMN failed_with TEXT NOT NULL DEFAULT '';
CREATE INDEX records_live_by_pass ON records (linked_account_id, model_id, pass, deleted)
    WHERE NOT deleted;
`, `
ALTER TABLE linked_accounts ADD COLUMN trouble_kind TEXT;
UPDATE linked_accounts SET trouble_kind = nullif(trouble, '');
ALTER TABLE linked_accounts DROP COLUMN trouble;
ALTER TABLE linked_accounts RENAME COLUMN trouble_kind TO trouble;
`}

// prepare makes an empty file ours, brings one of ours up to this version, and leaves any
// other one as it is: in one transaction, since two programs may have found the same file.
func prepare(ctx context.Context, db *sql.DB) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	var found, version, application int
	for pragma, to := range map[string]*int{
		"SELECT count(*) FROM sqlite_schema": &found,
		"PRAGMA user_version":                &version,
		"PRAGMA application_id":              &application,
	} {
		if err := tx.QueryRowContext(ctx, pragma).Scan(to); err != nil {
			return err
		}
	}
	statements := []string{tables, fmt.Sprintf("PRAGMA application_id = %d", applicationID)}
	switch {
	case application == applicationID && version > schemaVersion:
		return fmt.Errorf("has schema version %d, and this package knows %d: it was written by a newer one", version, schemaVersion)
	case application == applicationID && found > 0 && version == schemaVersion:
		return nil
	case application == applicationID && found > 0:
		statements = steps[max(version-1, 0):]
	case found > 0 || application != 0 && application != applicationID:
		return errors.New("is not a store of merge-sync; nothing was changed in it")
	}
	for _, statement := range append(statements, fmt.Sprintf("PRAGMA user_version = %d", schemaVersion)) {
		if _, err := tx.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	return tx.Commit()
}
