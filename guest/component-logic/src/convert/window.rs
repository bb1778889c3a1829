//! `window`.

use merge_sync_logic::types::{Milliseconds, Timestamp};
use merge_sync_logic::window as logic;

use crate::bindings::exports::merge_sync::triggers::window as wit;

impl From<wit::Rule> for logic::Rule {
    fn from(rule: wit::Rule) -> Self {
        match rule {
            wit::Rule::Contiguous => Self::Contiguous,
            wit::Rule::OpenEnded => Self::OpenEnded,
            wit::Rule::FetchStart => Self::FetchStart,
        }
    }
}

impl From<wit::Progress> for logic::Progress {
    fn from(progress: wit::Progress) -> Self {
        Self {
            last_synced_at: progress.last_synced_at.map(Timestamp),
            merge_last_sync_finished: progress.merge_last_sync_finished.map(Timestamp),
            last_fetched_at: progress.last_fetched_at.map(Timestamp),
        }
    }
}

impl From<logic::Progress> for wit::Progress {
    fn from(progress: logic::Progress) -> Self {
        Self {
            last_synced_at: progress.last_synced_at.map(|at| at.0),
            merge_last_sync_finished: progress.merge_last_sync_finished.map(|at| at.0),
            last_fetched_at: progress.last_fetched_at.map(|at| at.0),
        }
    }
}

impl From<wit::Facts> for logic::Facts {
    fn from(facts: wit::Facts) -> Self {
        Self {
            status: facts.status.into(),
            progress: facts.progress.into(),
            ready: facts.ready,
            rule: facts.rule.into(),
            overlap: Milliseconds(facts.overlap),
        }
    }
}

impl From<wit::Span> for logic::Span {
    fn from(span: wit::Span) -> Self {
        Self {
            after: span.after.map(Timestamp),
            before: span.before.map(Timestamp),
            watermark: Timestamp(span.watermark),
            query: span.query,
        }
    }
}

impl From<logic::Span> for wit::Span {
    fn from(span: logic::Span) -> Self {
        Self {
            after: span.after.map(|at| at.0),
            before: span.before.map(|at| at.0),
            watermark: span.watermark.0,
            query: span.query,
        }
    }
}

impl From<logic::SkipReason> for wit::SkipReason {
    fn from(reason: logic::SkipReason) -> Self {
        match reason {
            logic::SkipReason::Disabled => Self::Disabled,
            logic::SkipReason::InitialSyncIncomplete => Self::InitialSyncIncomplete,
            logic::SkipReason::Failed => Self::Failed,
            logic::SkipReason::NothingFinished => Self::NothingFinished,
            logic::SkipReason::NotNewer => Self::NotNewer,
        }
    }
}

impl From<logic::Plan> for wit::Plan {
    fn from(plan: logic::Plan) -> Self {
        match plan {
            logic::Plan::Fetch(span) => Self::Fetch(span.into()),
            logic::Plan::Skip(skip) => Self::Skip(wit::Skip {
                reason: skip.reason.into(),
            }),
        }
    }
}

impl From<wit::Completed> for logic::Completed {
    fn from(completed: wit::Completed) -> Self {
        Self {
            progress: completed.progress.into(),
            span: completed.span.into(),
            started_at: Timestamp(completed.started_at),
            ended_at: Timestamp(completed.ended_at),
        }
    }
}

impl From<logic::Endpoint> for wit::Endpoint {
    fn from(endpoint: logic::Endpoint) -> Self {
        match endpoint {
            logic::Endpoint::Listed(listed) => Self::Listed(wit::Listed {
                path: listed.path,
                filtered: listed.filtered,
                key: listed.key.iter().copied().map(Into::into).collect(),
                always: listed.always.into(),
            }),
            logic::Endpoint::Unlisted => Self::Unlisted,
            logic::Endpoint::Unmapped => Self::Unmapped,
        }
    }
}
