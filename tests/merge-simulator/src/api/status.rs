//! `/sync-status` and the request for a sync now.

use serde_json::{Value, json};

use crate::Merge;
use crate::api::page::Key;
use crate::api::poisoned::{repeated, split_cursor};
use crate::api::query::Query;
use crate::api::{Handled, Response};
use crate::poison::Poison;
use crate::time::iso_seconds;
use crate::world::model::Model;

impl Merge {
    pub(super) fn sync_status(&mut self, number: usize, query: &Query) -> Handled {
        let cut = self.cuts_status(number);
        let now = self.now;
        let account = &self.accounts[number];
        let listed = now >= account.completed_at + self.config.empty_status_for;
        let models = account.models.iter().enumerate().filter(|_| listed);
        let keyed: Vec<(Key, (usize, &Model))> = models
            .map(|(at, model)| ((0, model.spec.id.to_owned()), (at, model)))
            .collect();
        let mut keyed: Vec<(&Key, (usize, &Model))> =
            keyed.iter().map(|(key, model)| (key, *model)).collect();
        keyed.sort_by_key(|(key, _)| *key);
        let what = format!("{}/sync-status", account.id);
        let render = |(at, model): (usize, &Model)| {
            let mut row = model.status_row();
            if let Some(finish) = model.last_finish.filter(|_| cut) {
                row["last_sync_finished"] = json!(iso_seconds(finish));
            }
            account.spoil_status(at, now, &mut row);
            row
        };
        let repeats = account.has(Poison::RepeatedStatus, now);
        let first = query.with_cursor(None);
        let asked = if repeats { &first } else { query };
        let mut body = self.page(&what, asked, keyed.into_iter(), render)?;
        if repeats {
            let (_, mark) = split_cursor(query.text("cursor"));
            body.next = Some(repeated(mark));
        }
        self.stats.polls += u64::from(query.text("cursor").is_none());
        Ok(Response::json(200, &body))
    }

    /// Whether this answer has its finishes in whole seconds.
    fn cuts_status(&mut self, number: usize) -> bool {
        let share = self.config.status_cut_to_seconds;
        share > 0 && self.accounts[number].answer_dice.per_mille(share)
    }

    /// Begin a round of all models and answer with their states: a bare array.
    pub(super) fn resync(&mut self, number: usize) -> Response {
        self.begin_round(number, true);
        let rows = self.accounts[number].models.iter().map(Model::status_row);
        Response::json(200, &Value::Array(rows.collect()))
    }
}
