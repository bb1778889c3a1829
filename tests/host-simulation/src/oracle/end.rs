//! What must be true when everything has come to rest.

use std::collections::BTreeSet;

use merge_simulator::time::{DAY, Micros};
use merge_simulator::{Mark, Merge, Poison, Poisoned, RecordKey};

use super::{Oracle, Watched};
use crate::bindings::merge_sync::triggers::types::{AccountPhase, LinkState, TroubleKind};
use crate::counts::Counts;
use crate::store::{Account, Store};

/// Merge's guard blocks an address at more failing answers than this within ten seconds.
const GUARD: u64 = 20;

/// How a record says so.
const DELETED_BY_MERGE: &str = r#""remote_was_deleted":true"#;

/// A run that saw less than this proves nothing.
const ENGINE_CALLS: u64 = 200;
const FAULTS: u64 = 20;

impl Oracle {
    /// Compare what is stored with what Merge holds, and the rest with what was promised.
    pub fn judge(&mut self, merge: &Merge, store: &Store, counts: &Counts) {
        let now = merge.now();
        let ledger = merge.ledger();
        let mut unserved: BTreeSet<RecordKey> = BTreeSet::new();
        let mut deleted: BTreeSet<RecordKey> = BTreeSet::new();
        for (key, entry) in ledger {
            if !entry.served {
                unserved.insert(key.clone());
            }
            if entry.deleted {
                deleted.insert(key);
            }
        }
        let rows = store.rows().map(|mut row| {
            let key = (row.account.clone(), row.model_id.clone(), row.id.clone());
            // What an operator approved, though Merge holds it.
            row.deleted &= !self.pardoned.contains(&key) || deleted.contains(&key);
            // What can no longer be read stays as Merge served it last.
            row.deleted &= !unserved.contains(&key) || !row.json.contains(DELETED_BY_MERGE);
            row
        });
        self.verdict = merge.verdict(rows);
        self.pardon_withheld(merge, store);
        let ids: Vec<String> = self.accounts.keys().cloned().collect();
        for account in &ids {
            let Some(watched) = self.accounts.get(account) else {
                continue;
            };
            let Some(entry) = store.account(account) else {
                self.violation(now, format!("{account} was never linked"));
                continue;
            };
            let undelivered = watched.announced.difference(&watched.delivered).count();
            let phase = entry.summary.as_ref().map(|summary| summary.phase);
            let ready = merge.initial_syncs_over(watched.number);
            let is_refused = watched.poisons.iter().any(|poisoned| {
                matches!(
                    poisoned.poison,
                    Poison::TokenRefused | Poison::RepeatedStatus
                )
            });
            let is_hidden = watched.hides_an_initial_sync(now);
            if undelivered > entry.outbox.len() {
                self.violation(
                    now,
                    format!("{undelivered} notices of {account} were never delivered"),
                );
            }
            if ready && !is_refused && !is_hidden && phase != Some(AccountPhase::Ready) {
                self.violation(
                    now,
                    format!("{account} is ready in Merge, and here {phase:?}"),
                );
            }
            self.check_rest(merge, entry, account);
            let (sent, bound) = self.requests(account, merge);
            self.most_requests = self.most_requests.max(sent * 100 / bound.max(1));
            if sent > bound {
                self.violation(
                    now,
                    format!("{account} sent {sent} requests and had reason for {bound}"),
                );
            }
        }
        let stats = merge.stats();
        if stats.most_failures_in_10_s > GUARD || stats.breaker_trips > 0 {
            let most = stats.most_failures_in_10_s;
            self.violation(
                now,
                format!("one host got {most} failing answers in ten seconds"),
            );
        }
        if stats.cursor_misuses > 0 {
            let misuses = stats.cursor_misuses;
            self.violation(
                now,
                format!("{misuses} cursors were sent with other parameters than their read's"),
            );
        }
        self.check_size(merge, counts);
    }

    /// What was out of reach when it came need not be stored.
    fn pardon_withheld(&mut self, merge: &Merge, store: &Store) {
        let Self {
            accounts, verdict, ..
        } = self;
        for (account, watched) in accounts {
            let entry = store.account(account);
            for (model, list) in &watched.lists {
                let rows = entry.and_then(|entry| entry.rows.get(model));
                // Nothing but an operator's word lets everything be deleted.
                if list.reads.held_since.is_some()
                    && merge
                        .reread(account, model)
                        .is_some_and(|found| found.is_empty())
                {
                    let marks = merge.marks(account, model);
                    let marks = marks.filter(|mark| mark.deleted && mark.served);
                    let live = marks.filter(|mark| {
                        let row = rows.and_then(|rows| rows.get(mark.id));
                        row.is_some_and(|row| !row.deleted)
                    });
                    verdict.stale = verdict.stale.saturating_sub(live.count() as u64);
                }
                // No sync of it ever ends well.
                let never_finished = watched.never_finishes(model);
                if list.withheld.is_empty() && !never_finished {
                    continue;
                }
                for mark in merge.marks(account, model).filter(|mark| mark.served) {
                    let version = (mark.id.to_owned(), mark.modified_at);
                    if mark.purged || !never_finished && !list.withheld.contains(&version) {
                        continue;
                    }
                    match rows.and_then(|rows| rows.get(mark.id)) {
                        None => verdict.lost = verdict.lost.saturating_sub(1),
                        Some(row) if row.modified_at != Some(mark.modified_at) => {
                            verdict.stale = verdict.stale.saturating_sub(1);
                        }
                        Some(_) => {}
                    }
                }
            }
        }
    }

