//! What must hold: in every state, at the end of every path, and in some state at least.

use merge_sync_engine::step::Effect;
use stateright::{Model as _, Property};

use crate::clock::minutes;
use crate::protocol::Protocol;
use crate::state::{Host, State};
use crate::store::Breach;
use crate::webhooks::{About, Webhook};

/// Where the watermark stands, every record that Merge modified up to it is stored as Merge has it.
pub const NO_GAP: &str = "no gap below the watermark";
/// The watermark never moves back.
pub const PROGRESS: &str = "progress never moves back";
/// A row is never replaced by an older one.
pub const ROWS: &str = "rows never get older";
/// A commit consumes no note that the run had not loaded before its first request.
pub const CONSUMED: &str = "no unseen note is consumed";
/// What a webhook said that a host has answered is known and stored, or a note, or due within a
/// minute: it never waits for the regular poll.
pub const NOT_FORGOTTEN: &str = "no note is lost";
/// Two hosts never ask at the same time, unless one stood still beyond the end of its lease.
pub const ONE_ASKS: &str = "one host asks at a time";
/// No run begins at the instant at which another ended that had nothing to ask, unless something
/// changed.
pub const NO_HOT_LOOP: &str = "no hot loop";
/// No path has more requests than the scenario says.
pub const FEW_REQUESTS: &str = "few requests";
/// The engine takes every event, and reads every document that it wrote.
pub const NO_REFUSAL: &str = "the engine refuses nothing";
/// A finish that the engine knows of is being read, or due within a minute.
pub const KNOWN_IS_READ: &str = "a known finish is read at once";
/// Where nothing can happen any more, everything is done. The library's `eventually` looks at the
/// ends of paths too, but at one path to each state alone.
pub const NO_DEAD_END: &str = "every end is caught up";
/// Every path comes to a state in which everything is done.
pub const CAUGHT_UP: &str = "caught up";

/// All of them.
pub fn all() -> Vec<Property<Protocol>> {
    vec![
        Property::always(NO_GAP, |_, state: &State| has_no_gap(state)),
        Property::always(PROGRESS, |_, state: &State| {
            lacks(state, Breach::ProgressFell)
        }),
        Property::always(ROWS, |_, state: &State| lacks(state, Breach::RowFell)),
        Property::always(CONSUMED, |_, state: &State| {
            lacks(state, Breach::UnseenNoteConsumed)
        }),
        Property::always(NOT_FORGOTTEN, nothing_is_forgotten),
        Property::always(KNOWN_IS_READ, |_, state: &State| known_is_read(state)),
        Property::always(ONE_ASKS, one_asks),
        Property::always(NO_HOT_LOOP, |_, state: &State| {
            lacks(state, Breach::StartedAgain)
        }),
        Property::always(FEW_REQUESTS, |protocol: &Protocol, state: &State| {
            state.requests <= protocol.scenario.most_requests
        }),
        Property::always(NO_REFUSAL, |_, state: &State| {
            lacks(state, Breach::EngineRefused)
        }),
        Property::always(NO_DEAD_END, |protocol: &Protocol, state: &State| {
            let mut actions = Vec::new();
            protocol.actions(state, &mut actions);
            !actions.is_empty() || state.is_caught_up()
        }),
        Property::eventually(CAUGHT_UP, |_, state: &State| state.is_caught_up()),
    ]
}

fn lacks(state: &State, breach: Breach) -> bool {
    !state.breaches.contains(&breach)
}

fn has_no_gap(state: &State) -> bool {
    let Some(watermark) = state.store.document.watermark else {
        return true;
    };
    let versions = state.merge.versions();
    let mut pairs = versions.iter().zip(&state.store.rows);
    pairs.all(|(held, stored)| *held > Some(watermark) || stored >= held)
}

fn nothing_is_forgotten(protocol: &Protocol, state: &State) -> bool {
    let told = |about: About| match state.webhooks[about as usize] {
        Webhook::AnsweredFirst | Webhook::Answered => true,
        Webhook::Unsent | Webhook::Flying | Webhook::Lost => false,
    };
    let soon = state.now.plus(minutes(1));
    let is_due = state.store.wake_at.is_some_and(|at| at <= soon);
    let is_noted = |about| state.store.has_note(&protocol.note(about).key);
    let finish_is_known = state.store.document.known_finish >= state.merge.finished;
    let write_is_stored = state.store.rows[3] >= state.merge.written;
    (!told(About::Finish) || finish_is_known || is_noted(About::Finish) || is_due)
        && (!told(About::Write) || write_is_stored || is_noted(About::Write) || is_due)
}

/// A finish that is known is read, or a run that will read it is due.
fn known_is_read(state: &State) -> bool {
    let document = &state.store.document;
    let soon = state.now.plus(minutes(1));
    let is_due = state.store.wake_at.is_some_and(|at| at <= soon);
    document.known_finish == document.watermark || is_due
}

/// Some path sends as many requests as the scenario says, so that the bound is the least.
pub const MOST_REQUESTS: &str = "the bound of requests is reached";
/// A record is stored that a later finish will never bring.
pub const HINT_ALONE: &str = "a hint alone brings a record";
/// Two runs commit at the same time, so that one of them is stale.
pub const COMMITS_MEET: &str = "two commits meet";

/// What must happen on some path: a check that never comes there would show nothing.
pub fn visited() -> Vec<Property<Protocol>> {
    vec![
        Property::sometimes(MOST_REQUESTS, |protocol: &Protocol, state: &State| {
            state.requests == protocol.scenario.most_requests
        }),
        Property::sometimes(HINT_ALONE, |_, state: &State| {
            let came_last = state.merge.is_done() && state.merge.written > state.merge.finished;
            came_last && state.store.rows[3] == state.merge.written
        }),
        Property::sometimes(COMMITS_MEET, |protocol: &Protocol, state: &State| {
            let commits = |host: &&Host| match host {
                Host::Running(running) => matches!(running.effect, Effect::Commit(_)),
                Host::Idle(_) | Host::Woken => false,
            };
            protocol.scenario.hosts == 1 || state.hosts.iter().filter(commits).count() > 1
        }),
    ]
}

fn one_asks(_: &Protocol, state: &State) -> bool {
    let asks = |host: &&Host| match host {
        Host::Running(running) => matches!(running.effect, Effect::Send(_)),
        Host::Idle(_) | Host::Woken => false,
    };
    state.stood_still || state.hosts.iter().filter(asks).count() <= 1
}
