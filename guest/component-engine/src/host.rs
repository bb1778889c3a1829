//! What the host offers, in the engine's types.

use alloc::string::String;

use merge_sync_engine::http::{Request, Response, SendError};
use merge_sync_engine::log::Entry;
use merge_sync_engine::settings::Settings;
use merge_sync_engine::store::{Change, Committed, LoadedAccount, Note};
use merge_sync_engine::view::Failure;
use merge_sync_logic::types::{Problem, Timestamp};

use crate::bindings::merge_sync::triggers::{clock, http, log, settings, store};

/// Why a change did not happen.
#[derive(Debug)]
pub enum CommitError {
    /// Somebody else committed first. What is there now is to be loaded.
    Stale,
    /// The store cannot be reached, or is full.
    Unavailable(Problem),
}

/// Why a note was not kept.
#[derive(Debug)]
pub enum NoteError {
    /// Nobody linked this account.
    UnknownAccount(Problem),
    /// The store cannot be reached, or is full.
    Unavailable(Problem),
}

impl From<NoteError> for Failure {
    fn from(error: NoteError) -> Self {
        match error {
            NoteError::UnknownAccount(problem) => Self::UnknownAccount(problem),
            NoteError::Unavailable(problem) => Self::Store(problem),
        }
    }
}

/// The host's clock.
pub fn now() -> Timestamp {
    Timestamp(clock::now())
}

/// One event, for the operator.
pub fn log(entry: Entry) {
    log::event(entry.level.into(), &entry.message, &entry.fields);
}

/// The settings, read and checked.
pub fn settings() -> Result<Settings, Failure> {
    Settings::parse(&settings::load()).map_err(Failure::Settings)
}

/// One attempt at a request.
pub fn send(request: Request) -> Result<Response, SendError> {
    http::send(&request.into())
        .map(Into::into)
        .map_err(Into::into)
}

/// Durable when it returns.
pub fn keep_note(note: Note) -> Result<(), NoteError> {
    store::keep_note(&note.into()).map_err(|error| match error {
        store::NoteError::UnknownAccount(problem) => NoteError::UnknownAccount(problem.into()),
        store::NoteError::Unavailable(problem) => NoteError::Unavailable(problem.into()),
    })
}

/// State and notes of the account; `None` where it is unknown.
pub fn load(account: &str) -> Result<Option<LoadedAccount>, Problem> {
    store::load(account)
        .map(|loaded| loaded.map(Into::into))
        .map_err(Into::into)
}

/// As [`load`], where an unknown account is a failure.
pub fn load_known(account: &str) -> Result<LoadedAccount, Failure> {
    load(account).map_err(Failure::Store)?.ok_or_else(|| {
        Failure::UnknownAccount(Problem {
            message: String::from("account: not in the store"),
        })
    })
}

/// All of the change or none of it.
pub fn commit(change: Change) -> Result<Committed, CommitError> {
    store::commit(&change.into())
        .map(Into::into)
        .map_err(|error| match error {
            store::CommitError::Stale(_) => CommitError::Stale,
            store::CommitError::Unavailable(problem) => CommitError::Unavailable(problem.into()),
        })
}
