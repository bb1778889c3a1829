//! The tables, how a file is recognized as ours, and how one of an older version is brought up.

use rusqlite::{Connection, ErrorCode, TransactionBehavior};

/// Marks a SQLite file as a store of merge-sync: `MSyn`.
const APPLICATION_ID: i32 = 0x4d53_796e;

/// The version of [`TABLES`].
pub(super) const SCHEMA_VERSION: i32 = 3;

const TABLES: &str = include_str!("../../schema/sqlite.sql");

/// What makes of each version the next one: the first entry of version 1 version 2.
const STEPS: [&str; 2] = [
    include_str!("../../schema/sqlite-upgrade-1-2.sql"),
    include_str!("../../schema/sqlite-upgrade-2-3.sql"),
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
