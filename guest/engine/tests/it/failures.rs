//! What Merge answers when it does not answer, and what becomes of the schedule.

use merge_sync_engine::command::Command;
use merge_sync_engine::http::SendError;
use merge_sync_engine::store::Occasion;
use merge_sync_engine::view::TroubleKind;
use merge_sync_logic::types::Milliseconds;

use crate::support::{Host, at, done, ok, page, quiet, status, throttled};

const TWO: [(&str, &str); 2] = [("hris.Employee", "09:30"), ("hris.Team", "09:30")];

fn trouble(host: &Host) -> Option<TroubleKind> {
    host.view().trouble.map(|trouble| trouble.kind)
}

#[test]
fn a_failed_poll_backs_off_and_keeps_state_and_rows() {
    let mut host = Host::linked("{}");
    host.run(|target| {
        if target.contains("/sync-status") {
            ok(&done(&[("hris.Employee", "09:30")]))
        } else {
            ok(&page(&[("e1", "09:00")], None))
        }
    })
    .expect("a report");
    let progress = host.view().models[0].progress;
    for body in ["<html>", "{\"results\":", "[]", "{\"results\":7}", ""] {
        host.sleep();
        let report = host.run(|_| ok(body)).expect("a report");
        assert_eq!(
            report.trouble.map(|trouble| trouble.kind),
            Some(TroubleKind::Retrying),
            "{body}"
        );
        assert_eq!(host.view().models[0].progress, progress);
        assert_eq!(host.rows.len(), 1);
    }
    host.sleep();
    host.run(quiet("09:30")).expect("a report");
    assert_eq!(trouble(&host), None);
}

#[test]
fn the_server_is_never_asked_sooner_than_it_said() {
    let mut host = Host::linked("{}");
    host.run(|_| throttled(300)).expect("a report");
    assert!(host.due_at() >= Some(at("10:05")), "{:?}", host.due_at());
    // An operator may shorten our own patience, never a server's demand.
    host.request(Command::Poll);
    assert!(host.due_at() >= Some(at("10:05")), "{:?}", host.due_at());
    host.run(|target| panic!("{target}")).expect("a report");
}

#[test]
fn a_demand_holds_for_a_day_and_no_longer() {
    let mut host = Host::linked("{}");
    let day = Milliseconds(24 * 60 * 60 * 1_000);
    host.run(|_| throttled(86_400)).expect("a report");
    assert_eq!(host.due_at(), Some(host.now.plus(day)));
    host.now = at("10:01");
    host.keep(super::webhooks::changed("hris.Team"));
    host.run(|target| panic!("{target}")).expect("a report");
    // Set back: what is written is now more than a day ahead, by a clock that was wrong.
    host.now = at("09:59");
    host.request(Command::Poll);
    let report = host.run(quiet("09:30")).expect("a report");
    assert!(report.polled);
}

#[test]
fn a_server_that_asks_for_time_is_asked_for_no_other_model() {
    let mut host = Host::linked("{}");
    host.run(|target| match target {
        _ if target.contains("/sync-status") => ok(&done(&TWO)),
        _ if target.contains("/employees") => throttled(600),
        _ => panic!("{target}"),
    })
    .expect("a report");
    assert_eq!(host.requests.len(), 2, "{:?}", host.requests);
}

#[test]
fn a_poll_that_is_wanted_is_due_now() {
    let mut host = Host::linked("{}");
    host.run(quiet("09:30")).expect("a report");
    host.now = at("10:05");
    assert!(host.wake_at > Some(host.now));
    host.request(Command::Poll);
    assert_eq!(host.wake_at, Some(host.now));
}

#[test]
fn the_server_is_heard_whatever_was_asked_for() {
    let mut host = Host::linked("{}");
    // People must act, so the next run asks for Merge's own words; they are worth no retry.
    for _ in 0..2 {
        let mut rest = quiet("09:30");
        host.run(|target| match target {
            _ if target.contains("/issues") => throttled(300),
            _ if target.contains("/employees") => status(403),
            _ => rest(target),
        })
        .expect("a report");
        host.now = host.now.plus(Milliseconds(60_000));
        host.keep(super::webhooks::changed("hris.Team"));
    }
    let asked = host.take_requests();
    assert!(
        asked.iter().any(|target| target.contains("/issues")),
        "{asked:?}"
    );
    let again = host.now.plus(Milliseconds(240_000));
    assert!(host.due_at() >= Some(again), "{:?}", host.due_at());
}

