//! What a request met, and what follows from it.

use alloc::string::String;
use alloc::vec::Vec;

use merge_sync_logic::retry::AttemptOutcome;
use merge_sync_logic::types::Milliseconds;

use super::reading::Reading;
use crate::account::document::Document;
use crate::context::Context;
use crate::contract::http::{Response, SendError};
use crate::contract::store::{Batch, Notice, Sweep};
use crate::decide::failure;
use crate::plan::hold;

/// What a request met.
#[derive(Debug)]
pub enum Answer {
    /// A success, with this body.
    Success(String),
    /// Anything else.
    Failure(AttemptOutcome),
    /// The host held it back, to stay within a limit; there will be room after this long.
    HeldBack(Milliseconds),
}

impl From<Response> for Answer {
    fn from(response: Response) -> Self {
        if (200..300).contains(&response.status) {
            Self::Success(response.body)
        } else {
            Self::Failure(failure::answered(&response))
        }
    }
}

impl From<SendError> for Answer {
    fn from(error: SendError) -> Self {
        match failure::not_sent(error) {
            Ok(outcome) => Self::Failure(outcome),
            Err(wait) => Self::HeldBack(wait),
        }
    }
}

/// What follows from an answer.
#[derive(Debug)]
pub enum Next {
    /// The next page of `/sync-status` is to be asked for.
    Continue(Reading),
    /// Commit, and go on with what else is due.
    GoOn(Taken),
    /// Commit, and end the run: nothing else may be asked for now.
    Stop(Taken),
    /// Merge deleted the account.
    Deleted,
}

/// What an answer asks the store to do besides storing the document.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Taken {
    /// The rows of a page.
    pub batch: Option<Batch>,
    /// The sweep that a full re-read leads to which it completed.
    pub sweep: Option<Sweep>,
    /// Whether it completed a read of `/sync-status`.
    pub poll: bool,
    /// Whether it completed a window.
    pub window: bool,
    /// What it completed, for the product.
    pub notices: Vec<Notice>,
}

/// What Merge says of an account changes nothing but the document, and ends a run that it holds up.
pub fn after_lookup(document: &Document, context: &Context<'_>) -> Next {
    if hold::is_held_up(document, context.now) {
        Next::Stop(Taken::default())
    } else {
        Next::GoOn(Taken::default())
    }
}
