//! What the component imports, answered by this host.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::Notify;

use crate::bindings::merge_sync::triggers::{clock, http, log, settings, store, types};
use crate::clock::{Clock, Micros};
use crate::component::{convert, engine_log};
use crate::counters::Counters;
use crate::merge_http::MergeHttp;
use crate::store::{Note, NoteError, Store};

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

impl Parts {
    /// Keep a note, and have somebody look which accounts are due.
    ///
    /// # Errors
    ///
    /// The store's.
    pub async fn keep_note(&self, note: Note) -> Result<(), NoteError> {
        let kept = self.store.keep_note(note).await;
        match &kept {
            Ok(()) => self.noted.notify_one(),
            Err(NoteError::UnknownAccount) => self.counters.accounts_unknown.one(),
            Err(NoteError::Unavailable(_)) => {}
        }
        kept
    }
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
        let kept = self.parts.keep_note(convert::note(note)).await;
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

impl log::Host for Outside {
    async fn event(&mut self, level: log::Level, message: String, fields: String) {
        let entry = log::Entry {
            level,
            message,
            fields,
        };
        engine_log::write(&entry, None);
    }
}
