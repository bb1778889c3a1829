//! What a host spends on requests: it keeps away from Merge's guard against addresses that keep
//! failing, as `http.send` obliges it to.
//!
//! Accounts that were given a failing answer lately share a part of the guard, so that those that
//! always fail never hold up the others.

use std::collections::{BTreeMap, VecDeque};

use merge_simulator::time::{MINUTE, Micros, SECOND};

/// Failing answers within ten seconds, requests under way counted as failing.
const FAILING: usize = 15;

/// So many of them are for accounts that were given a failing answer within [`SUSPECT`].
const SHARED: usize = 5;

/// For how long a failing answer makes its account one of those that share.
const SUSPECT: Micros = 10 * MINUTE;

/// One host's budget, on its own clock.
#[derive(Debug, Default)]
pub struct Budget {
    all: Guard,
    suspects: Guard,
    /// When each account was last given a failing answer, or none in time.
    failed_at: BTreeMap<String, Micros>,
}

/// What was taken of the guard.
#[derive(Debug, Default)]
struct Guard {
    failed: VecDeque<Micros>,
    under_way: usize,
}

/// A request that was let through, to be settled.
#[derive(Debug)]
#[must_use]
pub struct Admission {
    account: String,
    /// Whether it is one of those that share.
    suspect: bool,
}

/// How an answer counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// A status of 400 or more, 429 apart.
    Failing,
    /// None in time: Merge counts no failure, but the next request may hang as well.
    TimedOut,
    /// Any other, or none.
    Other,
}

impl Budget {
    /// Take a request out of the budget.
    ///
    /// # Errors
    ///
    /// There is no room: how long until there may be.
    pub fn admit(&mut self, account: &str, now: Micros) -> Result<Admission, Micros> {
        let failed_at = self.failed_at.get(account);
        let suspect = failed_at.is_some_and(|at| is_within(*at, now, SUSPECT));
        self.all.room(FAILING, now)?;
        if suspect {
            self.suspects.room(SHARED, now)?;
        }
        self.all.under_way += 1;
        self.suspects.under_way += usize::from(suspect);
        Ok(Admission {
            account: account.to_owned(),
            suspect,
        })
    }

    /// The answer is here, or will never be.
    pub fn settle(&mut self, admission: Admission, outcome: Outcome, now: Micros) {
        self.all.settle(outcome, now);
        if admission.suspect {
            self.suspects.settle(outcome, now);
        }
        if outcome != Outcome::Other {
            self.failed_at.insert(admission.account, now);
        }
    }
}

impl Guard {
    fn room(&mut self, limit: usize, now: Micros) -> Result<(), Micros> {
        expire(&mut self.failed, now, 10 * SECOND);
        if self.failed.len() + self.under_way < limit {
            return Ok(());
        }
        let oldest = self.failed.front();
        Err(oldest.map_or(SECOND, |oldest| oldest + 10 * SECOND - now))
    }

    fn settle(&mut self, outcome: Outcome, now: Micros) {
        self.under_way = self.under_way.saturating_sub(1);
        if outcome == Outcome::Failing {
            self.failed.push_back(now);
        }
    }
}

/// Forget what is `window` old, and what lies in the future: the clock was set back.
fn expire(instants: &mut VecDeque<Micros>, now: Micros, window: Micros) {
    instants.retain(|at| is_within(*at, now, window));
}

fn is_within(at: Micros, now: Micros, window: Micros) -> bool {
    at <= now && now - at < window
}

#[cfg(test)]
mod tests {
    use super::{Budget, Outcome, SUSPECT};
    use merge_simulator::time::SECOND;

    #[track_caller]
    fn fails(budget: &mut Budget, account: &str, now: i64) {
        let admitted = budget.admit(account, now).expect("there is room");
        budget.settle(admitted, Outcome::Failing, now);
    }

    #[test]
    fn accounts_that_failed_lately_share_five_of_fifteen_failing_answers() {
        let mut budget = Budget::default();
        for nth in 0..5 {
            fails(&mut budget, &format!("{nth}"), 0);
        }
        // The first ones count for all alone, and have left the guard.
        for nth in 0..5 {
            fails(&mut budget, &format!("{nth}"), 10 * SECOND);
        }
        assert_eq!(budget.admit("0", 12 * SECOND).err(), Some(8 * SECOND));
        for nth in 0..10 {
            fails(&mut budget, &format!("sound {nth}"), 12 * SECOND);
        }
        assert!(budget.admit("sound", 12 * SECOND).is_err(), "all fifteen");
        fails(&mut budget, "0", 20 * SECOND);
    }

    #[test]
    fn an_account_that_failed_shares_for_ten_minutes() {
        let mut budget = Budget::default();
        let hanging = budget.admit("hangs", 0).expect("there is room");
        budget.settle(hanging, Outcome::TimedOut, 0);
        let under_way = |budget: &mut Budget, now| {
            let all = (0..15).map(|_| budget.admit("hangs", now));
            all.filter_map(Result::ok).collect::<Vec<_>>()
        };
        let shared = under_way(&mut budget, SUSPECT - 1);
        assert_eq!(shared.len(), 5);
        for admission in shared {
            budget.settle(admission, Outcome::Other, SUSPECT - 1);
        }
        assert_eq!(under_way(&mut budget, SUSPECT).len(), 15);
    }
}
