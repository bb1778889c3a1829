//! Runs: when they start, that one cannot hold up another, and what becomes of failed ones.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use axum::extract::Request;
use axum::response::Response;
use merge_sync_host::bindings::exports::merge_sync::triggers::triggers::Command;
use merge_sync_host::clock::{Clock as _, HOUR, MINUTE};
use merge_sync_host::store::{Change, Store};
use tokio::sync::Semaphore;

use crate::support::{
    ACCOUNT, BREAKING, Gated, Made, NOON, Scratch, change, host, json, linked, merge, note, page,
    post_webhook, serve, soon, status_row, synced,
};

/// Merge with one ready model and no records.
fn quiet(request: &Request) -> Response {
    if request.uri().path().ends_with("/sync-status") {
        page(&status_row(
            "Employee",
            "DONE",
            false,
            r#""2026-01-05T11:00:00.000001Z""#,
        ))
    } else {
        page("")
    }
}

async fn until(happened: impl Fn() -> bool) {
    while !happened() {
        tokio::task::yield_now().await;
    }
}

/// Acceptance: while a run hangs in a slow answer, the account's webhook is answered at once and
/// acted on afterwards.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_webhook_is_taken_in_while_its_accounts_run_hangs_and_is_acted_on_afterwards() {
    let asked = Arc::new(Semaphore::new(0));
    let release = Arc::new(Semaphore::new(0));
    let slow = merge({
        let (asked, release) = (Arc::clone(&asked), Arc::clone(&release));
        move |request| {
            let (asked, release) = (Arc::clone(&asked), Arc::clone(&release));
            async move {
                if request.uri().path().ends_with("/sync-status") {
                    asked.add_permits(1);
                    release.acquire().await.unwrap().forget();
                }
                quiet(&request)
            }
        }
    })
    .await;
    let scratch = Scratch::new();
    let store = scratch.store();
    // One run at a time: a webhook that needed an instance of those that run would wait for it.
    let host = host(Made {
        merge: slow.url(""),
        store: store.clone(),
        clock: Arc::clone(&scratch.clock),
        concurrency: 1,
    })
    .await;
    let served = serve(&host).await;
    assert_eq!(
        post_webhook(&served, &linked(ACCOUNT, "token")).await.0,
        200
    );
    soon(asked.acquire()).await.unwrap().forget();

    // The run waits for Merge, and will until this test lets it go. The clock stands still, so
    // the reply comes within five seconds or not at all.
    assert_eq!(post_webhook(&served, &synced(ACCOUNT)).await.0, 200);
    assert_eq!(host.counters().runs.get(), 0);
    let notes = store.load(ACCOUNT).await.unwrap().unwrap().notes;
    assert!(notes.iter().any(|note| note.key == "poll"), "{notes:?}");

    // Merge answers, the run ends, and what the note asks for is done as soon as the pause
    // between two polls is over: long before the regular poll.
    release.add_permits(1);
    soon(until(|| host.counters().runs.get() > 0)).await;
    let start = store
        .account(ACCOUNT)
        .await
        .unwrap()
        .unwrap()
        .start
        .unwrap();
    assert!(
        start <= NOON + MINUTE,
        "the note waits for the regular poll"
    );
    scratch.clock.set(start);
    soon(asked.acquire()).await.unwrap().forget();
    release.add_permits(1);
    soon(until(|| host.counters().polls.get() > 1)).await;
    assert_eq!(store.load(ACCOUNT).await.unwrap().unwrap().notes, []);
}

#[tokio::test]
async fn an_account_that_hangs_holds_up_no_other() {
    let release = Arc::new(Semaphore::new(0));
    let done = Arc::new(Semaphore::new(0));
    let server = merge({
        let (release, done) = (Arc::clone(&release), Arc::clone(&done));
        move |request| {
            let (release, done) = (Arc::clone(&release), Arc::clone(&done));
            async move {
                if request.headers()["x-account-token"] == "slow" {
                    release.acquire().await.unwrap().forget();
                } else if request.uri().path().ends_with("/employees") {
                    done.add_permits(1);
                }
                quiet(&request)
            }
        }
    })
    .await;
    let scratch = Scratch::new();
    let store = scratch.store();
    let host = host(Made {
        merge: server.url(""),
        store: store.clone(),
        clock: Arc::clone(&scratch.clock),
        concurrency: 2,
    })
    .await;
    let served = serve(&host).await;
    post_webhook(&served, &linked("the slow one", "slow")).await;
    for nth in 0..5 {
        post_webhook(&served, &linked(&format!("account {nth}"), "quick")).await;
    }
    soon(done.acquire_many(5)).await.unwrap().forget();
    // It still hangs: the others did not wait for its time-out.
    let slow = store.account("the slow one").await.unwrap().unwrap();
    assert_eq!(slow.summary.trouble, None);
    release.add_permits(99);
}

