//! The list endpoints of the models.

use crate::Merge;
use crate::api::query::Query;
use crate::api::{Handled, Response, not_found};
use crate::poison::{Poison, break_body};
use crate::time::Micros;
use crate::world::model::Model;
use crate::world::record::{Record, Version};

/// What a request wants of a model.
#[derive(Debug)]
pub(super) struct Filter<'a> {
    modified_after: Option<Micros>,
    modified_before: Option<Micros>,
    created_after: Option<Micros>,
    created_before: Option<Micros>,
    remote_id: Option<&'a str>,
    deleted_too: bool,
}

impl<'a> Filter<'a> {
    /// A model without filters by time does not even look at them.
    pub(super) fn parse(query: &'a Query, filtered: bool) -> Result<Self, Response> {
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
    pub(super) fn admits(&self, record: &Record, version: &Version) -> bool {
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
    pub(super) fn model_at(&self, number: usize, path: &str) -> Result<(usize, &Model), Response> {
        let models = self.accounts[number].models.iter().enumerate();
        let mut found = models.filter(|(_, model)| model.spec.path == Some(path));
        found.next().ok_or_else(not_found)
    }

    pub(super) fn list(&mut self, number: usize, path: &str, query: &Query) -> Handled {
        let now = self.now;
        let raw = query.flag("include_remote_data");
        let (at, _) = self.model_at(number, path)?;
        let poisons: Vec<Poison> = self.accounts[number].poisons_of(at, now).collect();
        if !poisons.is_empty() {
            return self.poisoned_list(number, at, query, &poisons);
        }
        let model = &self.accounts[number].models[at];
        let filter = Filter::parse(query, model.spec.is_filtered())?;
        let rows = model.order.iter().filter_map(|(key, record)| {
            let record = model.records.get(*record)?;
            let version = record.visible(now)?;
            let wanted = model.enabled && filter.admits(record, version);
            wanted.then_some((key, (record, version)))
        });
        let what = format!("{}/{path}", self.accounts[number].id);
        let body = self.page(&what, query, rows, |(record, version)| {
            record.row(version, model.spec, raw)
        });
        let found = body.map(|body| (body.results.len(), Response::json(200, &body)));
        self.note_misuse(query, found.is_err());
        let (rows, response) = found?;
        self.stats.list_reads += u64::from(query.text("cursor").is_none());
        self.stats.rows += rows as u64;
        Ok(response)
    }

    pub(super) fn retrieve(&self, number: usize, path: &str, id: &str, query: &Query) -> Handled {
        let account = &self.accounts[number];
        let (at, model) = self.model_at(number, path)?;
        let mut records = model.records.iter().enumerate();
        let found = records.find(|(_, record)| record.id == id && model.spec.has_id());
        let (place, record) = found.filter(|_| model.enabled).ok_or_else(not_found)?;
        let version = record.visible(self.now).ok_or_else(not_found)?;
        let row = record.row(version, model.spec, query.flag("include_remote_data"));
        let mut tree = account.row_tree(at, place, row, self.now);
        account.break_row(at, place, self.now, &mut tree);
        let mut response = Response::json(200, &tree);
        for poison in account.poisons_of(at, self.now) {
            response.body = break_body(response.body, poison);
        }
        Ok(response)
    }
}
