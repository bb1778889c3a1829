//! The store's file, read as any other program would read it.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result};
use merge_simulator::StoredRow;
use rusqlite::{Connection, OpenFlags};

/// What is in the file at the end.
#[derive(Debug)]
pub struct Found {
    /// Every record.
    pub rows: Vec<StoredRow>,
    /// Accounts, and those that are ready.
    pub accounts: (u64, u64),
    /// SQLite's own opinion of the file: `ok`, or what is wrong with it.
    pub integrity: String,
}

/// Read it all.
pub fn read(file: &Path) -> Result<Found> {
    found(file).context("the store cannot be read")
}

fn found(file: &Path) -> rusqlite::Result<Found> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let sql = Connection::open_with_flags(file, flags)?;
    sql.busy_timeout(Duration::from_secs(5))?;
    let rows = sql
        .prepare("SELECT linked_account_id, model_id, id, modified_at, deleted, json FROM records")?
        .query_map([], |row| {
            Ok(StoredRow {
                account: row.get(0)?,
                model_id: row.get(1)?,
                id: row.get(2)?,
                modified_at: row.get(3)?,
                deleted: row.get(4)?,
                json: row.get(5)?,
            })
        })?
        .collect::<rusqlite::Result<_>>()?;
    let accounts = sql.query_row(
        "SELECT count(*), count(*) FILTER (WHERE phase = 'ready') FROM linked_accounts",
        [],
        |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)),
    )?;
    Ok(Found {
        rows,
        accounts: (accounts.0.unsigned_abs(), accounts.1.unsigned_abs()),
        integrity: sql.query_row("PRAGMA integrity_check", [], |row| row.get(0))?,
    })
}
