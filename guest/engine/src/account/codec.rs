//! The text form of the account's document: JSON, with a schema version.
//!
//! Opaque to the host, and compact, since every commit writes it: a model at rest takes at most
//! 200 bytes. The account's head is an object with names; a model is an array (see `model`).
//! A document of an older version is read by a newer one; an unreadable or newer one is a
//! problem and never overwritten.

mod account;
mod instants;
mod link;
pub mod model;
pub mod note;
pub mod read;
mod reads;
pub mod slot;
pub mod trouble;
pub mod write;

use alloc::string::String;

use merge_sync_logic::types::{Account, Problem};

use self::read::{Found, Malformed, parse};
use self::write::Writer;
use super::document::{AnnouncedTrouble, Document, Lease, Life};
use super::minute::Minute;
use crate::ground::trouble as kinds;

/// The names of the lookup of `/issues`: when it was read, and when it is due.
const LOOKUP_OF_ISSUES: [&str; 2] = ["issues_read_at", "issues_due_at"];

/// What this version writes.
const VERSION: u64 = 2;

/// What this version reads beside it.
const OLDEST_VERSION: u64 = 1;

/// The text of `document`.
pub fn encode(document: &Document) -> String {
    let mut out = Writer::default();
    write_document(&mut out, document);
    out.into_text()
}

/// As a part of a larger text.
pub fn write_document(out: &mut Writer, document: &Document) {
    out.begin('{');
    out.key("v").unsigned(VERSION);
    account::write(out.key("account"), &document.account);
    out.key("linked_at").instant(document.linked_at);
    out.key("life").text(life_name(document.life));
    out.flag("has_token", document.has_token);
    out.flag("complete", document.complete);
    out.flag("was_ready", document.was_ready);
    out.flag("announced_ready", document.announced_ready);
    out.flag("caught_up", document.caught_up);
    out.flag("poll_wanted", document.poll_wanted);
    out.flag("unlink_reported", document.unlink_reported);
    out.flag("hinted", document.hinted);
    out.optional("hint_polled_at", document.hint_polled_at);
    out.number("polls", document.polls);
    out.optional("last_poll_at", document.last_poll_at);
    out.key("next_poll_at").instant(document.next_poll_at);
    out.number("streak", document.consecutive_failures.into());
    out.optional("backoff_until", document.backoff_until);
    out.optional("server_until", document.server_until);
    out.numbers("sent", &document.minute.into_numbers());
    out.number("claims", document.fencing_token);
    out.number("unfinished_claims", document.unfinished_leases.into());
    out.number("backed_off_claims", document.backed_off_leases.into());
    out.string("turn", &document.last_served);
    link::write_lookup(out, &LOOKUP_OF_ISSUES, &document.issues_lookup);
    link::write(out, &document.link);
    if let Some(lease) = document.lease {
        out.key("claim").begin('[');
        out.item().unsigned(lease.fencing_token);
        out.item().instant(lease.until);
        out.end(']');
    }
    if let Some(trouble) = &document.trouble {
        trouble::write(out.key("trouble"), trouble);
    }
    if let Some(shown) = document.announced {
        out.key("shown").begin('[');
        out.item().text(kinds::name(shown.kind));
        out.item().instant(shown.since);
        out.end(']');
    }
    out.texts("issues", &document.issues);
    out.optional("link_completed_at", document.link_completed_at);
    out.texts("linked_deliveries", &document.linked_deliveries);
    out.key("models").begin('[');
    for (model_id, model) in document.models.iter() {
        model::write(out.item(), model_id, model, document.linked_at);
    }
    out.end(']');
    out.end('}');
}

/// Read a document; `None` where the text is empty: only a note created the account so far.
pub fn decode(text: &str) -> Result<Option<Document>, Problem> {
    if text.is_empty() {
        return Ok(None);
    }
    let root = parse(text).map_err(into_problem)?;
    read_document(&Found::root(&root))
        .map(Some)
        .map_err(into_problem)
}

