//! The SQLite file: what survives, what is named when it cannot be used, and that nothing is
//! written half.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use merge_sync_host::clock::System;
use merge_sync_host::store::sqlite::{Options, SqliteStore};
use merge_sync_host::store::{Batch, Change, CommitError, NoteError, Row, Store, Sweep};
use rusqlite::Connection;
use tokio::task::JoinSet;

use crate::support::{ACCOUNT, NOON, Scratch, change, note};

fn open(path: &Path, options: Options) -> Result<SqliteStore, String> {
    SqliteStore::open(path, options, Arc::new(System)).map_err(|error| error.message)
}

#[track_caller]
fn check(path: &Path, options: Options, want: &str) {
    let found = open(path, options).map(drop);
    let message = found.expect_err("the file cannot be used");
    let name = format!("store `{}` ", path.display());
    assert!(message.starts_with(&name), "{message}");
    assert!(message[name.len()..].starts_with(want), "{message}");
    assert!(!message.contains('\n'), "{message}");
}

fn impatient() -> Options {
    Options {
        patience: Duration::ZERO,
        ..Options::default()
    }
}

fn large_batch() -> Vec<Batch> {
    let rows = (0..500)
        .map(|nth| Row {
            id: nth.to_string(),
            remote_id: None,
            modified_at: None,
            deleted: false,
            json: "x".repeat(4000),
        })
        .collect();
    vec![Batch {
        model_id: "hris.Employee".to_owned(),
        pass: None,
        rows,
    }]
}

#[tokio::test]
async fn what_was_committed_is_there_after_a_restart() {
    let scratch = Scratch::new();
    let store = scratch.store();
    store.keep_note(note(ACCOUNT, "linked")).await.unwrap();
    store.commit(change(ACCOUNT, Some("0"))).await.unwrap();
    let before = store.load(ACCOUNT).await;
    drop(store);
    assert_eq!(scratch.store().load(ACCOUNT).await, before);
}

#[tokio::test]
async fn a_full_store_is_named_and_nothing_is_written_half() {
    let scratch = Scratch::new();
    let store = scratch.store_with(Options {
        max_pages: Some(100),
        ..Options::default()
    });
    store.keep_note(note(ACCOUNT, "linked")).await.unwrap();
    let mut large = Change {
        consumed: vec![1],
        ..change(ACCOUNT, Some("0"))
    };
    large.batches = large_batch();
    let Err(CommitError::Unavailable(problem)) = store.commit(large).await else {
        panic!("two megabytes fit into 100 pages")
    };
    assert!(
        problem.message.contains("store.sqlite` cannot grow"),
        "{problem}"
    );
    let loaded = store.load(ACCOUNT).await.unwrap().unwrap();
    assert_eq!((loaded.state.as_str(), loaded.notes.len()), ("", 1));
    assert_eq!(
        store.rows(ACCOUNT, "hris.Employee", "", 9).await.unwrap(),
        []
    );
    store.commit(change(ACCOUNT, Some("0"))).await.unwrap();
}

#[tokio::test]
async fn a_change_that_fails_takes_no_other_with_it() {
    let scratch = Scratch::new();
    let store = scratch.store_with(Options {
        max_pages: Some(100),
        ..Options::default()
    });
    let mut racing = tokio::task::JoinSet::new();
    for nth in 0..30 {
        let store = Arc::clone(&store);
        let mut one = change(&format!("account {nth}"), None);
        if nth == 15 {
            one.batches = large_batch();
        }
        racing.spawn(async move { (nth, store.commit(one).await.is_ok()) });
    }
    for (nth, done) in racing.join_all().await {
        assert_eq!(done, nth != 15, "account {nth}");
        let found = store.load(&format!("account {nth}")).await.unwrap();
        assert_eq!(found.is_some(), nth != 15, "account {nth}");
    }
}

#[test]
fn a_file_that_is_no_database_is_named_and_left_alone() {
    let scratch = Scratch::new();
    let text = "These are notes of somebody's, and no database at all.\n".repeat(40);
    std::fs::write(scratch.file(), &text).unwrap();
    check(&scratch.file(), Options::default(), "is not a SQLite file");
    assert_eq!(std::fs::read_to_string(scratch.file()).unwrap(), text);
}

#[test]
fn a_database_of_another_program_is_named_and_left_alone() {
    let scratch = Scratch::new();
    let theirs = Connection::open(scratch.file()).unwrap();
    theirs
        .execute_batch("CREATE TABLE bookmarks (url TEXT)")
        .unwrap();
    drop(theirs);
    let before = std::fs::read(scratch.file()).unwrap();
    check(
        &scratch.file(),
        Options::default(),
        "is not a store of merge-sync",
    );
    assert_eq!(std::fs::read(scratch.file()).unwrap(), before);
}

