//! What will happen next, in order of time and then of planning.

use std::collections::BTreeMap;

use crate::time::Micros;

/// Something that happens at an instant. Accounts, models and records go by their number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Event {
    /// The end user finishes linking.
    Link { account: usize },
    /// A round of syncs begins.
    Round { account: usize },
    /// A queued model begins to sync.
    SyncStart { account: usize, model: usize },
    /// A running sync writes one record to Merge's copy.
    Copy {
        account: usize,
        model: usize,
        record: usize,
    },
    /// A sync ends.
    SyncEnd { account: usize, model: usize },
    /// A paused model may sync again.
    Resume { account: usize, model: usize },
    /// A disabled model is enabled.
    Enable { account: usize, model: usize },
    /// The third party changes in a way that only a sync notices.
    HiddenChange { account: usize },
    /// The third party changes and tells Merge at once.
    RealtimeChange { account: usize },
    /// The third party stops accepting Merge's credentials.
    RequireRelink { account: usize },
    /// The end user links the account again.
    Relink { account: usize },
    /// A poison begins to act.
    Strike { account: usize, dose: usize },
    /// The host's clock moves.
    Skew,
}

/// Events to come.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    events: BTreeMap<(Micros, u64), Event>,
    planned: u64,
}

impl Queue {
    /// Plan an event. Events of one instant happen in the order they were planned.
    pub fn plan(&mut self, at: Micros, event: Event) {
        self.planned += 1;
        self.events.insert((at, self.planned), event);
    }

    /// When the next event is.
    pub fn next_at(&self) -> Option<Micros> {
        self.events.first_key_value().map(|((at, _), _)| *at)
    }

    /// The next event that is at or before `until`.
    pub fn take(&mut self, until: Micros) -> Option<(Micros, Event)> {
        if self.next_at()? > until {
            return None;
        }
        self.events.pop_first().map(|((at, _), event)| (at, event))
    }
}