#[test]
fn an_operator_may_clear_a_backoff() {
    let mut host = Host::linked("{}");
    for _ in 0..6 {
        host.run(|_| status(503)).expect("a report");
        host.sleep();
    }
    host.run(|_| status(503)).expect("a report");
    host.request(Command::Poll);
    assert!(host.due_at() <= Some(host.now.plus(Milliseconds(10_000))));
}

#[test]
fn too_many_failures_park_the_account_and_it_is_polled_hourly_at_least() {
    let mut host = Host::linked("{}");
    for _ in 0..8 {
        host.run(|_| Err(SendError::Transport("reset".into())))
            .expect("a report");
        host.sleep();
    }
    assert_eq!(trouble(&host), Some(TroubleKind::Park));
    let attention = |host: &Host| {
        host.notices
            .iter()
            .filter(|notice| notice.occasion == Occasion::NeedsAttention)
            .count()
    };
    assert_eq!(attention(&host), 1);
    for _ in 0..5 {
        let before = host.now;
        host.run(|_| status(500)).expect("a report");
        host.sleep();
        assert!(host.now.since(before) <= Milliseconds(3_600_000));
        assert!(
            host.now.since(before) >= Milliseconds(10_000),
            "no hot loop"
        );
    }
    assert_eq!(attention(&host), 1, "announced once");
    host.run(quiet("09:30")).expect("a report");
    assert_eq!(trouble(&host), None);
    assert!(
        host.notices
            .iter()
            .any(|notice| notice.occasion == Occasion::Recovered)
    );
}

