//! A Merge in which every model is done and nothing changes.

use crate::inputs::{page, statuses_body};

/// Records of a page, unless it says otherwise: Merge's most.
pub const PAGE: u32 = 100;

/// What it answers to a request for `target`, where each of its eight models has so many pages.
#[must_use]
pub fn answer(target: &str, pages: u32) -> String {
    if target.contains("/sync-status") {
        return statuses_body();
    }
    if target.contains("/issues") {
        return page(0, None);
    }
    let cursor = target.split_once("cursor=");
    let cursor: Option<u32> = cursor.and_then(|(_, rest)| rest.split('&').next()?.parse().ok());
    let next = cursor.unwrap_or(0) + 1;
    page(PAGE, (next < pages).then_some(next))
}
