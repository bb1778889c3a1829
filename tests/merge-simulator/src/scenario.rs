//! The run that hosts are shown with: what happens in it, all of it from the seed.
//!
//! A good day of changes, with every fault if wanted, then a quiet time in which a host that is
//! right catches up. Hosts in every language play it, so its numbers are nowhere else.

use serde_json::{Map, Value, json};

use crate::time::{HOUR, MINUTE, Micros, SECOND};
use crate::world::event::Event;
use crate::{Config, Faults, Merge};

/// Changes, and faults, go on for so long.
const BUSY: Micros = 21 * HOUR;

/// Beyond a good sync of each model, a host is given so long to catch up.
const GRACE: Micros = HOUR;

/// Every model is read whole this often, in the runs that read them whole at all.
const REREAD: Micros = 6 * HOUR;

/// A request takes up to so long, so that things change between two pages of one read.
const REQUEST_TAKES: Micros = SECOND / 2;

/// A slow answer takes up to so long: longer than a run may last, and a little less than a host
/// waits.
const SLOW_ANSWER_TAKES: Micros = 28 * SECOND;

/// What a run is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scenario {
    /// Decides data and faults.
    pub seed: u64,
    /// Whether every fault is on.
    pub faults: bool,
}

impl Scenario {
    /// Whether models are read whole at an interval. In three of four seeds they are not: a
    /// full re-read would bring in the end whatever a window had missed.
    #[must_use]
    pub fn rereads(self) -> bool {
        self.seed.is_multiple_of(4)
    }

    /// Merge, before the first account is linked. What happens to accounts beside changes of
    /// their data is planned already.
    #[must_use]
    pub fn merge(self) -> Merge {
        let mut config = Config::new(self.seed);
        let quiet_from = config.start + BUSY;
        config.changes_until = Some(quiet_from);
        config.sync_every = vec![HOUR, 50 * MINUTE, 75 * MINUTE];
        config.request_takes = REQUEST_TAKES;
        if self.rereads() {
            // What no window can show.
            config.unstamped_deletions = 300;
            config.remote_data_only = 100;
            config.purged_deletions = 100;
        }
        if self.faults {
            config.faults = Faults {
                slow_takes: SLOW_ANSWER_TAKES,
                ..Faults::all(quiet_from)
            };
        }
        let mut merge = Merge::new(config);
        if self.faults {
            self.plan_relinks(&mut merge);
        }
        merge
    }

    /// The third party of one account stops accepting Merge's credentials, and the customer
    /// links the account again: twice within the time in which a webhook may come a second
    /// time, for the first token must not come back.
    fn plan_relinks(self, merge: &mut Merge) {
        let account = usize::try_from(self.seed % 3).unwrap_or(0);
        let at = merge.now() + HOUR * (8 + i64::try_from(self.seed % 5).unwrap_or(0));
        let mut plan = |at, event| merge.queue.plan(at, event);
        plan(at, Event::RequireRelink { account });
        plan(at + 2 * HOUR, Event::Relink { account });
        plan(at + 3 * HOUR, Event::Relink { account });
    }

    /// The engine's settings document for accounts of `merge`.
    #[must_use]
    pub fn settings(self, merge: &Merge) -> String {
        if !self.rereads() {
            return json!({ "full_reread_ms": 0 }).to_string();
        }
        let extra: Map<String, Value> = models(merge)
            .map(|model| (model.to_owned(), json!("include_remote_data=true")))
            .collect();
        json!({ "full_reread_ms": REREAD / 1_000, "query_extra": extra }).to_string()
    }

    /// When everything is to be in the store of a host that saw `merge` from now on: changes
    /// and faults have ended, each model had one good sync after that, and an hour has passed;
    /// where some changes show in full re-reads alone, the time of one of those as well.
    #[must_use]
    pub fn end(self, merge: &Merge) -> Micros {
        let reread = if self.rereads() { REREAD } else { 0 };
        merge.now() + BUSY + merge.longest_interval() + reread + GRACE
    }
}

/// The ids of all models that can be listed.
fn models(merge: &Merge) -> impl Iterator<Item = &'static str> {
    let models = merge.accounts.iter().flat_map(|account| &account.models);
    let listed = models.filter(|model| model.spec.path.is_some());
    listed.map(|model| model.spec.id)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn settings(seed: u64) -> String {
        let scenario = Scenario {
            seed,
            faults: false,
        };
        scenario.settings(&scenario.merge())
    }

    #[test]
    fn three_of_four_seeds_never_read_a_model_whole() {
        let without = (1..=8)
            .filter(|seed| settings(*seed) == r#"{"full_reread_ms":0}"#)
            .count();
        assert_eq!(without, 6);
    }

    #[test]
    fn models_that_are_read_whole_bring_their_remote_data() {
        let settings: Value = serde_json::from_str(&settings(4)).expect("JSON");
        assert_eq!(settings["full_reread_ms"], 21_600_000);
        let extra = settings["query_extra"].as_object().expect("an object");
        assert!(extra.len() > 30);
        assert_eq!(extra["hris.Employee"], "include_remote_data=true");
        // It has no list endpoint.
        assert!(!extra.contains_key("hris.Deduction"));
    }

    #[test]
    fn an_account_is_refused_and_linked_again_where_things_go_wrong() {
        let relinks = |faults| {
            let scenario = Scenario { seed: 3, faults };
            let mut merge = scenario.merge();
            let mut seen = Vec::new();
            let quiet_from = merge.now() + BUSY;
            while merge.now() < quiet_from {
                merge.advance_to(merge.now() + MINUTE);
                let account = merge.accounts().swap_remove(0);
                if seen.last() != Some(&(account.status.clone(), account.token.clone())) {
                    seen.push((account.status, account.token));
                }
            }
            let (states, tokens): (Vec<String>, BTreeSet<String>) = seen.into_iter().unzip();
            (states.join(" "), tokens.len())
        };
        assert_eq!(relinks(false), ("COMPLETE".to_owned(), 1));
        let states = "COMPLETE RELINK_NEEDED COMPLETE COMPLETE";
        assert_eq!(relinks(true), (states.to_owned(), 3));
    }
}
