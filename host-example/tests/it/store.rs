//! What every store has to do: notes, changes, rows, sweeps, starts, notices.

use std::sync::Arc;

use merge_sync_host::clock::{HOUR, MINUTE, SECOND};
use merge_sync_host::secret::Secret;
use merge_sync_host::store::sqlite::SqliteStore;
use merge_sync_host::store::{
    Batch, Change, CommitError, FURTHEST_START, FailedRuns, Note, NoteError, Notice, Profile, Row,
    Store, Summary, Sweep, Swept, TokenChange,
};

use crate::support::{ACCOUNT, NOON, Scratch, change, note};

const MODEL: &str = "hris.Employee";

/// A store with one account at version 1 and without notes.
async fn with_account(scratch: &Scratch) -> Arc<SqliteStore> {
    let store = scratch.store();
    assert_eq!(
        commit(&store, change(ACCOUNT, None)).await,
        Ok(("1".to_owned(), None))
    );
    store
}

async fn commit(
    store: &SqliteStore,
    change: Change,
) -> Result<(String, Option<Swept>), CommitError> {
    store
        .commit(change)
        .await
        .map(|done| (done.version, done.swept))
}

async fn version(store: &SqliteStore) -> String {
    store.load(ACCOUNT).await.unwrap().unwrap().version
}

async fn notes(store: &SqliteStore) -> Vec<(u64, String)> {
    let loaded = store.load(ACCOUNT).await.unwrap().unwrap();
    loaded
        .notes
        .into_iter()
        .map(|note| (note.number, note.key))
        .collect()
}

fn row(id: &str, modified_at: Option<i64>, json: &str) -> Row {
    Row {
        id: id.to_owned(),
        remote_id: Some(format!("remote {id}")),
        modified_at,
        deleted: false,
        json: json.to_owned(),
    }
}

fn batch(pass: Option<u64>, rows: Vec<Row>) -> Batch {
    Batch {
        model_id: MODEL.to_owned(),
        pass,
        rows,
    }
}

async fn store_rows(store: &SqliteStore, pass: Option<u64>, rows: Vec<Row>) {
    let mut with_rows = change(ACCOUNT, Some(&version(store).await));
    with_rows.batches = vec![batch(pass, rows)];
    commit(store, with_rows).await.unwrap();
}

#[tokio::test]
async fn a_note_creates_an_account_only_where_it_may() {
    let scratch = Scratch::new();
    let store = scratch.store();
    let refused = store
        .keep_note(Note {
            create: false,
            ..note(ACCOUNT, "poll")
        })
        .await;
    assert_eq!(refused, Err(NoteError::UnknownAccount));
    assert_eq!(store.load(ACCOUNT).await, Ok(None));
    store.keep_note(note(ACCOUNT, "linked")).await.unwrap();
    let loaded = store.load(ACCOUNT).await.unwrap().unwrap();
    assert_eq!((loaded.state.as_str(), loaded.notes.len()), ("", 1));
}

#[tokio::test]
async fn a_note_replaces_one_of_its_key_under_a_larger_number() {
    let scratch = Scratch::new();
    let store = with_account(&scratch).await;
    for key in ["poll", "issue", "poll"] {
        store.keep_note(note(ACCOUNT, key)).await.unwrap();
    }
    assert_eq!(
        notes(&store).await,
        [(2, "issue".to_owned()), (3, "poll".to_owned())]
    );
}

#[tokio::test]
async fn a_note_never_makes_a_commit_stale() {
    let scratch = Scratch::new();
    let store = with_account(&scratch).await;
    store.keep_note(note(ACCOUNT, "poll")).await.unwrap();
    assert_eq!(version(&store).await, "1");
    assert!(commit(&store, change(ACCOUNT, Some("1"))).await.is_ok());
}

