//! Carrying out an operator's wish.

use merge_sync_engine::command::{self, Command};
use merge_sync_engine::view::Failure;
use merge_sync_logic::types::Problem;

use crate::host::{self, CommitError};

/// Each lost race means that somebody else made progress; this many in a row mean that the
/// store cries wolf.
const ATTEMPTS: u32 = 8;

/// Ask for something out of turn.
pub fn request(account: &str, command: Command) -> Result<(), Failure> {
    let settings = host::settings()?;
    for _ in 0..ATTEMPTS {
        let loaded = host::load_known(account)?;
        let change = command::request(account, &loaded, command.clone(), &settings, host::now())?;
        match host::commit(change) {
            Ok(_) => return Ok(()),
            Err(CommitError::Unavailable(problem)) => return Err(Failure::Store(problem)),
            Err(CommitError::Stale) => {}
        }
    }
    let message = alloc::format!("commit: found stale {ATTEMPTS} times in a row");
    Err(Failure::Store(Problem { message }))
}
