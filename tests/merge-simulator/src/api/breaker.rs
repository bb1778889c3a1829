//! The guard against clients that keep failing: more than 20 failing answers to one address
//! within 10 seconds, and the address is blocked. How long is not documented: a minute here.

use std::collections::{BTreeMap, VecDeque};

use crate::time::{MINUTE, Micros, SECOND};

const FAILURES: usize = 20;
const WITHIN: Micros = 10 * SECOND;
const BLOCKED_FOR: Micros = MINUTE;

/// Failing answers by address.
#[derive(Debug, Default)]
pub(crate) struct Breaker {
    failures: BTreeMap<String, VecDeque<Micros>>,
    blocked_until: BTreeMap<String, Micros>,
    pub trips: u64,
}

impl Breaker {
    pub fn is_blocked(&self, client: &str, now: Micros) -> bool {
        self.blocked_until
            .get(client)
            .is_some_and(|until| now < *until)
    }

    /// Note a failing answer. Returns how many there were within the time, this one included.
    pub fn failed(&mut self, client: &str, now: Micros) -> u64 {
        let times = self.failures.entry(client.to_owned()).or_default();
        times.push_back(now);
        while times.front().is_some_and(|first| now - first >= WITHIN) {
            times.pop_front();
        }
        let count = times.len();
        if count > FAILURES {
            self.trips += 1;
            times.clear();
            self.blocked_until
                .insert(client.to_owned(), now + BLOCKED_FOR);
        }
        count as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_twenty_first_failure_within_ten_seconds_blocks() {
        let mut breaker = Breaker::default();
        for _ in 0..20 {
            breaker.failed("a", 0);
        }
        assert!(!breaker.is_blocked("a", 0));
        breaker.failed("b", 0);
        breaker.failed("a", WITHIN - 1);
        assert!(breaker.is_blocked("a", WITHIN));
        assert!(!breaker.is_blocked("b", WITHIN));
        assert!(!breaker.is_blocked("a", WITHIN - 1 + BLOCKED_FOR));
        assert_eq!(breaker.trips, 1);
    }

    #[test]
    fn failures_spread_over_time_do_not_block() {
        let mut breaker = Breaker::default();
        for nth in 0..200 {
            breaker.failed("a", nth * SECOND / 2);
        }
        assert_eq!(breaker.trips, 0);
    }
}
