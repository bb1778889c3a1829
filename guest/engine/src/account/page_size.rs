//! How many records a page is asked for: fewer where larger pages do not arrive.

/// The page size of one model, where it is not the setting's.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PageSize {
    /// What is asked for; 0 is the setting's.
    pub rows: u32,
    /// The size that failed last; 0 where none did.
    pub failed: u32,
    /// Good pages since then.
    pub good: u32,
    /// Good pages before the size that failed is tried again.
    pub wait: u32,
}

/// The size that failed is tried again after so many good pages, then twice as many.
const FIRST_WAIT: u32 = 10;

/// And at last after so many.
const LONGEST_WAIT: u32 = 40;

impl PageSize {
    /// What to ask for where the setting is `most`.
    pub fn asked(self, most: u32) -> u32 {
        match self.rows {
            0 => most,
            rows => rows.min(most),
        }
    }

    /// Ask for half as many; `false` where a page holds one record already.
    pub fn halve(&mut self, most: u32) -> bool {
        let failed = self.asked(most);
        let half = failed.checked_div(2).unwrap_or(0);
        if half == 0 {
            return false;
        }
        self.wait = if self.failed == failed {
            self.wait.saturating_mul(2).min(LONGEST_WAIT)
        } else {
            FIRST_WAIT
        };
        self.failed = failed;
        self.rows = half;
        self.good = 0;
        true
    }

    /// A page of this size arrived: ask for twice as many, below the size that failed.
    pub fn grow(&mut self, most: u32) {
        if self.rows == 0 {
            return;
        }
        self.good = self.good.saturating_add(1);
        if self.rows >= self.failed {
            // It arrives now.
            self.failed = most.saturating_add(1);
        }
        let twice = self.rows.saturating_mul(2).min(most);
        if twice < self.failed {
            self.rows = twice;
        } else if self.good >= self.wait {
            self.rows = self.failed.min(most);
        }
        if self.rows >= most && self.failed > most {
            *self = Self::default();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_that_does_not_arrive_is_halved_down_to_one_record() {
        let mut size = PageSize::default();
        let mut asked = alloc::vec![size.asked(100)];
        while size.halve(100) {
            asked.push(size.asked(100));
        }
        assert_eq!(asked, [100, 50, 25, 12, 6, 3, 1]);
    }

    #[test]
    fn it_grows_to_below_the_size_that_failed_and_tries_that_ever_more_rarely() {
        let mut size = PageSize::default();
        let mut tries = alloc::vec::Vec::new();
        size.halve(100);
        for page in 1..200_u32 {
            if size.asked(100) == 100 {
                tries.push(page);
                size.halve(100);
            } else {
                size.grow(100);
            }
        }
        let pauses: alloc::vec::Vec<_> = tries.windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert_eq!(tries[0], 11);
        assert_eq!(pauses[..3], [21, 41, 41]);
    }

    #[test]
    fn once_larger_pages_arrive_it_is_the_settings_again() {
        let mut size = PageSize::default();
        while size.halve(100) {}
        let mut asked = alloc::vec![size.asked(100)];
        for _ in 0..100 {
            size.grow(100);
            asked.push(size.asked(100));
        }
        assert_eq!(size, PageSize::default());
        // Three failed last, and is tried again behind ten pages of two.
        asked.dedup();
        assert_eq!(asked, [1, 2, 3, 6, 12, 24, 48, 96, 100]);
    }

    #[test]
    fn a_smaller_setting_counts_at_once() {
        let mut size = PageSize::default();
        size.halve(100);
        assert_eq!(size.asked(10), 10);
        size.grow(10);
        assert_eq!(size.asked(10), 10);
    }
}
