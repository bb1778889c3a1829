//! Taking in a webhook: the note is durable before Merge hears that it was received.

use merge_sync_engine::log::{Entry, Level};
use merge_sync_engine::receive;
use merge_sync_engine::store::Note;
use merge_sync_logic::signature::SignedBody;
use merge_sync_logic::webhook::{self, Reply};

use crate::host::{self, NoteError};

/// Take in a webhook.
pub fn receive(delivery: &SignedBody) -> Reply {
    let received = receive::receive(delivery);
    received.log.into_iter().for_each(host::log);
    match received.note {
        None => received.reply,
        Some(note) => keep(note, received.reply),
    }
}

/// Keep the note, and answer `reply` where that is as it should be.
fn keep(note: Note, reply: Reply) -> Reply {
    let account = note.account.clone();
    match host::keep_note(note) {
        Ok(()) => reply,
        // No repetition could mend it: there is no token to act with.
        Err(NoteError::UnknownAccount(problem)) => {
            host::log(entry(
                "webhook for an account that nobody linked",
                &account,
                &problem.message,
            ));
            reply
        }
        Err(NoteError::Unavailable(problem)) => {
            host::log(entry(
                "webhook could not be kept",
                &account,
                &problem.message,
            ));
            webhook::not_durable()
        }
    }
}

fn entry(message: &str, account: &str, problem: &str) -> Entry {
    Entry::new(Level::Error, message)
        .text("account", account)
        .text("problem", problem)
}
