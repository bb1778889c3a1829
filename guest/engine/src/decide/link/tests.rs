//! What is believed of a link at once, and what has to be looked up first.

use merge_sync_logic::retry::ResponseFacts;
use merge_sync_logic::types::Account;

use super::*;

const NOW: Timestamp = Timestamp(20_000_000);

fn document(link_status: &str) -> Document {
    let account = Account {
        id: "a".into(),
        category: "hris".into(),
        link_status: link_status.into(),
        ..Account::default()
    };
    let mut document = Document::new(account, NOW);
    document.has_token = true;
    document
}

#[test]
fn only_good_news_of_an_account_just_linked_is_believed_unasked() {
    for (known, said, kept, is_looked_up) in [
        ("", "COMPLETE", "COMPLETE", false),
        ("", "RELINK_NEEDED", "", true),
        ("", "IDLE", "", true),
        ("COMPLETE", "COMPLETE", "COMPLETE", false),
        ("COMPLETE", "IDLE", "COMPLETE", true),
        ("IDLE", "COMPLETE", "IDLE", true),
        ("COMPLETE", "", "COMPLETE", false),
    ] {
        let mut document = document(known);
        hear(&mut document, said, NOW);
        assert_eq!(document.account.link_status, kept, "{known} {said}");
        let due_at = document.link.details.due_at;
        assert_eq!(due_at.is_some(), is_looked_up, "{known} {said}");
    }
}

#[test]
fn refusals_at_most_two_hours_apart_make_a_day_of_them() {
    const HOUR: u64 = 60 * 60 * 1_000;
    let refused = AttemptOutcome::Response(ResponseFacts {
        status: 401,
        retry_after: None,
        date: None,
    });
    for (gap, is_a_day) in [(HOUR, true), (2 * HOUR, true), (2 * HOUR + 1, false)] {
        let mut document = document("COMPLETE");
        document.unlink_reported = true;
        let mut now = NOW;
        let mut disowned = false;
        while now.since(NOW).0 < 25 * HOUR {
            disowned |= disown(&mut document, &refused, now);
            now = now.plus(Milliseconds(gap));
        }
        assert_eq!(disowned, is_a_day, "{gap}");
    }
}