    /// Nothing is left of what has passed, and nothing that is missing is left untold.
    fn check_rest(&mut self, merge: &Merge, entry: &Account, account: &str) {
        let now = merge.now();
        let Some(watched) = self.accounts.get(account) else {
            return;
        };
        let trouble = entry.summary.as_ref().and_then(|summary| summary.trouble);
        let summary = entry.summary.as_ref();
        let is_active = summary.is_none_or(|summary| summary.link == LinkState::Active);
        let mut wrong = Vec::new();
        let waits_for_approval = |model: &String| {
            let reread = merge.reread(account, model);
            reread.is_some_and(|found| found.is_empty())
        };
        let waits = trouble.is_some_and(|trouble| trouble == TroubleKind::HeldSweep)
            && watched.lists.keys().any(waits_for_approval);
        if let Some(trouble) = trouble
            && !waits
            && watched.poisons.is_empty()
            && merge.initial_syncs_over(watched.number)
        {
            wrong.push(format!("{account} is still in trouble: {trouble:?}"));
        }
        for (model, list) in &watched.lists {
            let of_model =
                |poisoned: &&Poisoned| poisoned.model_id.as_ref().is_none_or(|id| id == model);
            let mut poisons = watched.poisons.iter().filter(of_model);
            self.parked += u64::from(list.parked_since.is_some());
            let passes = poisons.clone().all(|poisoned| poisoned.poison.passes());
            if passes && list.parked_since.is_some() {
                wrong.push(format!("{model} of {account} rests, and could be read"));
            }
            let rows = entry.rows.get(model);
            let is_missing = |mark: &Mark<'_>| {
                !mark.served && !mark.purged && rows.is_none_or(|rows| !rows.contains_key(mark.id))
            };
            let missing = merge.marks(account, model).filter(is_missing).count();
            // One record in a hundred that cannot be stored is counted, and no trouble.
            let is_counted = summary.is_some_and(|summary| summary.skipped >= missing as u64)
                && poisons
                    .clone()
                    .all(|poisoned| spoils_records(poisoned.poison));
            let untold = !list.in_trouble && trouble.is_none() && is_active && !is_counted;
            if missing > 0 && untold && poisons.next().is_some() {
                wrong.push(format!(
                    "{missing} rows of {model} of {account} cannot be read, and nobody is told"
                ));
            }
        }
        for text in wrong {
            self.violation(now, text);
        }
    }

    /// Whether the run was long and hard enough; one that was made smaller on purpose need not be.
    fn check_size(&mut self, merge: &Merge, counts: &Counts) {
        let faults = counts.all_faults() + merge.stats().faults.values().sum::<u64>();
        let lasted = merge.now() - self.scenario.config.start;
        let small = counts.engine_calls < ENGINE_CALLS || faults < FAULTS || lasted < 4 * DAY;
        if small && !self.scenario.reduced {
            let text = format!(
                "too small to prove anything: {} engine calls, {faults} faults",
                counts.engine_calls
            );
            self.violation(merge.now(), text);
        }
    }
}

/// Whether it keeps single records from being stored, and no page from being read.
fn spoils_records(poison: Poison) -> bool {
    matches!(
        poison,
        Poison::BrokenRecord | Poison::BrokenJson | Poison::RecordSpoils | Poison::RecordsWithoutId
    )
}

impl Watched {
    /// Whether a model is named by no row any more, and was not ready as long as it was: nothing
    /// tells that its initial sync is over.
    pub(super) fn hides_an_initial_sync(&self, now: Micros) -> bool {
        self.poisons.iter().any(|poisoned| {
            let model = poisoned.model_id.as_deref();
            poisoned.poison == Poison::NamelessRow
                && poisoned.from <= now
                && model.is_some_and(|model| !self.ready_models.contains(model))
        })
    }

    /// Whether the syncs of a model fail for good, and none that could be read ended well before
    /// that: a partial initial sync is not read.
    fn never_finishes(&self, model: &str) -> bool {
        let mut poisons = self.poisons.iter();
        poisons.any(|poisoned| poisoned.poison == Poison::RelinkNeeded)
            && !self.ready_to_read.contains(model)
    }
}