#[tokio::test]
async fn a_commit_consumes_the_numbers_it_names_and_no_later_note() {
    let scratch = Scratch::new();
    let store = with_account(&scratch).await;
    store.keep_note(note(ACCOUNT, "poll")).await.unwrap();
    store.keep_note(note(ACCOUNT, "issue")).await.unwrap();
    // The same key again, after the run has loaded numbers 1 and 2.
    store.keep_note(note(ACCOUNT, "poll")).await.unwrap();
    let acted = Change {
        consumed: vec![1, 2],
        ..change(ACCOUNT, Some("1"))
    };
    commit(&store, acted).await.unwrap();
    assert_eq!(notes(&store).await, [(3, "poll".to_owned())]);
}

#[tokio::test]
async fn a_consumed_number_is_never_given_again() {
    let scratch = Scratch::new();
    let store = with_account(&scratch).await;
    store.keep_note(note(ACCOUNT, "poll")).await.unwrap();
    commit(
        &store,
        Change {
            consumed: vec![1],
            ..change(ACCOUNT, Some("1"))
        },
    )
    .await
    .unwrap();
    store.keep_note(note(ACCOUNT, "poll")).await.unwrap();
    assert_eq!(notes(&store).await, [(2, "poll".to_owned())]);
}

#[tokio::test]
async fn a_commit_on_another_version_is_stale_and_changes_nothing() {
    let scratch = Scratch::new();
    let store = with_account(&scratch).await;
    store.keep_note(note(ACCOUNT, "poll")).await.unwrap();
    let mut late = change(ACCOUNT, Some("0"));
    late.state = "late".to_owned();
    late.consumed = vec![1];
    late.batches = vec![batch(None, vec![row("a", None, "{}")])];
    late.token = TokenChange::Put(Secret::new("late"));
    assert_eq!(
        commit(&store, late).await,
        Err(CommitError::Stale(Some("1".to_owned())))
    );
    let loaded = store.load(ACCOUNT).await.unwrap().unwrap();
    assert_eq!((loaded.state.as_str(), loaded.notes.len()), ("state", 1));
    assert_eq!(store.rows(ACCOUNT, MODEL, "", 9).await.unwrap(), []);
    assert_eq!(store.token(ACCOUNT).await, Ok(None));
}

#[tokio::test]
async fn a_commit_for_nobody_is_stale_without_a_version() {
    let scratch = Scratch::new();
    let store = scratch.store();
    assert_eq!(
        commit(&store, change(ACCOUNT, Some("1"))).await,
        Err(CommitError::Stale(None))
    );
    assert_eq!(store.load(ACCOUNT).await, Ok(None));
}

#[tokio::test]
async fn an_account_is_created_once() {
    let scratch = Scratch::new();
    let store = with_account(&scratch).await;
    let again = commit(&store, change(ACCOUNT, None)).await;
    assert_eq!(again, Err(CommitError::Stale(Some("1".to_owned()))));
}

#[tokio::test]
async fn of_many_commits_at_once_on_one_version_one_wins() {
    let scratch = Scratch::new();
    let store = with_account(&scratch).await;
    let mut racing = tokio::task::JoinSet::new();
    for _ in 0..40 {
        let store = Arc::clone(&store);
        racing.spawn(async move { commit(&store, change(ACCOUNT, Some("1"))).await });
    }
    let outcomes = racing.join_all().await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    let stale = Err(CommitError::Stale(Some("2".to_owned())));
    assert_eq!(
        outcomes.iter().filter(|outcome| **outcome == stale).count(),
        39
    );
}

#[tokio::test]
async fn a_row_replaces_the_stored_one_unless_that_is_strictly_newer() {
    let scratch = Scratch::new();
    let store = with_account(&scratch).await;
    for (modified_at, json, want) in [
        (Some(10), "first", "first"),
        (Some(9), "older", "first"),
        (Some(10), "equal", "equal"),
        (Some(11), "newer", "newer"),
        (None, "undated", "undated"),
        (Some(1), "dated again", "dated again"),
    ] {
        store_rows(&store, None, vec![row("a", modified_at, json)]).await;
        let stored = store.rows(ACCOUNT, MODEL, "", 9).await.unwrap();
        assert_eq!(stored.len(), 1);
        assert_eq!(stored[0].row.json, want);
    }
}

