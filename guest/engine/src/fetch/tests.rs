//! How a page is looked at: the median of its instants, the bounds it lies in, the sum of its keys.

use merge_sync_logic::types::{Row, Timestamp};

use super::*;

fn rows(instants: &[i64]) -> Vec<Row> {
    instants
        .iter()
        .map(|at| Row {
            id: alloc::format!("r{at}"),
            remote_id: None,
            modified_at: Some(Timestamp(*at)),
            deleted: false,
            json: "{}".into(),
        })
        .collect()
}

#[test]
fn the_median_is_of_the_instants_and_stands_alone_only_if_all_are_equal() {
    for (instants, at, is_alone) in [
        (&[5][..], 5, true),
        (&[7, 7, 7], 7, true),
        (&[9, 1, 5], 5, false),
        (&[1, 2, 9, 9], 9, false),
        (&[3, 3, 3, 9], 3, false),
    ] {
        let cut = Cut {
            at: Timestamp(at),
            is_alone,
        };
        assert_eq!(median(&rows(instants)), Some(cut), "{instants:?}");
    }
    assert_eq!(median(&[]), None);
}

#[test]
fn bounds_are_ignored_where_most_rows_lie_over_a_second_outside() {
    let part = Bounds {
        after: Some(Timestamp(10_000_000)),
        before: Some(Timestamp(20_000_000)),
    };
    let outside = |instants: &[i64]| are_outside(&rows(instants), part);
    assert!(!outside(&[9_000_000, 21_000_000]), "within a second");
    assert!(!outside(&[1, 15_000_000]), "half");
    assert!(outside(&[1, 2, 15_000_000]));
    assert!(outside(&[21_000_001]));
    assert!(!outside(&[]));
    assert!(!are_outside(&rows(&[1, 2]), Bounds::NONE));
}

#[test]
fn equal_keys_have_equal_sums_in_any_order() {
    assert_eq!(hash(&rows(&[1, 2, 3])), hash(&rows(&[3, 1, 2])));
    assert_ne!(hash(&rows(&[1, 2, 3])), hash(&rows(&[1, 2, 4])));
}

/// Merge refuses a cursor that comes with other parameters than those of its read.
#[test]
fn a_cursor_of_a_read_without_bounds_is_not_sent_with_them() {
    let mut slot = Slot::new(
        Bounds {
            after: Some(Timestamp(1)),
            before: None,
        },
        Timestamp(2),
        Timestamp(3),
    );
    slot.paging.cursor = Some("c1".into());
    let mut model = Model {
        window: Some(slot),
        ..Model::default()
    };
    complete::look_at_bounds_again(&mut model);
    let cursor = |model: &Model| {
        model
            .slot(Kind::Window)
            .map(|slot| slot.paging.cursor.clone())
    };
    assert_eq!(
        cursor(&model),
        Some(Some("c1".into())),
        "asked for with bounds"
    );
    model.ignores_bounds = true;
    complete::look_at_bounds_again(&mut model);
    assert_eq!(cursor(&model), Some(None));
    assert!(!model.ignores_bounds);
}
