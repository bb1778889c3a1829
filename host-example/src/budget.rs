//! How many requests may be made: one budget for each account, and one that guards them all.
//!
//! Merge counts the requests of each account by the minute, and blocks an address that was given
//! more than 20 failing answers within ten seconds. A request is admitted before it is sent and
//! settled when its answer is known. The guard counts a request in flight as if it had failed,
//! so that fifteen failing answers stay fifteen whatever the answers under way turn out to be.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::clock::{MINUTE, Micros, SECOND};

/// The limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Requests of one account within a minute; Merge's smallest plan has 100.
    pub requests_per_minute: u32,
    /// Failing answers within ten seconds, and requests in flight, of all accounts together.
    pub failing_answers: u32,
    /// How long a request may wait for room before it is held back; at most one second. Zero
    /// for a clock that stands still meanwhile.
    pub patience: Micros,
}

impl Default for Limits {
    /// 100 requests a minute, 15 failing answers in ten seconds, one second.
    fn default() -> Self {
        Self {
            requests_per_minute: 100,
            failing_answers: 15,
            patience: SECOND,
        }
    }
}

/// Merge's minute, and a second for what lies between our sending and its counting.
const WINDOW: Micros = MINUTE + SECOND;

/// How long a failing answer counts.
const GUARD: Micros = 10 * SECOND;

/// When to ask again where only requests in flight stand in the way.
const IN_FLIGHT: Micros = SECOND / 4;

/// The accounts' requests are looked through for idle ones when there are this many.
const TIDY_ABOVE: usize = 1024;

/// The budgets of one host.
#[derive(Debug)]
pub struct Budget {
    limits: Limits,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// When each account's latest requests were sent.
    sent: HashMap<String, VecDeque<Micros>>,
    tidy_at: usize,
    failed: VecDeque<Micros>,
    in_flight: u32,
}

/// How an answer counts for the guard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// A status of 400 or more, 429 apart.
    Failing,
    /// Any other, or none: what never arrived is not counted by Merge either.
    Other,
}

impl Answer {
    /// How a response of `status` counts.
    #[must_use]
    pub fn of(status: u16) -> Self {
        if status >= 400 && status != 429 {
            Self::Failing
        } else {
            Self::Other
        }
    }
}