#[tokio::test]
async fn the_latest_pass_is_kept_also_where_the_row_is_not_replaced() {
    let scratch = Scratch::new();
    let store = with_account(&scratch).await;
    store_rows(&store, Some(3), vec![row("a", Some(10), "new")]).await;
    scratch.clock.advance(MINUTE);
    for (pass, want) in [(Some(4), 4), (Some(2), 4), (None, 4)] {
        store_rows(&store, pass, vec![row("a", Some(9), "old")]).await;
        let stored = store.rows(ACCOUNT, MODEL, "", 9).await.unwrap().remove(0);
        assert_eq!((stored.row.json.as_str(), stored.pass), ("new", Some(want)));
        assert_eq!((stored.first_seen, stored.last_seen), (NOON, NOON + MINUTE));
    }
    for (pass, want) in [(None, 4), (Some(2), 4), (Some(5), 5)] {
        store_rows(&store, pass, vec![row("a", Some(11), "newer")]).await;
        let stored = store.rows(ACCOUNT, MODEL, "", 9).await.unwrap().remove(0);
        assert_eq!(
            (stored.row.json.as_str(), stored.pass),
            ("newer", Some(want))
        );
        assert_eq!(stored.first_seen, NOON);
    }
}

#[tokio::test]
async fn rows_of_two_models_and_accounts_do_not_meet() {
    let scratch = Scratch::new();
    let store = with_account(&scratch).await;
    let mut other = change("another account", None);
    other.batches = vec![batch(None, vec![row("a", None, "theirs")])];
    commit(&store, other).await.unwrap();
    store_rows(&store, None, vec![row("a", None, "ours")]).await;
    let ours = store.rows(ACCOUNT, MODEL, "", 9).await.unwrap();
    assert_eq!((ours.len(), ours[0].row.json.as_str()), (1, "ours"));
    assert_eq!(store.rows(ACCOUNT, "hris.Team", "", 9).await.unwrap(), []);
}

/// The sweep of the engine's own bounds: a tenth, and two.
fn sweep(unseen_since: u64) -> Sweep {
    Sweep {
        model_id: MODEL.to_owned(),
        unseen_since,
        most_rows: 2,
        most_percent: 10,
        limit: 50_000,
    }
}

/// Commit this sweep, with these rows in the same change.
async fn swept(store: &SqliteStore, sweep: Sweep, batches: Vec<Batch>) -> Swept {
    let last = Change {
        batches,
        sweep: Some(sweep),
        ..change(ACCOUNT, Some(&version(store).await))
    };
    let (_, swept) = commit(store, last).await.unwrap();
    swept.expect("the change has a sweep")
}

async fn deleted(store: &SqliteStore) -> Vec<String> {
    let stored = store.rows(ACCOUNT, MODEL, "", 9999).await.unwrap();
    stored
        .into_iter()
        .filter(|stored| stored.row.deleted)
        .map(|stored| stored.row.id)
        .collect()
}

fn rows(from: usize, to: usize) -> Vec<Row> {
    (from..to)
        .map(|nth| row(&format!("{nth:04}"), Some(1), "{}"))
        .collect()
}

/// `old` rows of pass 1, then `new` rows of pass 2 together with its sweep.
async fn swept_of(old: usize, new: usize) -> Swept {
    let scratch = Scratch::new();
    let store = with_account(&scratch).await;
    store_rows(&store, Some(1), rows(0, old)).await;
    let new = batch(Some(2), rows(old, old + new));
    let swept = swept(&store, sweep(2), vec![new]).await;
    let deleted = deleted(&store).await;
    assert_eq!(deleted.len() as u64, swept.marked);
    assert!(deleted.iter().all(|id| **id < *format!("{old:04}")));
    swept
}

#[tokio::test]
async fn a_sweep_marks_what_no_later_pass_saw() {
    let want = Swept {
        live: 5,
        unseen: 2,
        marked: 2,
        held: false,
    };
    assert_eq!(swept_of(2, 3).await, want);
    assert_eq!(swept_of(0, 3).await.marked, 0);
    assert_eq!(swept_of(5, 45).await.marked, 5);
}