#[tokio::test]
async fn no_more_accounts_run_at_once_than_they_may() {
    let running = Arc::new(AtomicU32::new(0));
    let most = Arc::new(AtomicU32::new(0));
    let server = merge({
        let (running, most) = (Arc::clone(&running), Arc::clone(&most));
        move |request| {
            let (running, most) = (Arc::clone(&running), Arc::clone(&most));
            async move {
                most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                for _ in 0..20 {
                    tokio::task::yield_now().await;
                }
                running.fetch_sub(1, Ordering::SeqCst);
                quiet(&request)
            }
        }
    })
    .await;
    let scratch = Scratch::new();
    let store = scratch.store();
    let host = host(Made {
        merge: server.url(""),
        store: store.clone(),
        clock: Arc::clone(&scratch.clock),
        concurrency: 3,
    })
    .await;
    for nth in 0..12 {
        let body = linked(&format!("account {nth}"), "token");
        let signatures = vec![crate::support::sign(body.as_bytes())];
        merge_sync_host::http::webhook::receive(&host, signatures, Ok(Vec::from(body).into()))
            .await;
    }
    let next = host.run_due(NOON).await.unwrap();
    assert!(next.is_some_and(|next| next > NOON), "{next:?}");
    assert_eq!(host.counters().runs.get(), 12);
    let most = most.load(Ordering::SeqCst);
    assert!((2..=3).contains(&most), "{most}");
}

#[tokio::test]
async fn a_run_that_fails_is_tried_again_after_one_to_ten_minutes() {
    let scratch = Scratch::new();
    let store = scratch.store();
    let unreadable = Change {
        state: "no state of ours".to_owned(),
        wake_at: Some(NOON),
        ..change(ACCOUNT, None)
    };
    store.commit(unreadable).await.unwrap();
    let host = host(Made {
        merge: "http://127.0.0.1:9".to_owned(),
        store: store.clone(),
        clock: Arc::clone(&scratch.clock),
        concurrency: 1,
    })
    .await;
    let mut now = NOON;
    for minutes in [1, 2, 4, 8, 10, 10] {
        scratch.clock.set(now);
        let next = host.run_due(now).await.unwrap().unwrap();
        assert_eq!((next - now) / MINUTE, minutes);
        now = next;
    }
    assert_eq!(host.counters().runs_failed.get(), 6);
    let state = store.load(ACCOUNT).await.unwrap().unwrap().state;
    assert_eq!(state, "no state of ours");
}

#[tokio::test]
async fn an_account_that_fails_delays_no_other() {
    let polls = Arc::new(AtomicU64::new(0));
    let server = merge({
        let polls = Arc::clone(&polls);
        move |request| {
            polls.fetch_add(1, Ordering::SeqCst);
            async move { quiet(&request) }
        }
    })
    .await;
    let scratch = Scratch::new();
    let store = scratch.store();
    let unreadable = Change {
        state: "no state of ours".to_owned(),
        wake_at: Some(NOON),
        ..change("broken", None)
    };
    store.commit(unreadable).await.unwrap();
    let host = host(Made {
        merge: server.url(""),
        store: store.clone(),
        clock: Arc::clone(&scratch.clock),
        concurrency: 1,
    })
    .await;
    let body = linked(ACCOUNT, "token");
    let signatures = vec![crate::support::sign(body.as_bytes())];
    merge_sync_host::http::webhook::receive(&host, signatures, Ok(Vec::from(body).into())).await;
    let mut now = NOON;
    for _ in 0..40 {
        scratch.clock.set(now);
        now = host.run_due(now).await.unwrap().unwrap().max(now);
    }
    assert!(now > NOON + HOUR, "an account is run again and again");
    assert_eq!(
        store.account(ACCOUNT).await.unwrap().unwrap().summary.phase,
        "ready"
    );
    assert!(polls.load(Ordering::SeqCst) >= 3);
}

/// A paused account has nothing to run for. Where its store says otherwise (an operator has put
/// back an old copy, say), it must not be run again and again for nothing.
#[tokio::test]
async fn an_account_that_is_due_and_has_nothing_to_do_is_held() {
    let server = merge(|request| async move { quiet(&request) }).await;
    let scratch = Scratch::new();
    let store = scratch.store();
    store.keep_note(note(ACCOUNT, "poll")).await.unwrap();
    let host = host(Made {
        merge: server.url(""),
        store: store.clone(),
        clock: Arc::clone(&scratch.clock),
        concurrency: 1,
    })
    .await;
    host.run_due(NOON).await.unwrap();
    host.triggers()
        .request(ACCOUNT.to_owned(), Command::Pause)
        .await
        .unwrap();
    let paused = store.load(ACCOUNT).await.unwrap().unwrap();
    let overdue = Change {
        state: paused.state,
        wake_at: Some(NOON),
        ..change(ACCOUNT, Some(&paused.version))
    };
    store.commit(overdue).await.unwrap();
    let next = host.run_due(NOON).await.unwrap();
    assert!(next.is_none_or(|next| next >= NOON + MINUTE), "{next:?}");
    assert!(host.counters().runs.get() <= 2);
}

