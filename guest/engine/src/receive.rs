//! A webhook becomes a note: verified, parsed, answered, and left for the account's next run.

use merge_sync_logic::endpoints;
use merge_sync_logic::signature::{Refusal, SignedBody};
use merge_sync_logic::types::Account;
use merge_sync_logic::webhook::{self, Accepted, Event, Outcome, Reply, Synced};

use crate::contract::log::{Entry, Level};
use crate::contract::store::Note;
use crate::ground::note::{Linked, Subject};
use crate::plan::notes;

/// A webhook, verified and read: what the host keeps, answers and logs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// What to keep before replying; `None` where there is nothing to act on.
    pub note: Option<Note>,
    /// The reply, once `note` is durable, and where the store knows no such account.
    pub reply: Reply,
    /// The reply where `note` is not durable in time.
    pub unkept_reply: Reply,
    /// To log, whatever comes of the note.
    pub log: Entry,
    /// To log, too, where the store knows no such account.
    pub unknown_account_log: Option<Entry>,
    /// To log, too, where the note is not kept.
    pub unkept_log: Option<Entry>,
}

/// Verify and parse a delivery, and say what to keep of it.
#[must_use]
pub fn receive(delivery: &SignedBody) -> Receipt {
    let handling = webhook::handle(delivery);
    let (note, entry) = match handling.outcome {
        Outcome::Refused(refused) => (None, refusal(refused.reason)),
        Outcome::Malformed(malformed) => {
            let entry = Entry::new(Level::Warn, "webhook cannot be read")
                .text("delivery_id", &malformed.authentic.delivery_id)
                .text("found", &malformed.problem.message);
            (None, entry)
        }
        Outcome::Accepted(accepted) => accept(accepted),
    };
    Receipt {
        reply: handling.reply,
        unkept_reply: webhook::not_durable(),
        log: entry,
        unknown_account_log: entry_of(note.as_ref(), "webhook for an account that nobody linked"),
        unkept_log: entry_of(note.as_ref(), "webhook could not be kept"),
        note,
    }
}

/// What the host logs of a note that it cannot keep.
fn entry_of(note: Option<&Note>, message: &str) -> Option<Entry> {
    note.map(|note| Entry::new(Level::Error, message).text("account", &note.account))
}

/// A wrong signature is the sender's fault, a missing key the operator's.
fn refusal(reason: Refusal) -> Entry {
    let (level, reason) = match reason {
        Refusal::NoKey => (
            Level::Error,
            "no signing key is configured, or one is empty",
        ),
        Refusal::MissingSignature => (Level::Warn, "no signature header"),
        Refusal::AmbiguousSignature => (Level::Warn, "more than one signature header"),
        Refusal::MalformedSignature => (Level::Warn, "the signature is not base64url of 32 bytes"),
        Refusal::Mismatch => (Level::Warn, "no key produces the signature"),
    };
    Entry::new(level, "webhook refused").text("reason", reason)
}

fn accept(accepted: Accepted) -> (Option<Note>, Entry) {
    let received = Entry::new(Level::Info, "webhook received")
        .text("event", &accepted.name)
        .text("delivery_id", &accepted.authentic.delivery_id);
    let mut secret = None;
    let (account, subject) = match accepted.event {
        Event::Linked(linked) => {
            secret = Some(linked.account_token);
            let subject = Subject::Linked(Linked {
                replaces: linked.is_relink,
                at: None,
                completed_at: linked.completed_at,
            });
            (Some(linked.account), subject)
        }
        Event::Synced(synced) => synced_subject(synced),
        Event::RecordChanged(changed) => (
            Some(changed.account),
            changed.model_id.map_or(Subject::Hint, Subject::Changed),
        ),
        Event::IssueChanged(issue) => (issue.account, Subject::Issue),
        Event::Unlinked(unlinked) => (Some(unlinked.account), Subject::Unlinked),
        Event::Ignored(ignored) => return (None, received.text("ignored", &ignored.reason)),
    };
    let Some(account) = account else {
        return (None, received.text("ignored", "the event names no account"));
    };
    let received = received.text("account", &account.id);
    let delivery_id = accepted.authentic.delivery_id;
    (
        Some(notes::note(
            accepted.name,
            delivery_id,
            account,
            subject,
            secret,
        )),
        received,
    )
}

/// A finish of a model that can be read is worth a poll at once; anything else waits its turn. A
/// link without a category takes that of its models.
fn synced_subject(synced: Synced) -> (Option<Account>, Subject) {
    let mut account = synced.account;
    let mut known = synced
        .models
        .iter()
        .filter(|row| endpoints::canonical(&row.model_id).is_some());
    let news = known.clone().any(|row| row.last_sync_finished.is_some());
    if account.category.is_empty()
        && let Some((category, _)) = known.next().and_then(|row| row.model_id.split_once('.'))
    {
        account.category.push_str(category);
    }
    let subject = if news { Subject::Poll } else { Subject::Hint };
    (Some(account), subject)
}
