//! The place where an instance and the world meet: what the instance asks for, what it is
//! answered, the time it is told, and what it logs.
//!
//! A call suspends at each request and each use of the store, and goes on when the world has
//! put an answer here: so any number of calls share one thread, and the world decides who goes
//! on when, or never.

use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;

use merge_simulator::time::Micros;

use crate::bindings::exports::merge_sync::triggers::types as exported;
use crate::bindings::merge_sync::triggers::{clock, http, log, settings, store, types};

/// What an instance waits for.
#[derive(Debug)]
pub enum Ask {
    /// State and notes of an account.
    Load(String),
    /// A note to keep.
    KeepNote(store::Note),
    /// A change to commit.
    Commit(store::Change),
    /// A request to send.
    Send(http::Request),
}

/// What it is told.
#[derive(Debug)]
pub enum Answer {
    /// To [`Ask::Load`].
    Loaded(Result<Option<store::LoadedAccount>, types::Problem>),
    /// To [`Ask::KeepNote`].
    Kept(Result<(), store::NoteError>),
    /// To [`Ask::Commit`].
    Committed(Result<store::Committed, store::CommitError>),
    /// To [`Ask::Send`].
    Sent(Result<http::Response, http::SendError>),
}

/// One line of an instance's log.
#[derive(Debug, Clone)]
pub struct Line {
    /// `debug`, `info`, `warn` or `error`.
    pub level: &'static str,
    /// What happened.
    pub message: String,
    /// A JSON object.
    pub fields: String,
}

#[derive(Debug, Default)]
struct Slot {
    ask: Option<Ask>,
    answer: Option<Answer>,
    now: Micros,
    lines: Vec<Line>,
}

/// Shared by an instance and the world.
#[derive(Debug, Clone, Default)]
pub struct Port(Arc<Mutex<Slot>>);

impl Port {
    fn slot(&self) -> MutexGuard<'_, Slot> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the instance asks for, once.
    pub fn take_ask(&self) -> Option<Ask> {
        self.slot().ask.take()
    }

    /// Give the instance what it waits for.
    pub fn answer(&self, answer: Answer) {
        self.slot().answer = Some(answer);
    }

    /// The host's clock, as of the next step of the instance.
    pub fn set_now(&self, now: Micros) {
        self.slot().now = now;
    }

    /// What was logged since the last time.
    pub fn take_lines(&self) -> Vec<Line> {
        std::mem::take(&mut self.slot().lines)
    }

    /// Write down what happened.
    pub fn log(&self, entries: impl IntoIterator<Item = log::Entry>) {
        self.slot().lines.extend(entries.into_iter().map(line));
    }

    /// Have the world keep a note.
    ///
    /// # Errors
    ///
    /// What the world says.
    pub async fn keep_note(&self, note: store::Note) -> Result<(), store::NoteError> {
        match self.ask(Ask::KeepNote(note)).await {
            Answer::Kept(kept) => kept,
            _ => Err(store::NoteError::Unavailable(unexpected())),
        }
    }

    async fn ask(&self, ask: Ask) -> Answer {
        self.slot().ask = Some(ask);
        poll_fn(|_| match self.slot().answer.take() {
            Some(answer) => Poll::Ready(answer),
            None => Poll::Pending,
        })
        .await
    }
}

fn line(entry: log::Entry) -> Line {
    let level = match entry.level {
        log::Level::Debug => "debug",
        log::Level::Info => "info",
        log::Level::Warn => "warn",
        log::Level::Error => "error",
    };
    Line {
        level,
        message: entry.message,
        fields: entry.fields,
    }
}

/// A note that the component exported, as the store takes it.
#[must_use]
pub fn imported(note: exported::Note) -> store::Note {
    store::Note {
        account: note.account,
        key: note.key,
        text: note.text,
        secret: note
            .secret
            .map(|exported::Secret { value }| store::Secret { value }),
        profile: note.profile.map(|profile| types::Account {
            id: profile.id,
            category: profile.category,
            integration: profile.integration,
            integration_slug: profile.integration_slug,
            end_user_origin_id: profile.end_user_origin_id,
            organization_name: profile.organization_name,
            link_status: profile.link_status,
            account_type: profile.account_type,
            is_duplicate: profile.is_duplicate,
        }),
        create: note.create,
    }
}

/// The data of one instance.
#[derive(Debug)]
pub struct Outside {
    /// Where it meets the world.
    pub port: Port,
    /// The settings document.
    pub settings: Arc<str>,
}

fn unexpected() -> types::Problem {
    types::Problem {
        message: "the simulation answered something else than was asked".to_owned(),
    }
}

impl types::Host for Outside {}

impl http::Host for Outside {
    async fn send(&mut self, request: http::Request) -> Result<http::Response, http::SendError> {
        match self.port.ask(Ask::Send(request)).await {
            Answer::Sent(sent) => sent,
            _ => Err(http::SendError::Transport(http::Transport {
                message: unexpected().message,
            })),
        }
    }
}

impl store::Host for Outside {
    async fn keep_note(&mut self, note: store::Note) -> Result<(), store::NoteError> {
        self.port.keep_note(note).await
    }

    async fn load(
        &mut self,
        account: String,
    ) -> Result<Option<store::LoadedAccount>, types::Problem> {
        match self.port.ask(Ask::Load(account)).await {
            Answer::Loaded(loaded) => loaded,
            _ => Err(unexpected()),
        }
    }

    async fn commit(
        &mut self,
        change: store::Change,
    ) -> Result<store::Committed, store::CommitError> {
        match self.port.ask(Ask::Commit(change)).await {
            Answer::Committed(committed) => committed,
            _ => Err(store::CommitError::Unavailable(unexpected())),
        }
    }
}

impl settings::Host for Outside {
    fn load(&mut self) -> String {
        self.settings.to_string()
    }
}

impl clock::Host for Outside {
    fn now(&mut self) -> Micros {
        self.port.slot().now
    }
}

impl log::Host for Outside {
    fn event(&mut self, level: log::Level, message: String, fields: String) {
        let entry = log::Entry {
            level,
            message,
            fields,
        };
        self.port.log([entry]);
    }
}
