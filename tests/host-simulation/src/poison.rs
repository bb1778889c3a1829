//! What is wrong for good with one account in four, and what people do about it.

use merge_simulator::time::{HOUR, Micros};
use merge_simulator::{Poison, PoisonPlan};

use crate::bindings::exports::merge_sync::triggers::triggers::{Approval, Command, View};
use crate::errand::Errand;
use crate::world::{Event, World};

/// An operator who sees a held sweep takes so long to approve it, and a filter that was narrowed
/// is narrowed again after so long.
const SECOND_THOUGHT: (Micros, Micros) = (HOUR, 4 * HOUR);

/// Kinds that come so many times as often as the others: each stands for a law of its own, or
/// needs a full re-read, which only one seed in four has.
const OFTEN: [(&str, usize); 9] = [
    ("empty-full-reads", 12),
    ("shrunken-full-reads", 12),
    ("narrowed-selective-sync", 12),
    ("page-size-limit", 3),
    ("cursors-refused", 2),
    ("clamped-offset-cursors", 3),
    ("offset-cursors-shift", 3),
    ("unreadable-finish", 3),
    ("list-refused", 2),
];

/// The kinds that a command line names; `None` for all.
///
/// # Errors
///
/// The first entry that is no kind.
pub fn wanted(text: &str) -> Result<Option<Vec<Poison>>, String> {
    if text.trim() == "all" {
        return Ok(None);
    }
    if text.trim() == "none" {
        return Ok(Some(Vec::new()));
    }
    let mut kinds = Vec::new();
    for entry in text.split(',').map(str::trim) {
        let drawn = Poison::drawn().iter();
        let before = kinds.len();
        kinds.extend(drawn.filter(|kind| kind.name() == entry));
        if kinds.len() == before {
            kinds.push(entry.parse()?);
        }
    }
    Ok(Some(kinds))
}

/// As [`wanted`] reads it.
#[must_use]
pub fn list(kinds: &[Poison]) -> String {
    if kinds.is_empty() {
        return "none".to_owned();
    }
    let mut names: Vec<&str> = kinds.iter().map(|kind| kind.name()).collect();
    names.dedup();
    names.join(",")
}

/// Whether nothing but full re-reads can show what was asked for.
#[must_use]
pub fn needs_full_reads(kinds: Option<&[Poison]>) -> bool {
    kinds.is_some_and(|kinds| !kinds.is_empty() && kinds.iter().all(|kind| is_of_rereads(*kind)))
}

fn is_of_rereads(kind: Poison) -> bool {
    kind.needs_full_reads() || kind == Poison::EmptyFullReads
}

/// What a seed draws from.
#[must_use]
pub fn plan(kinds: Option<&[Poison]>, rereads: bool) -> PoisonPlan {
    let all = kinds.unwrap_or_else(|| Poison::drawn()).iter();
    let fit = all.filter(|kind| rereads || !is_of_rereads(**kind));
    let weighed = fit.flat_map(|kind| {
        let often = OFTEN.iter().find(|(name, _)| *name == kind.name());
        std::iter::repeat_n(*kind, often.map_or(1, |(_, times)| *times))
    });
    PoisonPlan::of(weighed.collect())
}

impl World<'_> {
    /// People see a held sweep: some agree with it, and some narrow a filter once more.
    pub(crate) fn answer_held_sweeps(&mut self, account: &str, view: &View) {
        let accounts = self.merge.accounts();
        let Some(number) = accounts.iter().position(|known| known.id == account) else {
            return;
        };
        for model in &view.models {
            let Some(held) = &model.held_sweep else {
                continue;
            };
            let id = model.status.model_id.clone();
            let seen = (account.to_owned(), id.clone(), held.pass);
            if !self.held.insert(seen) {
                continue;
            }
            let at = self.now()
                + self
                    .dice
                    .errands
                    .between(SECOND_THOUGHT.0, SECOND_THOUGHT.1);
            if !self.dice.errands.per_mille(500) || at >= self.scenario.quiet_from {
                continue;
            }
            let poisoned = self.merge.poisoned();
            let of_model = poisoned.iter().find(|poisoned| {
                poisoned.account == account && poisoned.model_id.as_deref() == Some(id.as_str())
            });
            let found = self.merge.reread(account, &id);
            match of_model.map(|poisoned| poisoned.poison) {
                // No second read confirms that everything is gone.
                _ if found.is_some_and(|found| found.is_empty()) => {
                    let approval = Approval {
                        model_id: id,
                        pass: held.pass,
                    };
                    let command = Command::ApproveDeletions(approval);
                    self.plan(at, Event::Errand(Errand::Ask(number, command)));
                }
                Some(Poison::ShrunkenFullReads | Poison::NarrowedSelectiveSync) => {
                    let narrowed = Poison::NarrowedSelectiveSync;
                    self.merge.poison(number, Some(&id), narrowed, at);
                }
                _ => {}
            }
        }
    }
}
