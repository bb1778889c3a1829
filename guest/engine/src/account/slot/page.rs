//! A page, as far as a read under way looks at it.

use alloc::string::String;

use merge_sync_logic::types::Timestamp;

/// A page, without its rows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page {
    /// How many records it was asked for.
    pub asked: u32,
    /// Records that have no key.
    pub without_key: u32,
    /// Records that cannot be read.
    pub unreadable: u32,
    /// Records that are stored.
    pub stored: u32,
    /// The wrapping sum of a hash of the keys that tell it from other pages.
    pub keys: u64,
    /// The newest `modified_at`, Merge's clock.
    pub newest: Option<Timestamp>,
    /// The cursor of the next page.
    pub next: Option<String>,
    /// Whether there is a `next` that cannot be read.
    pub is_cut_off: bool,
}

impl Page {
    /// Records, those that cannot be stored included.
    #[must_use]
    pub fn records(&self) -> u32 {
        self.stored
            .saturating_add(self.without_key)
            .saturating_add(self.unreadable)
    }
}
