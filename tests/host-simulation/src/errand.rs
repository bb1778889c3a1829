//! What is done to accounts and hosts at drawn times: links end and begin again, operators ask
//! for things, hosts die and start, clocks are set.

use merge_simulator::time::{HOUR, MINUTE, Micros, SECOND};

use crate::bindings::exports::merge_sync::triggers::triggers::{Command, NewAccount};
use crate::bindings::exports::merge_sync::triggers::types::Account;
use crate::call::Purpose;
use crate::engine::Task;
use crate::mishap::Mishap;
use crate::world::{Event, World};

/// Something to do with an account.
#[derive(Debug, Clone)]
pub enum Errand {
    /// The third party refuses Merge's credentials.
    Refuse(usize),
    /// The end user links the account again.
    Relink(usize),
    /// The account is deleted in Merge.
    Unlink(usize),
    /// The product links an account whose webhook never arrived.
    Link(String),
    /// An operator asks for something.
    Ask(usize, Command),
}

/// Between two deaths of one host.
const LIFETIME: (Micros, Micros) = (8 * HOUR, 40 * HOUR);

/// Between two settings of one clock.
const CLOCK: (Micros, Micros) = (4 * HOUR, 12 * HOUR);

/// Before the quiet time, everything that was taken is given back by now.
const GIVEN_BACK: Micros = HOUR;

