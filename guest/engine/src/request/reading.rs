//! A read of `/sync-status` under way: its pages, until there is none left.

use alloc::string::String;
use alloc::vec::Vec;

use merge_sync_logic::readiness;
use merge_sync_logic::types::{Milliseconds, ModelStatus};

use crate::account::minute;
use crate::ground::paging::{Paging, hash};
use crate::ground::url;

/// A read of `/sync-status` under way. It lives and dies with its run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reading {
    /// The rows of the pages read so far.
    pub rows: Vec<ModelStatus>,
    /// How far it got.
    pub paging: Paging,
}

/// A list of models is over after so many pages, or it has no end: its pages are longer by far.
const MOST_PAGES: u32 = 50;

/// What a page did to its reading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SlotOutcome {
    /// There are more pages.
    More,
    /// Every page is read.
    Complete,
    /// The page cannot be used.
    Unusable(String),
}

impl Reading {
    /// Path and query of the page to read.
    pub fn target(&self, category: &str) -> String {
        let path = alloc::format!("/api/{}/v1/sync-status", url::encoded(category));
        url::page(&path, "", PAGE_SIZE, self.paging.cursor.as_deref())
    }

    /// How long to wait at the least where a page is held back: a reading begins again with
    /// its first page, so all of an account's minute must be free for it, or it never ends.
    pub fn rest(&self) -> Milliseconds {
        if self.paging.pages == 0 {
            Milliseconds(0)
        } else {
            minute::LONGEST
        }
    }

    /// Take in a page.
    pub fn take_page(&mut self, body: &str) -> SlotOutcome {
        let page = match readiness::parse_status(body) {
            Ok(page) => page,
            Err(problem) => return SlotOutcome::Unusable(problem.message),
        };
        let held = page
            .statuses
            .iter()
            .fold(0_u64, |sum, row| sum.wrapping_add(hash(&row.model_id)));
        self.rows.extend(page.statuses);
        let Some(next) = page.next else {
            return SlotOutcome::Complete;
        };
        if self.paging.pages >= MOST_PAGES || self.paging.advance(next, held).is_err() {
            return SlotOutcome::Unusable("next: the pages go on without an end".into());
        }
        SlotOutcome::More
    }
}

/// Rows a page of `/sync-status`: Merge's largest.
const PAGE_SIZE: u32 = 100;
