//! What a store did of a sweep, and when the read is due that confirms a held one.

use super::*;

const NOW: Timestamp = Timestamp(20_000_000);

const HELD: Held = Held {
    pass: 7,
    unseen: 50,
    live: 60,
    since: NOW,
};

fn ordered(trust: Trust) -> Model {
    Model {
        sweep: Some(Pending {
            unseen_since: 7,
            trust,
        }),
        ..Model::default()
    }
}

fn marked(unseen: u64, marked: u64) -> Option<Swept> {
    Some(Swept {
        live: 100,
        unseen,
        marked,
        held: false,
    })
}

#[test]
fn what_was_believed_once_is_marked_to_the_end_and_no_longer() {
    let mut model = ordered(Trust::Usual);
    done(&mut model, "a/m", marked(9, 5), NOW);
    assert_eq!(model.sweep, ordered(Trust::Agreed).sweep, "four are left");
    done(&mut model, "a/m", marked(4, 4), NOW);
    assert_eq!(model.sweep, None);
}

#[test]
fn a_store_that_marks_none_is_not_asked_again() {
    for unseen in [0, 9] {
        let mut model = ordered(Trust::Usual);
        done(&mut model, "a/m", marked(unseen, 0), NOW);
        assert_eq!(model.sweep, None, "{unseen}");
    }
}

#[test]
fn where_the_store_does_not_answer_what_is_held_stays_so_unless_it_was_agreed_on() {
    for (trust, stays) in [
        (Trust::Usual, true),
        (Trust::None, true),
        (Trust::Agreed, false),
    ] {
        let mut model = ordered(trust);
        model.held = Some(HELD);
        done(&mut model, "a/m", None, NOW);
        assert_eq!(model.held, stays.then_some(HELD), "{trust:?}");
        assert_eq!(model.sweep, None);
    }
}

#[test]
fn confirmations_are_spread_over_the_seventh_hour() {
    const MINUTE: u64 = 60_000;
    let waits = || (0..200).map(|pass| confirmation_at("a/m", pass, NOW).since(NOW).0);
    let (shortest, longest) = (waits().min(), waits().max());
    assert!((Some(360 * MINUTE)..Some(363 * MINUTE)).contains(&shortest));
    assert!((Some(417 * MINUTE)..=Some(420 * MINUTE)).contains(&longest));
}
