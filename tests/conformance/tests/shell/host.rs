//! A host that answers as it was told, and writes down what it was asked.

use crate::bindings::merge_sync::triggers::{clock, http, log, settings, store, types};

/// What the store answers to a commit or a note.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    /// Yes.
    Willing,
    /// Somebody else was first, this many times.
    Stale(u32),
    /// It cannot be reached.
    Unavailable,
}

/// The host. Without an account, until [`Host::with_account`] gives it one.
#[derive(Debug)]
pub struct Host {
    /// How the store answers.
    pub mood: Mood,
    /// The settings document.
    pub settings: &'static str,
    /// The account, as a load finds it.
    pub account: Option<store::LoadedAccount>,
    /// What was called, in order: `load`, `commit`, `keep-note`, `send`, `settings`.
    pub calls: Vec<&'static str>,
    /// The notes that were offered.
    pub notes: Vec<store::Note>,
    /// The changes that were offered.
    pub changes: Vec<store::Change>,
    /// What was logged, level first.
    pub log: Vec<String>,
}

impl Host {
    /// A host whose store has no account.
    pub fn new(mood: Mood) -> Self {
        Self {
            mood,
            settings: "",
            account: None,
            calls: Vec::new(),
            notes: Vec::new(),
            changes: Vec::new(),
            log: Vec::new(),
        }
    }

    /// A host whose store has an account of which only notes are known.
    pub fn with_account(mood: Mood, notes: Vec<store::Note>) -> Self {
        let stored = (1..).zip(notes).map(|(number, note)| store::StoredNote {
            number,
            key: note.key,
            text: note.text,
            secret: note.secret,
        });
        let account = store::LoadedAccount {
            state: String::new(),
            version: "1".to_owned(),
            notes: stored.collect(),
        };
        Self {
            account: Some(account),
            ..Self::new(mood)
        }
    }

    /// How often something was called.
    pub fn count(&self, name: &str) -> usize {
        self.calls.iter().filter(|called| **called == name).count()
    }
}

fn away() -> types::Problem {
    types::Problem {
        message: "the disk is full".to_owned(),
    }
}

impl types::Host for Host {}

impl clock::Host for Host {
    fn now(&mut self) -> i64 {
        1_764_240_000_000_000
    }
}

impl settings::Host for Host {
    fn load(&mut self) -> String {
        self.calls.push("settings");
        self.settings.to_owned()
    }
}

impl log::Host for Host {
    fn event(&mut self, level: log::Level, message: String, fields: String) {
        self.log.push(format!("{level:?} {message} {fields}"));
    }
}

impl http::Host for Host {
    fn send(&mut self, _: http::Request) -> Result<http::Response, http::SendError> {
        self.calls.push("send");
        Err(http::SendError::Transport(http::Transport {
            message: "refused".to_owned(),
        }))
    }
}

impl store::Host for Host {
    fn keep_note(&mut self, note: store::Note) -> Result<(), store::NoteError> {
        self.calls.push("keep-note");
        self.notes.push(note);
        match self.mood {
            Mood::Willing | Mood::Stale(_) => Ok(()),
            Mood::Unavailable => Err(store::NoteError::Unavailable(away())),
        }
    }

    fn load(&mut self, _: String) -> Result<Option<store::LoadedAccount>, types::Problem> {
        self.calls.push("load");
        Ok(self.account.clone())
    }

    fn commit(&mut self, change: store::Change) -> Result<store::Committed, store::CommitError> {
        self.calls.push("commit");
        let version = format!("{}", self.calls.len());
        self.changes.push(change.clone());
        match &mut self.mood {
            Mood::Unavailable => Err(store::CommitError::Unavailable(away())),
            Mood::Stale(times) if *times > 0 => {
                *times -= 1;
                if let Some(account) = &mut self.account {
                    account.version.clone_from(&version);
                }
                Err(store::CommitError::Stale(store::Conflict {
                    current: Some(version),
                }))
            }
            Mood::Willing | Mood::Stale(_) => {
                if let Some(account) = &mut self.account {
                    account.version.clone_from(&version);
                    account.state = change.state;
                }
                Ok(store::Committed {
                    version,
                    swept: None,
                })
            }
        }
    }
}
