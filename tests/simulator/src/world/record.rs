//! One record: the third party's truth, and every version that Merge's copy ever had.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::time::{Micros, iso};

/// What the third party holds.
#[derive(Debug, Clone)]
pub(crate) struct Truth {
    pub fields: Arc<Map<String, Value>>,
    pub deleted: bool,
    /// Stands for everything in `remote_data` that the common model does not carry.
    pub raw: u64,
}

/// One state of Merge's copy.
#[derive(Debug, Clone)]
pub(crate) struct Version {
    pub truth: Truth,
    pub modified_at: Micros,
    /// The version can be read from this instant on; until then the one before it is read.
    pub visible_at: Micros,
    /// Merge no longer lists the record at all.
    pub purged: bool,
}

/// A record.
#[derive(Debug)]
pub(crate) struct Record {
    pub id: String,
    pub remote_id: String,
    pub truth: Truth,
    /// When Merge first wrote it. Lists are ordered by this.
    pub created_at: Micros,
    /// Oldest first; empty until the first copy.
    pub versions: Vec<Version>,
}

impl Record {
    /// The version a reader gets at `now`; `None` before the first one can be read and after
    /// the record was purged.
    pub fn visible(&self, now: Micros) -> Option<&Version> {
        let latest = self
            .versions
            .iter()
            .rev()
            .find(|version| version.visible_at <= now)?;
        (!latest.purged).then_some(latest)
    }

    /// The row as an endpoint serves it. `raw` asks for `remote_data`, which is null without.
    pub fn row(&self, version: &Version, raw: bool) -> Value {
        let mut row = (*version.truth.fields).clone();
        let remote_data = raw.then(|| {
            json!([{ "path": "/records", "data": {
                "id": self.remote_id, "revision": version.truth.raw,
            }}])
        });
        row.insert("id".into(), json!(self.id));
        row.insert("remote_id".into(), json!(self.remote_id));
        row.insert("created_at".into(), json!(iso(self.created_at)));
        row.insert("modified_at".into(), json!(iso(version.modified_at)));
        row.insert("remote_was_deleted".into(), json!(version.truth.deleted));
        row.insert("field_mappings".into(), Value::Null);
        row.insert("remote_data".into(), json!(remote_data));
        Value::Object(row)
    }
}
