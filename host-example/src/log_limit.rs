//! Log lines that anybody on the internet can cause: at most ten a minute are written, the rest are
//! counted.

use std::sync::{Mutex, PoisonError};

use crate::clock::{MINUTE, Micros};

/// As many warnings a minute are logged.
const MOST_PER_MINUTE: u32 = 10;

/// The warnings of one kind.
#[derive(Debug, Default)]
pub struct LogLimit {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Which minute since 1970 it is.
    minute: i64,
    logged: u32,
    left_out: u64,
}

/// What is to be done with one warning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Warning {
    /// It is logged, and so many before it were not.
    Logged {
        /// Warnings that were left out since the latest one that was logged.
        left_out: u64,
    },
    /// It is counted alone.
    LeftOut,
}

impl LogLimit {
    /// One more warning. A clock that was set back begins another minute.
    pub fn warn(&self, now: Micros) -> Warning {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let minute = now.div_euclid(MINUTE);
        if state.minute != minute {
            state.minute = minute;
            state.logged = 0;
        }
        if state.logged >= MOST_PER_MINUTE {
            state.left_out = state.left_out.saturating_add(1);
            return Warning::LeftOut;
        }
        state.logged = state.logged.saturating_add(1);
        let left_out = std::mem::take(&mut state.left_out);
        Warning::Logged { left_out }
    }
}

#[cfg(test)]
mod tests {
    use super::{LogLimit, Warning};
    use crate::clock::{MINUTE, SECOND};

    #[test]
    fn ten_a_minute_are_logged_and_the_next_one_says_how_many_were_not() {
        let limit = LogLimit::default();
        let none_before = Warning::Logged { left_out: 0 };
        for second in 0..10 {
            assert_eq!(limit.warn(second * SECOND), none_before);
        }
        for _ in 0..1_000 {
            assert_eq!(limit.warn(30 * SECOND), Warning::LeftOut);
        }
        assert_eq!(limit.warn(MINUTE), Warning::Logged { left_out: 1_000 });
        assert_eq!(limit.warn(MINUTE), none_before);
    }

    #[test]
    fn a_clock_set_back_logs_rather_than_keeps_silent() {
        let limit = LogLimit::default();
        for _ in 0..11 {
            limit.warn(100 * MINUTE);
        }
        assert_eq!(limit.warn(0), Warning::Logged { left_out: 1 });
    }
}
