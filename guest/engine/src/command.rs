//! What an operator can ask for, out of turn.

use alloc::string::String;

use merge_sync_logic::types::{Account, ModelId, Secret, Timestamp};

use crate::account::codec;
use crate::account::document::{ASKED_FOR, Document, Life, Model};
use crate::account::slot::Kind;
use crate::commit::{self, Extra, unlink};
use crate::contract::store::{Change, LoadedAccount, Note};
use crate::contract::triggers::Failure;
use crate::decide::{link, sweep};
use crate::ground::note::{Linked, Subject};
use crate::plan::notes;
use crate::settings::{Settings, canonical};

/// What an operator can ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Read `/sync-status` now.
    Poll,
    /// Read every model whole, now.
    Reread,
    /// Read this model whole, now.
    RereadModel(ModelId),
    /// Carry out the held sweep of this model and pass.
    ApproveDeletions(ModelId, u64),
    /// Do nothing until `Resume`. Webhooks are still taken in.
    Pause,
    /// End of a pause.
    Resume,
    /// Forget the account: its token is erased, its rows are kept. What webhooks said before does
    /// not bring it back.
    Unlink,
    /// Start over from an empty state. Rows and token are kept.
    Reset,
}

/// An account to look after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAccount {
    /// The account.
    pub account: Account,
    /// What to send as `X-Account-Token`; `None` where the host holds it already.
    pub token: Option<Secret>,
    /// When it was linked, host's clock; `None` is now.
    pub linked_at: Option<Timestamp>,
}

/// The note that starts looking after an account. A known account takes the token and wakes.
#[must_use]
pub fn link(new: &NewAccount, now: Timestamp) -> Note {
    let subject = Subject::Linked(Linked {
        replaces: true,
        at: Some(new.linked_at.unwrap_or(now)),
        completed_at: None,
    });
    notes::note(
        String::new(),
        String::new(),
        new.account.clone(),
        subject,
        new.token.clone(),
    )
}

/// The change that carries out `command`. The shell commits it, and on `stale` loads and asks
/// again. It consumes no note, `Unlink` apart: the next run does.
///
/// # Errors
///
/// [`Failure::State`] where the stored document cannot be read, `Reset` apart.
pub fn request(
    account: &str,
    loaded: &LoadedAccount,
    command: Command,
    settings: &Settings,
    now: Timestamp,
) -> Result<Change, Failure> {
    let mut document = match command {
        Command::Reset => fresh(account, &loaded.state, now),
        _ => {
            let decoded = codec::decode(&loaded.state).map_err(Failure::State)?;
            decoded.unwrap_or_else(|| Document::blank(account, now))
        }
    };
    let mut extra = Extra::NOTHING;
    match command {
        Command::Reset => {}
        Command::Poll => ask_now(&mut document),
        Command::Reread => {
            for model in document.models.values_mut() {
                reread(model);
            }
            ask_now(&mut document);
        }
        Command::RereadModel(model_id) => {
            if let Some(model) = listed(&mut document, &model_id) {
                reread(model);
            }
            ask_now(&mut document);
        }
        Command::ApproveDeletions(model_id, pass) => {
            if let Some(model) = listed(&mut document, &model_id) {
                model.sweep = sweep::approved(model, pass).or(model.sweep);
                extra.sweep = model.sweep.map(|pending| pending.order(&model_id));
            }
        }
        Command::Pause => {
            if document.life == Life::Active {
                document.life = Life::Paused;
                document.lease = None;
            }
        }
        Command::Resume => {
            if document.life == Life::Paused {
                document.life = Life::Active;
                ask_now(&mut document);
            }
        }
        Command::Unlink => extra = unlink::asked_for(&mut document, &loaded.notes, now),
    }
    let version = loaded.version.clone();
    let (change, _) = commit::change(account, version, &mut document, extra, settings, now);
    Ok(change)
}

/// A re-read that rests tries again.
fn reread(model: &mut Model) {
    model.reread_at = Some(ASKED_FOR);
    model.patience.of_mut(Kind::Reread).not_before = None;
}

/// The model, under whichever of its names it is listed.
fn listed<'d>(document: &'d mut Document, model_id: &str) -> Option<&'d mut Model> {
    let mut models = document.models.iter_mut();
    let found = models.find(|(known, _)| canonical(known) == canonical(model_id));
    found.map(|(_, model)| model)
}

/// Clear our own patience, never a server's demand.
fn ask_now(document: &mut Document) {
    if document.life == Life::Active {
        document.poll_wanted = true;
        document.backoff_until = None;
    }
}

/// An empty state that keeps who the account is, as far as the old text still tells, and the
/// numbers that must not run backward: those of passes and leases.
fn fresh(account: &str, state: &str, now: Timestamp) -> Document {
    let mut document = Document::blank(account, now);
    document.has_token = true;
    // What was known of the link is looked up again.
    link::suspect(&mut document, now);
    match codec::decode(state) {
        Ok(Some(old)) => {
            document.account = old.account;
            document.linked_at = old.linked_at;
            document.has_token = old.has_token;
            document.life = old.life;
            if document.life == Life::Stopped {
                document.forget_wishes();
            }
            document.fencing_token = old.fencing_token;
            document.link_completed_at = old.link_completed_at;
            // Nobody shortens what a server demanded, whatever is wrong with the state.
            document.server_until = old.server_until;
            document.minute = old.minute;
            document.linked_deliveries = old.linked_deliveries;
            for (model_id, model) in old.models.iter() {
                document
                    .models
                    .change(model_id, |new| new.pass = model.pass);
            }
        }
        Ok(None) => {}
        Err(_) => {
            if let Some(old) = codec::salvage_account(state) {
                document.account = Account {
                    id: account.into(),
                    ..old
                };
            }
        }
    }
    document
}
