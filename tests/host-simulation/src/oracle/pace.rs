//! How much may be asked of Merge: no storm, and nothing forgotten.

use std::collections::VecDeque;

use merge_simulator::Merge;
use merge_simulator::time::{HOUR, MINUTE, Micros, SECOND};

use super::Oracle;
use crate::bindings::exports::merge_sync::triggers::triggers::Command;
use crate::scenario::SKEW;
use crate::store::Store;

/// A webhook is acted on within so long, where nothing stands in the way.
const NOTE_AT_LAST: Micros = 20 * MINUTE;

/// A failed sync that was seen is asked after within so long, where nothing stands in the way.
const HINT_AT_LAST: Micros = 2 * HOUR;

/// Ready in Merge is ready here within so long, where nothing stands in the way.
const READY_AT_LAST: Micros = 3 * HOUR;

/// Merge's minute, and a second for what lies between our sending and its counting.
const A_MINUTE: Micros = MINUTE + SECOND;

/// So many runs of one account within ten seconds that find nothing to do are a hot loop.
const IDLE_RUNS: usize = 20;

/// What one account asked for, and what gave it reason to.
#[derive(Debug, Default)]
pub(super) struct Pace {
    polls: u64,
    first_pages: u64,
    later_pages: u64,
    issues: u64,
    bad_answers: u64,
    notes: u64,
    hints: u64,
    wishes: u64,
    rereads: u64,
    disturbances: u64,
    first_note_at: Option<Micros>,
    ready_at: Option<Micros>,
    idle_runs: Vec<Micros>,
    /// The requests of the latest 61 seconds.
    minute: VecDeque<Micros>,
}

impl Pace {
    pub(super) fn requested(&mut self, target: &str) {
        let kind = if target.contains("/sync-status") {
            &mut self.polls
        } else if target.contains("/issues") {
            &mut self.issues
        } else if target.contains("cursor=") {
            &mut self.later_pages
        } else {
            &mut self.first_pages
        };
        *kind += 1;
    }

    /// A request leaves its host. Returns how many did within 61 seconds.
    fn sent(&mut self, now: Micros) -> usize {
        self.minute.retain(|at| now - at <= A_MINUTE);
        self.minute.push_back(now);
        self.minute.len()
    }

    pub(super) fn answered(&mut self, good: bool) {
        self.bad_answers += u64::from(!good);
    }

    pub(super) fn noted(&mut self, key: &str, now: Micros) {
        self.first_note_at.get_or_insert(now);
        self.notes += 1;
        self.hints += u64::from(key.starts_with("changed:"));
    }

    /// A page was read, perhaps an empty one: the run that did it is not idle. How many pages may be
    /// read is bounded elsewhere.
    pub(super) fn advanced(&mut self) {
        self.idle_runs.clear();
    }

    /// The account is ready: its initial sync is over.
    pub(super) fn ready(&mut self, now: Micros) {
        self.ready_at.get_or_insert(now);
    }

    /// For how many minutes its initial sync was watched.
    fn initial_minutes(&self, now: Micros) -> u64 {
        let from = self.first_note_at.unwrap_or(now);
        u64::try_from((self.ready_at.unwrap_or(now) - from) / MINUTE).unwrap_or(0)
    }

    pub(super) fn asked(&mut self, command: &Command) {
        self.wishes += 1;
        if matches!(command, Command::Pause | Command::Unlink | Command::Reset) {
            // It ends the lease of a run, whose request under way stays uncounted.
            self.minute.clear();
        }
        let rereads = matches!(command, Command::Reread | Command::RereadModel(_));
        self.rereads += u64::from(rereads);
    }

    /// Something happened after which requests may be made again: a host died, a commit was
    /// lost, an account was linked again.
    pub(super) fn disturbed(&mut self, times: u64) {
        self.disturbances += times;
    }
}

impl Oracle {
    /// A run ended: no account is run again and again to no effect.
    pub fn run_ended(&mut self, account: &str, host: usize, effect: bool, now: Micros) {
        let Some(watched) = self.accounts.get_mut(account) else {
            return;
        };
        let runs = &mut watched.pace.idle_runs;
        if effect {
            runs.clear();
            return;
        }
        runs.retain(|at| now - at < 10 * SECOND);
        runs.push(now);
        // Three hosts may each be told of it by notes, and some start for no reason.
        if runs.len() > IDLE_RUNS {
            runs.clear();
            self.violation(now, format!("host {host} runs {account} in a hot loop"));
        }
    }

    /// A request leaves its host: within a minute no more do than the settings allow, whichever
    /// hosts they leave. Hosts whose clocks differ cannot agree on what a minute is.
    pub fn sent(&mut self, account: &str, now: Micros) {
        let limit = self.scenario.requests_per_minute;
        let Some(watched) = self.accounts.get_mut(account) else {
            return;
        };
        let sent = watched.pace.sent(now);
        if self.scenario.clocks_apart() > 0 {
            return;
        }
        self.fullest_minute = self.fullest_minute.max((sent * 100 / limit) as u64);
        if sent > limit {
            self.violation(now, format!("{account}: {sent} requests within a minute"));
        }
    }