impl World<'_> {
    /// Lay down what happens at drawn times.
    pub(crate) fn plan_mishaps(&mut self) {
        let start = self.now();
        for host in 0..self.hosts.len() {
            self.set_clock(host);
            self.plan_death(host);
        }
        let accounts = self.merge.accounts().len();
        let busy = self.scenario.quiet_from - start;
        // Nothing of it before the accounts are linked, nothing left undone afterwards.
        let last = busy - 4 * HOUR;
        let at =
            |world: &mut Self| start + world.dice.errands.between(2 * HOUR, last.max(2 * HOUR));
        if self.scenario.has(Mishap::Relinked) {
            let account = self.dice.errands.index(accounts);
            let (from, pause) = (at(self), self.dice.errands.between(HOUR / 2, 2 * HOUR));
            self.plan(from, Event::Errand(Errand::Refuse(account)));
            self.plan(from + pause, Event::Errand(Errand::Relink(account)));
            // Again and again within the time in which the webhooks may arrive in another order.
            let mut again = from + pause;
            for _ in 0..self.dice.errands.between(0, 4) {
                again += self.dice.errands.between(20 * SECOND, 8 * MINUTE);
                self.plan(again, Event::Errand(Errand::Relink(account)));
            }
        }
        if self.scenario.has(Mishap::Unlinked) {
            let account = self.dice.errands.index(accounts);
            let (from, pause) = (at(self), self.dice.errands.between(10 * MINUTE, 3 * HOUR));
            self.plan(from, Event::Errand(Errand::Unlink(account)));
            self.plan(from + pause, Event::Errand(Errand::Relink(account)));
        }
        if self.scenario.has(Mishap::Operator) {
            for _ in 0..self.dice.errands.between(1, 6) {
                let account = self.dice.errands.index(accounts);
                let from = at(self);
                let wish = self
                    .dice
                    .errands
                    .pick(&[Command::Poll, Command::Reread, Command::Pause])
                    .clone();
                let pauses = matches!(wish, Command::Pause);
                self.plan(from, Event::Errand(Errand::Ask(account, wish)));
                if pauses {
                    let until = from + self.dice.errands.between(10 * MINUTE, 3 * HOUR);
                    self.plan(until, Event::Errand(Errand::Ask(account, Command::Resume)));
                }
            }
        }
    }

    /// Do it.
    pub(crate) fn run_errand(&mut self, errand: Errand) {
        self.trace.errand(self.merge.now(), &errand);
        let account = |world: &Self, number: usize| {
            let accounts = world.merge.accounts();
            accounts.get(number).map(|account| account.id.clone())
        };
        match &errand {
            Errand::Refuse(number) => {
                self.merge.require_relink(*number);
                self.counts.mishap(Mishap::Relinked);
            }
            Errand::Relink(number) => {
                self.merge.relink(*number);
                if let Some(view) = self.merge.accounts().into_iter().nth(*number) {
                    self.oracle.relinked(&view.id, self.merge.now(), view.token);
                }
            }
            Errand::Unlink(number) => {
                self.merge.unlink(*number);
                self.counts.mishap(Mishap::Unlinked);
                if let Some(account) = account(self, *number) {
                    self.oracle.unlinked(&account);
                }
            }
            Errand::Link(account) => {
                let accounts = self.merge.accounts();
                let Some(view) = accounts.into_iter().find(|view| view.id == *account) else {
                    return;
                };
                let new = NewAccount {
                    account: Account {
                        id: view.id,
                        category: view.category,
                        integration: String::new(),
                        integration_slug: String::new(),
                        end_user_origin_id: String::new(),
                        organization_name: String::new(),
                        link_status: String::new(),
                        account_type: String::new(),
                        is_duplicate: None,
                    },
                    token: Some(view.token),
                    linked_at: None,
                };
                self.ask_host(Task::Link(new), errand);
            }
            Errand::Ask(number, command) => {
                let Some(account) = account(self, *number) else {
                    return;
                };
                self.counts.mishap(Mishap::Operator);
                let known = self.store.account(&account).is_some();
                let task = if known {
                    Task::Request(account.clone(), command.clone())
                } else {
                    return;
                };
                self.oracle.asked(&account, command, self.merge.now());
                self.ask_host(task, errand);
            }
        }
    }

    fn ask_host(&mut self, task: Task, errand: Errand) {
        let up: Vec<usize> = self.up().collect();
        if up.is_empty() {
            self.obeyed(errand, false);
            return;
        }
        let host = *self.dice.order.pick(&up);
        self.call(host, task, Purpose::Wish(errand));
    }

    /// A wish was carried out, or is uttered again a minute later.
    pub(crate) fn obeyed(&mut self, errand: Errand, obeyed: bool) {
        // A pause that failed is over before it would be tried again.
        let again = !matches!(errand, Errand::Ask(_, Command::Pause));
        if !obeyed && again {
            self.plan(self.now() + MINUTE, Event::Errand(errand));
        }
    }

    /// Set a host's clock, and plan the next time.
    pub(crate) fn set_clock(&mut self, host: usize) {
        let now = self.now();
        if !self.scenario.has(Mishap::ClockDrift) || now >= self.scenario.quiet_from {
            self.hosts[host].set_clock_right();
            self.wake(host, now);
            return;
        }
        self.counts.mishap(Mishap::ClockDrift);
        self.hosts[host].set_clock(now, &mut self.dice.hosts);
        let next = now + self.dice.hosts.between(CLOCK.0, CLOCK.1);
        self.plan(next.min(self.scenario.quiet_from), Event::SetClock(host));
        self.wake(host, now);
    }

    fn plan_death(&mut self, host: usize) {
        if self.scenario.has(Mishap::HostDown) {
            let at = self.now() + self.dice.hosts.between(LIFETIME.0, LIFETIME.1);
            if at < self.scenario.quiet_from - GIVEN_BACK {
                self.plan(at, Event::Die(host));
            }
        }
    }

    /// A host dies, with everything in its memory, and starts again after a while.
    pub(crate) fn die(&mut self, host: usize) {
        if !self.hosts[host].alive {
            return;
        }
        self.counts.deaths += 1;
        self.hosts[host].die();
        self.abandon(host);
        let away = match self.dice.hosts.below(10) {
            0 => self.dice.hosts.between(MINUTE, 40 * MINUTE),
            _ => self.dice.hosts.between(SECOND, MINUTE),
        };
        let back = (self.now() + away).min(self.scenario.quiet_from.max(self.now() + SECOND));
        self.plan(back, Event::Restart(host));
    }

    /// A host is back, and looks at the store.
    pub(crate) fn restart(&mut self, host: usize) {
        if self.hosts[host].alive {
            return;
        }
        self.hosts[host].alive = true;
        let now = self.now();
        self.wake(host, now);
        self.plan_death(host);
    }
}
