//! Records that cannot be stored as they are, and one that is stored under a key of its own.

use merge_sync_engine::store::Occasion;
use merge_sync_engine::view::TroubleKind;

use crate::support::list::{List, kinds, run, stored};
use crate::support::{Host, done, ok, page};

#[test]
fn a_record_that_cannot_be_read_costs_the_others_nothing() {
    let mut host = Host::linked("{}");
    let list = List {
        broken: Some(70),
        ..List::spread(150)
    };
    run(&mut host, &list, 2);
    assert_eq!(stored(&host), 149);
    assert_eq!(host.view().models[0].unreadable_records, 1);
    assert_eq!(kinds(&host), [], "one of a hundred and fifty");
    assert_eq!(host.commits.last().expect("a commit").summary.skipped, 1);
}

#[test]
fn records_without_a_key_are_counted_and_told_where_they_are_many() {
    let mut host = Host::linked("{}");
    let body = r#"{"next":null,"results":[{"name":"a"},{"name":"b"}]}"#;
    host.run(|target| {
        if target.contains("/sync-status") {
            ok(&done(&[("hris.Employee", "09:30")]))
        } else {
            ok(body)
        }
    })
    .expect("a report");
    assert_eq!(host.view().models[0].without_key, 2);
    assert_eq!(kinds(&host), [TroubleKind::NoKey]);
    let told: Vec<_> = host
        .notices
        .iter()
        .filter(|notice| notice.occasion == Occasion::NeedsAttention)
        .collect();
    assert_eq!(told.len(), 1);
    for number in ["of hris.Employee", "2 had no key", "0 could not be read"] {
        assert!(told[0].text.contains(number), "{}", told[0].text);
    }
}

#[test]
fn more_than_one_record_in_a_hundred_without_a_key_is_trouble_and_one_is_not() {
    let ids: Vec<_> = (0..99).map(|number| format!("e{number}")).collect();
    let good: Vec<_> = ids.iter().map(|id| (id.as_str(), "09:00")).collect();
    for (nameless, expected) in [(1, None), (2, Some(TroubleKind::NoKey))] {
        let mut host = Host::linked("{}");
        let records = page(&good, None);
        let body = records.replacen('[', &format!("[{}", "{},".repeat(nameless)), 1);
        host.run(|target| {
            if target.contains("/sync-status") {
                ok(&done(&[("hris.Employee", "09:30")]))
            } else {
                ok(&body)
            }
        })
        .expect("a report");
        assert_eq!(stored(&host), 99, "{body}");
        assert_eq!(
            kinds(&host).first().copied(),
            expected,
            "{nameless} of {}",
            nameless + 99
        );
    }
}

#[test]
fn a_tag_is_kept_under_its_remote_id_and_its_name() {
    let mut host = Host::linked("{}");
    host.run(|target| {
        if target.contains("/sync-status") {
            ok(&done(&[("ats.Tag", "09:30")]))
        } else {
            ok(r#"{"next":null,"results":[{"remote_id":"4","name":"High priority"}]}"#)
        }
    })
    .expect("a report");
    let keys: Vec<_> = host.rows.keys().map(|(_, id)| id.as_str()).collect();
    assert_eq!(keys, [r#"["4","High priority"]"#]);
}
