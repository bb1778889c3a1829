//! Merge's copy takes over what the third party holds, one record at a time.

use serde_json::json;

use crate::Merge;
use crate::fault::FaultKind;
use crate::time::SECOND;
use crate::world::record::Version;

/// What a write did to Merge's copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Written {
    Added,
    Changed,
    Removed,
}

impl Merge {
    /// A sync writes one record.
    pub(crate) fn copy(&mut self, account: usize, model: usize, record: usize) {
        if self.accounts[account].is_linked() {
            self.write(account, model, record);
        }
    }

    /// A write outside syncs, with its webhook.
    pub(crate) fn write_at_once(&mut self, account: usize, model: usize, number: usize) {
        let Some(written) = self.write(account, model, number) else {
            return;
        };
        let held = &self.accounts[account].models[model];
        let what = match written {
            Written::Added => "added",
            Written::Changed => "changed",
            Written::Removed => "removed",
        };
        let event = format!("{}.{what}", held.spec.event_name());
        let record = &held.records[number];
        let Some(version) = record.versions.last() else {
            return;
        };
        let row = record.row(version, held.spec, false);
        let data = self.accounts[account].row_tree(model, number, row, self.now);
        self.emit(account, &event, &data);
    }

    /// Bring Merge's copy up to the truth. `None` where there was nothing to write.
    fn write(&mut self, account: usize, model: usize, number: usize) -> Option<Written> {
        let now = self.now;
        let account = self.accounts.get_mut(account)?;
        let held = account.models.get_mut(model)?;
        if !held.dirty.remove(&number) {
            return None;
        }
        let record = held.records.get_mut(number)?;
        let truth = record.truth.clone();
        let before = record.versions.last();
        if before.map_or(truth.deleted, |version| version.purged) {
            // Gone before Merge ever saw it, or gone from Merge for good.
            return None;
        }
        let same = |version: &Version| {
            version.truth.fields == truth.fields && version.truth.deleted == truth.deleted
        };
        let raw_only = before.is_some_and(same);
        if raw_only && before.is_some_and(|version| version.truth.raw == truth.raw) {
            return None;
        }
        let removed = truth.deleted && before.is_some_and(|version| !version.truth.deleted);
        let dice = &mut account.fault_dice;
        let hidden = removed && dice.per_mille(self.config.unstamped_deletions);
        // A row that vanishes shifts the offsets of a read that nobody could then get right.
        let shifts = account.doses.iter().any(|dose| dose.ties(model));
        let drawn = dice.per_mille(self.config.purged_deletions) && !shifts;
        let purged = removed && (drawn || !held.spec.tells_deletions());
        // One row in fifty lands on a whole second, which prints without a fraction.
        let stamp = if dice.per_mille(20) && !shifts {
            now - now.rem_euclid(SECOND)
        } else {
            now
        };
        let written = match before {
            None => Written::Added,
            Some(_) if removed => Written::Removed,
            Some(_) => Written::Changed,
        };
        let (modified_at, visible_at) = match before {
            Some(version) if raw_only || hidden || purged => (version.modified_at, now),
            _ => {
                let late = self.plan.strikes(FaultKind::LateVisible, now, dice);
                let delay = if late { self.plan.lateness(dice) } else { 0 };
                let floor = before.map_or(stamp, |version| version.modified_at + 1);
                (stamp.max(floor), now + delay)
            }
        };
        if before.is_none() {
            record.created_at = modified_at;
            record.key = if held.spec.has_id() {
                record.id.clone()
            } else {
                json!([record.remote_id, truth.fields.get("name")]).to_string()
            };
            held.order.insert((modified_at, record.id.clone()), number);
        }
        record.versions.push(Version {
            truth,
            modified_at,
            visible_at,
            purged,
        });
        Some(written)
    }
}
