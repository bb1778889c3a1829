//! One model of one account: its records and the state of its syncs.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::catalog::ModelSpec;
use crate::time::{Micros, iso};
use crate::world::record::Record;

/// How a sync ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Done,
    Partial,
    Failed,
}

impl Outcome {
    pub fn name(self) -> &'static str {
        match self {
            Self::Done => "DONE",
            Self::Partial => "PARTIALLY_SYNCED",
            Self::Failed => "FAILED",
        }
    }
}

/// What a model is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    Idle,
    /// Part of a round that has begun; Merge shows this as `SYNCING` too.
    Queued,
    Running(Outcome),
}

/// A model of an account.
#[derive(Debug)]
pub(crate) struct Model {
    pub spec: &'static ModelSpec,
    pub enabled: bool,
    pub paused: bool,
    pub phase: Phase,
    pub initial: bool,
    pub last_start: Option<Micros>,
    pub next_start: Option<Micros>,
    pub last_finish: Option<Micros>,
    pub last_result: Option<Outcome>,
    pub fresh_as_of: Option<Micros>,
    pub records: Vec<Record>,
    /// By the order in which lists serve them.
    pub order: BTreeMap<(Micros, String), usize>,
    /// Records whose truth Merge has not copied yet.
    pub dirty: BTreeSet<usize>,
}

impl Model {
    pub fn new(spec: &'static ModelSpec) -> Self {
        Self {
            spec,
            enabled: true,
            paused: false,
            phase: Phase::Idle,
            initial: true,
            last_start: None,
            next_start: None,
            last_finish: None,
            last_result: None,
            fresh_as_of: None,
            records: Vec::new(),
            order: BTreeMap::new(),
            dirty: BTreeSet::new(),
        }
    }

    /// Whether Merge can be asked for its records.
    pub fn is_listed(&self) -> bool {
        self.enabled && self.spec.path.is_some()
    }

    pub fn status(&self) -> &'static str {
        if !self.enabled {
            return "DISABLED";
        }
        if self.paused {
            return "PAUSED";
        }
        match self.phase {
            Phase::Queued | Phase::Running(_) => "SYNCING",
            // Before the first round a model waits for it.
            Phase::Idle => self.last_result.map_or("SYNCING", Outcome::name),
        }
    }

    /// The row of `/sync-status`.
    pub fn status_row(&self) -> Value {
        let reason = match self.phase {
            Phase::Queued => Some("WAITING_ON_OTHER_MODELS"),
            Phase::Running(Outcome::Partial) => Some("RATE_LIMITED"),
            Phase::Running(Outcome::Done | Outcome::Failed) | Phase::Idle => None,
        };
        json!({
            "model_name": self.spec.name,
            "model_id": self.spec.id,
            "last_sync_start": self.last_start.map(iso),
            "next_sync_start": self.next_start.filter(|_| !self.initial).map(iso),
            "last_sync_result": self.last_result.map(Outcome::name),
            "last_sync_finished": self.last_finish.map(iso),
            "status": self.status(),
            "is_initial_sync": self.initial,
            "sync_status_reason": reason,
            "data_fresh_as_of": self.fresh_as_of.map(iso),
            "historical_data_since": self.last_finish.map(|_| "1900-01-01T00:00:00Z"),
        })
    }
}