#[tokio::test]
async fn a_sweep_beyond_its_bounds_is_held_and_marks_nothing_at_any_size() {
    for (old, new) in [(17, 0), (60, 0), (3, 26), (6, 53)] {
        let want = Swept {
            live: (old + new) as u64,
            unseen: old as u64,
            marked: 0,
            held: true,
        };
        assert_eq!(swept_of(old, new).await, want);
    }
    assert!(!swept_of(3, 27).await.held);
    assert!(!swept_of(2, 0).await.held);
}

#[tokio::test]
async fn a_sweep_counts_rows_that_no_pass_ever_saw_as_unseen() {
    let scratch = Scratch::new();
    let store = with_account(&scratch).await;
    store_rows(&store, None, vec![row("never", Some(1), "{}")]).await;
    store_rows(&store, Some(7), vec![row("seen", Some(1), "{}")]).await;
    let found = swept(&store, sweep(7), Vec::new()).await;
    assert_eq!((found.live, found.unseen, found.marked), (2, 1, 1));
    assert_eq!(deleted(&store).await, ["never"]);
}

#[tokio::test]
async fn a_sweep_marks_no_more_than_its_limit_and_says_what_remains() {
    let scratch = Scratch::new();
    let store = with_account(&scratch).await;
    store_rows(&store, Some(1), rows(0, 5)).await;
    store_rows(&store, None, rows(5, 10)).await;
    let approved = Sweep {
        most_percent: 100,
        limit: 4,
        ..sweep(2)
    };
    for (live, marked) in [(10, 4), (6, 4), (2, 2), (0, 0)] {
        let want = Swept {
            live,
            unseen: live,
            marked,
            held: false,
        };
        assert_eq!(swept(&store, approved.clone(), Vec::new()).await, want);
    }
    assert_eq!(deleted(&store).await.len(), 10);
}

#[tokio::test]
async fn rows_marked_long_ago_do_not_weaken_the_guard_of_a_sweep() {
    let scratch = Scratch::new();
    let store = with_account(&scratch).await;
    let gone = |nth: usize| Row {
        deleted: true,
        ..row(&format!("gone {nth:04}"), None, "{}")
    };
    store_rows(&store, None, (0..300).map(gone).collect()).await;
    store_rows(&store, Some(1), rows(0, 15)).await;
    let found = swept(&store, sweep(2), Vec::new()).await;
    assert_eq!((found.live, found.unseen, found.held), (15, 15, true));
}

#[tokio::test]
async fn a_sweep_counts_the_rows_of_its_own_change_as_seen() {
    let scratch = Scratch::new();
    let store = with_account(&scratch).await;
    store_rows(&store, Some(1), rows(0, 10)).await;
    // Also those that replace nothing, since the stored ones are newer.
    let again = rows(0, 10).into_iter().map(|row| Row {
        modified_at: Some(0),
        ..row
    });
    let last = vec![batch(Some(2), again.collect())];
    assert_eq!(swept(&store, sweep(2), last).await.unseen, 0);
}

#[tokio::test]
async fn a_sweep_touches_no_other_model_or_account() {
    let scratch = Scratch::new();
    let store = with_account(&scratch).await;
    let mut other = change("another account", None);
    other.batches = vec![batch(Some(1), rows(0, 2))];
    commit(&store, other).await.unwrap();
    let team = Batch {
        model_id: "hris.Team".to_owned(),
        ..batch(Some(1), rows(0, 2))
    };
    let found = swept(&store, sweep(2), vec![team]).await;
    assert_eq!((found.live, found.unseen), (0, 0));
    for (account, model) in [("another account", MODEL), (ACCOUNT, "hris.Team")] {
        let stored = store.rows(account, model, "", 9).await.unwrap();
        assert!(stored.iter().all(|stored| !stored.row.deleted));
    }
}

#[tokio::test]
async fn a_row_that_comes_back_is_not_deleted_any_more() {
    let scratch = Scratch::new();
    let store = with_account(&scratch).await;
    store_rows(&store, Some(1), vec![row("a", Some(1), "{}")]).await;
    swept(&store, sweep(2), Vec::new()).await;
    assert_eq!(deleted(&store).await, ["a"]);
    store_rows(&store, None, vec![row("a", Some(1), "{}")]).await;
    assert_eq!(deleted(&store).await, [""; 0]);
}

