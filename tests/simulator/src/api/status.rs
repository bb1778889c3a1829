//! `/sync-status` and the request for a sync now.

use serde_json::Value;

use crate::Merge;
use crate::api::page::Key;
use crate::api::query::Query;
use crate::api::{Handled, Response};
use crate::world::model::Model;

impl Merge {
    pub(super) fn sync_status(&mut self, number: usize, query: &Query) -> Handled {
        let account = &self.accounts[number];
        let keyed: Vec<(Key, &Model)> = account
            .models
            .iter()
            .map(|model| ((0, model.spec.id.to_owned()), model))
            .collect();
        let mut keyed: Vec<(&Key, &Model)> =
            keyed.iter().map(|(key, model)| (key, *model)).collect();
        keyed.sort_by_key(|(key, _)| *key);
        let what = format!("{}/sync-status", account.id);
        let body = self.page(&what, query, keyed.into_iter(), Model::status_row)?;
        self.stats.polls += u64::from(query.text("cursor").is_none());
        Ok(Response::json(200, &body))
    }

    /// Begin a round of all models and answer with their states: a bare array.
    pub(super) fn resync(&mut self, number: usize) -> Response {
        self.begin_round(number, true);
        let rows = self.accounts[number].models.iter().map(Model::status_row);
        Response::json(200, &Value::Array(rows.collect()))
    }
}
