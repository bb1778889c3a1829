//! What a host spends on requests: it keeps away from Merge's guard against addresses that keep
//! failing, and from each account's limit a minute, as `http.send` obliges it to.

use std::collections::{BTreeMap, VecDeque};

use merge_simulator::time::{MINUTE, Micros, SECOND};

/// Failing answers within ten seconds, requests under way counted as failing.
const FAILING: usize = 15;

/// Requests of one account within a minute.
const A_MINUTE: usize = 100;

/// One host's budgets, on its own clock.
#[derive(Debug, Default)]
pub struct Budget {
    failed: VecDeque<Micros>,
    under_way: usize,
    sent: BTreeMap<String, VecDeque<Micros>>,
}

impl Budget {
    /// Take a request out of the budgets.
    ///
    /// # Errors
    ///
    /// There is no room: how long until there may be.
    pub fn admit(&mut self, account: &str, now: Micros) -> Result<(), Micros> {
        expire(&mut self.failed, now, 10 * SECOND);
        if self.failed.len() + self.under_way >= FAILING {
            let oldest = self.failed.front();
            return Err(oldest.map_or(SECOND, |oldest| oldest + 10 * SECOND - now));
        }
        let sent = self.sent.entry(account.to_owned()).or_default();
        expire(sent, now, MINUTE + SECOND);
        if let Some(oldest) = sent.front().filter(|_| sent.len() >= A_MINUTE) {
            return Err(oldest + MINUTE + SECOND - now);
        }
        sent.push_back(now);
        self.under_way += 1;
        Ok(())
    }

    /// The answer is here, or will never be.
    pub fn settle(&mut self, failing: bool, now: Micros) {
        self.under_way = self.under_way.saturating_sub(1);
        if failing {
            self.failed.push_back(now);
        }
    }
}

/// Forget what is `window` old, and what lies in the future: the clock was set back.
fn expire(instants: &mut VecDeque<Micros>, now: Micros, window: Micros) {
    instants.retain(|at| *at <= now && now - *at < window);
}
