//! What goes wrong beside Merge's own faults: on the hosts, in the store, on the way between.

use std::collections::{BTreeMap, BTreeSet};

use merge_simulator::{Dice, FaultKind};

/// One way in which hosts, store and operators misbehave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mishap {
    /// A host dies between two of an instance's imports.
    HostKilled,
    /// A host dies at a drawn time, whatever it is doing, and stays away for a while.
    HostDown,
    /// The clocks of hosts are off and drift.
    ClockDrift,
    /// The store refuses.
    StoreRefused,
    /// The store takes its time, up to two minutes.
    StoreStalled,
    /// The store does what was asked and its answer is lost.
    AnswerLost,
    /// A run is started though none is due.
    SpuriousRun,
    /// A webhook of hours ago arrives once more.
    WebhookReplayed,
    /// The network is slow for a while, so that runs overlap what happens in Merge.
    SlowNetwork,
    /// An account loses its credentials and is linked again.
    Relinked,
    /// An account is deleted in Merge and linked again.
    Unlinked,
    /// An operator polls, reads whole, pauses and resumes.
    Operator,
}

impl Mishap {
    /// Every kind.
    pub const ALL: [Self; 12] = [
        Self::HostKilled,
        Self::HostDown,
        Self::ClockDrift,
        Self::StoreRefused,
        Self::StoreStalled,
        Self::AnswerLost,
        Self::SpuriousRun,
        Self::WebhookReplayed,
        Self::SlowNetwork,
        Self::Relinked,
        Self::Unlinked,
        Self::Operator,
    ];

    /// The name in reports and for `--without`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::HostKilled => "host_killed",
            Self::HostDown => "host_down",
            Self::ClockDrift => "clock_drift",
            Self::StoreRefused => "store_refused",
            Self::StoreStalled => "store_stalled",
            Self::AnswerLost => "answer_lost",
            Self::SpuriousRun => "spurious_run",
            Self::WebhookReplayed => "webhook_replayed",
            Self::SlowNetwork => "slow_network",
            Self::Relinked => "relinked",
            Self::Unlinked => "unlinked",
            Self::Operator => "operator",
        }
    }

    /// The most occasions in a thousand at which it strikes.
    fn most(self) -> i64 {
        match self {
            Self::HostKilled => 12,
            Self::StoreRefused | Self::AnswerLost => 25,
            Self::StoreStalled => 15,
            Self::SpuriousRun => 50,
            Self::WebhookReplayed => 120,
            Self::SlowNetwork => 60,
            // These have a time instead of a rate: anything above zero is on.
            Self::HostDown | Self::ClockDrift => 1_000,
            Self::Relinked | Self::Unlinked | Self::Operator => 1_000,
        }
    }
}

/// The most occasions in a thousand at which a fault of Merge's strikes.
fn most(kind: FaultKind) -> i64 {
    match kind {
        FaultKind::WebhookForged => 40,
        FaultKind::CutResponse | FaultKind::CutJson | FaultKind::HtmlError => 25,
        FaultKind::SlowResponse | FaultKind::TooManyRequests | FaultKind::ServerError => 50,
        FaultKind::SyncPaused => 60,
        FaultKind::StaleCursor | FaultKind::SyncFailed | FaultKind::SyncPartial => 140,
        FaultKind::LateVisible => 150,
        FaultKind::WebhookLost
        | FaultKind::WebhookDuplicated
        | FaultKind::WebhookDelayed
        | FaultKind::WebhookReordered => 200,
        // Each simulated host has a clock of its own: see `Mishap::ClockDrift`.
        FaultKind::ClockSkew => 0,
    }
}

/// Which kinds are on in a run, and how often each strikes.
#[derive(Debug, Clone, Default)]
pub struct Rates {
    /// Merge's own.
    pub merge: BTreeMap<FaultKind, u32>,
    /// All others.
    pub ours: BTreeMap<Mishap, u32>,
}

impl Rates {
    /// One kind in four is off, the others strike between seldom and often. The kinds in
    /// `without` are off whatever is drawn; the draws are the same.
    #[must_use]
    pub fn draw(dice: &mut Dice, without: &BTreeSet<String>) -> Self {
        let mut draw = |most: i64, name: &str| {
            let on = dice.per_mille(750);
            let rate = dice.between(1, most.max(1));
            (on && most > 0 && !without.contains(name)).then(|| u32::try_from(rate).unwrap_or(0))
        };
        let mut rates = Self::default();
        for kind in FaultKind::ALL {
            if let Some(rate) = draw(most(kind), kind.name()) {
                rates.merge.insert(kind, rate);
            }
        }
        for kind in Mishap::ALL {
            if let Some(rate) = draw(kind.most(), kind.name()) {
                rates.ours.insert(kind, rate);
            }
        }
        rates
    }

    /// How often the kind strikes, in a thousand occasions.
    #[must_use]
    pub fn of(&self, kind: Mishap) -> u32 {
        self.ours.get(&kind).copied().unwrap_or(0)
    }
}

/// Every name that `--without` takes.
pub fn names() -> impl Iterator<Item = &'static str> {
    let merge = FaultKind::ALL.into_iter().map(FaultKind::name);
    merge.chain(Mishap::ALL.into_iter().map(Mishap::name))
}
