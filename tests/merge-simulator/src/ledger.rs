//! What Merge holds, for an oracle that compares it with what a consumer stored.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::Merge;
use crate::time::Micros;

/// Names a record: linked account's id, model id, record id.
pub type RecordKey = (String, String, String);

/// The state of one record in Merge.
#[derive(Debug, Clone, PartialEq)]
pub struct LedgerEntry {
    /// Merge's `modified_at` of the latest version that can be read.
    pub modified_at: Micros,
    /// `remote_was_deleted`, or gone from Merge altogether.
    pub deleted: bool,
    /// Gone from Merge altogether: no request shows it any more.
    pub purged: bool,
    /// How many versions Merge ever held.
    pub versions: usize,
    /// The row as a list serves it with `include_deleted_data` and `include_remote_data`.
    pub row: Value,
    /// Some read serves this state of the record. Poison may keep it from every read: then a
    /// store that has it otherwise, or not at all, is not to blame.
    pub served: bool,
    /// A field that changed without a new `modified_at`: a store may have it either way.
    pub silent: Option<&'static str>,
}

/// The latest version of one record, without its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark<'a> {
    /// The record's id.
    pub id: &'a str,
    /// Merge's `modified_at`.
    pub modified_at: Micros,
    /// The version can be read from this instant on.
    pub visible_at: Micros,
    /// `remote_was_deleted`, or gone from Merge altogether.
    pub deleted: bool,
    /// Gone from Merge altogether.
    pub purged: bool,
    /// Some read serves it; see [`LedgerEntry::served`].
    pub served: bool,
}

impl Merge {
    /// The ids of the models of an account that have a list endpoint, also of those that are
    /// switched off.
    pub fn listed_models(&self, number: usize) -> impl Iterator<Item = &'static str> {
        let models = self.accounts.get(number).into_iter();
        let models = models.flat_map(|account| &account.models);
        models
            .filter(|model| model.spec.path.is_some())
            .map(|model| model.spec.id)
    }

    /// The id of the model of an account whose list has this path, for example `employees`.
    #[must_use]
    pub fn model_of(&self, account: &str, path: &str) -> Option<&'static str> {
        let account = self.accounts.iter().find(|known| known.id == account)?;
        let mut specs = account.models.iter().map(|model| model.spec);
        Some(specs.find(|spec| spec.path == Some(path))?.id)
    }

    /// The latest version of each record of one model, whether it can be read yet or not; none
    /// for a model that is not listed.
    pub fn marks(&self, account: &str, model_id: &str) -> impl Iterator<Item = Mark<'_>> {
        let account = self.accounts.iter().find(|known| known.id == account);
        let models = account.into_iter().flat_map(|account| {
            let models = account.models.iter().enumerate();
            models.map(move |(number, model)| (account, number, model))
        });
        let model = models
            .filter(|(.., model)| model.is_listed())
            .find(|(.., model)| model.spec.id == model_id);
        let records = model.into_iter().flat_map(|(account, number, model)| {
            let served = self.served(account, number);
            let records = model.records.iter().enumerate();
            records.map(move |(number, record)| (served.has(number, record), record))
        });
        records.filter_map(|(served, record)| {
            let version = record.versions.last()?;
            Some(Mark {
                served,
                id: &record.key,
                modified_at: version.modified_at,
                visible_at: version.visible_at,
                deleted: version.truth.deleted || version.purged,
                purged: version.purged,
            })
        })
    }

    /// Every record a client could read now with `include_deleted_data`, and those it could
    /// once read that are gone, of accounts that are linked and models that are enabled and
    /// have a list endpoint.
    #[must_use]
    pub fn ledger(&self) -> BTreeMap<RecordKey, LedgerEntry> {
        let mut ledger = BTreeMap::new();
        for account in self.accounts.iter().filter(|account| account.is_linked()) {
            for (at, model) in account.models.iter().enumerate() {
                if !model.is_listed() {
                    continue;
                }
                let served = self.served(account, at);
                let silent = account.silent_field(at, self.now);
                for (number, record) in model.records.iter().enumerate() {
                    let readable =
                        |version: &&crate::world::record::Version| version.visible_at <= self.now;
                    let Some(version) = record.versions.iter().rev().find(readable) else {
                        continue;
                    };
                    let key = (
                        account.id.clone(),
                        model.spec.id.to_owned(),
                        record.key.clone(),
                    );
                    let entry = LedgerEntry {
                        modified_at: version.modified_at,
                        deleted: version.truth.deleted || version.purged,
                        purged: version.purged,
                        versions: record.versions.len(),
                        row: account.row_tree(
                            at,
                            number,
                            record.row(version, model.spec, true),
                            self.now,
                        ),
                        served: served.has(number, record),
                        silent,
                    };
                    ledger.insert(key, entry);
                }
            }
        }
        ledger
    }
}
