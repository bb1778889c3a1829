//! Leases, stale commits, crashes: two runs at once cost requests and never correctness.

use merge_sync_engine::command::Command;
use merge_sync_engine::step::{Effect, Event};
use merge_sync_engine::store::Occasion;
use merge_sync_engine::view::{Failure, TroubleKind};
use merge_sync_logic::types::{Milliseconds, Problem, Timestamp};

use crate::support::{Host, answer, at, done, ok, page, quiet, throttled};

/// Start a run and drop it at its first request, as a crash would.
fn crash(host: &mut Host) {
    let mut crashed = false;
    let ended = host.drive(|_, effect| match effect {
        Effect::Send(_) => {
            crashed = true;
            // The store is gone as far as this run is concerned.
            Some(Event::Stale(None))
        }
        Effect::Commit(_) | Effect::Finished(_) => None,
    });
    assert!(crashed && ended.is_err());
}

#[test]
fn a_run_that_fetches_leases_first_and_gives_the_lease_back() {
    let mut host = Host::linked("{}");
    let mut until = None;
    host.drive(|host, effect| match effect {
        Effect::Send(request) => {
            until = until.or(host.not_before);
            Some(answer(quiet("09:30")(&request.target)))
        }
        Effect::Commit(_) | Effect::Finished(_) => None,
    })
    .expect("a report");
    assert_eq!(
        until,
        Some(at("10:01:30")),
        "leased for 90 s before the first request"
    );
    assert_eq!(host.not_before, Some(at("10:00:10")), "and given back");
}

#[test]
fn another_run_stops_at_a_standing_lease_and_takes_over_when_it_ends() {
    let mut host = Host::linked("{}");
    crash(&mut host);
    host.run(|target| panic!("{target}")).expect("a report");
    assert_eq!(host.due_at(), Some(at("10:01:30")));
    host.sleep();
    let report = host.run(quiet("09:30")).expect("a report");
    assert!(report.polled);
}

#[test]
fn a_stale_commit_discards_what_was_derived_from_the_old_state() {
    let mut host = Host::linked("{}");
    let mut overtaken = false;
    let mut statuses = 0;
    let report = host
        .drive(|host, effect| match effect {
            Effect::Commit(change) if !overtaken && !change.batches.is_empty() => {
                // Somebody commits between this run's load and its commit.
                overtaken = true;
                host.version += 1;
                None
            }
            Effect::Send(request) => {
                statuses += usize::from(request.target.contains("/sync-status"));
                let target = &request.target;
                Some(answer(if target.contains("/sync-status") {
                    ok(&done(&[("hris.Employee", "09:30")]))
                } else {
                    ok(&page(&[("e1", "09:00")], None))
                }))
            }
            Effect::Commit(_) | Effect::Finished(_) => None,
        })
        .expect("a report");
    assert_eq!(
        (report.rows, report.windows),
        (1, 1),
        "the page is read again, and counted once"
    );
    assert_eq!(statuses, 1);
    let pages = host
        .requests
        .iter()
        .filter(|target| target.contains("/employees"))
        .count();
    assert_eq!(pages, 2);
}

#[test]
fn a_run_whose_lease_was_ended_stops() {
    for command in [Command::Pause, Command::Unlink] {
        let mut host = Host::linked("{}");
        let mut asked = false;
        host.drive(|host, effect| match effect {
            Effect::Send(request) => {
                if !asked {
                    asked = true;
                    host.request(command.clone());
                }
                Some(answer(quiet("09:30")(&request.target)))
            }
            Effect::Commit(_) | Effect::Finished(_) => None,
        })
        .expect("a report");
        assert_eq!(host.requests.len(), 1, "{command:?}");
        assert_eq!(host.wake_at, None, "{command:?}");
        assert!(host.rows.is_empty());
    }
}

#[test]
fn a_run_whose_lease_another_took_over_stops() {
    let mut host = Host::linked("{}");
    let mut asked = 0;
    host.drive(|host, effect| match effect {
        Effect::Send(request) => {
            asked += 1;
            if asked == 1 {
                // So slow an answer that the lease ends, and another run leases the account.
                host.now = host.now.plus(Milliseconds(91_000));
                crash(host);
            }
            Some(answer(quiet("09:30")(&request.target)))
        }
        Effect::Commit(_) | Effect::Finished(_) => None,
    })
    .expect("a report");
    assert_eq!(asked, 1, "the account is the other run's");
    assert_eq!(host.commits.len(), 2, "two leases and nothing else");
}

