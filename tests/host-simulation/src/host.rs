//! One simulated host: its clock, its instances, and what it runs.

use std::collections::{BTreeMap, BTreeSet};

use merge_simulator::Dice;
use merge_simulator::time::{MINUTE, Micros};

use crate::budget::Budget;
use crate::engine::Instance;
use crate::scenario::SKEW;

/// After its first failure an account waits so long, after each further one twice as long.
const FIRST_HOLD: Micros = MINUTE;

/// No account waits longer.
const LONGEST_HOLD: Micros = 10 * MINUTE;

/// A process with a component in it.
#[derive(Debug, Default)]
pub struct Host {
    /// What Merge sees of it.
    pub address: String,
    /// Whether it is up.
    pub alive: bool,
    /// Rises with each restart: what an earlier life began concerns nobody.
    pub life: u32,
    /// Instances between two calls.
    pub idle: Vec<Instance>,
    /// Accounts that are being run.
    pub running: BTreeSet<String>,
    /// When it looks for due accounts next, Merge's clock.
    pub look_at: Option<Micros>,
    /// What it spends on requests.
    pub budget: Budget,
    held: BTreeMap<String, (Micros, u32)>,
    offset: Micros,
    drift_ppm: i64,
    set_at: Micros,
}

impl Host {
    /// A host that is up.
    #[must_use]
    pub fn new(number: usize) -> Self {
        Self {
            address: format!("host-{number}"),
            alive: true,
            ..Self::default()
        }
    }

    /// Its clock, when Merge's says `now`.
    #[must_use]
    pub fn clock(&self, now: Micros) -> Micros {
        let drifted = (now - self.set_at) * self.drift_ppm / 1_000_000;
        now + (self.offset + drifted).clamp(-SKEW, SKEW)
    }

    /// Merge's clock, when its own will say `instant`, as far as can be told at `now`.
    #[must_use]
    pub fn merge_clock(&self, instant: Micros, now: Micros) -> Micros {
        now + (instant - self.clock(now))
    }

    /// Set its clock: off by up to two minutes, drifting by up to a second in a minute.
    pub fn set_clock(&mut self, now: Micros, dice: &mut Dice) {
        self.offset = dice.between(-SKEW, SKEW);
        self.drift_ppm = dice.between(-15_000, 15_000);
        self.set_at = now;
    }

    /// Set its clock right, for good.
    pub fn set_clock_right(&mut self) {
        self.offset = 0;
        self.drift_ppm = 0;
    }

    /// Everything in its memory is gone.
    pub fn die(&mut self) {
        self.alive = false;
        self.life += 1;
        self.idle.clear();
        self.running.clear();
        self.held.clear();
        self.look_at = None;
        self.budget = Budget::default();
    }

    /// An account's run failed: leave it alone for a while.
    pub fn hold(&mut self, account: &str, now: Micros) {
        let (_, failures) = self.held.get(account).copied().unwrap_or_default();
        let wait = (FIRST_HOLD << failures.min(8)).min(LONGEST_HOLD);
        self.held
            .insert(account.to_owned(), (now + wait, failures + 1));
    }

    /// An account's run came to a good end.
    pub fn release(&mut self, account: &str) {
        self.held.remove(account);
    }

    /// Until when an account is left alone.
    #[must_use]
    pub fn held_until(&self, account: &str) -> Option<Micros> {
        self.held.get(account).map(|(until, _)| *until)
    }
}
