//! The requests to Merge: what each asks for, and what its answer changes.

pub mod details;
pub mod issues;
pub mod next;
pub mod page;
pub mod poll;
pub mod reading;

use alloc::string::String;

use merge_sync_logic::types::{Milliseconds, ModelId};

use self::next::{Answer, Next, Taken};
use self::reading::Reading;
use crate::account::document::Document;
use crate::account::slot::Kind;
use crate::context::Context;
use crate::plan::hold;

/// A request under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    /// A page of `/sync-status`.
    Poll(Reading),
    /// A page of records.
    Page(ModelId, Kind),
    /// Merge's issues.
    Issues,
    /// What Merge says of the link.
    Details,
}

impl Asked {
    /// Path and query; `None` where there is nothing to ask.
    pub fn target(&self, document: &mut Document, context: &Context<'_>) -> Option<String> {
        match self {
            Self::Poll(reading) => Some(poll::target(document, reading)),
            Self::Page(model_id, kind) => page::target(document, model_id, *kind, context),
            Self::Issues => Some(issues::target(document)),
            Self::Details => Some(details::target(document)),
        }
    }

    /// It is not sent, to stay within a limit: nobody's failure, and the end of this run.
    pub fn held_back(&self, document: &mut Document, wait: Milliseconds, context: &Context<'_>) {
        let wait = match self {
            Self::Poll(reading) => wait.max(reading.rest()),
            _ => wait,
        };
        hold::stay_away(document, wait, false, context.now);
    }

    /// Take in what it met.
    pub fn answered(
        self,
        document: &mut Document,
        answer: Answer,
        context: &mut Context<'_>,
    ) -> Next {
        let answer = match answer {
            Answer::Success(body) => Ok(body),
            Answer::Failure(outcome) => Err(outcome),
            Answer::HeldBack(wait) => {
                document.minute.give_back();
                self.held_back(document, wait, context);
                return Next::Stop(Taken::default());
            }
        };
        match self {
            Self::Poll(reading) => poll::answered(document, reading, answer, context),
            Self::Page(model_id, kind) => {
                page::answered(document, &model_id, kind, answer, context)
            }
            Self::Issues => issues::answered(document, answer, context),
            Self::Details => details::answered(document, answer, context),
        }
    }
}
