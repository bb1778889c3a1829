//! An account that was deleted at Merge: believed after a day of refusals.

use merge_sync_engine::command::Command;
use merge_sync_engine::store::{Note, Occasion, TokenChange};
use merge_sync_logic::readiness::AccountPhase;
use merge_sync_logic::types::{LinkState, Milliseconds};

use crate::link::{asked, heard, ready};
use crate::support::{Answer, Host, at, ok, on, quiet, status};
use crate::webhooks::{linked, noted, token};

const HOUR: Milliseconds = Milliseconds(60 * 60 * 1_000);

fn deleted() -> Note {
    noted("LinkedAccount.deleted", "{}")
}

#[test]
fn only_a_day_of_refusals_erases_the_token_and_the_account_is_unlinked_from_the_first() {
    for code in [401, 404] {
        let mut host = ready();
        host.keep(deleted());
        host.run(|_| status(code)).expect("a report");
        let first = host.now;
        let mut polls = 1;
        while host.now.since(first) < Milliseconds(HOUR.0 * 24) {
            let view = host.view();
            assert_eq!(view.link, LinkState::Unlinked, "from the first answer");
            assert_eq!(view.readiness.phase, AccountPhase::NeedsAttention);
            let text = view.trouble.expect("trouble").text;
            assert!(text.contains("deleted"), "{text}");
            let summary = &host.commits.last().expect("a commit").summary;
            assert_eq!(summary.link, LinkState::Unlinked);
            assert_eq!(summary.phase, AccountPhase::NeedsAttention);
            assert!(token(&host).is_some(), "{polls} polls");
            let before = host.now;
            host.sleep();
            assert!(host.now.since(before) <= HOUR);
            polls += 1;
            host.run(|_| status(code)).expect("a report");
        }
        assert!(polls >= 24, "{polls}");
        assert_eq!(host.commits.last().unwrap().token, TokenChange::Erase);
        assert_eq!((token(&host), host.wake_at), (None, None));
        assert_eq!(host.view().link, LinkState::Unlinked);
        assert_eq!(heard(&host, Occasion::Unlinked), 1);
        assert_ne!(host.view().readiness.phase, AccountPhase::Ready);
    }
}

/// Hours of 401 after a `deleted`, and what was answered at the given one instead.
fn disowned_but(other: impl Fn() -> Answer, at_hour: usize, hours: usize) -> Host {
    let mut host = ready();
    host.keep(deleted());
    for hour in 0..hours {
        host.run(|target| {
            if hour == at_hour && target.contains("/sync-status") {
                other()
            } else {
                status(401)
            }
        })
        .expect("a report");
        host.now = host.now.plus(HOUR);
    }
    host
}

#[test]
fn one_good_answer_ends_the_count() {
    let good = || ok(&crate::support::done(&[("hris.Employee", "09:30")]));
    let mut host = disowned_but(good, 20, 40);
    assert!(token(&host).is_some());
    assert_eq!(host.view().link, LinkState::Active, "an ordinary 401 since");
    host.run(quiet("09:30")).expect("a report");
    assert_eq!(host.view().link, LinkState::Active);
    assert_eq!(host.view().trouble, None);
}

#[test]
fn an_answer_of_another_kind_begins_the_day_again() {
    let host = disowned_but(|| status(503), 20, 30);
    assert!(token(&host).is_some());
    assert_eq!(host.view().link, LinkState::Unlinked);
    let host = disowned_but(|| status(503), 20, 46);
    assert!(token(&host).is_none());
}

#[test]
fn two_refusals_a_day_apart_are_not_a_day_of_refusals() {
    let mut host = ready();
    host.keep(deleted());
    host.run(|_| status(401)).expect("a report");
    // The host was down, or the clock was set.
    host.now = on("2025-11-29", "10:00");
    host.run(|_| status(401)).expect("a report");
    assert!(token(&host).is_some());
}

#[test]
fn a_late_or_replayed_deletion_does_no_harm() {
    let mut host = ready();
    let note = deleted();
    for time in ["10:05", "10:30", "12:00"] {
        host.now = at(time);
        host.keep(note.clone());
        host.run(quiet("09:30")).expect("a report");
        assert!(token(&host).is_some());
        assert_eq!(host.view().link, LinkState::Active, "{time}");
    }
}

#[test]
fn a_replayed_link_does_not_bring_a_deleted_account_back_and_a_new_one_does() {
    let mut host = Host::new("{}");
    let link = linked("T1", false);
    host.keep(link.clone());
    host.run(quiet("09:30")).expect("a report");
    host.now = at("10:05");
    host.keep(deleted());
    for _ in 0..25 {
        host.run(|_| status(404)).expect("a report");
        host.now = host.now.plus(HOUR);
    }
    assert_eq!((token(&host), host.wake_at), (None, None));
    host.keep(link);
    host.run(|target| panic!("{target}")).expect("a report");
    assert_eq!((token(&host), host.wake_at), (None, None));
    assert_eq!(host.view().link, LinkState::Unlinked);
    host.keep(linked("T2", true));
    host.run(quiet("09:30")).expect("a report");
    assert_eq!(token(&host), Some("T2"));
    assert_eq!(host.view().link, LinkState::Active);
}

#[test]
fn a_deletion_that_is_told_again_and_again_is_looked_up_once_in_an_hour() {
    let mut host = ready();
    let end = host.now.plus(Milliseconds(HOUR.0 * 3));
    while host.now < end {
        host.keep(deleted());
        host.run(|_| status(401)).expect("a report");
        host.now = host.now.plus(Milliseconds(20_000));
    }
    assert!(asked(&host, "/sync-status") <= 4, "{:?}", host.requests);
}

/// Nobody looks after it any more, which is not the end of a trouble.
#[test]
fn an_account_that_ends_in_trouble_has_not_recovered() {
    let mut host = ready();
    host.keep(deleted());
    for _ in 0..30 {
        host.run(|_| status(401)).expect("a report");
        host.now = host.now.plus(HOUR);
    }
    assert_eq!(heard(&host, Occasion::NeedsAttention), 1);
    assert_eq!(heard(&host, Occasion::Unlinked), 1);
    assert_eq!(heard(&host, Occasion::Recovered), 0);

    let mut host = ready();
    host.request(Command::Poll);
    host.run(|_| status(401)).expect("a report");
    host.request(Command::Unlink);
    assert_eq!(heard(&host, Occasion::NeedsAttention), 1);
    assert_eq!(heard(&host, Occasion::Recovered), 0);
}
