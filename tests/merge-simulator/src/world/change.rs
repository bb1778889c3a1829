//! The third parties change: some of it only a sync notices, some of it reaches Merge at once.

use std::sync::Arc;

use crate::Merge;
use crate::catalog::{compose, reshape};
use crate::dice::Dice;
use crate::time::{HOUR, Micros};
use crate::world::account::{Account, Link};
use crate::world::event::Event;
use crate::world::link::add;
use crate::world::model::Model;

/// The id of some record of `model_id`, for a reference.
pub(crate) fn some_id(models: &[Model], model_id: &str, dice: &mut Dice) -> Option<String> {
    let model = models.iter().find(|model| model.spec.id == model_id)?;
    if model.records.is_empty() {
        return None;
    }
    Some(model.records[dice.index(model.records.len())].id.clone())
}

impl Account {
    /// A model, each record of the account being equally likely to be the one meant.
    fn some_model(&mut self) -> usize {
        let total: usize = self.models.iter().map(|model| model.records.len()).sum();
        let mut left = self.dice.index(total);
        for (number, model) in self.models.iter().enumerate() {
            if left < model.records.len() {
                return number;
            }
            left -= model.records.len();
        }
        0
    }

    /// One change in the third party. Returns the record.
    fn alter(&mut self, model: usize, now: Micros, remote_data_only: u32) -> usize {
        let raw_only = self.dice.per_mille(remote_data_only);
        match self.dice.below(100) {
            _ if raw_only => self.revise(model),
            0..15 => self.create(model, now),
            15..23 => self.toggle(model, true),
            23..25 => self.toggle(model, false),
            _ => self.update(model, now),
        }
    }

    pub(crate) fn create(&mut self, model: usize, now: Micros) -> usize {
        let Self { models, dice, .. } = self;
        let spec = models[model].spec;
        let before = &*models;
        let fields = compose(spec, dice, now, &|model, dice| some_id(before, model, dice));
        add(&mut models[model], fields, dice)
    }

    /// Delete a live record, or bring back a deleted one, where there is one.
    fn toggle(&mut self, model: usize, delete: bool) -> usize {
        let number = self.some_record(model, !delete);
        let held = &mut self.models[model];
        let record = &mut held.records[number];
        // What Merge no longer lists does not come back: it would be another record.
        if !record.versions.last().is_some_and(|version| version.purged) {
            record.truth.deleted = delete;
        }
        held.dirty.insert(number);
        number
    }

    /// A record that is deleted or not as asked; any record where there is none.
    fn some_record(&mut self, model: usize, deleted: bool) -> usize {
        let records = &self.models[model].records;
        let from = self.dice.index(records.len());
        let mut turn = (0..records.len()).map(|step| (from + step) % records.len());
        turn.find(|number| records[*number].truth.deleted == deleted)
            .unwrap_or(from)
    }

    fn update(&mut self, model: usize, now: Micros) -> usize {
        let number = self.some_record(model, false);
        self.update_one(model, number, now);
        number
    }

    pub(crate) fn update_one(&mut self, model: usize, number: usize, now: Micros) {
        let Self { models, dice, .. } = self;
        let spec = models[model].spec;
        // A record that is known by its name alone would become another one.
        if models[model].records[number].truth.deleted || !spec.has_id() {
            return;
        }
        let mut fields = (*models[model].records[number].truth.fields).clone();
        let before = &*models;
        reshape(spec, &mut fields, dice, now, &|model, dice| {
            some_id(before, model, dice)
        });
        models[model].records[number].truth.fields = Arc::new(fields);
        models[model].dirty.insert(number);
    }

    /// Change what only `remote_data` shows.
    fn revise(&mut self, model: usize) -> usize {
        let number = self.some_record(model, false);
        self.models[model].records[number].truth.raw += 1;
        self.models[model].dirty.insert(number);
        number
    }
}

impl Merge {
    /// When the next change comes, at `per_hour` on average. `None` when there are no more.
    fn next_change(&mut self, number: usize, per_hour: u64) -> Option<Micros> {
        let mean = HOUR.checked_div(i64::try_from(per_hour).ok()?)?;
        let account = self.accounts.get_mut(number)?;
        let at = self.now + account.dice.between(1, 2 * mean);
        self.config
            .changes_until
            .is_none_or(|until| at < until)
            .then_some(at)
    }

    pub(crate) fn hidden_change(&mut self, number: usize) {
        let now = self.now;
        if let Some(at) = self.next_change(number, self.config.changes_per_hour) {
            self.queue.plan(at, Event::HiddenChange { account: number });
        } else {
            return;
        }
        let raw_only = self.config.remote_data_only;
        let bulk_one_in = self.config.bulk_one_in;
        let account = &mut self.accounts[number];
        let model = account.some_model();
        if bulk_one_in > 0 && account.dice.below(bulk_one_in) == 0 {
            let share = u32::try_from(account.dice.between(200, 1000)).unwrap_or(1000);
            for record in 0..account.models[model].records.len() {
                if account.dice.per_mille(share) {
                    account.update_one(model, record, now);
                }
            }
        } else {
            account.alter(model, now, raw_only);
        }
    }

    pub(crate) fn realtime_change(&mut self, number: usize) {
        let now = self.now;
        if let Some(at) = self.next_change(number, self.config.realtime_per_hour) {
            self.queue
                .plan(at, Event::RealtimeChange { account: number });
        } else {
            return;
        }
        let raw_only = self.config.remote_data_only;
        let account = &mut self.accounts[number];
        let model = account.some_model();
        let record = account.alter(model, now, raw_only);
        // The third party's webhooks come to nothing while it refuses the credentials.
        if account.link == Link::Complete && account.models[model].enabled {
            self.write_at_once(number, model, record);
        }
    }
}
