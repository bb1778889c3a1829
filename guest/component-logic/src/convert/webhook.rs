//! `webhook`.

use merge_sync_logic::webhook as logic;

use super::each;
use crate::bindings::exports::merge_sync::triggers::webhook as wit;

impl From<logic::Linked> for wit::Linked {
    fn from(linked: logic::Linked) -> Self {
        Self {
            account: linked.account.into(),
            account_token: linked.account_token.0,
            is_relink: linked.is_relink,
            completed_at: linked.completed_at.map(|at| at.0),
        }
    }
}

impl From<logic::Synced> for wit::Synced {
    fn from(synced: logic::Synced) -> Self {
        Self {
            account: synced.account.into(),
            is_initial_sync: synced.is_initial_sync,
            models: each(synced.models),
        }
    }
}

impl From<logic::RecordChanged> for wit::RecordChanged {
    fn from(changed: logic::RecordChanged) -> Self {
        Self {
            account: changed.account.into(),
            model_id: changed.model_id,
            record_id: changed.record_id,
        }
    }
}

impl From<logic::IssueChanged> for wit::IssueChanged {
    fn from(issue: logic::IssueChanged) -> Self {
        Self {
            account: issue.account.map(Into::into),
            description: issue.description,
        }
    }
}

impl From<logic::Unlinked> for wit::Unlinked {
    fn from(unlinked: logic::Unlinked) -> Self {
        Self {
            account: unlinked.account.into(),
        }
    }
}

impl From<logic::Ignored> for wit::Ignored {
    fn from(ignored: logic::Ignored) -> Self {
        Self {
            reason: ignored.reason,
        }
    }
}

impl From<logic::Event> for wit::Event {
    fn from(event: logic::Event) -> Self {
        match event {
            logic::Event::Linked(linked) => Self::Linked(linked.into()),
            logic::Event::Synced(synced) => Self::Synced(synced.into()),
            logic::Event::RecordChanged(changed) => Self::RecordChanged(changed.into()),
            logic::Event::IssueChanged(issue) => Self::IssueChanged(issue.into()),
            logic::Event::Unlinked(unlinked) => Self::Unlinked(unlinked.into()),
            logic::Event::Ignored(ignored) => Self::Ignored(ignored.into()),
        }
    }
}

impl From<logic::Accepted> for wit::Accepted {
    fn from(accepted: logic::Accepted) -> Self {
        Self {
            authentic: accepted.authentic.into(),
            name: accepted.name,
            event: accepted.event.into(),
        }
    }
}

impl From<logic::Malformed> for wit::Malformed {
    fn from(malformed: logic::Malformed) -> Self {
        Self {
            authentic: malformed.authentic.into(),
            problem: malformed.problem.into(),
        }
    }
}

impl From<logic::Outcome> for wit::Outcome {
    fn from(outcome: logic::Outcome) -> Self {
        match outcome {
            logic::Outcome::Accepted(accepted) => Self::Accepted(accepted.into()),
            logic::Outcome::Refused(refused) => Self::Refused(refused.into()),
            logic::Outcome::Malformed(malformed) => Self::Malformed(malformed.into()),
        }
    }
}

impl From<logic::Reply> for wit::Reply {
    fn from(reply: logic::Reply) -> Self {
        Self {
            status: reply.status,
            body: reply.body,
        }
    }
}

impl From<logic::Handling> for wit::Handling {
    fn from(handling: logic::Handling) -> Self {
        Self {
            reply: handling.reply.into(),
            outcome: handling.outcome.into(),
        }
    }
}