#[test]
fn a_lease_stands_to_its_last_microsecond_and_no_longer() {
    // While it stands, the run gives it back: a commit behind the one that leased.
    for (waited, commits) in [(90_000, 2), (90_001, 1)] {
        let mut host = Host::linked("{}");
        let mut overtaken = false;
        host.drive(|host, effect| match effect {
            Effect::Send(request) => Some(answer(quiet("09:30")(&request.target))),
            Effect::Commit(_) if !overtaken && !host.requests.is_empty() => {
                // A slow answer; and somebody commits who leaves the lease alone.
                overtaken = true;
                host.now = at("10:00").plus(Milliseconds(waited));
                host.version += 1;
                None
            }
            Effect::Commit(_) | Effect::Finished(_) => None,
        })
        .expect("a report");
        assert_eq!(host.commits.len(), commits, "{waited}");
    }
}

#[test]
fn what_a_server_demands_outlives_a_commit_of_somebody_else() {
    let mut host = Host::linked("{}");
    let mut overtaken = false;
    host.drive(|host, effect| match effect {
        Effect::Send(_) => Some(answer(throttled(300))),
        Effect::Commit(_) if !overtaken && !host.requests.is_empty() => {
            overtaken = true;
            host.version += 1;
            None
        }
        Effect::Commit(_) | Effect::Finished(_) => None,
    })
    .expect("a report");
    assert!(overtaken);
    assert_eq!(host.requests.len(), 1, "nothing more is asked for");
    assert!(
        host.not_before >= Some(at("10:05")),
        "{:?}",
        host.not_before
    );
}

#[test]
fn a_run_gives_way_when_it_is_overtaken_again_and_again() {
    for (times, gives_way) in [(8, false), (9, true)] {
        let mut host = Host::linked("{}");
        let mut overtaken = 0;
        host.drive(|host, effect| match effect {
            Effect::Send(request) => Some(answer(quiet("09:30")(&request.target))),
            Effect::Commit(_) => {
                if overtaken < times {
                    overtaken += 1;
                    host.version += 1;
                }
                None
            }
            Effect::Finished(_) => None,
        })
        .expect("a report");
        assert_eq!(host.requests.is_empty(), gives_way, "{times}");
    }
}

#[test]
fn an_account_that_is_gone_is_not_recreated() {
    let mut host = Host::linked("{}");
    host.drive(|host, effect| match effect {
        Effect::Send(request) => {
            host.gone = true;
            Some(answer(quiet("09:30")(&request.target)))
        }
        Effect::Commit(_) | Effect::Finished(_) => None,
    })
    .expect("a report");
    assert_eq!(host.commits.len(), 1, "the lease alone");
}

#[test]
fn a_store_that_cannot_commit_ends_the_run() {
    let mut host = Host::linked("{}");
    let failure = host
        .drive(|_, effect| match effect {
            Effect::Commit(_) => Some(Event::Unavailable(Problem {
                message: "disk full".into(),
            })),
            Effect::Send(_) | Effect::Finished(_) => None,
        })
        .expect_err("a failure");
    assert_eq!(
        failure,
        Failure::Store(Problem {
            message: "disk full".into()
        })
    );
    assert_eq!(host.notes.len(), 1, "its notes wait for the next run");
}

#[test]
fn three_crashes_in_a_row_back_off_and_read_carefully() {
    let mut host = Host::linked("{}");
    for _ in 0..3 {
        crash(&mut host);
        host.sleep();
    }
    let before = host.commits.len();
    host.run(|target| panic!("{target}")).expect("a report");
    assert_eq!(host.commits.len(), before + 1, "one commit that backs off");
    assert!(host.due_at() >= Some(host.now));
    host.sleep();
    host.run(|target| {
        if target.contains("/sync-status") {
            return ok(&done(&[("hris.Employee", "09:30")]));
        }
        assert!(
            target.contains("page_size=10&") || target.ends_with("page_size=10"),
            "{target}"
        );
        ok(&page(&[], None))
    })
    .expect("a report");
    host.sleep();
    host.take_requests();
    host.run(quiet("11:00")).expect("a report");
    assert!(
        host.requests[1].ends_with("page_size=100"),
        "{:?}",
        host.requests
    );
}

