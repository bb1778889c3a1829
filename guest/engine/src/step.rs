//! One step of a run: what happened comes in, what to do next goes out.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use merge_sync_logic::types::{Problem, Timestamp};

use crate::http::{Request, Response, SendError};
use crate::log::Entry;
use crate::settings::Settings;
use crate::store::{Change, Committed, Versioned};
use crate::view::{Failure, Report};

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A run was started; what the store holds of the account.
    Started(Versioned),
    /// The request was answered.
    Response(Response),
    /// The request was not answered.
    SendError(SendError),
    /// The change was committed.
    Committed(Committed),
    /// Somebody else committed first; what the store holds now, `None` where the account is gone.
    Stale(Option<Versioned>),
    /// The store could not commit, or could not load after `stale`.
    Unavailable(Problem),
}

/// What to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Send this, and come back with [`Event::Response`] or [`Event::SendError`].
    Send(Request),
    /// Commit this, and come back with [`Event::Committed`], [`Event::Stale`] or
    /// [`Event::Unavailable`].
    Commit(Box<Change>),
    /// The run is over.
    Finished(Result<Report, Failure>),
}

/// A run between two steps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    account: String,
}

impl Run {
    /// A run of `account` that has not started.
    #[must_use]
    pub fn new(account: &str) -> Self {
        Self { account: account.into() }
    }
}

/// The next state of the run, what to do, and what to log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// To be given to the next step.
    pub run: Run,
    /// What to do.
    pub effect: Effect,
    /// What to log.
    pub log: Vec<Entry>,
}

/// Take `event` in and say what to do next. `now` is the host's clock.
#[must_use]
pub fn step(run: Run, settings: &Settings, now: Timestamp, event: Event) -> Step {
    let _ = (settings, now, event);
    let failure = Failure::State(Problem { message: run.account.clone() });
    Step { run, effect: Effect::Finished(Err(failure)), log: Vec::new() }
}