#[test]
fn a_store_of_a_newer_version_is_named_and_left_alone() {
    let scratch = Scratch::new();
    drop(scratch.store());
    let newer = Connection::open(scratch.file()).unwrap();
    newer.pragma_update(None, "user_version", 99).unwrap();
    drop(newer);
    check(
        &scratch.file(),
        Options::default(),
        "has schema version 99, and this",
    );
}

#[test]
fn a_locked_store_is_named() {
    let scratch = Scratch::new();
    drop(scratch.store());
    let other = Connection::open(scratch.file()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    check(&scratch.file(), impatient(), "is locked by another program");
}

#[test]
fn another_programs_lock_is_waited_for_a_second() {
    assert_eq!(Options::default().patience, Duration::from_secs(1));
}

#[tokio::test]
async fn changes_that_wait_together_wait_once_for_a_lock() {
    static TRIES: AtomicU32 = AtomicU32::new(0);
    let scratch = Scratch::new();
    let store = scratch.store_with(Options {
        patience: Duration::from_millis(100),
        trace: Some(|text| {
            if text.starts_with("BEGIN") {
                TRIES.fetch_add(1, Ordering::Relaxed);
            }
        }),
        ..Options::default()
    });
    let other = Connection::open(scratch.file()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let before = TRIES.load(Ordering::Relaxed);
    let mut changes = JoinSet::new();
    for key in 0..20 {
        let store = Arc::clone(&store);
        changes.spawn(async move { store.keep_note(note(ACCOUNT, &key.to_string())).await });
    }
    for answer in changes.join_all().await {
        let Err(NoteError::Unavailable(problem)) = answer else {
            panic!("{answer:?}")
        };
        assert!(problem.message.contains("is locked"), "{problem}");
    }
    // The first may have been alone, and the others came while it waited.
    let tries = TRIES.load(Ordering::Relaxed) - before;
    assert!(tries <= 5, "{tries}");
    other.execute_batch("ROLLBACK").unwrap();
    assert_eq!(store.keep_note(note(ACCOUNT, "later")).await, Ok(()));
}

#[tokio::test]
async fn a_store_that_is_locked_later_is_named_and_works_again_after() {
    let scratch = Scratch::new();
    let store = scratch.store_with(impatient());
    let other = Connection::open(scratch.file()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let Err(CommitError::Unavailable(problem)) = store.commit(change(ACCOUNT, None)).await else {
        panic!("a locked file was written to")
    };
    assert!(
        problem.message.contains("store.sqlite` is locked"),
        "{problem}"
    );
    other.execute_batch("ROLLBACK").unwrap();
    store.commit(change(ACCOUNT, None)).await.unwrap();
}

/// SQLite's own read-only mode stands in for a file's permissions, which do not bind the
/// superuser that tests may run as.
#[test]
fn a_read_only_store_is_named() {
    let scratch = Scratch::new();
    drop(scratch.store());
    let address = format!("file:{}?mode=ro", scratch.file().display());
    check(
        Path::new(&address),
        Options::default(),
        "cannot be written to, it is read-only",
    );
}

#[test]
fn a_place_where_no_file_can_be_is_named() {
    let scratch = Scratch::new();
    let path = scratch
        .folder
        .path()
        .join("no such folder")
        .join("store.sqlite");
    check(&path, Options::default(), "cannot be opened");
    let absent = scratch.file();
    check(
        &absent,
        Options {
            create: false,
            ..Options::default()
        },
        "cannot be opened",
    );
    assert!(!absent.exists());
}

#[cfg(unix)]
#[test]
fn a_store_that_others_could_read_is_private_once_it_is_opened() {
    use std::os::unix::fs::PermissionsExt as _;
    let scratch = Scratch::new();
    drop(scratch.store());
    let files = || {
        let entries = std::fs::read_dir(scratch.folder.path()).unwrap();
        entries.map(|entry| entry.unwrap().path())
    };
    for file in files() {
        std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o644)).unwrap();
    }
    let store = scratch.store();
    for file in files() {
        let mode = std::fs::metadata(&file).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{}", file.display());
    }
    drop(store);
}

#[cfg(unix)]
#[test]
fn only_its_owner_may_read_a_new_store() {
    use std::os::unix::fs::PermissionsExt as _;
    let scratch = Scratch::new();
    let store = scratch.store();
    for entry in std::fs::read_dir(scratch.folder.path()).unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{}", entry.path().display());
    }
    drop(store);
}

