//! One run: Merge, the hosts and their store in one virtual time, event by event.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use merge_simulator::time::{MINUTE, Micros, SECOND};
use merge_simulator::{Delivery, Dice, Merge};

use crate::call::{Call, Purpose};
use crate::counts::Counts;
use crate::engine::{Engine, Task};
use crate::errand::Errand;
use crate::host::Host;
use crate::mishap::Mishap;
use crate::oracle::Oracle;
use crate::run::Until;
use crate::scenario::Scenario;
use crate::store::Store;
use crate::trace::Trace;

/// Something that is to happen.
#[derive(Debug)]
pub enum Event {
    /// A host looks for accounts that are due.
    Look(usize),
    /// What a call asked for reaches Merge or the store.
    Arrive(u64),
    /// The answer reaches the call.
    Answered(u64),
    /// A host gives a webhook's call up.
    GiveUp(u64),
    /// A host dies.
    Die(usize),
    /// A host that died starts again.
    Restart(usize),
    /// A host's clock is set.
    SetClock(usize),
    /// A webhook of an earlier time arrives again.
    Replay(Box<Delivery>),
    /// Something is done to an account.
    Errand(Errand),
}

/// Streams of random numbers, one for each purpose.
#[derive(Debug)]
pub struct Streams {
    /// How long things take.
    pub net: Dice,
    /// What befalls the store.
    pub store: Dice,
    /// What befalls hosts.
    pub hosts: Dice,
    /// Who takes what when.
    pub order: Dice,
    /// What befalls accounts.
    pub errands: Dice,
}

/// Everything there is.
#[derive(Debug)]
pub struct World<'a> {
    /// The built component.
    pub engine: &'a Engine,
    /// What the seed decided.
    pub scenario: Scenario,
    /// The settings document of every host.
    pub settings: Arc<str>,
    /// The other side.
    pub merge: Merge,
    /// Shared by all hosts.
    pub store: Store,
    /// Those who watch the store.
    pub hosts: Vec<Host>,
    /// Calls under way.
    pub calls: BTreeMap<u64, Call>,
    /// Judges.
    pub oracle: Oracle,
    /// What happened how often.
    pub counts: Counts,
    /// What happened, line by line.
    pub trace: Trace,
    /// Random numbers.
    pub dice: Streams,
    /// Held sweeps that somebody has seen: account, model and pass.
    pub held: BTreeSet<(String, String, u64)>,
    queue: BTreeMap<(Micros, u64), Event>,
    sequence: u64,
}

impl<'a> World<'a> {
    /// Nothing has happened yet.
    #[must_use]
    pub fn new(engine: &'a Engine, scenario: Scenario, trace: Trace) -> Self {
        let merge = Merge::new(scenario.config.clone());
        let dice = Streams {
            net: scenario.dice("net", 0),
            store: scenario.dice("store", 0),
            hosts: scenario.dice("hosts", 0),
            order: scenario.dice("order", 0),
            errands: scenario.dice("errands", 0),
        };
        let mut world = Self {
            engine,
            settings: scenario.settings.as_str().into(),
            oracle: Oracle::new(&scenario, &merge),
            hosts: (0..scenario.hosts).map(Host::new).collect(),
            merge,
            store: Store::default(),
            calls: BTreeMap::new(),
            counts: Counts::default(),
            trace,
            dice,
            held: BTreeSet::new(),
            queue: BTreeMap::new(),
            sequence: 0,
            scenario,
        };
        world.plan_mishaps();
        world
    }

    /// Merge's clock, which is the true one.
    #[must_use]
    pub fn now(&self) -> Micros {
        self.merge.now()
    }

