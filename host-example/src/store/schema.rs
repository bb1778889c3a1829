//! The tables, how a file is recognized as ours, and how one of an older version is brought up.

use rusqlite::{Connection, ErrorCode, TransactionBehavior};

/// Marks a SQLite file as a store of merge-sync: `MSyn`.
const APPLICATION_ID: i32 = 0x4d53_796e;

/// The version of [`TABLES`].
pub(super) const SCHEMA_VERSION: i32 = 3;

/// Instants are microseconds since 1970 in UTC: `modified_at` and `fresh_to` on Merge's clock,
/// all others on the host's. Without trouble, `trouble` is null.
const TABLES: &str = "
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

-- For sweeps. `deleted` is in it so that they need not look at the records themselves.
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
";

/// What makes of each version the next one: the first entry of version 1 version 2.
const STEPS: [&str; 2] = [
    "
ALTER TABLE linked_accounts ADD COLUMN account_type TEXT NOT NULL DEFAULT '';
ALTER TABLE linked_accounts ADD COLUMN is_duplicate INTEGER;
ALTER TABLE linked_accounts ADD COLUMN link TEXT NOT NULL DEFAULT '';
ALTER TABLE linked_accounts ADD COLUMN skipped INTEGER NOT NULL DEFAULT 0;
ALTER TABLE linked_accounts ADD COLUMN failed_runs INTEGER NOT NULL DEFAULT 0;
ALTER TABLE linked_accounts ADD COLUMN failed_since INTEGER;
ALTER TABLE linked_accounts ADD COLUMN failed_with TEXT NOT NULL DEFAULT '';
CREATE INDEX records_live_by_pass ON records (linked_account_id, model_id, pass, deleted)
    WHERE NOT deleted;
",
    "
ALTER TABLE linked_accounts ADD COLUMN trouble_kind TEXT;
UPDATE linked_accounts SET trouble_kind = nullif(trouble, '');
ALTER TABLE linked_accounts DROP COLUMN trouble;
ALTER TABLE linked_accounts RENAME COLUMN trouble_kind TO trouble;
",
];

/// What is in a file.
#[derive(Debug, PartialEq, Eq)]
enum Found {
    Nothing,
    Ours,
    Older,
    Newer(i32),
    Foreign,
}

/// Make `connection` a connection to our tables, creating them in an empty file.
///
/// Nothing is written into a file that holds something else.
///
/// # Errors
///
/// One line that says what is wrong with the file, without its name.
pub(super) fn prepare(connection: &mut Connection) -> Result<(), String> {
    match look(connection)? {
        Found::Ours => {}
        Found::Nothing => create(connection)?,
        Found::Older => bring_up(connection).map_err(|error| explain(&error))?,
        Found::Newer(version) => {
            return Err(format!(
                "has schema version {version}, and this merge-sync knows {SCHEMA_VERSION}: it was \
                 written by a newer one"
            ));
        }
        Found::Foreign => {
            return Err("is not a store of merge-sync; nothing was changed in it".to_owned());
        }
    }
    configure(connection).map_err(|error| explain(&error))
}

/// What SQLite's error means, in words that name what to do about the file.
pub(super) fn explain(error: &rusqlite::Error) -> String {
    let hint = match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => "is not a SQLite file",
        Some(ErrorCode::DatabaseCorrupt) => "is damaged",
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => "is locked by another program",
        Some(ErrorCode::ReadOnly) => "cannot be written to, it is read-only",
        Some(ErrorCode::DiskFull) => "cannot grow, the disk or its quota is full",
        Some(ErrorCode::CannotOpen) => "cannot be opened",
        Some(ErrorCode::PermissionDenied) => "may not be accessed by this user",
        _ => return error.to_string(),
    };
    format!("{hint} ({error})")
}

fn look(connection: &Connection) -> Result<Found, String> {
    let number = |pragma: &str| {
        connection
            .query_row(pragma, [], |row| row.get::<_, i32>(0))
            .map_err(|error| explain(&error))
    };
    let tables = number("SELECT count(*) FROM sqlite_schema")?;
    let application = number("PRAGMA application_id")?;
    let version = number("PRAGMA user_version")?;
    Ok(match (application, tables) {
        (APPLICATION_ID, _) if version > SCHEMA_VERSION => Found::Newer(version),
        (APPLICATION_ID, 1..) if version < SCHEMA_VERSION => Found::Older,
        (APPLICATION_ID, 1..) => Found::Ours,
        (0 | APPLICATION_ID, 0) => Found::Nothing,
        _ => Found::Foreign,
    })
}

fn create(connection: &mut Connection) -> Result<(), String> {
    let made = (|| {
        // Of an empty file only, and before anything else.
        connection.pragma_update(None, "page_size", PAGE)?;
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        // Two programs may have found the same empty file.
        let tables: i32 =
            transaction.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
        if tables == 0 {
            transaction.execute_batch(TABLES)?;
            transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
            transaction.pragma_update(None, "user_version", SCHEMA_VERSION)?;
        }
        transaction.commit()
    })();
    made.map_err(|error| explain(&error))
}

/// Every step from the file's version to ours, or none: a program of the older version may go on
/// with the file meanwhile, and does not open it again.
fn bring_up(connection: &mut Connection) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Two programs may have found the same old file.
    let version: i32 = transaction.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    let done = usize::try_from(version.saturating_sub(1)).unwrap_or(0);
    for step in STEPS.iter().skip(done) {
        transaction.execute_batch(step)?;
    }
    transaction.pragma_update(None, "user_version", SCHEMA_VERSION)?;
    transaction.commit()
}

/// Bytes of a page. Records come by the hundred and lie all over the index: with SQLite's own 4,096
/// there were twice as many writes, and a first sync took a tenth longer.
const PAGE: u32 = 8_192;

/// What the writer keeps in memory, as SQLite counts it: negative, in KiB. Its own are 2 MB; a first
/// sync was no faster with more, and stores with many accounts were measured with these alone.
const CACHE: i32 = -16_000;

/// Pages of the write-ahead log that are moved into the file together, 32 MB: a page that changed
/// in several commits is moved once. With SQLite's own 1,000 a first sync took a fifth longer.
const CHECKPOINT: u32 = 4_000;

/// Durable commits, readers beside the writer, and erased secrets really gone.
fn configure(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "secure_delete", "FAST")?;
    connection.pragma_update(None, "foreign_keys", "ON")?;
    connection.pragma_update(None, "cache_size", CACHE)?;
    connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT)?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(())
}
