//! What is due, and what is not for want of a way to ask.

use merge_sync_logic::types::Account;

use super::*;
use crate::ground::trouble::{TroubleKind, put};

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
fn what_meets_trouble_or_has_no_token_is_not_looked_up() {
    let mut document = document("COMPLETE");
    document.link.details.due_at = Some(NOW);
    assert_eq!(details_at(&document, NOW), Some(NOW));
    document.has_token = false;
    assert_eq!(details_at(&document, NOW), None);
    document.has_token = true;
    put(&mut document.trouble, TroubleKind::Park, "text".into(), NOW);
    assert_eq!(details_at(&document, NOW), None);
}
