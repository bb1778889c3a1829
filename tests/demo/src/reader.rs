//! The store's file, read as any other program would read it: nothing here goes through the
//! host.

use std::path::Path;

use merge_simulator::StoredRow;
use rusqlite::{Connection, OpenFlags};

/// One account, for the progress.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Account {
    pub integration: String,
    /// `syncing`, `ready`, ...; empty before the first poll.
    pub phase: String,
    pub ready: u64,
    pub needed: u64,
    pub records: u64,
}

/// A connection that can only read.
#[derive(Debug)]
pub(crate) struct Reader(Connection);

impl Reader {
    pub(crate) fn open(file: &Path) -> rusqlite::Result<Self> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(file, flags)?;
        connection.busy_timeout(std::time::Duration::from_secs(5))?;
        Ok(Self(connection))
    }

    /// Every record.
    pub(crate) fn rows(&self) -> rusqlite::Result<Vec<StoredRow>> {
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
    pub(crate) fn accounts(&self) -> rusqlite::Result<Vec<Account>> {
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use merge_simulator::{Config, Merge, Verdict};

    use super::*;
    use merge_sync_host::clock::{HOUR, Manual};
    use merge_sync_host::store::sqlite::{Options, SqliteStore};
    use merge_sync_host::store::{Batch, Change, Row, Store as _, Summary, TokenChange};

    /// A small Merge whose initial syncs are over.
    fn merge() -> Merge {
        let mut merge = Merge::new(Config {
            records_per_account: 40,
            ..Config::new(1)
        });
        merge.advance_to(merge.now() + 6 * HOUR);
        merge
    }

    /// Everything that `merge` holds, in a store.
    async fn store(merge: &Merge, file: &Path) -> SqliteStore {
        let clock = Arc::new(Manual::at(merge.now()));
        let store = SqliteStore::open(file, Options::default(), clock).unwrap();
        for account in merge.accounts() {
            let batches = merge
                .ledger()
                .into_iter()
                .filter(|((owner, _, _), _)| *owner == account.id)
                .map(|((_, model_id, id), entry)| Batch {
                    model_id,
                    pass: None,
                    rows: vec![Row {
                        id,
                        remote_id: None,
                        modified_at: Some(entry.modified_at),
                        deleted: entry.deleted,
                        json: entry.row.to_string(),
                    }],
                });
            let change = Change {
                account: account.id.clone(),
                expected: None,
                state: "{}".to_owned(),
                consumed: Vec::new(),
                wake_at: None,
                not_before: None,
                token: TokenChange::Keep,
                summary: Summary {
                    phase: "ready".to_owned(),
                    ready: 3,
                    needed: 4,
                    ..Summary::default()
                },
                batches: batches.collect(),
                sweep: None,
                notices: Vec::new(),
            };
            store.commit(change).await.unwrap();
        }
        store
    }

    /// What becomes of the verdict when `damage` is done to the file behind the host's back.
    async fn damaged(damage: &str) -> Verdict {
        let merge = merge();
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("store.sqlite");
        let _host = store(&merge, &file).await;
        let rows = Connection::open(&file)
            .unwrap()
            .execute(damage, [])
            .unwrap();
        assert_eq!(rows, 1);
        merge.verdict(Reader::open(&file).unwrap().rows().unwrap())
    }

    #[tokio::test]
    async fn a_store_that_holds_all_of_it_is_clean() {
        let merge = merge();
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("store.sqlite");
        let _host = store(&merge, &file).await;
        let reader = Reader::open(&file).unwrap();
        let verdict = merge.verdict(reader.rows().unwrap());
        assert!(verdict.is_clean(), "{verdict:?}");
        assert!(verdict.records_stored > 100);
        let accounts = reader.accounts().unwrap();
        assert_eq!(accounts.len(), 3);
        let records: u64 = accounts.iter().map(|account| account.records).sum();
        assert_eq!(records, verdict.records_stored);
        assert_eq!((accounts[0].ready, accounts[0].needed), (3, 4));
    }

    #[tokio::test]
    async fn a_row_that_is_not_in_the_file_is_lost() {
        let verdict = damaged(
            "DELETE FROM records WHERE rowid = (SELECT max(rowid) FROM records WHERE NOT deleted)",
        )
        .await;
        assert_eq!((verdict.lost, verdict.stale), (1, 0));
    }

    #[tokio::test]
    async fn a_row_with_other_content_is_stale() {
        let verdict = damaged(
            "UPDATE records SET json = '{}' WHERE rowid = (SELECT max(rowid) FROM records)",
        )
        .await;
        assert_eq!((verdict.lost, verdict.stale), (0, 1));
    }

    #[tokio::test]
    async fn a_live_row_marked_as_deleted_is_wrongly_deleted() {
        let verdict = damaged(
            "UPDATE records SET deleted = 1
             WHERE rowid = (SELECT max(rowid) FROM records WHERE NOT deleted)",
        )
        .await;
        assert_eq!((verdict.lost, verdict.wrongly_deleted), (0, 1));
    }
}
