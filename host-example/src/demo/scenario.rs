//! What happens in a run, all of it from the seed.

use merge_simulator::{Config, Faults, Merge, control};
use serde_json::{Map, Value, json};

use crate::clock::{HOUR, MINUTE, Micros, SECOND};

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

/// What becomes of an account, beside changes of its data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Errand {
    /// The third party stops accepting Merge's credentials: syncs fail from now on.
    Refuse(usize),
    /// The customer links the account again: its token changes.
    Relink(usize),
}

/// What a run is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Scenario {
    /// Decides data and faults.
    pub seed: u64,
    /// Whether every fault is on.
    pub faults: bool,
}

impl Scenario {
    /// Whether models are read whole at an interval. In three of four seeds they are not: a
    /// full re-read would bring in the end whatever a window had missed.
    pub(super) fn rereads(self) -> bool {
        self.seed.is_multiple_of(4)
    }

    /// Merge, before the first account is linked.
    pub(super) fn merge(self) -> Merge {
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
        Merge::new(config)
    }

    /// What happens to accounts, by their number, in order of time. An account is linked again
    /// twice within the time in which a webhook may come a second time: the first token must
    /// not come back.
    pub(super) fn errands(self, start: Micros) -> Vec<(Micros, Errand)> {
        if !self.faults {
            return Vec::new();
        }
        let number = usize::try_from(self.seed % 3).unwrap_or(0);
        let at = start + HOUR * (8 + i64::try_from(self.seed % 5).unwrap_or(0));
        vec![
            (at, Errand::Refuse(number)),
            (at + 2 * HOUR, Errand::Relink(number)),
            (at + 3 * HOUR, Errand::Relink(number)),
        ]
    }

    /// The engine's settings document for accounts of `merge`.
    pub(super) fn settings(self, merge: &mut Merge) -> String {
        if !self.rereads() {
            return json!({ "full_reread_ms": 0 }).to_string();
        }
        let extra: Map<String, Value> = models(merge)
            .into_iter()
            .map(|model| (model, json!("include_remote_data=true")))
            .collect();
        json!({ "full_reread_ms": REREAD / 1_000, "query_extra": extra }).to_string()
    }

    /// When everything is to be in the store of a host that saw `merge` from now on: changes
    /// and faults have ended, each model had one good sync after that, and an hour has passed;
    /// where some changes show in full re-reads alone, the time of one of those as well.
    pub(super) fn end(self, merge: &Merge) -> Micros {
        let reread = if self.rereads() { REREAD } else { 0 };
        merge.now() + BUSY + merge.longest_interval() + reread + GRACE
    }
}

/// The ids of all models that can be listed.
fn models(merge: &mut Merge) -> Vec<String> {
    let state = control::handle(merge, "state", b"");
    let state: Value = serde_json::from_slice(&state.body).unwrap_or_default();
    let mut ids = Vec::new();
    for account in state["accounts"].as_array().into_iter().flatten() {
        for model in account["models"].as_array().into_iter().flatten() {
            if let (Some(id), Some(_)) = (
                model["sync_status"]["model_id"].as_str(),
                model["path"].as_str(),
            ) {
                ids.push(id.to_owned());
            }
        }
    }
    ids
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(seed: u64) -> String {
        let scenario = Scenario {
            seed,
            faults: false,
        };
        scenario.settings(&mut scenario.merge())
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
}
