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
}

/// A `next` that was there before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Circle;

impl Paging {
    /// Take in that a page was read and that `next` is the cursor of the next one.
    ///
    /// # Errors
    ///
    /// [`Circle`] where `next` was there before; the walk stays where it is.
    pub fn turn(&mut self, next: String) -> Result<(), Circle> {
        if self.cursor.as_ref() == Some(&next) || self.mark.as_ref() == Some(&next) {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_circle_is_noticed_however_long() {
        for length in 1..40_u32 {
            let mut paging = Paging::default();
            let mut pages = 0;
            while paging.turn(alloc::format!("c{}", pages % length)).is_ok() {
                pages += 1;
                assert!(pages <= 4 * length + 2, "circle of {length} not noticed");
            }
        }
    }

    #[test]
    fn a_long_walk_without_a_circle_is_left_alone() {
        let mut paging = Paging::default();
        for page in 0..1_000 {
            assert_eq!(paging.turn(alloc::format!("c{page}")), Ok(()));
        }
        assert_eq!(paging.mark.as_deref(), Some("c511"));
    }
}
