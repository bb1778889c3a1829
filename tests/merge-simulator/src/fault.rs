//! What can go wrong, how often, and when.

use std::collections::{BTreeMap, VecDeque};

use crate::dice::Dice;
use crate::time::{MINUTE, Micros, SECOND};

/// One way in which Merge, or the way to it, misbehaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FaultKind {
    /// A webhook is never sent. `LinkedAccount.linked` is spared: nothing else has the token.
    WebhookLost,
    /// A webhook arrives twice, with the same bytes.
    WebhookDuplicated,
    /// A webhook arrives minutes to hours late.
    WebhookDelayed,
    /// A webhook arrives after the one emitted next for the same account.
    WebhookReordered,
    /// Somebody else posts that an account was deleted, with a signature of their own.
    WebhookForged,
    /// A 429 with `Retry-After`.
    TooManyRequests,
    /// A 500, 502, 503 or 504 with a JSON body.
    ServerError,
    /// A 502 or 503 with an HTML page.
    HtmlError,
    /// The answer takes its time.
    SlowResponse,
    /// The connection breaks in the middle of the body.
    CutResponse,
    /// A 200 whose JSON ends early.
    CutJson,
    /// A 400 for a cursor that was good a moment ago.
    StaleCursor,
    /// A sync copies little or nothing and ends `FAILED`.
    SyncFailed,
    /// A sync copies a part and ends `PARTIALLY_SYNCED`.
    SyncPartial,
    /// A model is `PAUSED` for some hours.
    SyncPaused,
    /// The clock of the host moves against Merge's.
    ClockSkew,
    /// A row can be read only some time after its `modified_at`, always under five minutes.
    LateVisible,
}

impl FaultKind {
    /// Every kind.
    pub const ALL: [Self; 17] = [
        Self::WebhookLost,
        Self::WebhookDuplicated,
        Self::WebhookDelayed,
        Self::WebhookReordered,
        Self::WebhookForged,
        Self::TooManyRequests,
        Self::ServerError,
        Self::HtmlError,
        Self::SlowResponse,
        Self::CutResponse,
        Self::CutJson,
        Self::StaleCursor,
        Self::SyncFailed,
        Self::SyncPartial,
        Self::SyncPaused,
        Self::ClockSkew,
        Self::LateVisible,
    ];

    /// The name in statistics and in control requests.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::WebhookLost => "webhook_lost",
            Self::WebhookDuplicated => "webhook_duplicated",
            Self::WebhookDelayed => "webhook_delayed",
            Self::WebhookReordered => "webhook_reordered",
            Self::WebhookForged => "webhook_forged",
            Self::TooManyRequests => "too_many_requests",
            Self::ServerError => "server_error",
            Self::HtmlError => "html_error",
            Self::SlowResponse => "slow_response",
            Self::CutResponse => "cut_response",
            Self::CutJson => "cut_json",
            Self::StaleCursor => "stale_cursor",
            Self::SyncFailed => "sync_failed",
            Self::SyncPartial => "sync_partial",
            Self::SyncPaused => "sync_paused",
            Self::ClockSkew => "clock_skew",
            Self::LateVisible => "late_visible",
        }
    }

    /// The kind of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// How often it strikes when everything is on, in a thousand occasions.
    fn usual(self) -> u32 {
        match self {
            Self::SyncPaused | Self::WebhookForged => 5,
            Self::HtmlError | Self::SlowResponse | Self::CutResponse | Self::CutJson => 8,
            Self::TooManyRequests | Self::ServerError => 12,
            Self::LateVisible => 30,
            Self::SyncFailed | Self::SyncPartial => 40,
            Self::WebhookLost
            | Self::WebhookDuplicated
            | Self::WebhookDelayed
            | Self::WebhookReordered
            | Self::StaleCursor => 50,
            // By its own schedule.
            Self::ClockSkew => 0,
        }
    }
}

/// Which faults happen, and from when to when.
#[derive(Debug, Clone)]
pub struct Faults {
    /// Chance in a thousand occasions, by kind. A kind that is absent is off.
    pub rates: BTreeMap<FaultKind, u32>,
    /// No fault before this instant.
    pub from: Option<Micros>,
    /// No fault at or after this instant: the quiet time in which a consumer catches up.
    pub until: Option<Micros>,
    /// Each kind that is on happens at least this often: so many are laid down at drawn times
    /// in the first part of the fault time, and each strikes at the next occasion. Needs
    /// `until`; without it they fall in the first day.
    pub at_least: u32,
    /// How long a slow response takes, in real milliseconds.
    pub slow_millis: u64,
    /// The most virtual time that passes while a slow response is on its way; at least a
    /// quarter of it does. 0 leaves the clock to the driver.
    pub slow_takes: Micros,
    /// The largest difference between the two clocks.
    pub skew_at_most: Micros,
    /// The longest time a row stays out of sight.
    pub late_at_most: Micros,
}

