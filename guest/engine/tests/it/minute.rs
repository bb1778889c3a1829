//! The requests of an account in a minute: counted in its document, whoever runs it.

use merge_sync_engine::command::Command;
use merge_sync_engine::http::SendError;
use merge_sync_engine::step::{Effect, Event};
use merge_sync_logic::types::{Milliseconds, Problem, Timestamp};

use crate::support::{Host, answer, at, done, ok, page};

const SECOND: i64 = 1_000_000;

/// An account with a list of `pages` pages whose requests are answered within `millis`, and when
/// each was sent.
struct Account {
    host: Host,
    pages: usize,
    millis: u64,
    sent: Vec<Timestamp>,
    commits: usize,
}

impl Account {
    fn new(limit: usize, pages: usize, millis: u64) -> Self {
        let settings = format!(r#"{{"requests_per_minute":{limit}}}"#);
        Self {
            host: Host::linked(&settings),
            pages,
            millis,
            sent: Vec::new(),
            commits: 0,
        }
    }

    /// One run; `disturb` may answer its commits, which it is told the number of.
    fn run(&mut self, mut disturb: impl FnMut(&mut Host, usize) -> Option<Event>) {
        let Self {
            host,
            pages,
            millis,
            sent,
            commits,
        } = self;
        let status = done(&[("hris.Employee", "09:30")]);
        let ended = host.drive(|host, effect| match effect {
            Effect::Send(request) => {
                sent.push(host.now);
                host.now = host.now.plus(Milliseconds(*millis));
                let body = match request.target.split_once("cursor=c") {
                    _ if request.target.contains("/sync-status") => status.clone(),
                    Some((_, nth)) => list(nth.parse().expect("a number"), *pages),
                    None => list(0, *pages),
                };
                Some(answer(ok(&body)))
            }
            Effect::Commit(_) => {
                *commits += 1;
                disturb(host, *commits)
            }
            Effect::Finished(_) => None,
        });
        drop(ended);
    }

    /// Run it whenever it is due until the list is read, and check that no 61 seconds hold more
    /// than `limit`.
    #[track_caller]
    fn read_to_the_end(
        &mut self,
        limit: usize,
        mut disturb: impl FnMut(&mut Host, usize) -> Option<Event>,
    ) {
        for _ in 0..1_000 {
            self.run(&mut disturb);
            if self
                .host
                .view()
                .models
                .iter()
                .all(|model| model.window.is_none())
                && self.host.rows.len() == self.pages
            {
                break;
            }
            self.host.sleep();
        }
        assert_eq!(self.host.rows.len(), self.pages, "{}", self.host.state);
        for (nth, (earlier, later)) in self.sent.iter().zip(&self.sent[limit..]).enumerate() {
            let apart = later.0 - earlier.0;
            assert!(
                apart > 61 * SECOND,
                "request {nth} and {limit} more in {apart}"
            );
        }
    }
}

/// The page with this number of a list with one record a page.
fn list(nth: usize, pages: usize) -> String {
    let next = (nth + 1 < pages).then(|| format!("c{}", nth + 1));
    page(&[(&format!("e{nth}"), "09:00")], next.as_deref())
}

fn nothing(_: &mut Host, _: usize) -> Option<Event> {
    None
}

#[test]
fn a_long_list_is_read_at_the_pace_that_the_limit_allows() {
    for (limit, pages, millis) in [
        (100, 350, 3),
        (100, 250, 170),
        (7, 60, 40),
        (1, 5, 900),
        (250, 400, 20),
    ] {
        let mut account = Account::new(limit, pages, millis);
        account.read_to_the_end(limit, nothing);
        // And no slower: each minute is used up.
        let took = account.host.now.0 - at("10:00").0;
        let minutes = i64::try_from(account.sent.len() / limit).expect("few") + 1;
        assert!(took <= minutes * 67 * SECOND, "{limit} a minute: {took}");
        assert_eq!(account.host.view().trouble, None);
    }
}

#[test]
fn an_account_without_room_starts_at_the_instant_at_which_there_is() {
    let mut account = Account::new(10, 30, 5);
    account.run(nothing);
    assert_eq!(account.sent.len(), 10);
    let (first, due) = (account.sent[0], account.host.due_at().expect("a wake-up"));
    let wait = due.0 - first.0;
    assert!((61_200_000..=66_300_000).contains(&wait), "{wait}");
    // For an operator neither.
    account.host.now = at("10:00:20");
    account.host.request(Command::Poll);
    account.run(nothing);
    assert_eq!(account.sent.len(), 10);
    assert_eq!(account.host.due_at(), Some(due));
    account.host.now = due;
    account.run(nothing);
    assert_eq!(account.sent.len(), 20);
}

/// A run that ends before its commit leaves its last request uncounted, and its lease.
#[test]
fn runs_that_die_before_a_commit_stay_within_the_limit() {
    let mut account = Account::new(20, 90, 5);
    account.read_to_the_end(20, |_, commit| {
        let message = "away".into();
        (commit % 7 == 0).then_some(Event::Unavailable(Problem { message }))
    });
}

#[test]
fn requests_whose_commit_was_overtaken_stay_counted() {
    let mut account = Account::new(20, 90, 5);
    account.read_to_the_end(20, |host, commit| {
        if commit % 3 == 0 {
            host.request(Command::ApproveDeletions("hris.Employee".into(), 7));
        }
        None
    });
}

#[test]
fn a_reset_forgets_no_request() {
    let mut account = Account::new(10, 30, 5);
    account.run(nothing);
    account.host.request(Command::Reset);
    account.run(nothing);
    assert_eq!(account.sent.len(), 10);
}

#[test]
fn a_request_that_the_host_held_back_is_not_counted() {
    let mut account = Account::new(3, 10, 5);
    let wait = Milliseconds(10);
    for _ in 0..20 {
        account
            .host
            .run(|_| Err(SendError::HeldBack(wait)))
            .expect("a report");
        account.host.sleep();
    }
    account.host.take_requests();
    account.run(nothing);
    assert_eq!(account.sent.len(), 3);
}

#[test]
fn a_document_of_an_older_version_has_sent_nothing() {
    let mut account = Account::new(10, 30, 5);
    account.run(nothing);
    let state = account.host.state.clone();
    let (before, behind) = state.split_once("\"sent\":[").expect("counters");
    let (_, behind) = behind.split_once("],").expect("their end");
    account.host.state = format!("{before}{behind}");
    assert_eq!(account.host.view().models.len(), 1);
    account.host.now = account.host.due_at().expect("a wake-up");
    account.run(nothing);
    assert_eq!(account.sent.len(), 20);
}

#[test]
fn a_clock_set_back_by_days_holds_an_account_up_for_little_over_a_minute() {
    const DAY: Milliseconds = Milliseconds(24 * 60 * 60 * 1_000);
    let mut account = Account::new(10, 30, 5);
    account.run(nothing);
    // Further than a deadline may lie ahead: none of the stored ones counts.
    let back = account.host.now.minus(DAY).minus(DAY);
    account.host.now = back;
    account.host.request(Command::Poll);
    // As a host does that takes what lies so far ahead for due.
    while account.sent.len() == 10 {
        account.run(nothing);
        account.host.now = account.host.now.plus(Milliseconds(5_000));
        assert!(account.host.now < back.plus(Milliseconds(80_000)));
    }
    assert_eq!(account.sent.len(), 20);
}

#[test]
fn what_was_sent_takes_sixty_bytes_and_none_once_it_is_over() {
    let bytes = |host: &Host| {
        let counters = host.state.split_once("\"sent\":[");
        counters.map_or(0, |(_, rest)| {
            "\"sent\":[],".len() + rest.find(']').expect("an end")
        })
    };
    let mut account = Account::new(100, 400, 660);
    let mut most = 0;
    for _ in 0..12 {
        account.run(nothing);
        most = most.max(bytes(&account.host));
        account.host.sleep();
    }
    assert!(account.sent.len() > 300);
    assert!((40..=60).contains(&most), "{most}: {}", account.host.state);
    account.host.now = account.host.now.plus(Milliseconds(66_300));
    account.host.request(Command::Pause);
    assert_eq!(bytes(&account.host), 0, "{}", account.host.state);
}
