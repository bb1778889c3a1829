//! What a page says by itself: how many records it has, of which instants, and which.

use merge_sync_logic::page::Contents;
use merge_sync_logic::types::{Milliseconds, Row};

use crate::account::slot::{Bounds, Cut, Page, Slot};
use crate::ground::paging::hash;

/// A row further outside its part's bounds than this was not chosen by them.
const OUTSIDE: Milliseconds = Milliseconds(1_000);

/// The page, as far as its slot looks at it. Its first and its last key tell it from others; where two
/// tries of a part are compared, all of them.
pub fn page_of(slot: &Slot, contents: &Contents, is_cut_off: bool, asked: u32) -> Page {
    let is_compared = slot.is_split && slot.part().before.is_some();
    let last = contents.rows.len().saturating_sub(1);
    let rows = contents.rows.iter().enumerate();
    let rows = rows.filter(|(place, _)| is_compared || *place == 0 || *place == last);
    Page {
        asked,
        without_key: contents.without_key,
        unreadable: contents.unreadable,
        stored: u32::try_from(contents.rows.len()).unwrap_or(u32::MAX),
        keys: rows.fold(0, |sum, (_, row)| sum.wrapping_add(hash(&row.id))),
        newest: contents.rows.iter().filter_map(|row| row.modified_at).max(),
        next: contents.next.clone(),
        is_cut_off,
    }
}

/// Whether it holds no record at all.
pub fn is_empty(contents: &Contents) -> bool {
    contents.rows.is_empty() && contents.without_key == 0 && contents.unreadable == 0
}

/// Whether more than half of the rows lie clearly outside the bounds.
pub fn are_outside(rows: &[Row], part: Bounds) -> bool {
    let is_outside = |row: &&Row| {
        row.modified_at.is_some_and(|at| {
            part.after.is_some_and(|after| at < after.minus(OUTSIDE))
                || part.before.is_some_and(|before| at > before.plus(OUTSIDE))
        })
    };
    rows.iter().filter(is_outside).count() > rows.len().checked_div(2).unwrap_or(0)
}

/// The median `modified_at`. By counting: a page has a hundred rows, and a sort is five kilobytes
/// of component.
pub fn median(rows: &[Row]) -> Option<Cut> {
    let instants = || rows.iter().filter_map(|row| row.modified_at);
    let half = instants().count().checked_div(2)?;
    let at = instants().find(|at| {
        let earlier = instants().filter(|other| other < at).count();
        let equal = instants().filter(|other| other == at).count();
        (earlier..earlier.saturating_add(equal)).contains(&half)
    })?;
    Some(Cut {
        at,
        is_alone: instants().all(|other| other == at),
    })
}
