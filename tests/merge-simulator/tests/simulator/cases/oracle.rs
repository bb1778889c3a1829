//! The ledger and the verdict, checked with consumers whose quality is known.

use merge_simulator::time::{DAY, HOUR, MINUTE, Micros};
use merge_simulator::{Config, FaultKind, Faults, Merge, StoredRow, Verdict};

use crate::client::{after, small};
use crate::consumer::{Consumer, Rule};

/// Days of changes and faults.
const BUSY: Micros = 2 * DAY;

/// Two days with a poll every `every`, then a quiet time of one sync of each model and an hour.
fn run(mut config: Config, mut consumer: Consumer, every: Micros) -> (Merge, Consumer) {
    let busy_until = config.start + BUSY;
    config.changes_until = Some(busy_until);
    let mut merge = Merge::new(config);
    let end = busy_until + merge.longest_interval() + HOUR;
    while merge.now() < end {
        merge.advance_to(merge.now() + every);
        merge
            .take_due()
            .iter()
            .for_each(|delivery| merge.delivered(delivery.id, Some(200)));
        consumer.poll(&mut merge);
    }
    (merge, consumer)
}

fn verdict(config: Config, rule: Rule) -> Verdict {
    let (merge, consumer) = run(config, Consumer::new(rule), 20 * MINUTE);
    merge.verdict(consumer.rows())
}

#[test]
fn contiguous_windows_with_an_overlap_lose_nothing() {
    for seed in 0..4 {
        let mut config = small(seed);
        config.faults = Faults::all(config.start + BUSY);
        let verdict = verdict(config, Rule::Contiguous);
        assert!(verdict.is_clean(), "seed {seed}: {verdict:?}");
        assert!(verdict.records_in_merge >= 500);
        assert_eq!(verdict.records_in_merge, verdict.records_stored);
    }
}

#[test]
fn changes_between_the_pages_of_a_read_lose_nothing() {
    let mut config = small(5);
    // Every page takes up to 20 s, while 900 records an hour change.
    config.request_takes = 20 * merge_simulator::time::SECOND;
    config.realtime_per_hour = 100;
    config.changes_per_hour = 200;
    config.records_per_account = 400;
    let verdict = verdict(config, Rule::Contiguous);
    assert!(verdict.is_clean(), "{verdict:?}");
}

#[test]
fn windows_from_the_fetch_start_lose_records() {
    let mut config = small(1);
    config.realtime_per_hour = 20;
    let verdict = verdict(config, Rule::FetchStart);
    assert!(verdict.lost + verdict.stale > 0, "{verdict:?}");
}

#[test]
fn late_visibility_is_found_out_by_the_overlap_alone() {
    let late = |seed| {
        let mut config = small(seed);
        config.realtime_per_hour = 20;
        config.faults = Faults::none().with(FaultKind::LateVisible, 900);
        config.faults.until = Some(config.start + BUSY);
        config
    };
    // A poll every two minutes catches finishes while late rows are still out of sight.
    let (merge, consumer) = run(late(2), Consumer::new(Rule::NoOverlap), 2 * MINUTE);
    assert!(!merge.verdict(consumer.rows()).is_clean());
    let (merge, consumer) = run(late(2), Consumer::new(Rule::Contiguous), 2 * MINUTE);
    let verdict = merge.verdict(consumer.rows());
    assert!(verdict.is_clean(), "{verdict:?}");
}

#[test]
fn unstamped_changes_are_found_by_whole_reads_alone() {
    let hidden = |seed| {
        let mut config = small(seed);
        config.unstamped_deletions = 1000;
        config
    };
    assert!(verdict(hidden(1), Rule::Contiguous).stale > 0);
    let mut whole = Consumer::new(Rule::Contiguous);
    whole.whole = true;
    let (merge, consumer) = run(hidden(1), whole, 20 * MINUTE);
    let verdict = merge.verdict(consumer.rows());
    assert!(verdict.is_clean(), "{verdict:?}");
}

