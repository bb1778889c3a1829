//! Between the generated types of `triggers` and those of the engine.

use merge_sync_engine::receive::Receipt;
use merge_sync_engine::store::Note;
use merge_sync_engine::{command, view};
use merge_sync_logic::types as logic;
use merge_sync_logic::types::{Secret, Timestamp};

use crate::bindings::exports::merge_sync::triggers::{triggers as wit, types};
use crate::convert::each;

impl From<wit::Account> for logic::Account {
    fn from(account: wit::Account) -> Self {
        Self {
            id: account.id,
            category: account.category,
            integration: account.integration,
            integration_slug: account.integration_slug,
            end_user_origin_id: account.end_user_origin_id,
            organization_name: account.organization_name,
            link_status: account.link_status,
            account_type: account.account_type,
            is_duplicate: account.is_duplicate,
        }
    }
}

impl From<wit::NewAccount> for command::NewAccount {
    fn from(new: wit::NewAccount) -> Self {
        Self {
            account: new.account.into(),
            token: new.token.map(Secret),
            linked_at: new.linked_at.map(Timestamp),
        }
    }
}

impl From<wit::Command> for command::Command {
    fn from(command: wit::Command) -> Self {
        match command {
            wit::Command::Poll => Self::Poll,
            wit::Command::Reread => Self::Reread,
            wit::Command::RereadModel(model_id) => Self::RereadModel(model_id),
            wit::Command::ApproveDeletions(approval) => {
                Self::ApproveDeletions(approval.model_id, approval.pass)
            }
            wit::Command::Pause => Self::Pause,
            wit::Command::Resume => Self::Resume,
            wit::Command::Unlink => Self::Unlink,
            wit::Command::Reset => Self::Reset,
        }
    }
}

impl From<view::Failure> for wit::Failure {
    fn from(failure: view::Failure) -> Self {
        match failure {
            view::Failure::Store(problem) => Self::Store(problem.into()),
            view::Failure::UnknownAccount(problem) => Self::UnknownAccount(problem.into()),
            view::Failure::State(problem) => Self::State(problem.into()),
            view::Failure::Settings(problem) => Self::Settings(problem.into()),
        }
    }
}

impl From<Note> for wit::Note {
    fn from(note: Note) -> Self {
        Self {
            account: note.account,
            key: note.key,
            text: note.text,
            secret: note.secret.map(|Secret(value)| types::Secret { value }),
            profile: note.profile.map(Into::into),
            create: note.create,
        }
    }
}

impl From<Receipt> for wit::Receipt {
    fn from(receipt: Receipt) -> Self {
        Self {
            note: receipt.note.map(Into::into),
            reply: receipt.reply.into(),
            unkept_reply: receipt.unkept_reply.into(),
            log: receipt.log.into(),
            unknown_account_log: receipt.unknown_account_log.map(Into::into),
            unkept_log: receipt.unkept_log.map(Into::into),
        }
    }
}

impl From<view::TroubleKind> for wit::TroubleKind {
    fn from(kind: view::TroubleKind) -> Self {
        match kind {
            view::TroubleKind::Reauthorize => Self::Reauthorize,
            view::TroubleKind::DropRequest => Self::DropRequest,
            view::TroubleKind::Park => Self::Park,
            view::TroubleKind::Retrying => Self::Retrying,
            view::TroubleKind::InitialSync => Self::InitialSync,
            view::TroubleKind::HeldSweep => Self::HeldSweep,
            view::TroubleKind::Incomplete => Self::Incomplete,
            view::TroubleKind::Unreadable => Self::Unreadable,
            view::TroubleKind::NoKey => Self::NoKey,
        }
    }
}

impl From<view::Trouble> for wit::Trouble {
    fn from(trouble: view::Trouble) -> Self {
        Self {
            kind: trouble.kind.into(),
            since: trouble.since.0,
            text: trouble.text,
        }
    }
}

impl From<view::Report> for wit::Report {
    fn from(report: view::Report) -> Self {
        Self {
            polled: report.polled,
            windows: report.windows,
            rows: report.rows,
            wake_at: report.wake_at.map(|at| at.0),
            trouble: report.trouble.map(Into::into),
        }
    }
}

impl From<view::ModelView> for wit::ModelView {
    fn from(model: view::ModelView) -> Self {
        Self {
            status: model.status.into(),
            progress: model.progress.into(),
            window: model.window.map(Into::into),
            trouble: model.trouble.map(Into::into),
            held_sweep: model.held_sweep.map(Into::into),
            page_size: model.page_size,
            without_key: model.without_key,
            unreadable_records: model.unreadable_records,
        }
    }
}

impl From<logic::LinkState> for wit::LinkState {
    fn from(state: logic::LinkState) -> Self {
        match state {
            logic::LinkState::Active => Self::Active,
            logic::LinkState::RelinkNeeded => Self::RelinkNeeded,
            logic::LinkState::Unlinked => Self::Unlinked,
        }
    }
}

impl From<view::HeldSweep> for wit::HeldSweep {
    fn from(held: view::HeldSweep) -> Self {
        Self {
            pass: held.pass,
            unseen: held.unseen,
            live: held.live,
        }
    }
}

impl From<view::View> for wit::View {
    fn from(view: view::View) -> Self {
        Self {
            account: view.account.into(),
            linked_at: view.linked_at.0,
            readiness: view.readiness.into(),
            models: each(view.models),
            trouble: view.trouble.map(Into::into),
            issues: view.issues,
            paused: view.paused,
            link: view.link.into(),
            wake_at: view.wake_at.map(|at| at.0),
        }
    }
}
