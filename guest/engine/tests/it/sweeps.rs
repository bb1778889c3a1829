//! What a full re-read did not find: marked, held, confirmed or approved.

use merge_sync_engine::command::Command;
use merge_sync_engine::store::Occasion;
use merge_sync_engine::view::TroubleKind;
use merge_sync_logic::types::{Milliseconds, Timestamp};

use crate::support::list::List;
use crate::support::{Host, done, ok, page};

const HOUR: Milliseconds = Milliseconds(60 * 60 * 1_000);

/// A host that has read this many employees.
fn with_rows(settings: &str, rows: usize) -> Host {
    let mut host = Host::linked(settings);
    run(&mut host, &ids(0..rows));
    assert_eq!(live(&host), rows);
    host.now = host.now.plus(HOUR);
    host
}

fn ids(numbers: std::ops::Range<usize>) -> Vec<String> {
    numbers.map(|number| format!("e{number}")).collect()
}

/// One run against a Merge that holds these employees.
fn run(host: &mut Host, ids: &[String]) {
    let records: Vec<_> = ids.iter().map(|id| (id.as_str(), "09:00")).collect();
    host.run(|target| {
        if target.contains("/sync-status") {
            ok(&done(&[("hris.Employee", "09:30")]))
        } else {
            ok(&page(&records, None))
        }
    })
    .expect("a report");
}

/// A full re-read that an operator asks for.
fn reread(host: &mut Host, ids: &[String]) {
    host.request(Command::Reread);
    run(host, ids);
}

fn live(host: &Host) -> usize {
    host.rows.values().filter(|(row, _)| !row.deleted).count()
}

fn trouble(host: &Host) -> Option<TroubleKind> {
    host.view().trouble.map(|trouble| trouble.kind)
}

fn logged(host: &Host, words: &str) -> usize {
    let entries = host.log.iter();
    entries
        .filter(|entry| entry.message.contains(words))
        .count()
}

/// Let the clock jump from wake-up to wake-up until a re-read was made, and say when.
fn next_reread(host: &mut Host, ids: &[String]) -> Timestamp {
    loop {
        host.sleep();
        host.take_requests();
        run(host, ids);
        if host
            .requests
            .iter()
            .any(|target| target.contains("/employees"))
        {
            return host.now;
        }
    }
}

#[test]
fn a_tenth_of_the_rows_is_believed_and_more_is_not() {
    for (stored, left, believed) in [(40, 36, true), (40, 35, false), (3, 1, true), (3, 0, false)] {
        let mut host = with_rows("{}", stored);
        reread(&mut host, &ids(0..left));
        let expected = if believed { left } else { stored };
        assert_eq!(live(&host), expected, "{left} of {stored}");
        let held = trouble(&host) == Some(TroubleKind::HeldSweep);
        assert_eq!(held, !believed, "{left} of {stored}");
    }
}

#[test]
fn an_empty_full_read_erases_nobody_at_any_size() {
    for stored in [1, 2, 17, 60] {
        let mut host = with_rows("{}", stored);
        reread(&mut host, &[]);
        assert_eq!(live(&host), stored);
        assert_eq!(trouble(&host), Some(TroubleKind::HeldSweep));
        // However often it is asked.
        for _ in 0..3 {
            next_reread(&mut host, &[]);
            assert_eq!(live(&host), stored);
        }
    }
}

#[test]
fn a_held_sweep_is_told_once_with_both_numbers_and_read_again_within_seven_hours() {
    let mut host = with_rows("{}", 60);
    host.notices.clear();
    reread(&mut host, &ids(0..10));
    let told = |host: &Host| {
        let notices = host.notices.iter();
        notices
            .filter(|notice| notice.occasion == Occasion::NeedsAttention)
            .map(|notice| (notice.model_id.clone(), notice.text.clone()))
            .collect::<Vec<_>>()
    };
    let found = told(&host);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].0.as_deref(), Some("hris.Employee"));
    assert!(found[0].1.contains("50 of 60"), "{}", found[0].1);
    let held = host.view().models[0].held_sweep.expect("a held sweep");
    assert_eq!((held.unseen, held.live), (50, 60));
    assert_eq!(logged(&host, "none is marked deleted"), 1);
    assert_eq!(logged(&host, "are marked"), 0);
    let began = host.now;
    let again = next_reread(&mut host, &ids(0..10));
    let waited = again.since(began);
    assert!(
        (6 * HOUR.0..=7 * HOUR.0 + 600_000).contains(&waited.0),
        "{waited:?}"
    );
}