/// A store as the first version of the host left it: schema version 1, one account with a note,
/// three records and a notice.
fn of_version_1(path: &Path) {
    let sql = Connection::open(path).unwrap();
    sql.execute_batch(include_str!("schema-1.sql")).unwrap();
    sql.execute_batch(&format!(
        "PRAGMA application_id = 0x4d53796e;
         PRAGMA user_version = 1;
         INSERT INTO linked_accounts
             (linked_account_id, category, organization_name, account_token, first_seen, state,
              version, last_note, wake_at, start_at, phase, models_ready, models_needed, trouble)
         VALUES ('{ACCOUNT}', 'hris', 'Example', 'token', 7, 'old state', 41, 3, {NOON}, {NOON},
                 'ready', 2, 2, 'park'),
                ('well', 'hris', 'Example', NULL, 7, '', 1, 0, NULL, NULL, 'ready', 2, 2, '');
         INSERT INTO notes VALUES ('{ACCOUNT}', 'poll', 3, 'note', NULL);
         INSERT INTO records
             (linked_account_id, model_id, id, deleted, first_seen, last_seen, pass, json)
         VALUES ('{ACCOUNT}', 'hris.Employee', 'a', 0, 7, 7, 5, 'one'),
                ('{ACCOUNT}', 'hris.Employee', 'b', 0, 7, 7, NULL, 'two'),
                ('{ACCOUNT}', 'hris.Employee', 'c', 1, 7, 7, 4, 'three');
         INSERT INTO notices (id, linked_account_id, at, occasion, text)
         VALUES ('n', '{ACCOUNT}', 7, 'became-ready', 'Ready.');"
    ))
    .unwrap();
}

#[tokio::test]
async fn a_store_of_an_older_version_is_brought_up_with_all_that_it_holds() {
    let scratch = Scratch::new();
    of_version_1(&scratch.file());
    let store = scratch.store();
    let loaded = store.load(ACCOUNT).await.unwrap().unwrap();
    assert_eq!((&*loaded.state, &*loaded.version), ("old state", "41"));
    assert_eq!(loaded.notes[0].text, "note");
    let listed = store.account(ACCOUNT).await.unwrap().unwrap();
    assert_eq!(listed.profile.organization_name, "Example");
    assert_eq!(
        (&*listed.summary.phase, &*listed.summary.link),
        ("ready", "")
    );
    assert_eq!(listed.summary.trouble.as_deref(), Some("park"));
    let well = store.account("well").await.unwrap().unwrap();
    assert_eq!(well.summary.trouble, None);
    assert_eq!(
        (listed.profile.is_duplicate, listed.failed_runs),
        (None, None)
    );
    assert_eq!(store.notices(0, 9).await.unwrap()[0].notice.id, "n");
    let sweep = Sweep {
        model_id: "hris.Employee".to_owned(),
        unseen_since: 5,
        most_rows: 2,
        most_percent: 10,
        limit: 9,
    };
    let swept = Change {
        sweep: Some(sweep),
        ..change(ACCOUNT, Some("41"))
    };
    let swept = store.commit(swept).await.unwrap().swept.unwrap();
    assert_eq!((swept.live, swept.unseen, swept.marked), (2, 1, 1));
    drop(store);
    // It is of our version now, and opens as such.
    assert!(scratch.store().load(ACCOUNT).await.unwrap().is_some());
}

#[test]
fn a_store_that_was_brought_up_has_the_tables_of_a_new_one() {
    let tables = |path: &Path| {
        let sql = Connection::open(path).unwrap();
        let mut columns = sql
            .prepare(
                "SELECT m.type, m.name, c.name, c.type, c.\"notnull\", c.dflt_value
                 FROM sqlite_schema AS m LEFT JOIN pragma_table_info(m.name) AS c
                 ORDER BY m.name, c.cid",
            )
            .unwrap();
        let found: Vec<[Option<String>; 6]> = columns
            .query_map([], |row| {
                let text = |column| row.get::<_, Option<rusqlite::types::Value>>(column);
                let mut all = [const { None }; 6];
                for (column, place) in all.iter_mut().enumerate() {
                    *place = text(column)?.map(|value| format!("{value:?}"));
                }
                Ok(all)
            })
            .unwrap()
            .map(Result::unwrap)
            .collect();
        let version: i32 = sql
            .query_row("PRAGMA user_version", [], |row| row.get(0))
            .unwrap();
        (version, found)
    };
    let (old, new) = (Scratch::new(), Scratch::new());
    of_version_1(&old.file());
    drop((old.store(), new.store()));
    assert_eq!(tables(&old.file()), tables(&new.file()));
}

#[test]
fn an_old_store_that_cannot_be_brought_up_is_left_as_it_is() {
    let scratch = Scratch::new();
    of_version_1(&scratch.file());
    let other = Connection::open(scratch.file()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    check(&scratch.file(), impatient(), "is locked by another program");
    other.execute_batch("ROLLBACK").unwrap();
    let version: i32 = other
        .query_row("PRAGMA user_version", [], |row| row.get(0))
        .unwrap();
    assert_eq!(version, 1);
}
