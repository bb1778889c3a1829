//! One store: compare-and-swap for the state, notes with numbers, rows that only get newer.

use merge_sync_engine::settings::Settings;
use merge_sync_engine::store::{Change, Committed, LoadedAccount, Note, StoredNote};
use merge_sync_engine::view;
use merge_sync_logic::types::Timestamp;
use serde_json::Value;

use crate::known::Known;
use crate::merge::{MODEL, RECORDS, Versions};
use crate::scenario::{Mistake, Scenario};
use crate::webhooks::ACCOUNT;

/// What outlives a crash.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Store {
    /// The state document.
    pub document: Known<Document>,
    /// Its version: one more for every commit.
    pub version: u32,
    /// Notes not yet consumed, by number.
    pub notes: Known<Vec<StoredNote>>,
    /// The number of the latest note.
    pub latest_note: u64,
    /// As last committed.
    pub wake_at: Option<Timestamp>,
    /// As last committed.
    pub not_before: Option<Timestamp>,
    /// The version of each record that is stored.
    pub rows: Versions,
}

/// The state document, and what is to be seen in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// The engine's own text.
    pub text: String,
    /// The stored F.
    pub watermark: Option<Timestamp>,
    /// The latest F that was heard of.
    pub known_finish: Option<Timestamp>,
    /// Whether a run has the lease of the account.
    pub leased: bool,
}

/// What a commit did that no commit may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Breach {
    /// The watermark moved back.
    ProgressFell,
    /// A note was consumed that the run had not loaded before its first request.
    UnseenNoteConsumed,
    /// A row was replaced by an older one.
    RowFell,
    /// A host started a run at the instant at which the latest one had ended, and nothing had
    /// changed since.
    StartedAgain,
    /// The engine refused an event, its own document or its settings.
    EngineRefused,
}

impl Store {
    /// The store of an account that was just linked.
    pub fn new(link: &Note) -> Self {
        let mut store = Self {
            document: Known::new(Document {
                text: String::new(),
                watermark: None,
                known_finish: None,
                leased: false,
            }),
            version: 0,
            notes: Known::new(Vec::new()),
            latest_note: 0,
            wake_at: None,
            not_before: None,
            rows: [None; RECORDS.len()],
        };
        store.keep(link);
        store
    }

    /// A note replaces an earlier one of the same key, and makes no commit stale.
    pub fn keep(&mut self, note: &Note) {
        self.latest_note += 1;
        let mut notes = self.notes.to_vec();
        notes.retain(|kept| kept.key != note.key);
        notes.push(StoredNote {
            number: self.latest_note,
            key: note.key.clone(),
            text: note.text.clone(),
            secret: note.secret.clone(),
        });
        self.notes = Known::new(notes);
    }

    /// Whether a note of this key is there.
    pub fn has_note(&self, key: &str) -> bool {
        self.notes.iter().any(|note| note.key == key)
    }

    /// What a run loads.
    pub fn load(&self) -> LoadedAccount {
        LoadedAccount {
            state: self.document.text.clone(),
            version: self.version.to_string(),
            notes: self.notes.to_vec(),
        }
    }

    /// When the next run is due; `None` is never.
    pub fn due_at(&self, scenario: &Scenario) -> Option<Timestamp> {
        let noted = !self.notes.is_empty() && !scenario.has(Mistake::HostIgnoresNotes);
        let wake = if noted {
            Some(Timestamp(i64::MIN))
        } else {
            self.wake_at
        };
        if scenario.has(Mistake::HostIgnoresNotBefore) {
            return wake;
        }
        wake.map(|wake| self.not_before.map_or(wake, |until| until.max(wake)))
    }

    /// All of the change or, where somebody else committed first, none of it.
    pub fn commit(
        &mut self,
        change: &Change,
        scenario: &Scenario,
        now: Timestamp,
        breaches: &mut Vec<Breach>,
    ) -> Option<Committed> {
        let expected = self.version.to_string();
        let is_current = change.expected.as_ref() == Some(&expected);
        if !is_current && !scenario.has(Mistake::StoreIgnoresVersions) {
            return None;
        }
        self.version += 1;
        self.wake_at = change.wake_at;
        self.not_before = change.not_before;
        self.consume(&change.consumed, scenario);
        self.replace_document(&change.state, &scenario.settings, now, breaches);
        if !scenario.has(Mistake::StoreTearsCommits) {
            self.store_rows(change, scenario, breaches);
        }
        assert!(change.sweep.is_none(), "no re-read is due in this model");
        Some(Committed {
            version: self.version.to_string(),
            swept: None,
        })
    }

    fn consume(&mut self, consumed: &[u64], scenario: &Scenario) {
        let all = scenario.has(Mistake::StoreDropsLaterNotes) && !consumed.is_empty();
        let mut notes = self.notes.to_vec();
        notes.retain(|note| !all && !consumed.contains(&note.number));
        self.notes = Known::new(notes);
    }

    fn replace_document(
        &mut self,
        text: &str,
        settings: &Settings,
        now: Timestamp,
        breaches: &mut Vec<Breach>,
    ) {
        let Some(document) = read(text, settings, now) else {
            breaches.push(Breach::EngineRefused);
            return;
        };
        if document.watermark < self.document.watermark {
            breaches.push(Breach::ProgressFell);
        }
        self.document = Known::new(document);
    }

    fn store_rows(&mut self, change: &Change, scenario: &Scenario, breaches: &mut Vec<Breach>) {
        for row in change.batches.iter().flat_map(|batch| &batch.rows) {
            let index = RECORDS.iter().position(|id| *id == row.id);
            let stored = &mut self.rows[index.expect("a record of Merge's")];
            if row.modified_at >= *stored || scenario.has(Mistake::StoreReplacesNewerRows) {
                if row.modified_at < *stored {
                    breaches.push(Breach::RowFell);
                }
                *stored = row.modified_at;
            }
        }
    }
}

/// By the door that people look through, and for the lease, which that does not show, by the
/// document's text.
fn read(text: &str, settings: &Settings, now: Timestamp) -> Option<Document> {
    let loaded = LoadedAccount {
        state: text.into(),
        version: String::new(),
        notes: Vec::new(),
    };
    let view = view::inspect(ACCOUNT, &loaded, &[], settings, now).ok()?;
    let model = view
        .models
        .iter()
        .find(|model| model.status.model_id == MODEL);
    let fields: Value = serde_json::from_str(text).ok()?;
    Some(Document {
        text: text.into(),
        watermark: model.and_then(|model| model.progress.merge_last_sync_finished),
        known_finish: model.and_then(|model| model.status.last_sync_finished),
        leased: !fields["claim"].is_null(),
    })
}
