-- The tables of a store of schema version 1, as the first version of the host made them.

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
    trouble TEXT NOT NULL DEFAULT '',
    fresh_to INTEGER
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

CREATE TABLE notices (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    linked_account_id TEXT NOT NULL REFERENCES linked_accounts,
    at INTEGER NOT NULL,
    occasion TEXT NOT NULL,
    model_id TEXT,
    text TEXT NOT NULL
) STRICT;
