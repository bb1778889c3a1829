//! `page`.

use merge_sync_logic::page as logic;

use super::each;
use crate::bindings::exports::merge_sync::triggers::page as wit;

impl From<logic::Contents> for wit::Contents {
    fn from(contents: logic::Contents) -> Self {
        Self {
            rows: each(contents.rows),
            next: contents.next,
            without_key: contents.without_key,
            unreadable: contents.unreadable,
        }
    }
}
