//! The loop around the engine's step.

use merge_sync_engine::step::{self, Effect, Event, Run};
use merge_sync_engine::store::Change;
use merge_sync_engine::view::{Failure, Report};

use crate::host::{self, CommitError};

/// Do what is due for one account.
pub fn run(account: &str) -> Result<Report, Failure> {
    let settings = host::settings()?;
    let mut event = Event::Started(host::load_known(account)?);
    let mut run = Run::new(account);
    loop {
        let step = step::step(run, &settings, host::now(), event);
        step.log.into_iter().for_each(host::log);
        event = match step.effect {
            Effect::Send(request) => match host::send(request) {
                Ok(response) => Event::Response(response),
                Err(error) => Event::SendError(error),
            },
            Effect::Commit(change) => commit(account, *change),
            Effect::Finished(result) => return result,
        };
        run = step.run;
    }
}

/// What came of a commit; where somebody else was first, with what they left.
fn commit(account: &str, change: Change) -> Event {
    match host::commit(change) {
        Ok(committed) => Event::Committed(committed),
        Err(CommitError::Unavailable(problem)) => Event::Unavailable(problem),
        Err(CommitError::Stale) => match host::load(account) {
            Ok(loaded) => Event::Stale(loaded),
            Err(problem) => Event::Unavailable(problem),
        },
    }
}