/// A call that ends in a panic of the host's, or a trap of the guest's, is over for its instance
/// and its account, and for nobody else.
#[tokio::test]
async fn a_run_that_breaks_down_is_a_failed_run_and_no_more() {
    let server = merge(|request| async move { quiet(&request) }).await;
    let scratch = Scratch::new();
    let store = scratch.store();
    for account in [BREAKING, ACCOUNT] {
        store.keep_note(note(account, "poll")).await.unwrap();
    }
    let host = host(Made {
        merge: server.url(""),
        store: Gated::new(store.clone()),
        clock: Arc::clone(&scratch.clock),
        concurrency: 1,
    })
    .await;
    assert_eq!(host.run_due(NOON).await, Ok(Some(NOON + MINUTE)));
    let counters = host.counters();
    assert_eq!((counters.runs.get(), counters.runs_failed.get()), (2, 1));
}

#[tokio::test]
async fn merges_bad_answers_cost_an_account_time_and_neither_rows_nor_state() {
    let answers: [fn() -> Response; 5] = [
        || json(200, "<html>maintenance</html>"),
        || json(200, r#"{"results":[{"model_id""#),
        || json(200, r#"{"results":"none","next":7}"#),
        || json(500, "oops"),
        || json(503, ""),
    ];
    let turn = Arc::new(AtomicU64::new(u64::MAX));
    let server = merge({
        let turn = Arc::clone(&turn);
        move |request| {
            let turn = turn.load(Ordering::SeqCst);
            async move {
                let answer = usize::try_from(turn)
                    .ok()
                    .and_then(|turn| answers.get(turn));
                answer.map_or_else(|| quiet(&request), |answer| answer())
            }
        }
    })
    .await;
    let scratch = Scratch::new();
    let store = scratch.store();
    let host = host(Made {
        merge: server.url(""),
        store: store.clone(),
        clock: Arc::clone(&scratch.clock),
        concurrency: 1,
    })
    .await;
    let body = linked(ACCOUNT, "token");
    let signatures = vec![crate::support::sign(body.as_bytes())];
    merge_sync_host::http::webhook::receive(&host, signatures, Ok(Vec::from(body).into())).await;
    let mut now = host.run_due(NOON).await.unwrap().unwrap();
    for nth in 0..answers.len() as u64 {
        turn.store(nth, Ordering::SeqCst);
        scratch.clock.set(now);
        let next = host.run_due(now).await.unwrap().unwrap();
        assert!(next > now, "answer {nth}: the account does not back off");
        let summary = store.account(ACCOUNT).await.unwrap().unwrap().summary;
        assert_eq!(summary.phase, "ready", "answer {nth}");
        now = next;
    }
    assert_eq!(
        store
            .account(ACCOUNT)
            .await
            .unwrap()
            .unwrap()
            .summary
            .trouble
            .as_deref(),
        Some("retrying")
    );
    turn.store(u64::MAX, Ordering::SeqCst);
    scratch.clock.set(now);
    host.run_due(now).await.unwrap();
    assert_eq!(
        store
            .account(ACCOUNT)
            .await
            .unwrap()
            .unwrap()
            .summary
            .trouble,
        None
    );
    assert_eq!(host.counters().runs_failed.get(), 0);
}

#[tokio::test]
async fn a_run_that_traps_is_seen_until_one_comes_to_a_good_end() {
    let scratch = Scratch::new();
    let store = scratch.store();
    let merge = merge(|request| async move { quiet(&request) }).await;
    let made = |store: Arc<dyn Store>| Made {
        merge: merge.url(""),
        store,
        clock: Arc::clone(&scratch.clock),
        concurrency: 1,
    };
    let gated = Gated::new(store.clone());
    gated.notes.add_permits(1);
    let breaking = host(made(gated)).await;
    let body = linked(BREAKING, "token");
    let signatures = vec![crate::support::sign(body.as_bytes())];
    merge_sync_host::http::webhook::receive(&breaking, signatures, Ok(Vec::from(body).into()))
        .await;
    for failures in [1, 2] {
        let next = breaking.run_due(scratch.clock.now()).await.unwrap();
        let listed = store.account(BREAKING).await.unwrap().unwrap();
        let failed = listed.failed_runs.unwrap();
        assert_eq!((failed.count, failed.since), (failures, NOON));
        assert!(
            failed.text.starts_with("the component trapped: "),
            "{failed:?}"
        );
        scratch.clock.set(next.unwrap());
    }
    // The program is started anew, and the store works again.
    let mended = host(made(store.clone())).await;
    mended.run_due(scratch.clock.now()).await.unwrap();
    let listed = store.account(BREAKING).await.unwrap().unwrap();
    assert_eq!(listed.failed_runs, None);
}
