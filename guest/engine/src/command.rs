//! What an operator can ask for.

use merge_sync_logic::types::{Account, Secret, Timestamp};

use crate::settings::Settings;
use crate::store::{Change, Note, Versioned};
use crate::view::Failure;

/// What an operator can ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command {
    /// Read `/sync-status` now.
    Poll,
    /// Read every model whole, now.
    Reread,
    /// Do nothing until `Resume`.
    Pause,
    /// End of a pause.
    Resume,
    /// Forget the account: its token is erased, its rows are kept.
    Unlink,
    /// Start over from an empty state.
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

/// The note that starts looking after an account.
#[must_use]
pub fn link(new: &NewAccount, now: Timestamp) -> Note {
    let _ = now;
    Note {
        account: new.account.id.clone(),
        key: alloc::string::String::new(),
        text: alloc::string::String::new(),
        secret: new.token.clone(),
        profile: Some(new.account.clone()),
        create: true,
    }
}

/// The change that carries out `command`. The shell commits it, and on `stale` loads and asks
/// again.
///
/// # Errors
///
/// [`Failure::State`] where the stored document cannot be read, `Reset` apart.
pub fn request(
    account: &str,
    loaded: &Versioned,
    command: Command,
    settings: &Settings,
    now: Timestamp,
) -> Result<Change, Failure> {
    let _ = (account, loaded, command, settings, now);
    Err(Failure::State(merge_sync_logic::types::Problem { message: alloc::string::String::new() }))
}