#[test]
fn each_kind_of_trouble_is_announced_and_its_end_once() {
    let mut host = Host::linked("{}");
    let heard = |host: &mut Host, time: &str, code: u16| -> Vec<Occasion> {
        host.now = at(time);
        host.notices.clear();
        host.request(Command::Poll);
        let mut rest = quiet("09:30");
        host.run(|target| match (code, target) {
            (200, _) => rest(target),
            (_, target) if target.contains("/issues") => ok(r#"{"results":[]}"#),
            _ => status(code),
        })
        .expect("a report");
        let occasions = host.notices.iter().map(|notice| notice.occasion);
        occasions
            .filter(|occasion| matches!(occasion, Occasion::NeedsAttention | Occasion::Recovered))
            .collect()
    };
    assert_eq!(heard(&mut host, "10:00", 401), [Occasion::NeedsAttention]);
    assert_eq!(heard(&mut host, "11:00", 401), []);
    assert_eq!(heard(&mut host, "12:00", 404), [Occasion::NeedsAttention]);
    // Perhaps the same trouble on its way out, perhaps not.
    assert_eq!(heard(&mut host, "13:00", 503), []);
    assert_eq!(heard(&mut host, "14:00", 404), []);
    assert_eq!(heard(&mut host, "15:00", 200), [Occasion::Recovered]);
    assert_eq!(heard(&mut host, "16:00", 200), []);
}

#[test]
fn a_list_of_models_whose_cursor_went_stale_is_read_again() {
    for (refused, kind) in [
        ("cursor=c2", TroubleKind::Retrying),
        ("/sync-status", TroubleKind::DropRequest),
    ] {
        let mut host = Host::linked("{}");
        host.run(|target| {
            if target.contains(refused) {
                status(400)
            } else {
                ok(r#"{"next":"c2","results":[]}"#)
            }
        })
        .expect("a report");
        assert_eq!(trouble(&host), Some(kind), "{refused}");
    }
}

#[test]
fn one_model_that_always_fails_does_not_hold_up_the_others() {
    let mut host = Host::linked(r#"{"full_reread_ms":0}"#);
    let mut teams = 0;
    for _ in 0..40 {
        host.run(|target| {
            if target.contains("/sync-status") {
                ok(&done(&TWO))
            } else if target.contains("/employees") {
                status(500)
            } else {
                teams += usize::from(target.contains("/teams"));
                ok(&page(&[("t1", "09:00")], None))
            }
        })
        .expect("a report");
        host.sleep();
    }
    assert_eq!(teams, 1);
    assert_eq!(trouble(&host), Some(TroubleKind::Park));
    let view = host.view();
    assert_eq!(view.models[0].progress.merge_last_sync_finished, None);
    assert_eq!(
        view.models[1].progress.merge_last_sync_finished,
        Some(at("09:30"))
    );
}

#[test]
fn a_refused_list_rests_an_hour_whatever_polls_come() {
    for code in [403, 404] {
        let mut host = Host::linked("{}");
        let mut asked = 0;
        let mut merge = |target: &str| {
            if target.contains("/sync-status") {
                return ok(&done(&[("hris.Employee", "09:30")]));
            }
            asked += usize::from(target.contains("/employees"));
            status(code)
        };
        host.run(&mut merge).expect("a report");
        let began = host.now;
        while host.now.since(began) < Milliseconds(50 * 60_000) {
            host.now = host.now.plus(Milliseconds(10 * 60_000));
            host.request(Command::Poll);
            host.run(&mut merge).expect("a report");
        }
        host.now = began.plus(Milliseconds(60 * 60_000));
        host.run(&mut merge).expect("a report");
        assert_eq!(asked, 2);
    }
}

#[test]
fn a_stale_cursor_restarts_the_read_at_once_if_it_got_further() {
    let mut host = Host::linked("{}");
    let mut tries = 0;
    host.run(|target| {
        if target.contains("/sync-status") {
            return ok(&done(&[("hris.Employee", "09:30")]));
        }
        if target.contains("cursor=c1") {
            tries += 1;
            return if tries == 1 {
                status(400)
            } else {
                ok(&page(&[("e2", "09:10")], None))
            };
        }
        ok(&page(&[("e1", "09:00")], Some("c1")))
    })
    .expect("a report");
    assert_eq!(
        host.view().models[0].progress.merge_last_sync_finished,
        Some(at("09:30"))
    );
    assert_eq!(trouble(&host), None);
}

#[test]
fn a_cursor_that_is_always_stale_ends_in_halves_and_never_in_a_hot_loop() {
    let mut host = Host::linked("{}");
    let mut requests = 0;
    for _ in 0..60 {
        host.run(|target| {
            if target.contains("/sync-status") {
                return ok(&done(&[("hris.Employee", "09:30")]));
            }
            requests += 1;
            // Only parts of less than a day fit on one page.
            let small = target.contains("modified_after") && target.contains("modified_before");
            if target.contains("cursor=") {
                status(400)
            } else {
                ok(&page(&[("e1", "09:00")], (!small).then_some("c1")))
            }
        })
        .expect("a report");
        host.sleep();
    }
    assert!(requests < 300, "{requests} requests");
}

#[test]
fn a_next_that_repeats_is_a_failure_of_that_read() {
    let mut host = Host::linked("{}");
    let report = host
        .run(|target| {
            if target.contains("/sync-status") {
                ok(&done(&[("hris.Employee", "09:30")]))
            } else {
                ok(&page(&[("e1", "09:00")], Some("c1")))
            }
        })
        .expect("a report");
    assert_eq!(
        report.trouble.map(|trouble| trouble.kind),
        Some(TroubleKind::Retrying)
    );
    assert_eq!(report.windows, 0);
    assert!(host.requests.len() < 6, "{:?}", host.requests);
    let status_repeats = r#"{"next":"s1","results":[]}"#;
    let mut host = Host::linked("{}");
    let report = host.run(|_| ok(status_repeats)).expect("a report");
    assert!(!report.polled && report.trouble.is_some());
}

#[test]
fn a_record_without_a_text_id_is_skipped_and_the_rest_is_kept() {
    let mut host = Host::linked("{}");
    host.run(|target| {
        if target.contains("/sync-status") {
            ok(&done(&[("hris.Employee", "09:30")]))
        } else {
            ok(r#"{"next":null,"results":[{"id":7},{"id":"e1","id":"e1","modified_at":"soon"},null]}"#)
        }
    })
    .expect("a report");
    assert_eq!(host.rows.len(), 1);
    assert!(
        host.log
            .iter()
            .any(|entry| entry.message.contains("skipped"))
    );
}

#[test]
fn a_missing_token_counts_as_missing_authorization() {
    let mut host = Host::linked("{}");
    host.run(|_| Err(SendError::NoToken)).expect("a report");
    assert_eq!(trouble(&host), Some(TroubleKind::Reauthorize));
    assert_eq!(host.due_at(), Some(at("11:00")));
}

/// The host asks each of its steps twice, the second time by text.
#[test]
fn every_way_of_not_being_answered_is_known_by_text_too() {
    for error in [
        SendError::Transport("refused".into()),
        SendError::TimedOut("30 s".into()),
        SendError::TooLarge("64 MiB".into()),
        SendError::NoToken,
        SendError::HeldBack(Milliseconds(5_000)),
    ] {
        let mut host = Host::linked("{}");
        host.run(|_| Err(error.clone())).expect("a report");
        assert_eq!(host.requests.len(), 1, "{error:?}");
        assert!(host.due_at() > Some(host.now), "{error:?}");
    }
}
