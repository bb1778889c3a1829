//! What the component imports, answered by this host.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Map, Value};
use tokio::sync::Notify;
use tracing::Level;

use crate::bindings::merge_sync::triggers::{clock, http, log, settings, store, types};
use crate::clock::{Clock, Micros};
use crate::component::convert;
use crate::counters::Counters;
use crate::merge_http::MergeHttp;
use crate::store::{NoteError, Store};

/// What the component's imports are made of.
#[derive(Debug, Clone)]
pub struct Parts {
    /// Requests to Merge.
    pub http: Arc<MergeHttp>,
    /// State, notes, rows, notices.
    pub store: Arc<dyn Store>,
    /// The settings document, JSON.
    pub settings: Arc<str>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Told after each note that was kept: its account may be due.
    pub noted: Arc<Notify>,
    /// What is counted of all this.
    pub counters: Arc<Counters>,
}

/// The data of one instance.
#[derive(Debug)]
pub(super) struct Outside {
    parts: Parts,
    ticks: Arc<AtomicU64>,
    entered: u64,
}

impl Outside {
    pub(super) fn new(parts: Parts, ticks: Arc<AtomicU64>) -> Self {
        let mut outside = Self {
            parts,
            ticks,
            entered: 0,
        };
        outside.enter();
        outside
    }

    /// The guest begins to compute, or goes on after an answer.
    pub(super) fn enter(&mut self) {
        self.entered = self.ticks.load(Ordering::Relaxed);
    }

    /// For how many ticks the guest has computed.
    pub(super) fn computing(&self) -> u64 {
        self.ticks
            .load(Ordering::Relaxed)
            .saturating_sub(self.entered)
    }
}

impl types::Host for Outside {}

impl http::Host for Outside {
    async fn send(&mut self, request: http::Request) -> Result<http::Response, http::SendError> {
        let account = request.account.clone();
        let sent = self.parts.http.send(convert::request(request)).await;
        self.enter();
        sent.map(convert::response)
            .map_err(|error| convert::send_error(error, account))
    }
}

impl store::Host for Outside {
    async fn keep_note(&mut self, note: store::Note) -> Result<(), store::NoteError> {
        let account = note.account.clone();
        let kept = self.parts.store.keep_note(convert::note(note)).await;
        match &kept {
            Ok(()) => self.parts.noted.notify_one(),
            Err(NoteError::UnknownAccount) => self.parts.counters.accounts_unknown.one(),
            Err(NoteError::Unavailable(_)) => {}
        }
        self.enter();
        kept.map_err(|error| convert::note_error(error, &account))
    }

    async fn load(
        &mut self,
        account: String,
    ) -> Result<Option<store::LoadedAccount>, types::Problem> {
        let loaded = self.parts.store.load(&account).await;
        self.enter();
        loaded
            .map(|found| found.map(convert::loaded_account))
            .map_err(convert::problem)
    }

    async fn commit(
        &mut self,
        change: store::Change,
    ) -> Result<store::Committed, store::CommitError> {
        let committed = self.parts.store.commit(convert::change(change)).await;
        self.enter();
        committed
            .map(convert::committed)
            .map_err(convert::commit_error)
    }
}

impl settings::Host for Outside {
    async fn load(&mut self) -> String {
        self.parts.settings.to_string()
    }
}

impl clock::Host for Outside {
    async fn now(&mut self) -> Micros {
        self.parts.clock.now()
    }
}

/// One event of the engine's. The fields that most events have stand by themselves; `tracing`
/// wants the names of fields at compile time, so the others share one.
macro_rules! log_event {
    ($level:expr, $message:expr, $fields:expr) => {
        // Nothing is read for a log that nobody keeps.
        if tracing::enabled!(target: "merge_sync::engine", $level) {
            let mut fields: Map<String, Value> =
                serde_json::from_str($fields).unwrap_or_default();
            let account = take(&mut fields, "account");
            let model = take(&mut fields, "model");
            let event = take(&mut fields, "event");
            let delivery_id = take(&mut fields, "delivery_id");
            let details = (!fields.is_empty()).then(|| Value::Object(fields).to_string());
            tracing::event!(
                target: "merge_sync::engine",
                $level,
                account,
                model,
                event,
                delivery_id,
                details = details.as_ref().map(tracing::field::display),
                "{}",
                $message
            );
        }
    };
}

impl log::Host for Outside {
    async fn event(&mut self, level: log::Level, message: String, fields: String) {
        match level {
            log::Level::Debug => log_event!(Level::DEBUG, message, &fields),
            log::Level::Info => log_event!(Level::INFO, message, &fields),
            log::Level::Warn => log_event!(Level::WARN, message, &fields),
            log::Level::Error => log_event!(Level::ERROR, message, &fields),
        }
    }
}

fn take(fields: &mut Map<String, Value>, name: &str) -> Option<String> {
    match fields.remove(name)? {
        Value::Null => None,
        Value::String(text) => Some(text).filter(|text| !text.is_empty()),
        other => Some(other.to_string()),
    }
}
