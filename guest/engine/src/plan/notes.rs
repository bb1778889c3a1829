//! Notes: what a webhook leaves for the account's next run, and what that run makes of it.
//!
//! A webhook is a hint. Only `linked` carries something that cannot be looked up, the token.

use alloc::string::String;
use alloc::vec::Vec;

use merge_sync_logic::types::{Account, Milliseconds, ModelId, Secret, Timestamp};

use crate::account::document::{Document, LINKED_DELIVERIES_KEPT, Life};
use crate::account::{codec, profile};
use crate::contract::log::{Entry, Level};
use crate::contract::store::{Note, StoredNote, TokenChange};
use crate::decide::link;
use crate::ground::note::{Linked, Message, Subject};
use crate::ground::trouble::TroubleKind;
use crate::settings::canonical;

/// An event makes `/issues` due no sooner than this after it was last read.
const ISSUES_PAUSE: Milliseconds = Milliseconds(60_000);

/// A host that links an account itself says so within this time of the link's completion, the
/// difference between its clock and Merge's included.
const LINKED_WITHIN: Milliseconds = Milliseconds(5 * 60 * 1_000);

/// Turn notes into state, in the order of their numbers. Returns what becomes of the token.
pub fn apply(
    document: &mut Document,
    notes: &[StoredNote],
    now: Timestamp,
    log: &mut Vec<Entry>,
) -> TokenChange {
    let mut token = TokenChange::Keep;
    for note in notes {
        let Some(message) = codec::note::parse(&note.text) else {
            // Nothing is lost: whatever it said, `/sync-status` says it too.
            document.poll_wanted = true;
            log.push(
                Entry::new(Level::Error, "a note cannot be read; polling instead")
                    .text("account", &document.account.id)
                    .text("key", &note.key),
            );
            continue;
        };
        profile::adopt(&mut document.account, &message.account);
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
            // Said again, it is as good as any other hint.
            Subject::Unlinked if document.unlink_reported => document.hinted = true,
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

/// The numbers of these notes.
pub fn numbers(notes: &[StoredNote]) -> Vec<u64> {
    notes.iter().map(|note| note.number).collect()
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
    let by_host_at = linked.at.map(|at| at.min(now).minus(LINKED_WITHIN));
    let completed_at = linked.completed_at.or(by_host_at);
    document.link_completed_at = completed_at.max(document.link_completed_at);
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
    document.end_rests();
    if document
        .trouble
        .as_ref()
        .is_some_and(|trouble| trouble.kind == TroubleKind::Reauthorize)
    {
        document.trouble = None;
        document.consecutive_failures = 0;
    }
    true
}

/// A model may be listed under an alias of the id that the event's name gives.
fn note_hint(document: &mut Document, model_id: &str) {
    let is_alias = |known: &&ModelId| canonical(known) == canonical(model_id);
    let known = document
        .models
        .iter()
        .map(|(known, _)| known)
        .find(is_alias);
    let listed = known.cloned().unwrap_or_else(|| model_id.into());
    document
        .models
        .change(&listed, |model| model.hint_due = true);
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

/// The note that says so. Only a link creates an account: for any other event there would be no
/// token to act with.
pub fn note(
    event: String,
    delivery_id: String,
    mut account: Account,
    subject: Subject,
    secret: Option<Secret>,
) -> Note {
    make_storable(&mut account);
    let create = matches!(subject, Subject::Linked(_));
    let key = subject.key(&delivery_id);
    let message = Message {
        event,
        delivery_id,
        account: account.clone(),
        subject,
    };
    Note {
        account: account.id.clone(),
        key,
        text: codec::note::print(&message),
        secret,
        profile: Some(account),
        create,
    }
}

/// Stores refuse U+0000. What Merge sends has none by now, what an operator says may.
fn make_storable(account: &mut Account) {
    let texts = [
        &mut account.id,
        &mut account.category,
        &mut account.integration,
        &mut account.integration_slug,
        &mut account.end_user_origin_id,
        &mut account.organization_name,
        &mut account.link_status,
        &mut account.account_type,
    ];
    for text in texts {
        if text.contains('\0') {
            let stored = |character| {
                if character == '\0' {
                    '\u{fffd}'
                } else {
                    character
                }
            };
            *text = text.chars().map(stored).collect();
        }
    }
}
