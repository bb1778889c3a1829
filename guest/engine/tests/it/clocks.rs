//! A host whose clock was wrong once.

use merge_sync_engine::command::Command;
use merge_sync_logic::types::{Milliseconds, Timestamp};

use crate::support::{Answer, Host, at, done, ok, on, page, quiet};

/// Run from wake-up to wake-up for so many days; how often employees were asked for.
fn lists(host: &mut Host, days: u64, mut merge: impl FnMut(&str, Timestamp) -> Answer) -> usize {
    let end = host.now.plus(Milliseconds(days * 24 * 3_600_000));
    host.take_requests();
    while host.now < end {
        let now = host.now;
        host.run(|target| merge(target, now)).expect("a report");
        host.sleep();
    }
    let asked = host.requests.iter().filter(|to| to.contains("/employees"));
    asked.count()
}

#[test]
fn full_rereads_go_on() {
    let mut host = Host::linked("{}");
    host.run(quiet("09:30")).expect("a report");
    host.now = on("2099-01-01", "10:00");
    host.request(Command::Reread);
    host.run(quiet("09:30")).expect("a report");
    host.now = at("12:00");
    let found = lists(&mut host, 30, |target, _| quiet("09:30")(target));
    assert!((4..=6).contains(&found), "{found} in a month, one a week");
}

#[test]
fn a_finish_that_was_believed_then_silences_nothing() {
    let mut host = Host::linked(r#"{"full_reread_ms":0}"#);
    host.now = on("2099-01-01", "10:00");
    let status =
        |finish: &str| done(&[("hris.Employee", "09:30")]).replace("2025-11-27T09:30:00", finish);
    let serving = |target: &str, finish: &str| {
        if target.contains("/sync-status") {
            ok(&status(finish))
        } else {
            ok(&page(&[("e1", "09:00")], None))
        }
    };
    host.run(|target| serving(target, "2099-01-01T09:00:00"))
        .expect("a report");
    host.now = at("12:00");
    let found = lists(&mut host, 1, |target, _| {
        serving(target, "2025-11-27T11:50:00")
    });
    assert_eq!(found, 1, "the finish of today");
}

/// A window reaches back from the finish before it: one that lies ahead would leave a hole.
#[test]
fn what_is_written_before_a_finish_that_lies_ahead_is_read() {
    for hours in [1, 20] {
        let mut host = Host::linked(r#"{"full_reread_ms":0}"#);
        let linked_at = host.now;
        let mut served = 0;
        let ahead = linked_at.plus(Milliseconds(hours * 3_600_000));
        let end = linked_at.plus(Milliseconds(48 * 3_600_000));
        while host.now < end {
            let now = host.now;
            host.run(|target| {
                if target.contains("/sync-status") {
                    served += 1;
                    let finish = if served == 1 { ahead } else { now.minus(Milliseconds(600_000)) };
                    let row = format!(
                        r#"{{"model_id":"hris.Employee","status":"DONE","is_initial_sync":false,"last_sync_finished":"{finish}"}}"#
                    );
                    return ok(&format!(r#"{{"next":null,"results":[{row}]}}"#));
                }
                let after = target.split("modified_after=").nth(1);
                let after = after.and_then(|rest| Timestamp::parse(rest.split('&').next()?));
                let written = linked_at.plus(Milliseconds(1_800_000));
                let is_served = now >= written && after.is_none_or(|after| after < written);
                let time = written.to_string();
                let row = format!(r#"{{"id":"e1","modified_at":"{time}"}}"#);
                let rows = if is_served { row } else { String::new() };
                ok(&format!(r#"{{"next":null,"results":[{rows}]}}"#))
            })
            .expect("a report");
            host.sleep();
        }
        assert_eq!(host.rows.len(), 1, "{hours} hours ahead");
    }
}
