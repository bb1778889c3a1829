//! What poison leaves of a model: the records that some read serves, and what a read of
//! everything returns.

use std::collections::{BTreeMap, BTreeSet};

use crate::Merge;
use crate::api::offset;
use crate::api::page::Key;
use crate::poison::Poison;
use crate::time::Micros;
use crate::world::account::Account;
use crate::world::record::Record;

/// Which records of a model are served.
#[derive(Debug)]
pub(crate) struct Served {
    /// All but these.
    withheld: Withheld,
    /// Whether a read of everything can come to its end, so that it shows what carries no new
    /// `modified_at` and what has vanished.
    whole: bool,
    now: Micros,
}

#[derive(Debug)]
enum Withheld {
    These(BTreeSet<usize>),
    All,
}

impl Served {
    /// Whether the latest state of the record is served.
    pub fn has(&self, number: usize, record: &Record) -> bool {
        let withheld = match &self.withheld {
            Withheld::These(numbers) => numbers.contains(&number),
            Withheld::All => true,
        };
        !withheld && (self.whole || !came_in_silence(record, self.now))
    }
}

/// Whether the state that is read now has the `modified_at` of the one before it, or is that the
/// record has vanished.
fn came_in_silence(record: &Record, now: Micros) -> bool {
    let mut readable = record.versions.iter().rev();
    let mut readable = readable
        .by_ref()
        .filter(|version| version.visible_at <= now);
    let Some(latest) = readable.next() else {
        return false;
    };
    let before = readable.next();
    latest.purged || before.is_some_and(|before| before.modified_at == latest.modified_at)
}

impl Merge {
    /// What reads of one model can bring.
    pub(crate) fn served(&self, account: &Account, model: usize) -> Served {
        let mut served = Served {
            withheld: Withheld::These(BTreeSet::new()),
            whole: true,
            now: self.now,
        };
        for poison in account.poisons_of(model, self.now) {
            served.whole &= poison.passes();
            match self.withheld(account, model, poison) {
                Withheld::All => served.withheld = Withheld::All,
                Withheld::These(numbers) => {
                    if let Withheld::These(known) = &mut served.withheld {
                        known.extend(numbers);
                    }
                }
            }
        }
        served
    }

    fn withheld(&self, account: &Account, model: usize, poison: Poison) -> Withheld {
        let held = &account.models[model];
        let size = self.config.page_size_at_most.clamp(1, 100);
        let numbers = 0..held.records.len();
        Withheld::These(match poison {
            Poison::TokenRefused
            | Poison::RepeatedStatus
            | Poison::ListRefused { .. }
            | Poison::ScopeOff
            | Poison::UnreadableFinish
            | Poison::FutureFinish
            | Poison::NamelessRow
            | Poison::HugeBody { .. } => return Withheld::All,
            Poison::BrokenRecord | Poison::BrokenJson | Poison::RecordSpoils => {
                let len = held.records.len();
                numbers
                    .filter(|record| poison.breaks(*record, len))
                    .collect()
            }
            Poison::RecordsWithoutId => numbers.filter(|record| poison.strips(*record)).collect(),
            // Bounds can set every instant apart from the others, and no rows of one instant from
            // each other.
            Poison::ClampedOffsetCursors { clamp } => {
                self.by_instant(account, model, |keys| offset::reachable(keys, size, clamp))
            }
            Poison::CursorsRefused { .. } | Poison::RepeatedPages | Poison::UnreadableNext => {
                self.by_instant(account, model, |keys| (0..keys.len().min(size)).collect())
            }
            _ => BTreeSet::new(),
        })
    }

    /// The records that are not among those which `reach` picks from the rows of each instant.
    fn by_instant(
        &self,
        account: &Account,
        model: usize,
        reach: impl Fn(&[&Key]) -> Vec<usize>,
    ) -> BTreeSet<usize> {
        let held = &account.models[model];
        let mut instants: BTreeMap<Micros, Vec<(&Key, usize)>> = BTreeMap::new();
        for (key, number) in &held.order {
            let record = held.records.get(*number);
            if let Some(version) = record.and_then(|record| record.visible(self.now)) {
                let rows = instants.entry(version.modified_at).or_default();
                rows.push((key, *number));
            }
        }
        let mut withheld = BTreeSet::new();
        for rows in instants.values() {
            let keys: Vec<&Key> = rows.iter().map(|(key, _)| *key).collect();
            let reached: BTreeSet<usize> = reach(&keys).into_iter().collect();
            let places = 0..rows.len();
            let beyond = places.filter(|place| !reached.contains(place));
            withheld.extend(beyond.map(|place| rows[place].1));
        }
        withheld
    }

    /// The keys that a read of everything returns now, deleted records included, as far as it
    /// comes: what Merge holds, for whoever judges deletions. `None` for a model that no request
    /// reaches.
    #[must_use]
    pub fn reread(&self, account: &str, model_id: &str) -> Option<BTreeSet<String>> {
        let account = self.accounts.iter().find(|known| known.id == account)?;
        let mut models = account.models.iter();
        let model = models.position(|model| model.spec.id == model_id)?;
        let held = account.models.get(model).filter(|held| held.is_listed())?;
        let poisons: Vec<Poison> = account.poisons_of(model, self.now).collect();
        if poisons.contains(&Poison::EmptyFullReads) {
            return Some(BTreeSet::new());
        }
        let visible = held.order.iter().filter(|(_, number)| {
            let record = held.records.get(**number);
            record.is_some_and(|record| record.visible(self.now).is_some())
        });
        let rows: Vec<(&Key, usize)> = visible.map(|(key, number)| (key, *number)).collect();
        let keys: Vec<&Key> = rows.iter().map(|(key, _)| *key).collect();
        let size = self.config.page_size_at_most.clamp(1, 100);
        let mut places: Vec<usize> = (0..rows.len()).collect();
        for poison in &poisons {
            match poison {
                Poison::TokenRefused
                | Poison::RepeatedStatus
                | Poison::ListRefused { .. }
                | Poison::HugeBody { .. } => return None,
                Poison::ClampedOffsetCursors { clamp } => {
                    places = offset::reachable(&keys, size, *clamp);
                }
                Poison::CursorsRefused { .. } | Poison::RepeatedPages | Poison::UnreadableNext => {
                    places.truncate(size);
                }
                _ => {}
            }
        }
        let len = held.records.len();
        let spoilt = |number: usize| {
            let poisons = poisons.iter();
            // What was sound before is still held.
            poisons
                .filter(|poison| **poison != Poison::RecordSpoils)
                .any(|poison| poison.breaks(number, len) || poison.strips(number))
        };
        let numbers = places.into_iter().map(|place| rows[place].1);
        let kept = numbers.filter(|number| !spoilt(*number));
        Some(
            kept.map(|number| held.records[number].key.clone())
                .collect(),
        )
    }
}

impl Account {
    /// The field that changed without a new `modified_at`, if poison changed one.
    pub(crate) fn silent_field(&self, model: usize, now: Micros) -> Option<&'static str> {
        let off = self
            .poisons_of(model, now)
            .any(|poison| poison == Poison::FieldOff);
        self.field_off(model).filter(|_| off)
    }
}