    /// A disturbance that concerns one account.
    pub fn disturbed(&mut self, account: &str) {
        let now = self.now;
        if let Some(watched) = self.accounts.get_mut(account) {
            watched.pace.disturbed(1);
            watched.disturbed_at.push_back(now);
        }
    }

    /// Ready in Merge for long, with nothing in the way, and still not ready here?
    pub(super) fn watch_readiness(&mut self, merge: &Merge, store: &Store) {
        let now = merge.now();
        let mut late = Vec::new();
        for (account, watched) in &mut self.accounts {
            if watched.was_ready {
                continue;
            }
            let linked = store
                .account(account)
                .is_some_and(|entry| entry.token.is_some());
            let may_be_ready = merge.initial_syncs_over(watched.number);
            if !linked || watched.paused || !may_be_ready || watched.hides_an_initial_sync(now) {
                watched.ready_since = None;
                continue;
            }
            let since = *watched.ready_since.get_or_insert(now);
            let since = since.max(self.dark_until).max(watched.excused_until());
            if now - since > READY_AT_LAST {
                late.push(account.clone());
                watched.was_ready = true;
            }
        }
        for account in late {
            self.violation(
                now,
                format!("{account} has been ready in Merge for three hours"),
            );
        }
    }

    /// A webhook that nobody acted on?
    pub(super) fn watch_notes(&mut self, now: Micros, store: &Store) {
        let mut late = Vec::new();
        for (account, watched) in &mut self.accounts {
            let linked = store
                .account(account)
                .is_some_and(|entry| entry.token.is_some());
            let Some(since) = watched.wanted_since.filter(|_| linked && !watched.paused) else {
                continue;
            };
            let since = since.max(self.dark_until).max(watched.excused_until());
            if now - since > NOTE_AT_LAST {
                watched.wanted_since = None;
                late.push(account.clone());
            }
        }
        for account in late {
            self.violation(
                now,
                format!("{account}: a webhook was not acted on for 20 minutes"),
            );
        }
    }

    /// A failed sync that nobody asked after?
    pub(super) fn watch_failures(&mut self, now: Micros, store: &Store) {
        let mut late = Vec::new();
        for (account, watched) in &mut self.accounts {
            let entry = store.account(account);
            let linked = entry.is_some_and(|entry| entry.token.is_some());
            let excused = watched.excused_until().max(self.dark_until);
            let is_owed = linked && !watched.paused && watched.poisons.is_empty();
            for (model, list) in &mut watched.lists {
                let since = list.hinted_since.filter(|_| is_owed);
                list.hinted_since = since;
                if since.is_some_and(|since| now - since.max(excused) > HINT_AT_LAST) {
                    list.hinted_since = None;
                    late.push(format!(
                        "{account}: nothing was asked of {model} for two hours behind a failed sync"
                    ));
                }
            }
        }
        for text in late {
            self.violation(now, text);
        }
    }

    /// What an account sent, and the most that it had reason for: see `docs/reliability.md`.
    pub(super) fn requests(&self, account: &str, merge: &Merge) -> (u64, u64) {
        let Some(watched) = self.accounts.get(account) else {
            return (0, 0);
        };
        let pace = &watched.pace;
        let elapsed = merge.now() - self.scenario.config.start;
        let times =
            |interval: Micros| u64::try_from(elapsed / interval.max(SECOND)).unwrap_or(0) + 1;
        let models = merge.listed_models(watched.number);
        let sizes = models.map(|model| merge.marks(account, model).count());
        let (models, longest) = sizes.fold((0, 0), |(models, longest), size| {
            (models + 1, size.max(longest))
        });
        let mut pages = (longest / self.scenario.config.page_size_at_most) as u64 + 1;
        if !watched.poisons.is_empty() {
            // What has no end in one way is read in another.
            pages += 80 + 8 * longest as u64;
        }

        let reasons = pace.bad_answers + pace.disturbances + pace.wishes;
        // Twelve in the first three minutes, then one a minute at the most.
        let initial = 12 + pace.initial_minutes(merge.now());
        let polls = times(self.scenario.poll.0.min(HOUR)) + initial + pace.notes + reasons;
        let rereads = self
            .scenario
            .reread
            .map_or(0, |interval| models * times(interval));
        let reads = watched.finishes.len() as u64
            + watched.failures.len() as u64
            + pace.hints
            + rereads
            + pace.rereads * models
            + pace.bad_answers
            + pace.disturbances;
        let sent = pace.polls + pace.first_pages + pace.later_pages + pace.issues;
        (sent, polls + reads * pages + times(HOUR))
    }
}

impl super::Watched {
    /// Nobody may ask before this.
    pub(super) fn excused_until(&self) -> Micros {
        self.not_before.map_or(0, |until| until + SKEW)
    }
}
