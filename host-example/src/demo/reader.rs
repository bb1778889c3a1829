//! The store's file, read as any other program would read it: nothing here goes through the
//! host.

use std::path::Path;

use merge_simulator::StoredRow;
use rusqlite::{Connection, OpenFlags};

/// One account, for the progress.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Account {
    pub integration: String,
    /// `syncing`, `ready`, ...; empty before the first poll.
    pub phase: String,
    pub ready: u64,
    pub needed: u64,
    pub records: u64,
}

/// A connection that can only read.
#[derive(Debug)]
pub(super) struct Reader(Connection);

impl Reader {
    pub(super) fn open(file: &Path) -> rusqlite::Result<Self> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(file, flags)?;
        connection.busy_timeout(std::time::Duration::from_secs(5))?;
        Ok(Self(connection))
    }

    /// Every record.
    pub(super) fn rows(&self) -> rusqlite::Result<Vec<StoredRow>> {
        let mut all = self.0.prepare(
            "SELECT linked_account_id, model_id, id, modified_at, deleted, json FROM records",
        )?;
        let rows = all.query_map([], |row| {
            Ok(StoredRow {
                account: row.get(0)?,
                model_id: row.get(1)?,
                id: row.get(2)?,
                modified_at: row.get(3)?,
                deleted: row.get(4)?,
                json: row.get(5)?,
            })
        })?;
        rows.collect()
    }

    /// Every account that came into the store so far, in that order.
    pub(super) fn accounts(&self) -> rusqlite::Result<Vec<Account>> {
        let mut all = self.0.prepare_cached(
            "SELECT integration, phase, models_ready, models_needed,
                    (SELECT count(*) FROM records
                     WHERE records.linked_account_id = linked_accounts.linked_account_id)
             FROM linked_accounts ORDER BY first_seen, linked_account_id",
        )?;
        let count = |row: &rusqlite::Row<'_>, column| {
            row.get::<_, i64>(column)
                .map(|count| u64::try_from(count).unwrap_or(0))
        };
        let accounts = all.query_map([], |row| {
            Ok(Account {
                integration: row.get(0)?,
                phase: row.get(1)?,
                ready: count(row, 2)?,
                needed: count(row, 3)?,
                records: count(row, 4)?,
            })
        })?;
        accounts.collect()
    }
}
