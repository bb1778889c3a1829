//! How many requests may be made: a budget that guards all accounts.
//!
//! Merge blocks an address that was given more than 20 failing answers within ten seconds. A
//! request is admitted before it is sent and settled when its answer is known. The guard counts a
//! request in flight as if it had failed, so that fifteen failing answers stay fifteen whatever the
//! answers under way turn out to be. The requests of one account in a minute are counted by the
//! engine.
//!
//! Accounts that were given a failing answer within ten minutes share a part of the guard, and
//! leave the rest to all others: however many of them fail for good, and however often, they do
//! not hold up an account whose requests are answered.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::clock::{MINUTE, Micros, SECOND};

/// The limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Failing answers within ten seconds, and requests in flight, of all accounts together.
    pub failing_answers: u32,
    /// As many of these are for accounts that were given a failing answer within ten minutes.
    pub failing_share: u32,
    /// How long a request may wait for room before it is held back; at most one second. Zero
    /// for a clock that stands still meanwhile.
    pub patience: Micros,
}

impl Default for Limits {
    /// 15 failing answers in ten seconds, five of them of accounts that failed before, one second.
    fn default() -> Self {
        Self {
            failing_answers: 15,
            failing_share: 5,
            patience: SECOND,
        }
    }
}

/// How long a failing answer counts.
const GUARD: Micros = 10 * SECOND;

/// For how long a failing answer makes its account one of those that share.
const SUSPECT: Micros = 10 * MINUTE;

/// When to ask again where only requests in flight stand in the way.
const IN_FLIGHT: Micros = SECOND / 4;

/// The accounts that failed are looked through for old failures when there are this many.
const TIDY_ABOVE: usize = 1024;

/// The budget of one host.
#[derive(Debug)]
pub struct Budget {
    limits: Limits,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// What all accounts have taken of the guard.
    all: Guard,
    /// What those that failed before have taken of it.
    suspects: Guard,
    /// When each account was last given a failing answer. The guard itself bounds their number:
    /// fifteen within ten seconds.
    failing: HashMap<String, Micros>,
}

#[derive(Debug, Default)]
struct Guard {
    failed: VecDeque<Micros>,
    in_flight: u32,
}

/// One request that was admitted, to be settled.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct Admission {
    account: String,
    /// Whether it is taken out of the suspects' share.
    suspect: bool,
}

