//! The oracle: what a consumer stored against what Merge holds.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use crate::Merge;
use crate::ledger::{LedgerEntry, RecordKey};
use crate::time::Micros;

/// A row of the consumer's store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredRow {
    /// The linked account's id.
    pub account: String,
    /// As in `/sync-status`.
    pub model_id: String,
    /// Merge's id of the record.
    pub id: String,
    /// As the consumer read it, in microseconds since the epoch.
    pub modified_at: Option<Micros>,
    /// Whether the consumer has it marked as deleted.
    pub deleted: bool,
    /// Merge's JSON of the record.
    pub json: String,
}

/// How the store compares.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// Records that Merge lists and serves and the store does not have.
    pub lost: u64,
    /// Records stored with other content than Merge's latest, or not marked as deleted though
    /// Merge has them deleted or no longer has them.
    pub stale: u64,
    /// Records marked as deleted that Merge holds live.
    pub wrongly_deleted: u64,
    /// Records that Merge never had. Rows of accounts no longer linked, of disabled models and
    /// of models without a list endpoint are left out of account.
    pub unknown: u64,
    /// Records that Merge lists, deleted ones included.
    pub records_in_merge: u64,
    /// Records of these that poison keeps from every read. What a store has of them is not
    /// looked at, except that it must not have them marked as deleted.
    pub unserved: u64,
    /// Rows of the store that were compared.
    pub records_stored: u64,
    /// A few of the findings, in words.
    pub examples: Vec<String>,
}

/// How many findings are put into words.
const EXAMPLES: usize = 12;

impl Verdict {
    /// Whether everything Merge holds is stored as Merge holds it.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.lost + self.stale + self.wrongly_deleted + self.unknown == 0
    }

    fn example(&mut self, what: &str, (account, model, id): &RecordKey) {
        if self.examples.len() < EXAMPLES {
            self.examples
                .push(format!("{what}: {model} {id} of account {account}"));
        }
    }
}

impl Merge {
    /// Compare a store with what Merge holds now. It is meant for a quiet moment: what changed
    /// after the consumer last had a chance to look counts as stale.
    pub fn verdict(&self, stored: impl IntoIterator<Item = StoredRow>) -> Verdict {
        let mut ledger = self.ledger();
        ledger.retain(|_, entry| !entry.purged || entry.versions > 1);
        let listed = ledger.values().filter(|entry| !entry.purged).count();
        let withheld = ledger.values().filter(|entry| !entry.served).count();
        let mut verdict = Verdict {
            records_in_merge: listed as u64,
            unserved: withheld as u64,
            ..Verdict::default()
        };
        for row in stored {
            let StoredRow {
                account,
                model_id,
                id,
                ..
            } = &row;
            let key = (account.clone(), model_id.clone(), id.clone());
            match ledger.remove(&key) {
                Some(entry) => {
                    verdict.records_stored += 1;
                    judge(&mut verdict, &key, &entry, &row);
                }
                None if self.is_listed(account, model_id) => {
                    verdict.records_stored += 1;
                    verdict.unknown += 1;
                    verdict.example("unknown", &key);
                }
                None => {}
            }
        }
        let missing: BTreeMap<RecordKey, LedgerEntry> = ledger
            .into_iter()
            .filter(|(_, entry)| !entry.purged && entry.served)
            .collect();
        for key in missing.keys() {
            verdict.lost += 1;
            verdict.example("lost", key);
        }
        verdict
    }

    fn is_listed(&self, account: &str, model_id: &str) -> bool {
        let account = self
            .accounts
            .iter()
            .find(|known| known.id == account && known.is_linked());
        let mut models = account.iter().flat_map(|account| &account.models);
        models.any(|model| model.spec.id == model_id && model.is_listed())
    }
}

fn judge(verdict: &mut Verdict, key: &RecordKey, entry: &LedgerEntry, row: &StoredRow) {
    if row.deleted && !entry.deleted {
        verdict.wrongly_deleted += 1;
        verdict.example("wrongly deleted", key);
        return;
    }
    if !entry.served {
        return;
    }
    if entry.deleted && !row.deleted {
        verdict.stale += 1;
        verdict.example("not marked as deleted", key);
        return;
    }
    // What Merge no longer lists cannot be read again, so its content is of no account.
    if entry.purged {
        return;
    }
    let same_time = row.modified_at.is_none_or(|at| at == entry.modified_at);
    if !same_time || !same_content(&row.json, entry) {
        verdict.stale += 1;
        verdict.example("stale", key);
    }
}

/// Equal as JSON, but for what changed in silence. `remote_data` is compared only where the
/// consumer asked for it.
fn same_content(stored: &str, entry: &LedgerEntry) -> bool {
    let latest = &entry.row;
    let Ok(mut stored) = serde_json::from_str::<Value>(stored) else {
        return false;
    };
    let Some(fields) = stored.as_object_mut() else {
        return false;
    };
    if fields.get("remote_data").is_none_or(Value::is_null)
        && let Some(remote_data) = latest.get("remote_data")
    {
        fields.insert("remote_data".to_owned(), remote_data.clone());
    }
    if let Some((silent, value)) = entry
        .silent
        .and_then(|field| Some((field, latest.get(field)?)))
    {
        fields.insert(silent.to_owned(), value.clone());
    }
    stored == *latest
}
