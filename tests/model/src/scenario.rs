//! What a check is bounded by, and what is deliberately wrong with it.

use merge_sync_engine::settings::Settings;
use merge_sync_logic::types::Timestamp;
use merge_sync_logic::window::Rule;

use crate::clock::{LINKED_AT, minutes};

/// How often each fault may happen on one path. What is not counted here may happen always.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Budget {
    /// All of them together.
    pub faults: u8,
    /// A host dies: its run is lost.
    pub crashes: u8,
    /// A host sees that a run is due, and loads only after others have done something.
    pub late_loads: u8,
    /// A host stands still while the clock moves on.
    pub stalls: u8,
    /// The store refuses a commit as unavailable.
    pub refusals: u8,
    /// The store commits and its answer is lost.
    pub lost_answers: u8,
    /// A request is not answered.
    pub lost_requests: u8,
    /// A webhook comes again: its host died after its note was kept and before it was answered,
    /// or the answer was lost.
    pub repeats: u8,
    /// A webhook that could have come does not before the clock leaps.
    pub late_webhooks: u8,
    /// A webhook never comes.
    pub lost_webhooks: u8,
}

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// See [`Budget::crashes`].
    Crash,
    /// See [`Budget::late_loads`].
    LateLoad,
    /// See [`Budget::stalls`].
    Stall,
    /// See [`Budget::refusals`].
    Refusal,
    /// See [`Budget::lost_answers`].
    LostAnswer,
    /// See [`Budget::lost_requests`].
    LostRequest,
    /// See [`Budget::repeats`].
    Repeat,
    /// See [`Budget::late_webhooks`].
    LateWebhook,
    /// See [`Budget::lost_webhooks`].
    LostWebhook,
}

impl Budget {
    /// None.
    pub const NONE: Self = Self::any(0);

    /// So many faults of any kind, together.
    #[must_use]
    pub const fn any(faults: u8) -> Self {
        Self {
            faults,
            crashes: faults,
            late_loads: faults,
            stalls: faults,
            refusals: faults,
            lost_answers: faults,
            lost_requests: faults,
            repeats: faults,
            late_webhooks: faults,
            lost_webhooks: faults,
        }
    }

    /// So many faults of this kind.
    #[must_use]
    pub fn of(fault: Fault, count: u8) -> Self {
        let mut budget = Self::NONE;
        budget.faults = count;
        *budget.left(fault) = count;
        budget
    }

    /// Whether this fault may still happen.
    #[must_use]
    pub fn allows(self, fault: Fault) -> bool {
        let mut budget = self;
        self.faults > 0 && *budget.left(fault) > 0
    }

    /// It happened.
    pub fn spend(&mut self, fault: Fault) {
        self.faults -= 1;
        *self.left(fault) -= 1;
        if self.faults == 0 {
            *self = Self::NONE;
        }
    }

    fn left(&mut self, fault: Fault) -> &mut u8 {
        match fault {
            Fault::Crash => &mut self.crashes,
            Fault::LateLoad => &mut self.late_loads,
            Fault::Stall => &mut self.stalls,
            Fault::Refusal => &mut self.refusals,
            Fault::LostAnswer => &mut self.lost_answers,
            Fault::LostRequest => &mut self.lost_requests,
            Fault::Repeat => &mut self.repeats,
            Fault::LateWebhook => &mut self.late_webhooks,
            Fault::LostWebhook => &mut self.lost_webhooks,
        }
    }
}

/// A mistake of the host or its store, never the engine's: the checker must find each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mistake {
    /// The store commits whatever version the change expects.
    StoreIgnoresVersions,
    /// A commit removes every note, also one that was kept after the run had loaded.
    StoreDropsLaterNotes,
    /// A commit stores its document and not its rows.
    StoreTearsCommits,
    /// A row replaces the stored one also where that is newer.
    StoreReplacesNewerRows,
    /// A webhook is answered before its note is durable.
    HostAnswersFirst,
    /// A host starts a run for a note without a look at `not-before`.
    HostIgnoresNotBefore,
    /// A host forgets about notes and starts a run at `wake-at` alone.
    HostIgnoresNotes,
}

/// One check.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// How many hosts there are.
    pub hosts: usize,
    /// The engine's settings.
    pub settings: Settings,
    /// The faults.
    pub budget: Budget,
    /// The instant at which Merge does what it has not done yet.
    pub merge_done_by: Timestamp,
    /// Regular polls after this are nothing new.
    pub horizon: Timestamp,
    /// The largest number of requests on any path.
    pub most_requests: u32,
    /// What is wrong.
    pub mistake: Option<Mistake>,
}

/// The smallest overlap that settings allow, and no re-read: neither may hide a gap.
const BARE: &str = r#"{"overlap_ms":1000,"full_reread_ms":0}"#;

impl Scenario {
    /// Two hosts, no faults.
    ///
    /// # Panics
    ///
    /// Where the engine refuses its settings.
    #[must_use]
    pub fn calm() -> Self {
        Self {
            hosts: 2,
            settings: Settings::parse(BARE).expect("settings"),
            budget: Budget::NONE,
            merge_done_by: LINKED_AT.plus(minutes(20)),
            horizon: LINKED_AT.plus(minutes(20)),
            most_requests: 50,
            mistake: None,
        }
    }

    /// The same with these faults.
    #[must_use]
    pub fn with_budget(self, budget: Budget) -> Self {
        Self { budget, ..self }
    }

    /// The same with so many hosts.
    #[must_use]
    pub fn with_hosts(self, hosts: usize) -> Self {
        Self { hosts, ..self }
    }

    /// The same with this bound.
    #[must_use]
    pub fn with_most_requests(self, most_requests: u32) -> Self {
        Self {
            most_requests,
            ..self
        }
    }

    /// The same under this rule.
    #[must_use]
    pub fn with_rule(mut self, rule: Rule) -> Self {
        self.settings.rule = rule;
        self
    }

    /// The same with this mistake.
    #[must_use]
    pub fn with_mistake(self, mistake: Mistake) -> Self {
        Self {
            mistake: Some(mistake),
            ..self
        }
    }

    /// Whether this is wrong.
    #[must_use]
    pub fn has(&self, mistake: Mistake) -> bool {
        self.mistake == Some(mistake)
    }
}