#[test]
fn a_second_read_that_agrees_marks_what_neither_found() {
    let mut host = with_rows("{}", 60);
    reread(&mut host, &ids(0..10));
    host.notices.clear();
    host.log.clear();
    next_reread(&mut host, &ids(0..10));
    assert_eq!(live(&host), 10);
    assert_eq!(logged(&host, "none is marked deleted"), 0);
    assert_eq!(logged(&host, "are marked"), 1);
    assert_eq!(trouble(&host), None);
    let recovered = host.notices.iter();
    assert!(
        recovered
            .map(|notice| notice.occasion)
            .any(|occasion| occasion == Occasion::Recovered)
    );
}

#[test]
fn the_second_read_marks_no_row_that_the_first_one_saw() {
    let mut host = with_rows("{}", 60);
    reread(&mut host, &ids(0..10));
    next_reread(&mut host, &ids(5..10));
    // Rows 0 to 4 were seen by the first of the two.
    assert_eq!(live(&host), 10);
}

/// Six hours, less than which a permission may be gone.
#[test]
fn an_earlier_read_that_an_operator_asks_for_confirms_nothing() {
    let mut host = with_rows("{}", 60);
    reread(&mut host, &ids(0..10));
    let began = host.now;
    let since = host.view().trouble.expect("a held sweep").since;
    for _ in 0..3 {
        host.now = host.now.plus(HOUR);
        reread(&mut host, &ids(0..10));
        assert_eq!(live(&host), 60);
        let trouble = host.view().trouble.expect("a held sweep");
        assert_eq!(
            (trouble.kind, trouble.since),
            (TroubleKind::HeldSweep, since)
        );
    }
    let waited = next_reread(&mut host, &ids(0..10)).since(began);
    assert_eq!(live(&host), 10);
    assert!(
        (6 * HOUR.0..=7 * HOUR.0 + 600_000).contains(&waited.0),
        "{waited:?}"
    );
}

#[test]
fn an_earlier_read_that_finds_the_rows_ends_the_trouble() {
    let mut host = with_rows("{}", 60);
    reread(&mut host, &ids(0..10));
    host.now = host.now.plus(HOUR);
    reread(&mut host, &ids(0..59));
    assert_eq!(trouble(&host), None);
    // One row is few enough to be believed.
    assert_eq!(live(&host), 59);
}

#[test]
fn a_row_that_comes_back_is_not_marked() {
    let mut host = with_rows("{}", 60);
    reread(&mut host, &ids(0..10));
    next_reread(&mut host, &ids(0..60));
    assert_eq!(live(&host), 60);
    assert_eq!(trouble(&host), None);
}

