//! One record: the third party's truth, and every version that Merge's copy ever had.

use std::sync::Arc;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json};

use crate::catalog::ModelSpec;
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
    /// What names it to readers: its id, or `[remote_id, name]` where its model has none. Set
    /// with the first copy.
    pub key: String,
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
    pub fn row<'a>(&'a self, version: &'a Version, spec: &'a ModelSpec, raw: bool) -> Row<'a> {
        Row {
            record: self,
            version,
            spec,
            raw,
        }
    }
}

/// A version of a record in the shape of a list's row. It is written straight from what is
/// held: most of the simulator's time goes into rows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row<'a> {
    record: &'a Record,
    version: &'a Version,
    spec: &'a ModelSpec,
    raw: bool,
}

impl Row<'_> {
    /// The row as a tree.
    pub fn to_value(self) -> Value {
        // A map with text keys always has a tree.
        serde_json::to_value(self).unwrap_or_default()
    }

    fn remote_data(&self) -> Value {
        json!([{ "path": "/records", "data": {
            "id": self.record.remote_id, "revision": self.version.truth.raw,
        }}])
    }
}

impl Serialize for Row<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self {
            record,
            version,
            spec,
            ..
        } = self;
        let mut row = serializer.serialize_map(None)?;
        if spec.has_id() {
            row.serialize_entry("id", &record.id)?;
        }
        row.serialize_entry("remote_id", &record.remote_id)?;
        row.serialize_entry("created_at", &iso(record.created_at))?;
        row.serialize_entry("modified_at", &iso(version.modified_at))?;
        for (name, value) in version.truth.fields.iter() {
            row.serialize_entry(name, value)?;
        }
        if spec.tells_deletions() {
            row.serialize_entry("remote_was_deleted", &version.truth.deleted)?;
        }
        if spec.has("field_mappings") {
            row.serialize_entry("field_mappings", &())?;
        }
        if spec.has("remote_data") {
            row.serialize_entry("remote_data", &self.raw.then(|| self.remote_data()))?;
        }
        row.end()
    }
}
