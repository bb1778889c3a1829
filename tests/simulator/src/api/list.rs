//! The list endpoints of the models.

use crate::Merge;
use crate::api::query::Query;
use crate::api::{Handled, Response, not_found};
use crate::time::Micros;
use crate::world::model::Model;
use crate::world::record::{Record, Version};

/// What a request wants of a model.
#[derive(Debug)]
struct Filter<'a> {
    modified_after: Option<Micros>,
    modified_before: Option<Micros>,
    created_after: Option<Micros>,
    created_before: Option<Micros>,
    remote_id: Option<&'a str>,
    deleted_too: bool,
}

impl<'a> Filter<'a> {
    /// A model without filters by time does not even look at them.
    fn parse(query: &'a Query, filtered: bool) -> Result<Self, Response> {
        if !filtered {
            return Ok(Self {
                modified_after: None,
                modified_before: None,
                created_after: None,
                created_before: None,
                remote_id: query.text("remote_id"),
                deleted_too: query.flag("include_deleted_data"),
            });
        }
        Ok(Self {
            modified_after: query.instant("modified_after")?,
            modified_before: query.instant("modified_before")?,
            created_after: query.instant("created_after")?,
            created_before: query.instant("created_before")?,
            remote_id: query.text("remote_id"),
            deleted_too: query.flag("include_deleted_data"),
        })
    }

    /// All bounds exclude their own instant: nobody knows whether Merge's do, and a client
    /// that is right for these is right for both.
    fn admits(&self, record: &Record, version: &Version) -> bool {
        let within = |at: Micros, after: Option<Micros>, before: Option<Micros>| {
            after.is_none_or(|after| at > after) && before.is_none_or(|before| at < before)
        };
        within(
            version.modified_at,
            self.modified_after,
            self.modified_before,
        ) && within(record.created_at, self.created_after, self.created_before)
            && self
                .remote_id
                .is_none_or(|wanted| wanted == record.remote_id)
            && (self.deleted_too || !version.truth.deleted)
    }
}

impl Merge {
    fn model_at(&self, number: usize, path: &str) -> Result<&Model, Response> {
        let models = &self.accounts[number].models;
        models
            .iter()
            .find(|model| model.spec.path == Some(path))
            .ok_or_else(not_found)
    }

    pub(super) fn list(&mut self, number: usize, path: &str, query: &Query) -> Handled {
        let now = self.now;
        let raw = query.flag("include_remote_data");
        let model = self.model_at(number, path)?;
        let filter = Filter::parse(query, model.spec.is_filtered())?;
        let rows = model.order.iter().filter_map(|(key, record)| {
            let record = model.records.get(*record)?;
            let version = record.visible(now)?;
            let wanted = model.enabled && filter.admits(record, version);
            wanted.then_some((key, (record, version)))
        });
        let what = format!("{}/{path}", self.accounts[number].id);
        let body = self.page(&what, query, rows, |(record, version)| {
            record.row(version, raw)
        });
        let found = body.map(|body| (body.results.len(), Response::json(200, &body)));
        self.note_misuse(query, found.is_err());
        let (rows, response) = found?;
        self.stats.list_reads += u64::from(query.text("cursor").is_none());
        self.stats.rows += rows as u64;
        Ok(response)
    }

    pub(super) fn retrieve(&self, number: usize, path: &str, id: &str, query: &Query) -> Handled {
        let model = self.model_at(number, path)?;
        let record = model.records.iter().find(|record| record.id == id);
        let record = record.filter(|_| model.enabled).ok_or_else(not_found)?;
        let version = record.visible(self.now).ok_or_else(not_found)?;
        let row = record.row(version, query.flag("include_remote_data"));
        Ok(Response::json(200, &row))
    }
}