#[tokio::test]
async fn a_sweep_reads_and_counts_along_an_index() {
    let scratch = Scratch::new();
    let _store = scratch.store();
    let sql = rusqlite::Connection::open(scratch.file()).unwrap();
    let plan: Vec<String> = sql
        .prepare(
            "EXPLAIN QUERY PLAN SELECT count(*), count(*) FILTER (WHERE pass IS NULL OR pass < 3)
             FROM records WHERE linked_account_id = 'a' AND model_id = 'b' AND NOT deleted",
        )
        .unwrap()
        .query_map([], |row| row.get(3))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    assert_eq!(plan.len(), 1, "{plan:?}");
    assert!(
        plan[0].contains("USING COVERING INDEX records_live_by_pass"),
        "{plan:?}"
    );
}

#[tokio::test]
async fn text_with_u_0000_is_kept_as_it_came() {
    let scratch = Scratch::new();
    let store = scratch.store();
    let account = "an\0account";
    let profile = Profile {
        id: account.to_owned(),
        organization_name: "a\0b".to_owned(),
        ..Profile::default()
    };
    store
        .keep_note(Note {
            profile: Some(profile.clone()),
            ..note(account, "k\0")
        })
        .await
        .unwrap();
    let notice = Notice {
        id: "n\0".to_owned(),
        occasion: "caught-up".to_owned(),
        model_id: Some(MODEL.to_owned()),
        text: "t\0".to_owned(),
    };
    let rows = vec![row("r\0", Some(1), "{\"a\":\"\0\"}"), row("r", None, "\0")];
    let full = Change {
        state: "s\0".to_owned(),
        token: TokenChange::Put(Secret::new("t\0")),
        batches: vec![batch(Some(1), rows.clone())],
        notices: vec![notice.clone()],
        ..change(account, Some("0"))
    };
    commit(&store, full).await.unwrap();
    let loaded = store.load(account).await.unwrap().unwrap();
    assert_eq!((&*loaded.state, &*loaded.notes[0].key), ("s\0", "k\0"));
    assert_eq!(store.token(account).await, Ok(Some(Secret::new("t\0"))));
    let listed = store.account(account).await.unwrap().unwrap();
    assert_eq!(listed.profile, profile);
    let stored = store.rows(account, MODEL, "", 9).await.unwrap();
    let stored: Vec<_> = stored.into_iter().map(|stored| stored.row).collect();
    assert_eq!(stored, [rows[1].clone(), rows[0].clone()]);
    assert_eq!(store.notices(0, 9).await.unwrap()[0].notice, notice);
}

#[tokio::test]
async fn failed_runs_are_counted_until_one_comes_to_a_good_end() {
    let scratch = Scratch::new();
    let store = with_account(&scratch).await;
    let wake = Change {
        wake_at: Some(NOON),
        ..change(ACCOUNT, Some("1"))
    };
    commit(&store, wake).await.unwrap();
    let failed = async || store.account(ACCOUNT).await.unwrap().unwrap().failed_runs;
    assert_eq!(failed().await, None);
    store.run_ended(ACCOUNT, Some("first")).await.unwrap();
    scratch.clock.advance(MINUTE);
    store.run_ended(ACCOUNT, Some("second")).await.unwrap();
    let want = FailedRuns {
        count: 2,
        since: NOON,
        text: "second".to_owned(),
    };
    assert_eq!(failed().await, Some(want));
    let due = store.due(NOON, 9).await.unwrap();
    assert!(due[0].failed && due[0].version == "2");
    store.run_ended(ACCOUNT, None).await.unwrap();
    assert_eq!(failed().await, None);
    assert!(!store.due(NOON, 9).await.unwrap()[0].failed);
    store.run_ended("nobody", Some("first")).await.unwrap();
}

