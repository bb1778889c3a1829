//! A read that makes progress comes to its end, however flaky its list is.

use std::ops::Range;

use merge_sync_engine::step::{Effect, Event, Run, Step, step};
use merge_sync_engine::store::{Change, Committed};
use merge_sync_logic::types::{Milliseconds, Timestamp};

use crate::support::{ACCOUNT, Answer, Host, answer, at, done, ok, status};

const ROWS: usize = 1_000_000;

const SECOND: i64 = 1_000_000;

const MINUTE: i64 = 60 * SECOND;

/// A request and its answer take so long.
const TAKES: i64 = SECOND / 4;

/// A list of a million records, one a millisecond.
struct Flaky {
    asked: u64,
    outage: Range<Timestamp>,
}

impl Flaky {
    fn answer(&mut self, target: &str, now: Timestamp) -> Answer {
        self.asked += 1;
        if self.outage.contains(&now) || self.asked.is_multiple_of(50) {
            return status(503);
        }
        if target.contains("/sync-status") {
            return ok(&done(&[("hris.Employee", "09:30")]));
        }
        if !target.contains("/employees") {
            return ok(r#"{"results":[],"next":null}"#);
        }
        let parameter = |name: &str| {
            let query = target.split_once('?').expect("a query").1;
            let mut pairs = query.split('&');
            pairs.find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
        };
        let place = |name| {
            let at = Timestamp::parse(parameter(name)?).expect("an instant");
            usize::try_from((at.0 - first().0).max(0) / 1_000).ok()
        };
        let from = place("modified_after").map_or(0, |place| place + 1);
        let until = place("modified_before").unwrap_or(ROWS).min(ROWS);
        let size: usize = parameter("page_size")
            .expect("a size")
            .parse()
            .expect("a number");
        let start = match parameter("cursor") {
            None => from,
            Some(cursor) => {
                let (place, made) = cursor.split_once('.').expect("a cursor");
                let made: i64 = made.parse().expect("an instant");
                if now.0 - made > 10 * MINUTE {
                    return status(400);
                }
                place.parse().expect("a place")
            }
        };
        let end = (start + size).min(until);
        let rows: Vec<String> = (start..end)
            .map(|row| {
                let at = Timestamp(first().0 + i64::try_from(row).expect("small") * 1_000);
                format!(r#"{{"id":"{row}","modified_at":"{at}"}}"#)
            })
            .collect();
        let next = if end < until {
            format!(r#""{end}.{}""#, now.0)
        } else {
            "null".to_owned()
        };
        ok(&format!(
            r#"{{"next":{next},"results":[{}]}}"#,
            rows.join(",")
        ))
    }
}

fn first() -> Timestamp {
    at("08:00")
}

/// As [`Host::commit`], for which a million records are too many.
fn commit(host: &mut Host, change: &Change, seen: &mut [bool]) -> Committed {
    host.version += 1;
    host.state.clone_from(&change.state);
    host.notes
        .retain(|note| !change.consumed.contains(&note.number));
    host.wake_at = change.wake_at;
    host.not_before = change.not_before;
    for row in change.batches.iter().flat_map(|batch| &batch.rows) {
        let number: usize = row.id.parse().expect("a number");
        seen[number] = true;
    }
    Committed {
        version: host.version.to_string(),
        swept: None,
    }
}

fn run(host: &mut Host, list: &mut Flaky, seen: &mut [bool]) {
    let mut run = Run::new(ACCOUNT);
    let mut event = Event::Started(host.load());
    loop {
        let Step {
            run: next, effect, ..
        } = step(run, &host.settings, host.now, event);
        run = next;
        event = match effect {
            Effect::Finished(report) => {
                report.expect("a report");
                return;
            }
            Effect::Commit(change) => Event::Committed(commit(host, &change, seen)),
            Effect::Send(request) => {
                host.now = Timestamp(host.now.0 + TAKES);
                answer(list.answer(&request.target, host.now))
            }
        };
    }
}

#[test]
fn a_million_rows_with_one_page_in_fifty_failing_and_an_outage_are_read_in_twelve_hours() {
    let mut host = Host::linked("{}");
    let began = host.now;
    let mut list = Flaky {
        asked: 0,
        outage: Timestamp(began.0 + 30 * MINUTE)..Timestamp(began.0 + 45 * MINUTE),
    };
    let mut seen = vec![false; ROWS];
    let end = began.plus(Milliseconds(12 * 3_600_000));
    let is_read = |host: &Host| {
        let view = host.view();
        let model = view.models.first();
        model.is_some_and(|model| model.progress.merge_last_sync_finished.is_some())
    };
    while !is_read(&host) {
        assert!(
            host.now < end,
            "{} rows",
            seen.iter().filter(|seen| **seen).count()
        );
        run(&mut host, &mut list, &mut seen);
        host.sleep();
    }
    assert!(seen.iter().all(|seen| *seen));
    let view = host.view();
    assert_eq!(view.models[0].trouble, None);
    assert!(host.now < end);
}