/// How an answer counts for the guard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// A status of 400 or more, 429 apart.
    Failing,
    /// None within the time allowed. Merge does not count it, but its request was in flight for
    /// so long, and so will the account's next ones be.
    TimedOut,
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
    /// A budget from which nothing has been taken.
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

    /// Take one request of `account` out of the budget. Whoever is admitted has to
    /// [`settle`](Self::settle).
    ///
    /// # Errors
    ///
    /// There is no room: how long to wait until there may be.
    pub fn admit(&self, account: &str, now: Micros) -> Result<Admission, Micros> {
        let Limits {
            failing_answers,
            failing_share,
            ..
        } = self.limits;
        let mut state = self.lock();
        let suspect = state.is_suspect(account, now);
        let mut wait = state.all.room(failing_answers, now);
        if suspect {
            wait = wait.max(state.suspects.room(failing_share, now));
        }
        if wait > 0 {
            return Err(wait);
        }
        state.all.take();
        if suspect {
            state.suspects.take();
        }
        Ok(Admission {
            account: account.to_owned(),
            suspect,
        })
    }

    /// The answer to an admitted request is known.
    pub fn settle(&self, admission: Admission, answer: Answer, now: Micros) {
        let mut state = self.lock();
        state.all.settle(answer, now);
        if admission.suspect {
            state.suspects.settle(answer, now);
        }
        if answer != Answer::Other {
            state.failing.insert(admission.account, now);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Guard {
    fn room(&mut self, limit: u32, now: Micros) -> Micros {
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

    fn take(&mut self) {
        self.in_flight = self.in_flight.saturating_add(1);
    }

    fn settle(&mut self, answer: Answer, now: Micros) {
        self.in_flight = self.in_flight.saturating_sub(1);
        if answer == Answer::Failing {
            self.failed.push_back(now);
        }
    }
}

impl State {
    fn is_suspect(&mut self, account: &str, now: Micros) -> bool {
        if self.failing.len() > TIDY_ABOVE {
            self.failing.retain(|_, at| is_within(*at, now, SUSPECT));
        }
        self.failing
            .get(account)
            .is_some_and(|at| is_within(*at, now, SUSPECT))
    }
}

/// Drop what is `window` old, and what lies in the future: the clock was set back.
fn expire(instants: &mut VecDeque<Micros>, now: Micros, window: Micros) {
    instants.retain(|instant| is_within(*instant, now, window));
}

fn is_within(instant: Micros, now: Micros, window: Micros) -> bool {
    instant <= now && now.saturating_sub(instant) < window
}

fn until(oldest: Micros, now: Micros, window: Micros) -> Micros {
    oldest.saturating_add(window).saturating_sub(now).max(1)
}

#[cfg(test)]
mod tests {
    use super::{Answer, Budget, IN_FLIGHT, Limits};
    use crate::clock::{MINUTE, SECOND};

    fn budget(failing_answers: u32) -> Budget {
        Budget::new(Limits {
            failing_answers,
            failing_share: 5,
            patience: 0,
        })
    }

    #[track_caller]
    fn answered(budget: &Budget, account: &str, status: u16, now: i64) {
        let admitted = budget.admit(account, now).expect("there is room");
        budget.settle(admitted, Answer::of(status), now);
    }

    #[track_caller]
    fn held(budget: &Budget, account: &str, now: i64, wait: i64) {
        assert_eq!(budget.admit(account, now).err(), Some(wait));
    }

    #[test]
    fn fifteen_failing_answers_in_ten_seconds_stop_every_account() {
        let budget = budget(15);
        for nth in 0..15 {
            answered(&budget, &format!("account {nth}"), 500, nth * SECOND / 10);
        }
        held(&budget, "another", 2 * SECOND, 8 * SECOND);
        answered(&budget, "another", 200, 10 * SECOND);
    }

    #[test]
    fn accounts_that_always_fail_never_hold_up_one_that_does_not() {
        let budget = budget(15);
        let mut sent = 0;
        for nth in 0..40 {
            let now = nth * SECOND / 100;
            for failing in 0..6 {
                let account = format!("failing {failing}");
                if let Ok(admitted) = budget.admit(&account, now) {
                    budget.settle(admitted, Answer::Failing, now);
                    sent += 1;
                }
            }
            answered(&budget, "healthy", 200, now);
        }
        // Each once before anything was known of it, and five of all of them.
        assert_eq!(sent, 6 + 5);
    }

    #[test]
    fn accounts_that_failed_before_share_five_failing_answers() {
        let budget = budget(15);
        for nth in 0..5 {
            answered(&budget, &format!("{nth}"), 500, 0);
        }
        // The first ones count for the guard alone, and have left it.
        for nth in 0..5 {
            answered(&budget, &format!("{nth}"), 500, 10 * SECOND);
        }
        held(&budget, "0", 12 * SECOND, 8 * SECOND);
        answered(&budget, "another", 500, 12 * SECOND);
        answered(&budget, "0", 200, 20 * SECOND);
    }

    #[test]
    fn an_account_is_of_those_that_fail_for_ten_minutes() {
        let budget = budget(15);
        let first_to_fail = |now| {
            for nth in 0..5 {
                answered(&budget, &format!("{nth}"), 500, now);
            }
        };
        first_to_fail(0);
        answered(&budget, "a", 500, 0);
        let before = 10 * MINUTE - SECOND;
        first_to_fail(before);
        held(&budget, "a", before, 10 * SECOND);
        answered(&budget, "a", 200, 10 * MINUTE);
    }

    #[test]
    fn what_hangs_leaves_room_for_others() {
        let budget = budget(15);
        for nth in 0..15 {
            let admitted = budget.admit(&format!("{nth}"), 0).expect("there is room");
            budget.settle(admitted, Answer::TimedOut, 0);
        }
        let hanging: Vec<_> = (0..15)
            .filter_map(|nth| budget.admit(&format!("{nth}"), SECOND).ok())
            .collect();
        assert_eq!(hanging.len(), 5);
        answered(&budget, "another", 200, SECOND);
    }

    #[test]
    fn a_throttled_answer_does_not_count_as_failing() {
        let budget = budget(15);
        for _ in 0..40 {
            answered(&budget, "a", 429, 0);
            answered(&budget, "a", 302, 0);
        }
        assert!(budget.admit("b", 0).is_ok());
    }

    #[test]
    fn a_request_in_flight_counts_as_if_it_had_failed() {
        let budget = budget(2);
        answered(&budget, "a", 404, 0);
        let in_flight = budget.admit("a", 0).expect("there is room");
        held(&budget, "b", 0, IN_FLIGHT);
        budget.settle(in_flight, Answer::Other, 0);
        assert!(budget.admit("b", 0).is_ok());
    }

    #[test]
    fn a_clock_set_back_forgets_rather_than_blocks() {
        let budget = budget(1);
        answered(&budget, "a", 500, 100 * MINUTE);
        assert!(budget.admit("a", 0).is_ok());
    }

    #[test]
    fn accounts_that_no_longer_fail_are_forgotten() {
        let budget = budget(15);
        for nth in 0..5000 {
            answered(&budget, &format!("failing {nth}"), 500, nth * SECOND);
        }
        let state = budget.lock();
        assert!(state.failing.len() < 2000);
    }
}