#[test]
fn a_second_read_comes_also_where_full_reads_are_switched_off() {
    let mut host = with_rows(r#"{"full_reread_ms":604800000}"#, 60);
    reread(&mut host, &ids(0..10));
    host.settings_text = r#"{"full_reread_ms":0}"#.into();
    host.settings =
        merge_sync_engine::settings::Settings::parse(&host.settings_text).expect("settings");
    next_reread(&mut host, &ids(0..10));
    assert_eq!(live(&host), 10);
}

#[test]
fn an_approval_marks_what_the_held_pass_did_not_find_and_no_other_pass() {
    let mut host = with_rows("{}", 60);
    reread(&mut host, &[]);
    let pass = host.view().models[0].held_sweep.expect("a held sweep").pass;
    let approve = |pass| Command::ApproveDeletions("hris.Employee".into(), pass);
    host.request(approve(pass + 1));
    assert_eq!(live(&host), 60, "another pass");
    host.request(Command::ApproveDeletions("hris.Team".into(), pass));
    assert_eq!(live(&host), 60, "another model");
    host.request(approve(pass));
    assert_eq!(live(&host), 0);
    host.sleep();
    run(&mut host, &[]);
    assert_eq!(trouble(&host), None);
    host.request(approve(pass));
    assert!(host.commits.last().expect("a commit").sweep.is_none());
}

#[test]
fn more_marks_than_a_commit_may_make_are_made_in_several() {
    let mut host = with_rows("{}", 60);
    reread(&mut host, &ids(0..10));
    // A store that marks twenty at a time.
    host.most_marks = 20;
    host.commits.clear();
    next_reread(&mut host, &ids(0..10));
    assert_eq!(live(&host), 10);
    assert_eq!(trouble(&host), None);
    let ordered = host.commits.iter().filter(|change| change.sweep.is_some());
    assert_eq!(ordered.count(), 3, "twenty, twenty and ten");
}

#[test]
fn a_crash_behind_the_order_of_a_sweep_repeats_it() {
    let mut host = with_rows("{}", 40);
    host.request(Command::Reread);
    let records = ids(0..39);
    let records: Vec<_> = records.iter().map(|id| (id.as_str(), "09:00")).collect();
    // The store carries the sweep out, and the host dies before it can say so.
    let before = host.commits.len();
    let _ = host.run(|target| {
        if target.contains("/sync-status") {
            ok(&done(&[("hris.Employee", "09:30")]))
        } else {
            ok(&page(&records, None))
        }
    });
    let ordered = host.commits[before..]
        .iter()
        .position(|change| change.sweep.is_some())
        .expect("a sweep");
    let state = host.commits[before + ordered].state.clone();
    host.state = state;
    host.now = host.now.plus(HOUR);
    host.commits.clear();
    run(&mut host, &ids(0..39));
    assert!(
        host.commits.iter().any(|change| change.sweep.is_some()),
        "ordered again"
    );
    assert_eq!(live(&host), 39);
}

#[test]
fn one_model_can_be_read_whole_by_itself() {
    let mut host = Host::linked("{}");
    let both = [("hris.Employee", "09:30"), ("hris.Team", "09:30")];
    let answer = |target: &str| {
        if target.contains("/sync-status") {
            ok(&done(&both))
        } else {
            ok(&page(&[("r", "09:00")], None))
        }
    };
    host.run(answer).expect("a report");
    host.now = host.now.plus(HOUR);
    host.take_requests();
    host.request(Command::RereadModel("hris.Team".into()));
    host.run(answer).expect("a report");
    let lists: Vec<_> = host
        .requests
        .iter()
        .filter(|target| !target.contains("/sync-status"))
        .collect();
    assert_eq!(
        lists,
        [&"/api/hris/v1/teams?include_deleted_data=true&page_size=100".to_string()]
    );
}

/// No bound selects a record without an instant: a re-read in parts does not see it.
#[test]
fn records_without_an_instant_outlive_a_reread_that_was_split() {
    let mut host = Host::linked("{}");
    let mut list = List::spread(290);
    let without = (290..300).map(|number| (format!("e{number}"), None));
    list.rows.extend(without);
    host.run(|target| list.answer(target)).expect("a report");
    assert_eq!(live(&host), 300);
    host.request(Command::Reread);
    list.refuses_cursors = Some(410);
    for _ in 0..100 {
        host.sleep();
        host.run(|target| list.answer(target)).expect("a report");
    }
    assert_eq!(live(&host), 300);
    assert_eq!(trouble(&host), Some(TroubleKind::Incomplete));
}

/// It was returned, and could not be stored.
#[test]
fn a_record_that_cannot_be_read_any_more_is_not_taken_for_gone() {
    for broken in [1, 30] {
        let mut host = with_rows("{}", 100);
        let read = |host: &mut Host| {
            let records: Vec<_> = (0..100)
                .map(|number| match number {
                    number if number < broken => format!(r#"{{"id":"e{number}","rate":NaN}}"#),
                    number => format!(r#"{{"id":"e{number}"}}"#),
                })
                .collect();
            let body = format!(r#"{{"next":null,"results":[{}]}}"#, records.join(","));
            host.run(|target| match target {
                _ if target.contains("/sync-status") => ok(&done(&[("hris.Employee", "09:30")])),
                _ => ok(&body),
            })
            .expect("a report");
        };
        host.request(Command::Reread);
        for _ in 0..60 {
            read(&mut host);
            host.sleep();
        }
        assert_eq!(live(&host), 100, "{broken}");
        let held = host.view().models[0].held_sweep.expect("a held sweep");
        assert_eq!(held.unseen, broken, "{broken}");
        let approved = Command::ApproveDeletions("hris.Employee".into(), held.pass);
        host.request(approved);
        read(&mut host);
        assert_eq!(live(&host), 100 - usize::try_from(broken).expect("few"));
    }
}
