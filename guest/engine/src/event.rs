//! What may happen to a run, and what it may ask for.

use alloc::boxed::Box;

use merge_sync_logic::types::Problem;

use crate::contract::http::{Request, Response, SendError};
use crate::contract::store::{Change, Committed, LoadedAccount};
use crate::contract::triggers::{Failure, Report};

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A run was started; what the store holds of the account.
    Started(LoadedAccount),
    /// The request was answered.
    Response(Response),
    /// The request was not answered.
    SendError(SendError),
    /// The change was committed.
    Committed(Committed),
    /// Somebody else committed first; what the store holds now, `None` where the account is gone.
    Stale(Option<LoadedAccount>),
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

impl Effect {
    /// The end of a run that failed.
    pub(crate) fn failed(failure: Failure) -> Self {
        Self::Finished(Err(failure))
    }
}