#[test]
fn an_account_whose_runs_go_on_crashing_is_tried_once_an_hour() {
    let mut host = Host::linked("{}");
    for _ in 0..3 {
        crash(&mut host);
        host.sleep();
    }
    let mut wait = Milliseconds(0);
    for _ in 0..8 {
        host.run(|target| panic!("{target}")).expect("a report");
        wait = host.due_at().expect("a wake-up").since(host.now);
        host.sleep();
        crash(&mut host);
        host.sleep();
    }
    assert_eq!(wait, Milliseconds(3_600_000));
}

#[test]
fn an_instant_further_ahead_than_its_rule_allows_is_read_as_now() {
    let mut host = Host::linked("{}");
    host.now = Timestamp(at("10:00").0 + 1_000_000 * 86_400 * 365);
    host.run(quiet("09:30")).expect("a report");
    crash_at_next_poll(&mut host);
    // The clock is set right: what was written a year ahead does not silence the account.
    host.now = at("10:30");
    let report = host.run(quiet("10:20")).expect("a report");
    assert!(report.polled);
}

fn crash_at_next_poll(host: &mut Host) {
    host.sleep();
    crash(host);
}

#[test]
fn an_event_out_of_order_ends_the_run_and_changes_nothing() {
    let mut host = Host::linked("{}");
    let failure = host
        .drive(|_, effect| match effect {
            Effect::Commit(_) => Some(answer(ok("{}"))),
            Effect::Send(_) | Effect::Finished(_) => None,
        })
        .expect_err("a failure");
    assert!(matches!(failure, Failure::State(_)), "{failure:?}");
    assert!(host.commits.is_empty());
}

#[test]
fn a_state_that_cannot_be_read_is_left_as_it_is() {
    for state in ["{", "[]", "{\"v\":99}", "null", "{\"v\":1}"] {
        let mut host = Host::linked("{}");
        host.state = state.into();
        let failure = host.run(|target| panic!("{target}")).expect_err(state);
        assert!(matches!(failure, Failure::State(_)), "{failure:?}");
        assert_eq!(host.state, state);
        host.request(Command::Reset);
        host.run(quiet("09:30"))
            .unwrap_or_else(|failure| panic!("{state}: {failure:?}"));
    }
}

#[test]
fn a_run_that_is_not_due_does_nothing() {
    let mut host = Host::linked("{}");
    host.run(quiet("09:30")).expect("a report");
    host.now = host.now.plus(Milliseconds(60_000));
    let commits = host.commits.len();
    let report = host.run(|target| panic!("{target}")).expect("a report");
    assert_eq!(report.wake_at, host.wake_at);
    assert_eq!(host.commits.len(), commits);
}

#[test]
fn an_account_whose_every_run_breaks_off_is_in_trouble_until_one_ends() {
    let mut host = Host::linked("{}");
    host.run(quiet("09:30")).expect("a report");
    let heard = |host: &Host, occasion| {
        let notices = host.notices.iter();
        notices.filter(|notice| notice.occasion == occasion).count()
    };
    for _ in 0..30 {
        host.sleep();
        // Some starts only back off.
        let _ = host.drive(|_, effect| match effect {
            Effect::Send(_) => Some(Event::Stale(None)),
            Effect::Commit(_) | Effect::Finished(_) => None,
        });
    }
    let trouble = host.view().trouble.expect("trouble");
    assert_eq!(trouble.kind, TroubleKind::Park);
    assert_eq!(heard(&host, Occasion::NeedsAttention), 1);
    for _ in 0..3 {
        host.sleep();
        host.run(quiet("09:30")).expect("a report");
    }
    assert_eq!(host.view().trouble, None);
    assert_eq!(heard(&host, Occasion::Recovered), 1);
}