/// After a change with these, when does the account start? `None` is never.
async fn start(wake_at: Option<i64>, not_before: Option<i64>, noted: bool) -> Option<i64> {
    let scratch = Scratch::new();
    let store = with_account(&scratch).await;
    if noted {
        store.keep_note(note(ACCOUNT, "poll")).await.unwrap();
    }
    commit(
        &store,
        Change {
            wake_at,
            not_before,
            ..change(ACCOUNT, Some("1"))
        },
    )
    .await
    .unwrap();
    store.account(ACCOUNT).await.unwrap().unwrap().start
}

#[tokio::test]
async fn an_account_starts_at_its_wake_up_or_for_a_note_but_never_before_it_may() {
    let (soon, late) = (NOON + MINUTE, NOON + HOUR);
    assert_eq!(start(None, None, false).await, None);
    assert_eq!(start(None, Some(late), false).await, None);
    assert_eq!(start(Some(soon), None, false).await, Some(soon));
    assert_eq!(start(Some(soon), Some(late), false).await, Some(late));
    assert_eq!(start(Some(late), Some(soon), false).await, Some(late));
    assert_eq!(start(Some(late), None, true).await, Some(NOON));
    assert_eq!(start(None, None, true).await, Some(NOON));
    assert_eq!(start(Some(late), Some(soon), true).await, Some(soon));
}

#[tokio::test]
async fn a_note_makes_an_account_due_as_soon_as_it_may_be() {
    let scratch = Scratch::new();
    let store = with_account(&scratch).await;
    let (soon, late) = (NOON + MINUTE, NOON + HOUR);
    let waiting = Change {
        wake_at: Some(late),
        not_before: Some(soon),
        ..change(ACCOUNT, Some("1"))
    };
    commit(&store, waiting).await.unwrap();
    store.keep_note(note(ACCOUNT, "poll")).await.unwrap();
    assert_eq!(store.due(soon - 1, 9).await.unwrap(), []);
    assert_eq!(store.next_start(NOON).await, Ok(Some(soon)));
    let due = store.due(soon, 9).await.unwrap();
    assert_eq!(
        (due.len(), due[0].start, due[0].version.as_str()),
        (1, soon, "2")
    );
}

#[tokio::test]
async fn a_note_does_not_delay_an_account_that_is_overdue() {
    let scratch = Scratch::new();
    let store = with_account(&scratch).await;
    let overdue = Change {
        wake_at: Some(NOON),
        ..change(ACCOUNT, Some("1"))
    };
    commit(&store, overdue).await.unwrap();
    scratch.clock.advance(HOUR);
    store.keep_note(note(ACCOUNT, "poll")).await.unwrap();
    assert_eq!(
        store.account(ACCOUNT).await.unwrap().unwrap().start,
        Some(NOON)
    );
}

#[tokio::test]
async fn the_longest_overdue_come_first_and_what_is_too_far_ahead_is_due() {
    let scratch = Scratch::new();
    let store = scratch.store();
    for (account, wake_at) in [
        ("in an hour", NOON + HOUR),
        ("now", NOON),
        ("long ago", NOON - HOUR),
        ("under a wrong clock", NOON + FURTHEST_START + SECOND),
    ] {
        commit(
            &store,
            Change {
                wake_at: Some(wake_at),
                ..change(account, None)
            },
        )
        .await
        .unwrap();
    }
    let due = store.due(NOON, 9).await.unwrap();
    let accounts: Vec<_> = due.iter().map(|due| due.account.as_str()).collect();
    assert_eq!(accounts, ["long ago", "now", "under a wrong clock"]);
    assert_eq!(store.due(NOON, 1).await.unwrap().len(), 1);
    assert_eq!(store.next_start(NOON).await, Ok(Some(NOON + HOUR)));
}

