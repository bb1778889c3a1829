//! Polls, windows, hint fetches and full re-reads.

use merge_sync_engine::command::Command;
use merge_sync_engine::store::Occasion;

use crate::support::{Host, at, done, ok, page, quiet, row, status};
use crate::webhooks::changed;

#[test]
fn a_first_run_polls_and_reads_the_first_window_whole() {
    let mut host = Host::linked("{}");
    let report = host
        .run(|target| match target {
            "/api/hris/v1/sync-status?page_size=100" => ok(&done(&[("hris.Employee", "09:30")])),
            "/api/hris/v1/employees?include_deleted_data=true&page_size=100" => {
                ok(&page(&[("e1", "09:00")], Some("c/1")))
            }
            "/api/hris/v1/employees?include_deleted_data=true&page_size=100&cursor=c%2F1" => {
                ok(&page(&[("e2", "09:10")], None))
            }
            other => panic!("{other}"),
        })
        .expect("a report");
    assert!(report.polled);
    assert_eq!((report.windows, report.rows), (1, 2));
    assert_eq!(report.trouble, None);
    assert_eq!(
        host.token.as_ref().map(|token| token.0.as_str()),
        Some("TOKEN-1")
    );
    assert_eq!(host.rows.len(), 2);
    let occasions: Vec<_> = host.notices.iter().map(|notice| notice.occasion).collect();
    let expected = [
        Occasion::BecameReady,
        Occasion::WindowCompleted,
        Occasion::CaughtUp,
    ];
    assert_eq!(occasions, expected);
}