/// What Merge holds, as a store that has it all right would have it.
fn faithful(merge: &Merge) -> Vec<StoredRow> {
    let entries = merge.ledger().into_iter();
    let rows = entries.map(|((account, model_id, id), entry)| StoredRow {
        account,
        model_id,
        id,
        modified_at: Some(entry.modified_at),
        deleted: entry.deleted,
        json: entry.row.to_string(),
    });
    rows.collect()
}

#[track_caller]
fn check(spoil: impl Fn(&mut Vec<StoredRow>), want: (u64, u64, u64, u64)) {
    let merge = after(small(1), 40 * HOUR);
    let mut rows = faithful(&merge);
    spoil(&mut rows);
    let verdict = merge.verdict(rows);
    let got = (
        verdict.lost,
        verdict.stale,
        verdict.wrongly_deleted,
        verdict.unknown,
    );
    assert_eq!(got, want, "{verdict:?}");
}

#[test]
fn each_kind_of_error_is_told_apart() {
    fn live(rows: &[StoredRow]) -> usize {
        rows.iter()
            .position(|row| !row.deleted)
            .expect("a live row")
    }
    fn dead(rows: &[StoredRow]) -> usize {
        rows.iter()
            .position(|row| row.deleted)
            .expect("a deleted row")
    }
    check(|_| {}, (0, 0, 0, 0));
    check(|rows| drop(rows.remove(3)), (1, 0, 0, 0));
    check(|rows| rows.clear(), (merge_total(), 0, 0, 0));
    check(
        |rows| {
            let at = live(rows);
            rows[at].deleted = true;
        },
        (0, 0, 1, 0),
    );
    check(
        |rows| {
            let at = dead(rows);
            rows[at].deleted = false;
        },
        (0, 1, 0, 0),
    );
    check(
        |rows| rows[5].json = r#"{"id":"x"}"#.to_owned(),
        (0, 1, 0, 0),
    );
    check(|rows| rows[5].json = "not json".to_owned(), (0, 1, 0, 0));
    check(|rows| rows[5].modified_at = Some(0), (0, 1, 0, 0));
    check(|rows| rows[5].modified_at = None, (0, 0, 0, 0));
    check(
        |rows| {
            let mut odd = rows[5].clone();
            odd.id = "never-held".to_owned();
            rows.push(odd);
        },
        (0, 0, 0, 1),
    );
    check(
        |rows| {
            let mut odd = rows[5].clone();
            odd.account = "someone-else".to_owned();
            rows.push(odd);
        },
        (0, 0, 0, 0),
    );
}

fn merge_total() -> u64 {
    after(small(1), 40 * HOUR).ledger().len() as u64
}

#[test]
fn purged_records_must_be_marked_and_cannot_be_lost() {
    let mut config = small(1);
    config.purged_deletions = 1000;
    let merge = after(config, 48 * HOUR);
    let ledger = merge.ledger();
    let purged = ledger.values().filter(|entry| entry.purged).count() as u64;
    assert!(purged > 0);
    let kept = faithful(&merge).into_iter().filter(|row| !row.deleted);
    assert!(merge.verdict(kept).is_clean());
    let unmarked = faithful(&merge).into_iter().map(|row| StoredRow {
        deleted: false,
        ..row
    });
    assert_eq!(merge.verdict(unmarked).stale, purged);
}

#[test]
fn unlinked_accounts_and_disabled_models_do_not_count() {
    let mut merge = after(small(1), 40 * HOUR);
    let rows = faithful(&merge);
    merge.unlink(0);
    let verdict = merge.verdict(rows);
    assert!(verdict.is_clean(), "{verdict:?}");
    assert!(verdict.records_in_merge > 300);
}

#[test]
fn the_default_scale_suffices_for_a_demonstration() {
    let mut config = Config::new(1);
    config.webhook_url = Some("http://host.test/hook".to_owned());
    let (merge, consumer) = run(config, Consumer::new(Rule::Contiguous), HOUR);
    let verdict = merge.verdict(consumer.rows());
    assert!(verdict.is_clean(), "{verdict:?}");
    assert!(verdict.records_in_merge >= 5000, "{verdict:?}");
    assert!(consumer.windows >= 200, "{}", consumer.windows);
    assert!(merge.stats().webhooks.sent >= 100);
    assert!(merge.accounts().len() >= 3);
}