#[tokio::test]
async fn an_erased_token_stays_nowhere_and_a_newer_one_does() {
    let scratch = Scratch::new();
    let store = with_account(&scratch).await;
    let put = TokenChange::Put(Secret::new("the-old-token"));
    commit(
        &store,
        Change {
            token: put,
            ..change(ACCOUNT, Some("1"))
        },
    )
    .await
    .unwrap();
    assert_eq!(
        store.token(ACCOUNT).await,
        Ok(Some(Secret::new("the-old-token")))
    );
    for (key, secret) in [("one", "the-old-token"), ("two", "the-new-token")] {
        let secret = Some(Secret::new(secret));
        store
            .keep_note(Note {
                secret,
                ..note(ACCOUNT, key)
            })
            .await
            .unwrap();
    }
    let erase = Change {
        token: TokenChange::Erase,
        ..change(ACCOUNT, Some("2"))
    };
    commit(&store, erase).await.unwrap();
    assert_eq!(store.token(ACCOUNT).await, Ok(None));
    let secrets: Vec<_> = store
        .load(ACCOUNT)
        .await
        .unwrap()
        .unwrap()
        .notes
        .into_iter()
        .map(|note| note.secret)
        .collect();
    assert_eq!(secrets, [None, Some(Secret::new("the-new-token"))]);
    drop(store);
    let bytes = std::fs::read(scratch.file()).unwrap();
    let holds = |text: &[u8]| bytes.windows(text.len()).any(|window| window == text);
    assert!(!holds(b"the-old-token"));
    assert!(holds(b"the-new-token"));
}

#[tokio::test]
async fn a_profile_replaces_what_it_says_and_keeps_the_rest() {
    let scratch = Scratch::new();
    let store = with_account(&scratch).await;
    let profile = |category: &str, organization_name: &str| Profile {
        id: ACCOUNT.to_owned(),
        category: category.to_owned(),
        organization_name: organization_name.to_owned(),
        ..Profile::default()
    };
    let typed = |account_type: &str, is_duplicate| Profile {
        account_type: account_type.to_owned(),
        is_duplicate,
        ..profile("", "New")
    };
    for said in [
        Some(profile("hris", "Old")),
        Some(typed("TEST", Some(true))),
        Some(typed("", Some(false))),
        Some(profile("", "")),
        None,
    ] {
        store
            .keep_note(Note {
                profile: said,
                ..note(ACCOUNT, "k")
            })
            .await
            .unwrap();
    }
    let listed = store.account(ACCOUNT).await.unwrap().unwrap();
    let want = Profile {
        category: "hris".to_owned(),
        ..typed("TEST", Some(false))
    };
    assert_eq!(listed.profile, want);
}

#[tokio::test]
async fn a_list_shows_the_summary_of_the_latest_commit() {
    let scratch = Scratch::new();
    let store = with_account(&scratch).await;
    let summary = Summary {
        phase: "syncing".to_owned(),
        ready: 2,
        needed: 3,
        trouble: Some("retrying".to_owned()),
        link: "unlinked".to_owned(),
        skipped: 3,
        fresh_to: Some(NOON),
    };
    commit(
        &store,
        Change {
            summary: summary.clone(),
            ..change(ACCOUNT, Some("1"))
        },
    )
    .await
    .unwrap();
    let listed = store.accounts("", 9).await.unwrap().remove(0);
    assert_eq!(
        (listed.summary, listed.first_seen, listed.has_token),
        (summary, NOON, false)
    );
    assert_eq!(store.accounts(ACCOUNT, 9).await.unwrap(), []);
}

#[tokio::test]
async fn notices_come_out_in_order_and_once_each() {
    let scratch = Scratch::new();
    let store = with_account(&scratch).await;
    let notice = |id: &str| Notice {
        id: id.to_owned(),
        occasion: "became-ready".to_owned(),
        model_id: None,
        text: "Ready.".to_owned(),
    };
    let first = Change {
        notices: vec![notice("b"), notice("a")],
        ..change(ACCOUNT, Some("1"))
    };
    commit(&store, first).await.unwrap();
    let second = Change {
        notices: vec![notice("a"), notice("c")],
        ..change(ACCOUNT, Some("2"))
    };
    commit(&store, second).await.unwrap();
    let found = store.notices(0, 9).await.unwrap();
    let ids: Vec<_> = found.iter().map(|found| found.notice.id.as_str()).collect();
    assert_eq!(ids, ["b", "a", "c"]);
    let later = store.notices(found[1].sequence, 9).await.unwrap();
    assert_eq!((later.len(), later[0].notice.id.as_str()), (1, "c"));
    assert_eq!(store.notices(0, 2).await.unwrap().len(), 2);
}
