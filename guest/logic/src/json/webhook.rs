//! The records of `wit/webhook.wit`.

use alloc::string::String;

use super::signature::{write_authentic, write_refused};
use super::types::{write_account, write_model_status, write_problem};
use super::write::{self, Object};
use crate::webhook::{
    Accepted, Event, Handling, Ignored, IssueChanged, Linked, Malformed, Outcome, RecordChanged,
    Reply, Synced, Unlinked,
};

/// Write a delivery, handled.
pub fn write_handling(out: &mut String, handling: &Handling) {
    Object::open(out)
        .field("reply", &handling.reply, write_reply)
        .field("outcome", &handling.outcome, write_outcome)
        .close();
}

/// Write a reply.
pub fn write_reply(out: &mut String, reply: &Reply) {
    Object::open(out)
        .number("status", reply.status.into())
        .text("body", &reply.body)
        .close();
}

/// Write what came of a delivery.
pub fn write_outcome(out: &mut String, outcome: &Outcome) {
    match outcome {
        Outcome::Accepted(accepted) => write::tagged(out, "accepted", accepted, write_accepted),
        Outcome::Refused(refused) => write::tagged(out, "refused", refused, write_refused),
        Outcome::Malformed(malformed) => {
            write::tagged(out, "malformed", malformed, write_malformed);
        }
    }
}

fn write_accepted(out: &mut String, accepted: &Accepted) {
    Object::open(out)
        .field("authentic", &accepted.authentic, write_authentic)
        .text("name", &accepted.name)
        .field("event", &accepted.event, write_event)
        .close();
}

fn write_malformed(out: &mut String, malformed: &Malformed) {
    Object::open(out)
        .field("authentic", &malformed.authentic, write_authentic)
        .field("problem", &malformed.problem, write_problem)
        .close();
}

/// Write what a verified body says.
pub fn write_event(out: &mut String, event: &Event) {
    match event {
        Event::Linked(linked) => write::tagged(out, "linked", linked, write_linked),
        Event::Synced(synced) => write::tagged(out, "synced", synced, write_synced),
        Event::RecordChanged(changed) => {
            write::tagged(out, "record-changed", changed, write_record_changed);
        }
        Event::IssueChanged(changed) => {
            write::tagged(out, "issue-changed", changed, write_issue_changed);
        }
        Event::Unlinked(unlinked) => write::tagged(out, "unlinked", unlinked, write_unlinked),
        Event::Ignored(ignored) => write::tagged(out, "ignored", ignored, write_ignored),
    }
}

fn write_linked(out: &mut String, linked: &Linked) {
    Object::open(out)
        .field("account", &linked.account, write_account)
        .field("account_token", &linked.account_token, write::secret)
        .boolean("is_relink", linked.is_relink)
        .optional(
            "completed_at",
            linked.completed_at.as_ref(),
            write::timestamp,
        )
        .close();
}

fn write_synced(out: &mut String, synced: &Synced) {
    let initial = synced.is_initial_sync.as_ref();
    Object::open(out)
        .field("account", &synced.account, write_account)
        .optional("is_initial_sync", initial, write::boolean)
        .list("models", &synced.models, write_model_status)
        .close();
}

fn write_record_changed(out: &mut String, changed: &RecordChanged) {
    Object::open(out)
        .field("account", &changed.account, write_account)
        .optional("model_id", changed.model_id.as_deref(), write::text)
        .optional("record_id", changed.record_id.as_deref(), write::text)
        .close();
}

fn write_issue_changed(out: &mut String, changed: &IssueChanged) {
    Object::open(out)
        .optional("account", changed.account.as_ref(), write_account)
        .text("description", &changed.description)
        .close();
}

fn write_unlinked(out: &mut String, unlinked: &Unlinked) {
    Object::open(out)
        .field("account", &unlinked.account, write_account)
        .close();
}

fn write_ignored(out: &mut String, ignored: &Ignored) {
    Object::open(out).text("reason", &ignored.reason).close();
}