    /// Whether things may still go wrong.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.now() < self.scenario.quiet_from
    }

    /// Let `event` happen at `at`.
    pub fn plan(&mut self, at: Micros, event: Event) {
        self.sequence += 1;
        self.queue.insert((at, self.sequence), event);
    }

    /// Whether a mishap strikes now; counted if it does.
    pub fn strikes(&mut self, kind: Mishap) -> bool {
        let rate = self.scenario.rates.of(kind);
        let dice = match kind {
            Mishap::StoreRefused | Mishap::StoreStalled | Mishap::AnswerLost => {
                &mut self.dice.store
            }
            Mishap::SlowNetwork => &mut self.dice.net,
            _ => &mut self.dice.hosts,
        };
        let strikes = dice.per_mille(rate) && self.merge.now() < self.scenario.quiet_from;
        if strikes {
            self.counts.mishap(kind);
        }
        strikes
    }

    /// Play to the end, or to the first thing that is wrong.
    pub fn play(&mut self, until: Until) {
        loop {
            if until == Until::Wrong && self.oracle.violated > 0 {
                return;
            }
            let planned = self.queue.first_key_value().map(|((at, _), _)| *at);
            let next = [
                planned,
                self.merge.next_event_at(),
                self.merge.next_delivery_at(),
            ];
            let Some(next) = next.into_iter().flatten().min() else {
                break;
            };
            if next > self.scenario.end {
                break;
            }
            self.merge.advance_to(next);
            self.oracle
                .time_passed(&self.merge, &self.store, &self.hosts);
            for delivery in self.merge.take_due() {
                self.post(delivery);
            }
            while let Some(entry) = self.queue.first_entry() {
                if entry.key().0 > self.merge.now() {
                    break;
                }
                let event = entry.remove();
                let before = self.oracle.violated;
                self.happen(event);
                if self.oracle.violated > before
                    && let Some(words) = self.oracle.violations().last()
                {
                    self.trace.violation(self.merge.now(), words);
                }
            }
        }
        self.merge.advance_to(self.scenario.end);
        self.oracle.judge(&self.merge, &self.store, &self.counts);
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Look(host) => self.look(host),
            Event::Arrive(call) => self.arrive(call),
            Event::Answered(call) => self.answered(call),
            Event::GiveUp(call) => self.give_up(call),
            Event::Die(host) => {
                self.counts.mishap(Mishap::HostDown);
                self.die(host);
            }
            Event::Restart(host) => self.restart(host),
            Event::SetClock(host) => self.set_clock(host),
            Event::Replay(delivery) => self.replay(*delivery),
            Event::Errand(errand) => self.run_errand(errand),
        }
    }

    /// Have a host look for due accounts at `at`, unless it will look before that anyway.
    pub fn wake(&mut self, host: usize, at: Micros) {
        let at = at.max(self.now());
        let waiting = &mut self.hosts[host];
        if waiting.alive && waiting.look_at.is_none_or(|planned| at < planned) {
            waiting.look_at = Some(at);
            self.plan(at, Event::Look(host));
        }
    }

    /// Something in the store changed that concerns this account: every host hears of it, one
    /// sooner than the other.
    pub fn wake_all(&mut self, account: &str) {
        let now = self.now();
        for host in 0..self.hosts.len() {
            let watching = &self.hosts[host];
            let start = self.store.account(account);
            let Some(start) = start.and_then(|account| account.start(watching.clock(now))) else {
                continue;
            };
            let at = watching.merge_clock(start, now).max(now);
            let late = self.lateness();
            self.wake(host, at + late);
        }
    }

    /// Hosts that look at the same moment race for an account; mostly one is a little later and
    /// finds it taken.
    fn lateness(&mut self) -> Micros {
        match self.dice.order.below(10) {
            0..4 => self.dice.order.between(0, SECOND / 20),
            4..7 => self.dice.order.between(0, 3 * SECOND),
            _ => self.dice.order.between(SECOND, 25 * SECOND),
        }
    }

    fn look(&mut self, host: usize) {
        let now = self.now();
        if self.hosts[host].look_at != Some(now) || !self.hosts[host].alive {
            return;
        }
        self.hosts[host].look_at = None;
        self.hand_over_notices();
        let accounts: Vec<String> = self.store.accounts().map(|(id, _)| id.clone()).collect();
        let mut next: Option<Micros> = None;
        for account in accounts {
            // A host may die of the first of its runs.
            if !self.hosts[host].alive {
                return;
            }
            let Some(at) = self.start_of(host, &account) else {
                continue;
            };
            let early = at > now && self.strikes(Mishap::SpuriousRun);
            if at <= now || early {
                self.call(host, Task::Run(account.clone()), Purpose::Run { account });
            } else {
                next = Some(next.map_or(at, |next| next.min(at)));
            }
        }
        if let Some(at) = next {
            let late = self.lateness();
            self.wake(host, at + late);
        }
    }

    /// When this host may start a run of the account, Merge's clock; `None` while it runs one.
    fn start_of(&self, host: usize, account: &str) -> Option<Micros> {
        let now = self.now();
        let watching = &self.hosts[host];
        if watching.running.contains(account) {
            return None;
        }
        let start = self.store.account(account)?.start(watching.clock(now))?;
        let start = watching.merge_clock(start, now);
        Some(
            watching
                .held_until(account)
                .map_or(start, |until| until.max(start)),
        )
    }

    /// Hand notices to the product, which checks each against what is true.
    fn hand_over_notices(&mut self) {
        for account in self.store.with_notices() {
            for notice in self.store.take_notices(&account) {
                self.oracle.delivered(&account, &notice);
            }
        }
    }

    /// Post a webhook to one of the hosts that are up.
    fn post(&mut self, delivery: Delivery) {
        if self.strikes(Mishap::WebhookReplayed) {
            let at = self.now() + self.dice.order.between(10 * MINUTE, 6 * 60 * MINUTE);
            self.plan(at, Event::Replay(Box::new(delivery.clone())));
        }
        let up: Vec<usize> = self.up().collect();
        if up.is_empty() {
            self.refused(&delivery, None);
            return;
        }
        let host = *self.dice.order.pick(&up);
        self.receive(host, delivery, false);
    }

    fn replay(&mut self, delivery: Delivery) {
        let up: Vec<usize> = self.up().collect();
        if !up.is_empty() {
            let host = *self.dice.order.pick(&up);
            self.receive(host, delivery, true);
        }
    }

    /// The hosts that are up.
    pub fn up(&self) -> impl Iterator<Item = usize> {
        let up = self.hosts.iter().enumerate().filter(|(_, host)| host.alive);
        up.map(|(number, _)| number)
    }
}
