//! The one change that every commit is: what the document became, and what everybody else hears.

mod extra;
mod settle;
pub mod unlink;

use alloc::string::String;

use merge_sync_logic::types::Timestamp;

use crate::account::codec;
use crate::account::document::Document;
use crate::contract::store::Change;
use crate::ground::trouble::Trouble;
use crate::plan::{hold, work};
use crate::settings::Settings;

pub use extra::Extra;

/// The change that replaces `version` of `account` by the document, and what is wrong then.
pub fn change(
    account: &str,
    version: String,
    document: &mut Document,
    extra: Extra,
    settings: &Settings,
    now: Timestamp,
) -> (Change, Option<Trouble>) {
    document.minute.advance_to(now);
    let settled = settle::settle(document, settings, now);
    let mut notices = extra.notices;
    notices.extend(settled.notices);
    let change = Change {
        account: account.into(),
        expected: Some(version),
        state: codec::encode(document),
        consumed: extra.consumed,
        wake_at: work::wake_at(document, settings, now),
        not_before: hold::not_before(document),
        token: extra.token,
        summary: settled.summary,
        batches: extra.batch.into_iter().collect(),
        sweep: extra.sweep,
        notices,
    };
    (change, settled.trouble)
}