/// Who the account is, out of a document that cannot be read as a whole.
pub fn salvage_account(text: &str) -> Option<Account> {
    let root = parse(text).ok()?;
    account::read(&Found::root(&root).get("account")).ok()
}

fn into_problem(malformed: Malformed) -> Problem {
    Problem {
        message: alloc::format!("state: {malformed}"),
    }
}

/// The reverse of [`write_document`].
pub fn read_document(root: &Found<'_, '_>) -> Result<Document, Malformed> {
    let version = root.get("v").unsigned()?;
    if !(OLDEST_VERSION..=VERSION).contains(&version) {
        return Err(root
            .get("v")
            .refuse("a version that this component reads (1, 2)"));
    }
    let linked_at = root.get("linked_at").instant()?;
    let mut document = Document::new(account::read(&root.get("account"))?, linked_at);
    document.life = life(&root.get("life"))?;
    document.has_token = root.flag("has_token")?;
    document.complete = root.flag("complete")?;
    document.was_ready = root.flag("was_ready")?;
    document.announced_ready = root.flag("announced_ready")?;
    document.caught_up = root.flag("caught_up")?;
    document.poll_wanted = root.flag("poll_wanted")?;
    document.unlink_reported = root.flag("unlink_reported")?;
    document.hinted = root.flag("hinted")?;
    document.hint_polled_at = root.optional_instant("hint_polled_at")?;
    document.polls = root.get("polls").count()?;
    document.last_poll_at = root.optional_instant("last_poll_at")?;
    document.next_poll_at = root.get("next_poll_at").instant()?;
    document.consecutive_failures = root.small_count("streak")?;
    document.backoff_until = root.optional_instant("backoff_until")?;
    document.server_until = root.optional_instant("server_until")?;
    let mut sent = Minute::default().into_numbers();
    root.get("sent").numbers(&mut sent)?;
    document.minute = Minute::from_numbers(sent);
    document.fencing_token = root.get("claims").count()?;
    document.unfinished_leases = root.small_count("unfinished_claims")?;
    document.backed_off_leases = root.small_count("backed_off_claims")?;
    document.last_served = root.text_or_empty("turn")?;
    document.issues_lookup = link::read_lookup(root, &LOOKUP_OF_ISSUES)?;
    document.link = link::read(root)?;
    document.lease = root.get("claim").if_present(lease)?;
    document.trouble = root.get("trouble").if_present(trouble::read)?;
    document.announced = root.get("shown").if_present(shown)?;
    document.issues = root.texts("issues")?;
    document.link_completed_at = root.optional_instant("link_completed_at")?;
    document.linked_deliveries = root.texts("linked_deliveries")?;
    root.get("models").each(|found| {
        let (model_id, model) = model::read(found, linked_at)?;
        document.models.insert(model_id, model);
        Ok(())
    })?;
    Ok(document)
}

fn lease(found: &Found<'_, '_>) -> Result<Lease, Malformed> {
    Ok(Lease {
        fencing_token: found.at(0).unsigned()?,
        until: found.at(1).instant()?,
    })
}

fn shown(found: &Found<'_, '_>) -> Result<AnnouncedTrouble, Malformed> {
    Ok(AnnouncedTrouble {
        kind: trouble::read_kind(&found.at(0))?,
        since: found.at(1).instant()?,
    })
}

fn life_name(life: Life) -> &'static str {
    match life {
        Life::Active => "active",
        Life::Paused => "paused",
        Life::Stopped => "stopped",
    }
}

fn life(found: &Found<'_, '_>) -> Result<Life, Malformed> {
    let lives = &[Life::Active, Life::Paused, Life::Stopped];
    let text = found.text()?;
    let life = lives.iter().find(|life| life_name(**life) == text);
    life.copied()
        .ok_or_else(|| found.refuse("`active`, `paused` or `stopped`"))
}

#[cfg(test)]
pub mod tests;
