//! What happens in a run beside the kills, all of it from the seed: about a day of three
//! accounts, with every fault there is.

use std::fmt::Write as _;

use merge_simulator::time::{HOUR, MINUTE, Micros, SECOND};
use merge_simulator::{Config, Faults, Merge, control};
use serde_json::Value;

/// Changes, faults and kills go on for so long.
pub const BUSY: Micros = 21 * HOUR;

/// Beyond a good sync of each model, the process is given so long to catch up.
const GRACE: Micros = HOUR;

/// Every model is read whole this often, in the runs that read them whole at all.
const REREAD: Micros = 6 * HOUR;

/// A request takes up to so long, so that things change between two pages of one read.
const REQUEST_TAKES: Micros = SECOND / 2;

/// A slow answer takes up to so long: a little less than the process waits.
const SLOW_ANSWER_TAKES: Micros = 28 * SECOND;

/// What becomes of an account, beside changes of its data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Errand {
    /// The third party stops accepting Merge's credentials.
    Refuse(usize),
    /// The customer links the account again: its token changes.
    Relink(usize),
}

/// Whether models are read whole at an interval. In three of four seeds they are not: a full
/// re-read would bring in the end whatever a crash had made a window miss. In the fourth, a
/// re-read is what is killed halfway, and its sweep must not delete what it did not see.
pub fn rereads(seed: u64) -> bool {
    seed.is_multiple_of(4)
}

/// Merge, before the first account is linked.
pub fn merge(seed: u64) -> Merge {
    let mut config = Config::new(seed);
    let quiet_from = config.start + BUSY;
    config.changes_until = Some(quiet_from);
    config.sync_every = vec![HOUR, 50 * MINUTE, 75 * MINUTE];
    config.request_takes = REQUEST_TAKES;
    if rereads(seed) {
        // What no window can show.
        config.unstamped_deletions = 300;
        config.remote_data_only = 100;
        config.purged_deletions = 100;
    }
    config.faults = Faults {
        slow_takes: SLOW_ANSWER_TAKES,
        ..Faults::all(quiet_from)
    };
    Merge::new(config)
}

/// What happens to accounts, by their number, in order of time.
pub fn errands(seed: u64, start: Micros) -> Vec<(Micros, Errand)> {
    let number = usize::try_from(seed % 3).unwrap_or(0);
    let at = start + HOUR * (8 + Micros::try_from(seed % 5).unwrap_or(0));
    vec![
        (at, Errand::Refuse(number)),
        (at + 2 * HOUR, Errand::Relink(number)),
        (at + 3 * HOUR, Errand::Relink(number)),
    ]
}

/// The process's configuration file.
pub fn configuration(seed: u64, merge: &mut Merge) -> String {
    if !rereads(seed) {
        return "[settings]\nfull_reread_ms = 0\n".to_owned();
    }
    let mut file = format!("[settings]\nfull_reread_ms = {}\n", REREAD / 1_000);
    file.push_str("[settings.query_extra]\n");
    for model in models(merge) {
        let _ = writeln!(file, "\"{model}\" = \"include_remote_data=true\"");
    }
    file
}

/// When everything is to be in the store: changes, faults and kills have ended, each model had
/// one good sync after that, and an hour has passed; where some changes show in full re-reads
/// alone, the time of one of those as well.
pub fn end(seed: u64, merge: &Merge) -> Micros {
    let reread = if rereads(seed) { REREAD } else { 0 };
    merge.now() + BUSY + merge.longest_interval() + reread + GRACE
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

    #[test]
    fn three_of_four_seeds_never_read_a_model_whole() {
        let without = (1..=8)
            .filter(|seed| configuration(*seed, &mut merge(*seed)).contains("reread_ms = 0"))
            .count();
        assert_eq!(without, 6);
    }

    #[test]
    fn models_that_are_read_whole_bring_their_remote_data() {
        let file = configuration(4, &mut merge(4));
        assert!(file.contains("\"hris.Employee\" = \"include_remote_data=true\"\n"));
        assert!(file.contains("full_reread_ms = 21600000\n"));
        assert!(file.lines().count() > 30);
    }
}
