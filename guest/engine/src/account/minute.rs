//! The requests of an account in the latest minute, counted in its document. Only the run that holds
//! the lease sends requests, so the limit holds for all hosts together.
//!
//! A count is stored with the commit that follows the request. A run that dies before that commit
//! leaves one request uncounted, but also a lease that lasts longer than a minute: no other run sends
//! before that request is forgotten anyway.

use merge_sync_logic::types::{Milliseconds, Timestamp};

const COUNTERS: usize = 13;

/// Microseconds that share a counter. A request is forgotten when the thirteenth span behind it
/// begins, so after twelve spans at the least: Merge's minute, and 1.2 seconds for what lies
/// between our sending and its counting.
const SPAN: i64 = 5_100_000;

/// A request is forgotten after this at the latest.
pub const LONGEST: Milliseconds = Milliseconds(66_300);

/// The requests of the latest minute.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Minute {
    /// Which span since 1970 the first counter is of.
    latest: i64,
    /// The requests of that span, and of each one before it.
    counts: [u64; COUNTERS],
}

impl Minute {
    /// How long until there is room for a request; `None` where there is.
    pub fn wait(&mut self, limit: u32, now: Timestamp) -> Option<Milliseconds> {
        self.advance_to(now);
        let mut sent: u64 = 0;
        let fills = |count: &u64| {
            sent = sent.saturating_add(*count);
            sent >= limit.into()
        };
        // The newest span that has to be forgotten before there are fewer than the limit.
        let age = self.counts.iter().position(fills)?;
        let spans = i64::try_from(COUNTERS.saturating_sub(age)).unwrap_or(1);
        let room_at = self.latest.saturating_add(spans).saturating_mul(SPAN);
        let wait = room_at.saturating_sub(now.0).max(1).unsigned_abs();
        Some(Milliseconds(wait.div_ceil(1_000)))
    }

    /// A request is sent.
    pub fn count(&mut self, now: Timestamp) {
        self.advance_to(now);
        if let Some(count) = self.counts.first_mut() {
            *count = count.saturating_add(1);
        }
    }

    /// The request that was counted last was not sent.
    pub fn give_back(&mut self) {
        if let Some(count) = self.counts.iter_mut().find(|count| **count > 0) {
            *count = count.saturating_sub(1);
        }
    }

    /// Forget what is over. Behind a clock that was set back, what was counted is as of now: it is
    /// neither forgotten nor does it count for longer than a minute.
    pub fn advance_to(&mut self, now: Timestamp) {
        let span = now.0.div_euclid(SPAN);
        let past = span.saturating_sub(self.latest).max(0);
        let past = usize::try_from(past).unwrap_or(COUNTERS);
        let before = self.counts;
        self.counts = core::array::from_fn(|age| {
            let age = age.checked_sub(past);
            age.and_then(|age| before.get(age)).copied().unwrap_or(0)
        });
        self.latest = span;
    }

    /// As numbers of a document; zeros where nothing was sent.
    pub fn into_numbers(self) -> [u64; COUNTERS + 1] {
        let mut numbers = [0; COUNTERS + 1];
        let [latest, counts @ ..] = &mut numbers;
        if self.counts != *counts {
            *latest = self.latest.cast_unsigned();
            *counts = self.counts;
        }
        numbers
    }

    /// The reverse of [`Minute::into_numbers`].
    pub fn from_numbers([latest, counts @ ..]: [u64; COUNTERS + 1]) -> Self {
        Self {
            latest: latest.cast_signed(),
            counts,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECOND: i64 = 1_000_000;

    /// `count` requests within a millisecond.
    fn sent(minute: &mut Minute, count: u32, at: i64) {
        for nth in 0..count {
            minute.count(Timestamp(at + i64::from(nth)));
        }
    }

    fn wait(minute: Minute, limit: u32, at: i64) -> Option<u64> {
        let mut minute = minute;
        let wait = minute.wait(limit, Timestamp(at));
        wait.map(|wait| wait.0)
    }

    #[test]
    fn there_is_room_up_to_the_limit_and_again_when_the_oldest_are_forgotten() {
        let mut minute = Minute::default();
        sent(&mut minute, 2, SPAN);
        assert_eq!(wait(minute, 3, SPAN), None);
        sent(&mut minute, 1, 3 * SPAN);
        assert_eq!(wait(minute, 3, 3 * SPAN), Some(11 * 5_100));
        // A lower limit waits for the newer ones too.
        assert_eq!(wait(minute, 1, 3 * SPAN), Some(13 * 5_100));
        assert_eq!(wait(minute, 3, 14 * SPAN - 1), Some(1));
        assert_eq!(wait(minute, 3, 14 * SPAN), None);
    }

    #[test]
    fn what_was_not_sent_is_given_back() {
        let mut minute = Minute::default();
        sent(&mut minute, 2, SPAN);
        minute.give_back();
        assert_eq!(wait(minute, 2, SPAN), None);
        minute.give_back();
        minute.give_back();
        assert_eq!(minute.into_numbers(), [0; 14]);
    }

    #[test]
    fn a_clock_set_back_by_any_time_waits_no_longer_than_a_minute() {
        for back in [1, SECOND, 60 * SECOND, 86_400 * SECOND, i64::MAX / 2] {
            let now = i64::MAX / 2;
            let mut minute = Minute::default();
            sent(&mut minute, 5, now);
            let wait = wait(minute, 5, now - back).expect("no room");
            assert!((61_200..=LONGEST.0).contains(&wait), "{back}: {wait}");
        }
    }

    #[test]
    fn at_the_ends_of_time_and_of_numbers_there_is_an_answer() {
        for at in [i64::MIN, -1, 0, i64::MAX] {
            let mut minute = Minute::from_numbers([u64::MAX; 14]);
            assert_ne!(wait(minute, u32::MAX, at), Some(0));
            minute.count(Timestamp(at));
            assert_ne!(minute.wait(0, Timestamp(at)), None);
        }
    }

    proptest! {
        /// Whatever the pauses are: of so many requests and one more, the last is over 61 seconds
        /// behind the first; and none waits longer than needed.
        #[test]
        fn no_61_seconds_hold_more_than_the_limit(
            limit in 1_u32..20,
            pauses in proptest::collection::vec(0_i64..20 * SECOND, 1..200),
        ) {
            let (mut minute, mut now, mut all) = (Minute::default(), 0, alloc::vec::Vec::new());
            for pause in pauses {
                now += pause;
                if let Some(wait) = minute.wait(limit, Timestamp(now)) {
                    prop_assert!(wait <= LONGEST);
                    now = Timestamp(now).plus(wait).0;
                    prop_assert_eq!(minute.wait(limit, Timestamp(now)), None);
                }
                minute.count(Timestamp(now));
                all.push(now);
            }
            let apart = usize::try_from(limit).unwrap_or(0);
            for (earlier, later) in all.iter().zip(all.iter().skip(apart)) {
                prop_assert!(later - earlier > 61 * SECOND);
            }
        }
    }
}