impl Faults {
    /// Nothing goes wrong.
    #[must_use]
    pub fn none() -> Self {
        Self {
            rates: BTreeMap::new(),
            from: None,
            until: None,
            at_least: 0,
            slow_millis: 40,
            slow_takes: 0,
            skew_at_most: 2 * MINUTE,
            late_at_most: 4 * MINUTE,
        }
    }

    /// Every kind at its usual rate, each at least five times, until `until`.
    #[must_use]
    pub fn all(until: Micros) -> Self {
        let rates = FaultKind::ALL
            .into_iter()
            .map(|kind| (kind, kind.usual()))
            .collect();
        Self {
            rates,
            until: Some(until),
            at_least: 5,
            ..Self::none()
        }
    }

    /// The same with one kind set to `per_mille`; the kind is on even at 0.
    #[must_use]
    pub fn with(mut self, kind: FaultKind, per_mille: u32) -> Self {
        self.rates.insert(kind, per_mille);
        self
    }

    /// Whether the kind is on at `now`.
    #[must_use]
    pub fn is_on(&self, kind: FaultKind, now: Micros) -> bool {
        self.rates.contains_key(&kind)
            && self.from.is_none_or(|from| now >= from)
            && self.until.is_none_or(|until| now < until)
    }
}

/// The faults with what is laid down and what has happened.
#[derive(Debug)]
pub(crate) struct FaultPlan {
    pub faults: Faults,
    laid_down: BTreeMap<FaultKind, VecDeque<Micros>>,
    /// Stale cursors go by occasions: only long reads have cursors, and those come in bursts.
    occasions: BTreeMap<FaultKind, u64>,
    forced: BTreeMap<FaultKind, u32>,
    pub happened: BTreeMap<FaultKind, u64>,
}

impl FaultPlan {
    /// Lay down the guaranteed faults.
    pub fn new(faults: Faults, start: Micros, dice: &mut Dice) -> Self {
        let from = faults.from.unwrap_or(start);
        let until = faults.until.unwrap_or(from + crate::time::DAY);
        let span = (until - from).max(0) * 3 / 5;
        let mut laid_down = BTreeMap::new();
        for kind in faults.rates.keys() {
            let mut times: Vec<Micros> = (0..faults.at_least)
                .map(|nth| match kind {
                    FaultKind::StaleCursor => i64::from(nth) * 4 + dice.between(1, 3),
                    _ => from + dice.between(0, span),
                })
                .collect();
            times.sort_unstable();
            laid_down.insert(*kind, times.into());
        }
        Self {
            faults,
            laid_down,
            occasions: BTreeMap::new(),
            forced: BTreeMap::new(),
            happened: BTreeMap::new(),
        }
    }

    /// Make the next `count` occasions of the kind faulty, on or off.
    pub fn force(&mut self, kind: FaultKind, count: u32) {
        *self.forced.entry(kind).or_default() += count;
    }

    /// The times laid down for the clock's changes.
    pub fn skew_times(&mut self) -> VecDeque<Micros> {
        self.laid_down
            .remove(&FaultKind::ClockSkew)
            .unwrap_or_default()
    }

    /// An occasion: does the fault happen? Counts it if so.
    pub fn strikes(&mut self, kind: FaultKind, now: Micros, dice: &mut Dice) -> bool {
        let drawn = dice.per_mille(self.faults.rates.get(&kind).copied().unwrap_or(0));
        if let Some(left) = self.forced.get_mut(&kind).filter(|left| **left > 0) {
            *left -= 1;
            self.count(kind);
            return true;
        }
        if !self.faults.is_on(kind, now) {
            return false;
        }
        let occasion = self.occasions.entry(kind).or_default();
        *occasion += 1;
        let position = match kind {
            FaultKind::StaleCursor => i64::try_from(*occasion).unwrap_or(i64::MAX),
            _ => now,
        };
        let strikes = match self.laid_down.get_mut(&kind) {
            Some(times) if times.front().is_some_and(|due| *due <= position) => {
                times.pop_front();
                true
            }
            _ => drawn,
        };
        if strikes {
            self.count(kind);
        }
        strikes
    }

    /// Note that the fault happened.
    pub fn count(&mut self, kind: FaultKind) {
        *self.happened.entry(kind).or_default() += 1;
    }

    /// How long a row stays out of sight.
    pub fn lateness(&self, dice: &mut Dice) -> Micros {
        dice.between(SECOND, self.faults.late_at_most.max(SECOND))
    }
}
