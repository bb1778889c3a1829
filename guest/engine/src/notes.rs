//! Notes: what a webhook leaves for the account's next run, and what that run makes of it.
//!
//! A webhook is a hint. Only `linked` carries something that cannot be looked up, the token.

use alloc::string::String;
use alloc::vec::Vec;

use merge_sync_logic::types::{Account, Milliseconds, ModelId, Timestamp};

use crate::document::{Document, LINKED_DELIVERIES_KEPT, Life};
use crate::link;
use crate::log::{Entry, Level};
use crate::notes_text;
use crate::settings::canonical;
use crate::store::{Numbered, TokenChange};
use crate::view::TroubleKind;

/// An event makes `/issues` due no sooner than this after it was last read.
const ISSUES_PAUSE: Milliseconds = Milliseconds(60_000);

/// What a note says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Merge's name of the event; empty where an operator is the source.
    pub event: String,
    /// The delivery's stable name; empty where an operator is the source.
    pub delivery_id: String,
    /// What the source says of the account.
    pub account: Account,
    /// What it is about.
    pub subject: Subject,
}

/// What a note is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// Look at `/sync-status`: a sync finished.
    Poll,
    /// Look at `/sync-status` in a while: something happened, and what is not said.
    Hint,
    /// A record of this model changed outside a sync.
    Changed(ModelId),
    /// The account was linked, or linked again.
    Linked(Linked),
    /// Merge says that it deleted the account.
    Unlinked,
    /// Look at `/issues`: what the event says may be over by the time it is read.
    Issue,
}

/// The account was linked, or linked again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Linked {
    /// Whether its token replaces one that is there.
    pub replaces: bool,
    /// When, host's clock; `None` where a webhook says so.
    pub at: Option<Timestamp>,
    /// When the end user completed the link, Merge's clock, where the source says.
    pub completed_at: Option<Timestamp>,
}

impl Subject {
    /// The key under which notes of this kind replace each other. A `linked` delivery is
    /// replaced by itself alone: a late replay of an old one must not push out a new token.
    pub fn key(&self, delivery_id: &str) -> String {
        match self {
            Self::Poll => "poll".into(),
            Self::Hint => "hint".into(),
            Self::Changed(model_id) => alloc::format!("changed:{model_id}"),
            Self::Linked(_) => alloc::format!("linked:{delivery_id}"),
            Self::Unlinked => "unlinked".into(),
            Self::Issue => "issue".into(),
        }
    }
}

/// Turn notes into state, in the order of their numbers. Returns what becomes of the token.
pub fn apply(
    document: &mut Document,
    notes: &[Numbered],
    now: Timestamp,
    log: &mut Vec<Entry>,
) -> TokenChange {
    let mut token = TokenChange::Keep;
    for note in notes {
        let Some(message) = notes_text::parse(&note.text) else {
            // Nothing is lost: whatever it said, `/sync-status` says it too.
            document.poll_wanted = true;
            log.push(
                Entry::new(Level::Error, "a note cannot be read; polling instead")
                    .text("account", &document.account.id)
                    .text("key", &note.key),
            );
            continue;
        };
        adopt(&mut document.account, &message.account);
        link::hear(document, &message.account.link_status, now);
        let secret = note.secret.as_ref();
        match &message.subject {
            Subject::Poll => document.poll_wanted = true,
            Subject::Hint => document.hinted = true,
            Subject::Changed(model_id) => note_hint(document, model_id),
            Subject::Linked(linked) => {
                if is_new_delivery(document, &message.delivery_id)
                    && link(document, linked, now)
                    && let Some(secret) = secret
                {
                    token = TokenChange::Put(secret.clone());
                }
            }
            Subject::Unlinked => {
                document.poll_wanted = true;
                document.unlink_reported = true;
            }
            Subject::Issue => {
                document.issues_lookup.want(ISSUES_PAUSE, now);
                link::suspect(document, now);
            }
        }
        log.push(acted_on(document, &message));
    }
    if document.life == Life::Stopped {
        document.forget_wishes();
    }
    token
}

/// What is said replaces what was said before; what is not said stays. The state of the link is
/// not for everybody to say (see `link`).
pub(crate) fn adopt(known: &mut Account, said: &Account) {
    let pairs = [
        (&mut known.category, &said.category),
        (&mut known.integration, &said.integration),
        (&mut known.integration_slug, &said.integration_slug),
        (&mut known.end_user_origin_id, &said.end_user_origin_id),
        (&mut known.organization_name, &said.organization_name),
        (&mut known.account_type, &said.account_type),
    ];
    for (known, said) in pairs {
        if !said.is_empty() {
            known.clone_from(said);
        }
    }
    known.is_duplicate = said.is_duplicate.or(known.is_duplicate);
}

/// Remember the delivery; `false` where it is a replay. An operator's link has no delivery.
fn is_new_delivery(document: &mut Document, delivery_id: &str) -> bool {
    if delivery_id.is_empty() {
        return true;
    }
    if document
        .linked_deliveries
        .iter()
        .any(|known| known == delivery_id)
    {
        return false;
    }
    document.linked_deliveries.push(delivery_id.into());
    if document.linked_deliveries.len() > LINKED_DELIVERIES_KEPT {
        document.linked_deliveries.remove(0);
    }
    true
}

/// Returns whether the token that came with it is to be kept: one that does not replace is kept
/// only where there is none, and one of a link completed before the one whose token is held came
/// late and is dead. A host that links an account itself is never late.
fn link(document: &mut Document, linked: &Linked, now: Timestamp) -> bool {
    let keep = linked.replaces || !document.has_token;
    let by_host = linked.at.is_some();
    let late = !by_host
        && linked.completed_at.is_some()
        && linked.completed_at < document.link_completed_at;
    if !keep || late {
        return false;
    }
    document.link_completed_at = linked.completed_at.max(document.link_completed_at);
    if !document.has_token {
        document.linked_at = linked.at.unwrap_or(now);
    }
    if document.life == Life::Stopped {
        document.life = Life::Active;
    }
    document.has_token = true;
    document.unlink_reported = false;
    document.poll_wanted = true;
    document.backoff_until = None;
    // What was asked for with the old token says nothing of the new one.
    document.last_poll_at = None;
    link::renew(document, now);
    if document
        .trouble
        .as_ref()
        .is_some_and(|trouble| trouble.kind == TroubleKind::Reauthorize)
    {
        document.trouble = None;
        document.streak = 0;
    }
    true
}

/// A model may be listed under an alias of the id that the event's name gives.
fn note_hint(document: &mut Document, model_id: &str) {
    let known = document
        .models
        .keys()
        .find(|known| canonical(known) == canonical(model_id));
    let listed = known.cloned().unwrap_or_else(|| model_id.into());
    document.models.entry(listed).or_default().hint_due = true;
}

fn acted_on(document: &Document, message: &Message) -> Entry {
    let what = if message.event.is_empty() {
        "link acted on"
    } else {
        "webhook acted on"
    };
    Entry::new(Level::Info, what)
        .text("account", &document.account.id)
        .text("event", &message.event)
        .text("delivery_id", &message.delivery_id)
}
