//! A run goes on from its text as it would have gone on by itself.

use alloc::vec::Vec;

use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use super::*;
use crate::account::codec::tests::{document, maybe, status, trouble};
use crate::ground::paging::{Paging, Seen};

fn text() -> impl Strategy<Value = String> {
    any::<String>()
}

fn paging() -> impl Strategy<Value = Paging> {
    let cursors = (
        proptest::option::of(text()),
        proptest::option::of(text()),
        any::<bool>(),
    );
    let numbers = (any::<u32>(), any::<[u64; 2]>());
    (cursors, numbers).prop_map(|((cursor, mark, marked), (pages, seen))| Paging {
        mark: if marked { cursor.clone() } else { mark },
        cursor,
        pages,
        seen: Seen {
            pages,
            latest: seen[0],
            marked: seen[1],
        },
    })
}

fn row() -> impl Strategy<Value = ModelStatus> {
    (text(), status()).prop_map(|(model_id, row)| ModelStatus { model_id, ..row })
}

fn stage() -> impl Strategy<Value = Stage> {
    let rows = proptest::collection::vec(row(), 0..3);
    let kinds = prop_oneof![Just(Kind::Window), Just(Kind::Hint), Just(Kind::Reread)];
    let then = prop_oneof![
        any::<u64>().prop_map(AfterCommit::Leased),
        Just(AfterCommit::GoOn),
        text().prop_map(AfterCommit::Swept),
        Just(AfterCommit::Finish),
    ];
    let asked = prop_oneof![
        (rows, paging()).prop_map(|(rows, paging)| Asked::Poll(Reading { rows, paging })),
        (text(), kinds).prop_map(|(model_id, kind)| Asked::Page(model_id, kind)),
        Just(Asked::Issues),
        Just(Asked::Details),
    ];
    prop_oneof![
        Just(Stage::Idle),
        (document(), asked).prop_map(|(document, asked)| Stage::Asking(Box::new(document), asked)),
        (document(), then).prop_map(|(document, then)| Stage::Committing(Box::new(document), then)),
    ]
}

fn tally() -> impl Strategy<Value = Tally> {
    any::<(u32, u32, u64)>().prop_map(|(polls, windows, rows)| Tally {
        polls,
        windows,
        rows,
    })
}

prop_compose! {
    fn run()(
        account in text(),
        stage in stage(),
        version in text(),
        lease in any::<Option<u64>>(),
        instants in (maybe(), maybe()),
        counts in any::<[u32; 3]>(),
        polled in any::<bool>(),
        tallies in (tally(), tally()),
        trouble in trouble(),
    ) -> Run {
        Run {
            account,
            stage,
            version,
            lease,
            started_at: instants.0,
            requests: counts[0],
            pages: counts[1],
            overtaken: counts[2],
            polled,
            done: tallies.0,
            pending: tallies.1,
            trouble,
            wake_at: instants.1,
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        rng_seed: RngSeed::Fixed(2),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn a_run_survives_its_text(run in run()) {
        prop_assert_eq!(decode(&encode(&run)), Ok(run));
    }

    #[test]
    fn a_cut_text_is_refused(run in run(), cut in any::<prop::sample::Index>()) {
        let whole: Vec<char> = encode(&run).chars().collect();
        let some: String = whole.iter().take(cut.index(whole.len())).collect();
        prop_assert!(decode(&some).is_err());
    }

    #[test]
    fn any_text_is_answered(text in ".{0,60}") {
        let _ = decode(&text);
    }
}

#[track_caller]
fn check(text: &str, message: &str) {
    let refused = decode(text).map(drop).map_err(|problem| problem.message);
    assert_eq!(refused, Err(message.into()));
}

#[test]
fn a_refusal_names_the_place() {
    check("", "run: document: expected a JSON document");
    check("[]", "run: v: expected a whole number that is not negative");
    check(
        r#"{"v":2}"#,
        "run: v: expected a run of this version of the component (1)",
    );
    check(r#"{"v":1}"#, "run: account: expected a text");
    check(r#"{"v":1,"account":"a"}"#, "run: stage[0]: expected a text");
    check(
        r#"{"v":1,"account":"a","stage":["resting"]}"#,
        "run: stage[0]: expected the name of a stage",
    );
    check(
        r#"{"v":1,"account":"a","stage":["fetching","hris.Team","all"]}"#,
        "run: stage[2]: expected `window`, `hint` or `reread`",
    );
    check(
        r#"{"v":1,"account":"a","stage":["polling",{"rows":[["hris.Team"]]}]}"#,
        "run: stage[1].rows[0]: expected a row",
    );
    check(
        r#"{"v":1,"account":"a","stage":["committing","wait"]}"#,
        "run: stage[1]: expected what comes after a commit",
    );
    check(
        r#"{"v":1,"account":"a","stage":["issues"],"document":{"v":7}}"#,
        "run: document.v: expected a version that this component reads (1, 2)",
    );
}

#[test]
fn a_run_that_begins_is_short() {
    let text = encode(&Run::new("a"));
    assert_eq!(
        text,
        r#"{"v":1,"account":"a","stage":["idle"],"done":[0,0,0],"pending":[0,0,0]}"#
    );
    assert_eq!(decode(&text), Ok(Run::new("a")));
}
