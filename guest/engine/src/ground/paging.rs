//! A walk through the pages of one list, which notices when it goes round in a circle.

use alloc::string::String;

/// How far a walk got.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Paging {
    /// The cursor of the page to read; `None` for the first.
    pub cursor: Option<String>,
    /// Pages read.
    pub pages: u32,
    /// The cursor at the latest page whose number was a power of two: a `next` that equals it
    /// goes round in a circle. One text, however long the walk (Brent's algorithm).
    pub mark: Option<String>,
    /// What its pages held: some lists serve the same ones again under cursors that are always new.
    pub seen: Seen,
}

/// The pages that had keys. Pages without keys are not compared: a circle may contain some.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Seen {
    /// Their number.
    pub pages: u32,
    /// The hash of the latest one.
    pub latest: u64,
    /// The hash of the two latest ones, when their number was a power of two. Two, since a row that
    /// is added while a list is read may move the only row of a page to the next page.
    pub marked: u64,
}

impl Seen {
    /// Whether the page of this hash, behind the one before it, was there before.
    fn advance(&mut self, held: u64) -> bool {
        if held == 0 {
            return false;
        }
        let two_latest = self.latest.rotate_left(1) ^ held;
        let is_repeated = two_latest == self.marked;
        self.latest = held;
        self.pages = self.pages.saturating_add(1);
        if self.pages.is_power_of_two() {
            self.marked = two_latest;
        }
        is_repeated
    }
}

/// A `next` or pages that were there before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Circle;

impl Paging {
    /// Take in that a page was read, the sum of its keys' hashes, and that `next` is the cursor of the
    /// next one.
    ///
    /// # Errors
    ///
    /// [`Circle`] where `next`, or this page behind the one before it, was there before; the walk
    /// stays where it is.
    pub fn advance(&mut self, next: String, held: u64) -> Result<(), Circle> {
        let is_repeated = self.seen.advance(held);
        if is_repeated || self.cursor.as_ref() == Some(&next) || self.mark.as_ref() == Some(&next) {
            return Err(Circle);
        }
        self.pages = self.pages.saturating_add(1);
        self.cursor = Some(next);
        if self.pages.is_power_of_two() {
            self.mark.clone_from(&self.cursor);
        }
        Ok(())
    }
}

/// FNV-1a. The wrapping sum of its keys' hashes identifies a page, in whatever order they are served;
/// it is 0 for a page without keys.
pub fn hash(key: &str) -> u64 {
    key.bytes().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pages until a circle is noticed, of those that `page` serves; `most` where none is.
    fn pages_until_noticed(most: u32, page: impl Fn(u32) -> (String, u64)) -> u32 {
        let mut paging = Paging::default();
        let turns = |number: &u32| {
            let (next, held) = page(*number);
            paging.advance(next, held).is_err()
        };
        (0..most).find(turns).unwrap_or(most)
    }

    #[test]
    fn a_circle_of_cursors_is_noticed_however_long() {
        for length in 1..40_u32 {
            let page = |number| (alloc::format!("c{}", number % length), 0);
            let most = 4 * length + 2;
            assert!(pages_until_noticed(most, page) < most, "circle of {length}");
        }
    }

    #[test]
    fn a_circle_of_pages_is_noticed_under_cursors_that_are_always_new() {
        for length in 1..40_u32 {
            let held = |number: u32| u64::from(number % length + 7) << 40;
            let page = |number| (alloc::format!("c{number}"), held(number));
            let most = 4 * length + 4;
            assert!(pages_until_noticed(most, page) < most, "circle of {length}");
        }
    }

    #[test]
    fn a_circle_that_contains_pages_without_keys_is_noticed() {
        for length in 2..40_u32 {
            for empty in [1, 2, length / 2]
                .into_iter()
                .filter(|empty| *empty < length)
            {
                let held = |number: u32| match number % length {
                    place if place < empty => 0,
                    place => u64::from(place) << 40,
                };
                let page = |number| (alloc::format!("c{number}"), held(number));
                let most = 5 * length + 4;
                assert!(
                    pages_until_noticed(most, page) < most,
                    "{empty} of {length}"
                );
            }
        }
    }

    #[test]
    fn a_long_walk_without_a_circle_is_left_alone() {
        let mut paging = Paging::default();
        for page in 0..1_000_u32 {
            let held = u64::from(page).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            assert_eq!(paging.advance(alloc::format!("c{page}"), held), Ok(()));
        }
        assert_eq!(paging.mark.as_deref(), Some("c511"));
    }

    #[test]
    fn a_page_that_moved_behind_itself_is_no_circle() {
        for moved in 1..20_u32 {
            let held = |number: u32| u64::from(number - u32::from(number >= moved) + 1) << 40;
            let page = |number| (alloc::format!("c{number}"), held(number));
            assert_eq!(pages_until_noticed(100, page), 100, "page {moved}");
        }
    }

    /// One of the test vectors that FNV was published with.
    #[test]
    fn a_key_is_hashed_as_fnv_has_it() {
        assert_eq!(hash("a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(hash(""), 0xcbf2_9ce4_8422_2325);
    }

    #[test]
    fn pages_without_keys_are_no_circle() {
        let page = |number| (alloc::format!("c{number}"), 0);
        assert_eq!(pages_until_noticed(100, page), 100);
    }
}