impl Budget {
    /// Budgets from which nothing has been taken.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            state: Mutex::default(),
        }
    }

    /// The limits.
    #[must_use]
    pub fn limits(&self) -> Limits {
        self.limits
    }

    /// Take one request of `account` out of both budgets. Whoever is admitted has to
    /// [`settle`](Self::settle).
    ///
    /// # Errors
    ///
    /// There is no room: how long to wait until there may be.
    pub fn admit(&self, account: &str, now: Micros) -> Result<(), Micros> {
        let mut state = self.lock();
        let room = state.guard_room(self.limits.failing_answers, now);
        let own = state.account_room(account, self.limits.requests_per_minute, now);
        let wait = room.max(own);
        if wait > 0 {
            return Err(wait);
        }
        state.in_flight = state.in_flight.saturating_add(1);
        state
            .sent
            .entry(account.to_owned())
            .or_default()
            .push_back(now);
        Ok(())
    }

    /// The answer to an admitted request is known.
    pub fn settle(&self, answer: Answer, now: Micros) {
        let mut state = self.lock();
        state.in_flight = state.in_flight.saturating_sub(1);
        if answer == Answer::Failing {
            state.failed.push_back(now);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn guard_room(&mut self, limit: u32, now: Micros) -> Micros {
        expire(&mut self.failed, now, GUARD);
        let failed = u32::try_from(self.failed.len()).unwrap_or(u32::MAX);
        if failed.saturating_add(self.in_flight) < limit {
            return 0;
        }
        match self.failed.front() {
            Some(oldest) if failed >= limit => until(*oldest, now, GUARD),
            _ => IN_FLIGHT,
        }
    }

    fn account_room(&mut self, account: &str, limit: u32, now: Micros) -> Micros {
        self.tidy(now);
        let Some(sent) = self.sent.get_mut(account) else {
            return 0;
        };
        expire(sent, now, WINDOW);
        match sent.front() {
            Some(oldest) if sent.len() >= usize::try_from(limit).unwrap_or(usize::MAX) => {
                until(*oldest, now, WINDOW)
            }
            _ => 0,
        }
    }

    /// Forget idle accounts, whenever their number has doubled.
    fn tidy(&mut self, now: Micros) {
        if self.sent.len() > self.tidy_at.max(TIDY_ABOVE) {
            self.sent.retain(|_, sent| {
                expire(sent, now, WINDOW);
                !sent.is_empty()
            });
            self.tidy_at = self.sent.len().saturating_mul(2);
        }
    }
}

/// Drop what is `window` old, and what lies in the future: the clock was set back.
fn expire(instants: &mut VecDeque<Micros>, now: Micros, window: Micros) {
    instants.retain(|instant| *instant <= now && now.saturating_sub(*instant) < window);
}

fn until(oldest: Micros, now: Micros, window: Micros) -> Micros {
    oldest.saturating_add(window).saturating_sub(now).max(1)
}

#[cfg(test)]
mod tests {
    use super::{Answer, Budget, IN_FLIGHT, Limits};
    use crate::clock::{MINUTE, SECOND};

    fn budget(requests_per_minute: u32, failing_answers: u32) -> Budget {
        Budget::new(Limits {
            requests_per_minute,
            failing_answers,
            patience: 0,
        })
    }

    #[track_caller]
    fn answered(budget: &Budget, account: &str, status: u16, now: i64) {
        assert_eq!(budget.admit(account, now), Ok(()));
        budget.settle(Answer::of(status), now);
    }

    #[test]
    fn an_account_is_held_to_its_minute() {
        let budget = budget(3, 15);
        for second in 0..3 {
            answered(&budget, "a", 200, second * SECOND);
        }
        assert_eq!(budget.admit("a", 3 * SECOND), Err(58 * SECOND));
        answered(&budget, "b", 200, 3 * SECOND);
        answered(&budget, "a", 200, 61 * SECOND);
        assert_eq!(budget.admit("a", 61 * SECOND), Err(SECOND));
    }

    #[test]
    fn fifteen_failing_answers_in_ten_seconds_stop_every_account() {
        let budget = budget(100, 15);
        for nth in 0..15 {
            answered(&budget, &format!("account {nth}"), 500, nth * SECOND / 10);
        }
        assert_eq!(budget.admit("another", 2 * SECOND), Err(8 * SECOND));
        answered(&budget, "another", 200, 10 * SECOND);
    }

    #[test]
    fn a_throttled_answer_does_not_count_as_failing() {
        let budget = budget(100, 15);
        for _ in 0..40 {
            answered(&budget, "a", 429, 0);
            answered(&budget, "a", 302, 0);
        }
        assert_eq!(budget.admit("b", 0), Ok(()));
    }

    #[test]
    fn a_request_in_flight_counts_as_if_it_had_failed() {
        let budget = budget(100, 2);
        answered(&budget, "a", 404, 0);
        assert_eq!(budget.admit("a", 0), Ok(()));
        assert_eq!(budget.admit("b", 0), Err(IN_FLIGHT));
        budget.settle(Answer::Other, 0);
        assert_eq!(budget.admit("b", 0), Ok(()));
    }

    #[test]
    fn a_clock_set_back_forgets_rather_than_blocks() {
        let budget = budget(1, 1);
        answered(&budget, "a", 500, 100 * MINUTE);
        assert_eq!(budget.admit("a", 0), Ok(()));
    }

    #[test]
    fn idle_accounts_are_forgotten() {
        let budget = budget(100, 15);
        for nth in 0..5000 {
            answered(&budget, &format!("{nth}"), 200, nth * SECOND);
        }
        assert!(budget.lock().sent.len() < 2000);
    }
}
