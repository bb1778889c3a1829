-- What the example keeps in PostgreSQL. Instants are timestamptz: microseconds, UTC. Nothing here
-- refuses a text of the engine's: it has U+FFFD in place of U+0000. A record's JSON is `text` and
-- not `jsonb`, which would refuse the escape `\u0000` and would not keep the very bytes.

CREATE TABLE IF NOT EXISTS linked_accounts (
    linked_account_id  text PRIMARY KEY,
    category           text NOT NULL DEFAULT '',
    integration        text NOT NULL DEFAULT '',
    integration_slug   text NOT NULL DEFAULT '',
    end_user_origin_id text NOT NULL DEFAULT '',
    organization_name  text NOT NULL DEFAULT '',
    status             text NOT NULL DEFAULT '',
    account_token      text,
    state              text NOT NULL DEFAULT '',
    version            bigint NOT NULL DEFAULT 0,
    last_note          bigint NOT NULL DEFAULT 0,
    not_before         timestamptz,
    start_at           timestamptz,
    phase              text NOT NULL DEFAULT '',
    models_ready       bigint NOT NULL DEFAULT 0,
    models_needed      bigint NOT NULL DEFAULT 0,
    trouble            text,
    fresh_to           timestamptz,
    account_type       text NOT NULL DEFAULT '',
    is_duplicate       boolean,
    link               text NOT NULL DEFAULT '',
    skipped            bigint NOT NULL DEFAULT 0,
    failed_runs        bigint NOT NULL DEFAULT 0,
    failed_since       timestamptz,
    failed_with        text NOT NULL DEFAULT ''
);

-- Of tables that an earlier version of this file made.
ALTER TABLE linked_accounts
    ADD COLUMN IF NOT EXISTS account_type text NOT NULL DEFAULT '',
    ADD COLUMN IF NOT EXISTS is_duplicate boolean,
    ADD COLUMN IF NOT EXISTS link         text NOT NULL DEFAULT '',
    ADD COLUMN IF NOT EXISTS skipped      bigint NOT NULL DEFAULT 0,
    ADD COLUMN IF NOT EXISTS failed_runs  bigint NOT NULL DEFAULT 0,
    ADD COLUMN IF NOT EXISTS failed_since timestamptz,
    ADD COLUMN IF NOT EXISTS failed_with  text NOT NULL DEFAULT '',
    ALTER COLUMN trouble DROP NOT NULL,
    ALTER COLUMN trouble DROP DEFAULT;
UPDATE linked_accounts SET trouble = NULL WHERE trouble = '';

CREATE INDEX IF NOT EXISTS linked_accounts_by_start ON linked_accounts (start_at);

CREATE TABLE IF NOT EXISTS notes (
    linked_account_id text NOT NULL REFERENCES linked_accounts,
    key               text NOT NULL,
    number            bigint NOT NULL,
    text              text NOT NULL,
    secret            text,
    PRIMARY KEY (linked_account_id, key)
);

CREATE TABLE IF NOT EXISTS records (
    linked_account_id text NOT NULL REFERENCES linked_accounts,
    model_id          text NOT NULL,
    id                text NOT NULL,
    remote_id         text,
    modified_at       timestamptz,
    deleted           boolean NOT NULL,
    pass              bigint,
    json              text NOT NULL,
    PRIMARY KEY (linked_account_id, model_id, id)
);

CREATE INDEX IF NOT EXISTS records_live_by_pass ON records (linked_account_id, model_id, pass)
    WHERE NOT deleted;

-- A sequence is given when a notice is added, not when it is committed: `addNotices` makes them one.
CREATE TABLE IF NOT EXISTS notices (
    sequence          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id                text NOT NULL UNIQUE,
    linked_account_id text NOT NULL REFERENCES linked_accounts,
    occasion          text NOT NULL,
    model_id          text,
    text              text NOT NULL
);