#[test]
fn a_finish_heard_of_during_a_window_is_read_right_behind_it() {
    let mut host = Host::linked(r#"{"run_limits":{"pages":1}}"#);
    let page_of = |target: &str, finish| match target {
        _ if target.contains("sync-status") => ok(&done(&[("hris.Employee", finish)])),
        _ if target.contains("cursor") => ok(&page(&[("e2", "09:10")], None)),
        _ => ok(&page(&[("e1", "09:00")], Some("c"))),
    };
    host.run(|target| page_of(target, "09:30"))
        .expect("a report");
    host.now = host.now.plus(merge_sync_logic::types::Milliseconds(60_000));
    host.keep(changed("hris.Team"));
    host.request(Command::Poll);
    // It hears of 09:50 while the window up to 09:30 is being read, and completes that.
    host.run(|target| page_of(target, "09:50"))
        .expect("a report");
    host.take_requests();
    host.sleep();
    host.run(|target| page_of(target, "09:50"))
        .expect("a report");
    assert!(
        host.requests[0].contains("modified_before=2025-11-27T09:50:01Z"),
        "{:?}",
        host.requests
    );
}

#[test]
fn the_next_window_starts_at_the_watermark_less_the_overlap() {
    let mut host = Host::linked("{}");
    host.run(quiet("09:30")).expect("a report");
    host.sleep();
    host.take_requests();
    host.run(quiet("10:20")).expect("a report");
    assert_eq!(
        host.requests[1],
        "/api/hris/v1/employees?include_deleted_data=true&modified_after=2025-11-27T09:25:00Z&modified_before=2025-11-27T10:20:01Z&page_size=100"
    );
    host.sleep();
    host.take_requests();
    host.run(quiet("10:20")).expect("a report");
    assert_eq!(
        host.requests.len(),
        1,
        "the same finish is read once: {:?}",
        host.requests
    );
}

#[test]
fn a_page_and_its_cursor_are_one_commit() {
    let mut host = Host::linked("{}");
    let mut pages = 0;
    let _ = host.run(|target| {
        if target.contains("/sync-status") {
            return ok(&done(&[("hris.Employee", "09:30")]));
        }
        pages += 1;
        if pages == 3 {
            status(500)
        } else {
            ok(&page(&[("e", "09:00")], Some(&format!("c{pages}"))))
        }
    });
    let with_rows: Vec<_> = host
        .commits
        .iter()
        .filter(|change| !change.batches.is_empty())
        .collect();
    assert_eq!(with_rows.len(), 2);
    assert!(with_rows[0].state.contains("c1") && with_rows[1].state.contains("c2"));
    host.sleep();
    host.take_requests();
    host.run(|target| {
        if target.contains("/sync-status") {
            ok(&done(&[("hris.Employee", "09:30")]))
        } else {
            ok(&page(&[], None))
        }
    })
    .expect("a report");
    assert!(
        host.requests[0].ends_with("cursor=c2"),
        "resumes where it was: {:?}",
        host.requests
    );
}

#[test]
fn a_hint_is_read_without_an_upper_bound_and_moves_no_watermark() {
    let mut host = Host::linked("{}");
    host.run(quiet("09:30")).expect("a report");
    let before = host.view().models[0].progress;
    host.now = at("10:01");
    host.keep(changed("hris.Employee"));
    host.take_requests();
    host.run(|_| ok(&page(&[("e9", "09:59")], None)))
        .expect("a report");
    assert_eq!(
        host.requests,
        [
            "/api/hris/v1/employees?include_deleted_data=true&modified_after=2025-11-27T09:25:00Z&page_size=100"
        ]
    );
    assert_eq!(host.view().models[0].progress, before);
    // The next one goes on from the newest record read, not sooner than a minute later.
    host.now = at("10:01:30");
    host.keep(changed("hris.Employee"));
    host.take_requests();
    host.run(|target| panic!("{target}")).expect("a report");
    assert_eq!(host.due_at(), Some(at("10:02")));
    host.sleep();
    host.run(|_| ok(&page(&[], None))).expect("a report");
    assert!(
        host.requests[0].contains("modified_after=2025-11-27T09:54:00Z"),
        "{:?}",
        host.requests
    );
}

#[test]
fn a_hint_before_the_first_window_is_kept_until_then() {
    let mut host = Host::linked("{}");
    host.keep(changed("hris.Employee"));
    let syncing = format!(
        r#"{{"results":[{}]}}"#,
        row("hris.Employee", "SYNCING", None)
    );
    host.run(|_| ok(&syncing)).expect("a report");
    assert!(host.notes.is_empty());
    host.sleep();
    host.take_requests();
    host.run(quiet("10:00")).expect("a report");
    let lists: Vec<_> = host
        .requests
        .iter()
        .filter(|target| target.contains("/employees"))
        .collect();
    assert_eq!(lists.len(), 2, "a window, then the hint: {lists:?}");
    assert!(
        lists[1].contains("modified_after=2025-11-27T09:55:00Z"),
        "{lists:?}"
    );
}

#[test]
fn a_failed_sync_is_looked_behind_once() {
    let mut host = Host::linked("{}");
    host.run(quiet("09:30")).expect("a report");
    let failed = format!(
        r#"{{"results":[{}]}}"#,
        row("hris.Employee", "FAILED", Some("09:50"))
    );
    let mut lists = 0;
    for _ in 0..4 {
        host.sleep();
        host.run(|target| {
            if target.contains("/sync-status") {
                return ok(&failed);
            }
            lists += u32::from(target.contains("/employees"));
            ok(&page(&[], None))
        })
        .expect("a report");
    }
    assert_eq!(lists, 1);
}

#[test]
fn a_full_reread_has_no_bounds_and_ends_with_a_sweep() {
    let mut host = Host::linked("{}");
    host.run(|target| {
        if target.contains("/sync-status") {
            ok(&done(&[("hris.Employee", "09:30")]))
        } else {
            ok(&page(&[("e1", "09:00"), ("e2", "09:10")], None))
        }
    })
    .expect("a report");
    host.now = at("11:00");
    host.request(Command::Reread);
    host.take_requests();
    host.run(|target| {
        if target.contains("/sync-status") {
            ok(&done(&[("hris.Employee", "09:30")]))
        } else {
            ok(&page(&[("e1", "09:00")], None))
        }
    })
    .expect("a report");
    assert_eq!(
        host.requests[1],
        "/api/hris/v1/employees?include_deleted_data=true&page_size=100"
    );
    let deleted: Vec<_> = host
        .rows
        .values()
        .map(|(row, _)| (row.id.as_str(), row.deleted))
        .collect();
    assert_eq!(deleted, [("e1", false), ("e2", true)]);
}

#[test]
fn rereads_that_are_due_together_do_not_wait_for_a_poll_each() {
    let mut host = Host::linked(r#"{"run_limits":{"requests":2}}"#);
    let both = [("hris.Employee", "09:30"), ("hris.Team", "09:30")];
    let answer_of = |target: &str| match target {
        _ if target.contains("/sync-status") => ok(&done(&both)),
        _ => ok(&page(&[("e1", "09:00")], None)),
    };
    for _ in 0..3 {
        host.run(answer_of).expect("a report");
        host.sleep();
    }
    host.request(Command::Reread);
    host.take_requests();
    host.run(answer_of).expect("a report");
    // The run's two requests were a poll and the first of the two.
    let pause = merge_sync_logic::types::Milliseconds(10_000);
    assert!(
        host.due_at() <= Some(host.now.plus(pause)),
        "{:?}",
        host.due_at()
    );
    host.sleep();
    host.run(answer_of).expect("a report");
    let lists = host.take_requests();
    let lists: Vec<_> = lists
        .iter()
        .filter(|target| !target.contains("/sync-status"))
        .collect();
    assert_eq!(lists.len(), 2, "{lists:?}");
    assert!(
        lists[0].contains("/employees") && lists[1].contains("/teams"),
        "{lists:?}"
    );
}

#[test]
fn rows_read_for_other_reasons_while_a_reread_lasts_carry_its_pass() {
    let mut host = Host::linked(r#"{"run_limits":{"pages":1}}"#);
    host.run(quiet("09:30")).expect("a report");
    host.now = at("11:00");
    host.request(Command::Reread);
    host.run(|target| {
        if target.contains("/sync-status") {
            ok(&done(&[("hris.Employee", "09:30")]))
        } else {
            ok(&page(&[("e1", "09:00")], Some("c1")))
        }
    })
    .expect("a report");
    host.now = at("12:00");
    host.run(|target| {
        if target.contains("/sync-status") {
            ok(&done(&[("hris.Employee", "11:30")]))
        } else {
            ok(&page(&[("e2", "11:20")], None))
        }
    })
    .expect("a report");
    let passes: Vec<_> = host
        .commits
        .iter()
        .flat_map(|change| &change.batches)
        .filter(|batch| !batch.rows.is_empty())
        .map(|batch| batch.pass)
        .collect();
    assert_eq!(passes.len(), 2);
    assert!(passes[0].is_some() && passes[0] == passes[1], "{passes:?}");
}

#[test]
fn the_account_opens_only_when_no_needed_model_syncs() {
    let mut host = Host::linked("{}");
    let half = format!(
        r#"{{"results":[{},{}]}}"#,
        row("hris.Employee", "DONE", Some("09:30")),
        row("hris.Team", "SYNCING", None)
    );
    host.run(|target| {
        assert!(target.contains("/sync-status"), "{target}");
        ok(&half)
    })
    .expect("a report");
    let mut host = Host::linked(r#"{"gate":"model"}"#);
    let mut lists = 0;
    host.run(|target| {
        if target.contains("/sync-status") {
            return ok(&half);
        }
        lists += 1;
        ok(&page(&[], None))
    })
    .expect("a report");
    assert_eq!(lists, 1, "with `model` each model goes by itself");
}

#[test]
fn models_are_read_in_turn() {
    let mut host = Host::linked("{}");
    let mut order = Vec::new();
    host.run(|target| {
        if target.contains("/sync-status") {
            return ok(&done(&[("hris.Employee", "09:30"), ("hris.Team", "09:30")]));
        }
        let model = if target.contains("/employees") {
            'e'
        } else {
            't'
        };
        order.push(model);
        let next = format!("{model}{}", order.len());
        ok(&page(&[], (order.len() < 4).then_some(next.as_str())))
    })
    .expect("a report");
    assert_eq!(
        order,
        ['e', 't', 'e', 't', 'e']
            .into_iter()
            .take(order.len())
            .collect::<Vec<_>>()
    );
}

#[test]
fn a_run_is_bounded_and_the_next_one_goes_on() {
    let mut host = Host::linked("{}");
    let mut pages = 0;
    let mut merge = |target: &str| {
        if target.contains("/sync-status") {
            return ok(&done(&[("hris.Employee", "09:30")]));
        }
        pages += 1;
        ok(&page(
            &[(&format!("e{pages}"), "09:00")],
            (pages < 70).then(|| format!("c{pages}")).as_deref(),
        ))
    };
    host.run(&mut merge).expect("a report");
    assert_eq!(host.requests.len(), 51, "a poll and fifty pages");
    assert_eq!(
        host.due_at(),
        Some(at("10:00:10")),
        "ten seconds after the poll"
    );
    host.sleep();
    let report = host.run(&mut merge).expect("a report");
    assert_eq!((report.polled, report.windows), (false, 1));
}

#[test]
fn the_published_rule_is_followed_by_its_letter_and_warned_of() {
    let mut host = Host::linked(r#"{"rule":"fetch-start"}"#);
    host.run(quiet("09:30")).expect("a report");
    host.sleep();
    let _ = host.take_requests();
    host.run(quiet("10:20")).expect("a report");
    assert!(
        host.requests[1]
            .contains("modified_after=2025-11-27T10:00:00Z&modified_before=2025-11-27T10:20:00Z"),
        "from the start of the fetch before, which leaves 09:30 to 10:00 unread: {:?}",
        host.requests
    );
    assert!(
        host.log
            .iter()
            .any(|entry| entry.message.contains("fetch-start"))
    );
}
