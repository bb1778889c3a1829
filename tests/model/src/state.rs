//! One state of everything: the clock, Merge, the webhooks under way, the store and the hosts.

use merge_sync_engine::step::{Effect, Run};
use merge_sync_logic::types::Timestamp;

use crate::clock::LINKED_AT;
use crate::known::Known;
use crate::merge::Merge;
use crate::scenario::{Budget, Scenario};
use crate::store::{Breach, Store};
use crate::webhooks::{Notes, Webhook};

/// What a host does for the account.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Host {
    /// Nothing; after a run that failed it waits until then.
    Idle(Option<Timestamp>),
    /// It saw that a run is due and has not loaded yet.
    Woken,
    /// It is about to carry out an effect.
    Running(Known<Running>),
}

/// A run under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Running {
    /// The engine's own.
    pub run: Run,
    /// What it wants done next.
    pub effect: Effect,
    /// The notes that it loaded before its first request.
    pub loaded: Vec<u64>,
    /// The latest note that there was when it loaded these.
    pub latest_note: u64,
    /// When it began.
    pub started_at: Timestamp,
    /// Whether it has asked Merge for anything.
    pub asked: bool,
}

/// The store and the instant at which a run began, saw all of it, asked for nothing and ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Rest {
    /// When.
    pub at: Timestamp,
    /// The version of the state.
    pub version: u32,
    /// The latest note.
    pub latest_note: u64,
}

/// Everything.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct State {
    /// The clock.
    pub now: Timestamp,
    /// What Merge has done.
    pub merge: Merge,
    /// By `About`.
    pub webhooks: [Webhook; 2],
    /// What outlives a crash.
    pub store: Store,
    /// Each of them, in an order of their states: they are alike, and which is which matters not.
    pub hosts: Vec<Host>,
    /// The faults that may still happen.
    pub left: Budget,
    /// Requests sent so far.
    pub requests: u32,
    /// The latest run that ended without having asked for anything.
    pub rest: Option<Rest>,
    /// Whether a host stood still: others may then have taken over from it.
    pub stood_still: bool,
    /// What happened that may not, each once.
    pub breaches: Vec<Breach>,
}

impl State {
    /// The account was just linked.
    pub fn new(scenario: &Scenario, notes: &Notes) -> Self {
        Self {
            now: LINKED_AT,
            merge: Merge::default(),
            webhooks: [Webhook::Unsent; 2],
            store: Store::new(&notes.link),
            hosts: vec![Host::Idle(None); scenario.hosts],
            left: scenario.budget,
            requests: 0,
            rest: None,
            stood_still: false,
            breaches: Vec::new(),
        }
    }

    /// Whether this host would start a run now.
    pub fn may_wake(&self, host: usize, scenario: &Scenario) -> bool {
        let Host::Idle(not_before) = self.hosts[host] else {
            return false;
        };
        let due = self.store.due_at(scenario);
        not_before.is_none_or(|until| until <= self.now) && due.is_some_and(|at| at <= self.now)
    }

    /// The next instant at which something is due by itself, if that is in the future.
    pub fn next_instant(&self, scenario: &Scenario) -> Option<Timestamp> {
        let merge = (!self.merge.is_done()).then_some(scenario.merge_done_by);
        let due = self.store.due_at(scenario);
        let waits = self.hosts.iter().filter_map(|host| match host {
            Host::Idle(not_before) => Some(*not_before),
            Host::Woken | Host::Running(_) => None,
        });
        let run = due.map(|due| waits.flatten().min().map_or(due, |until| until.max(due)));
        let next = match (merge, run) {
            (Some(merge), Some(run)) => Some(merge.min(run)),
            (merge, run) => merge.or(run),
        };
        next.filter(|next| *next > self.now)
    }

    /// Whether every host is idle.
    pub fn is_idle(&self) -> bool {
        self.hosts.iter().all(|host| matches!(host, Host::Idle(_)))
    }

    /// Whether nothing is left to be done but the regular poll.
    pub fn is_caught_up(&self) -> bool {
        let told = |webhook| matches!(webhook, Webhook::Answered | Webhook::Lost);
        self.merge.is_done()
            && self.webhooks.into_iter().all(told)
            && self.is_idle()
            && self.store.notes.is_empty()
            && !self.store.document.leased
            && self.store.document.watermark == self.merge.finished
            && self.store.rows == self.merge.versions()
    }

    /// Forget what makes no difference any more, so that states that are alike are equal.
    pub fn tidy(&mut self) {
        for host in &mut self.hosts {
            if matches!(host, Host::Idle(Some(until)) if *until <= self.now) {
                *host = Host::Idle(None);
            }
        }
        self.hosts.sort_by_key(|host| match host {
            Host::Idle(until) => (0, until.map_or(0, |until| until.0.unsigned_abs())),
            Host::Woken => (1, 0),
            Host::Running(running) => (2, running.digest()),
        });
        if self.rest.is_some() && self.rest != Some(self.rest_now()) {
            self.rest = None;
        }
    }

    /// What a run that ended now without having asked for anything leaves behind.
    pub fn rest_now(&self) -> Rest {
        Rest {
            at: self.now,
            version: self.store.version,
            latest_note: self.store.latest_note,
        }
    }

    /// Remember that this happened.
    pub fn note_breaches(&mut self, breaches: Vec<Breach>) {
        self.breaches.extend(breaches);
        self.breaches.sort_unstable();
        self.breaches.dedup();
    }
}
