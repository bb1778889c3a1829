//! One call of an instance, from its start to its end, or the end of its host.

mod asking;
mod webhook;

use merge_simulator::Delivery;
use merge_simulator::time::{Micros, SECOND};

use crate::bindings::exports::merge_sync::triggers::triggers::Failure;
use crate::budget::Admission;
use crate::engine::{Calling, Done, Instance, Task};
use crate::errand::Errand;
use crate::oracle::Heard;
use crate::port::{Answer, Ask};
use crate::world::World;

/// A call under way.
#[derive(Debug)]
pub struct Call {
    /// Which host makes it.
    pub host: usize,
    /// What for.
    pub purpose: Purpose,
    /// What the call was told so far, for the oracle.
    pub heard: Heard,
    calling: Calling,
    /// What it waits for, before that reached anybody.
    ask: Option<Ask>,
    /// What it will be told.
    answer: Option<Answer>,
    /// When its request was sent.
    sent_at: Micros,
    /// What its request took out of its host's budgets.
    admitted: Option<Admission>,
}

/// What a call is for.
#[derive(Debug, Clone)]
pub enum Purpose {
    /// A run of this account.
    Run {
        /// The account.
        account: String,
    },
    /// A webhook that Merge waits for an answer to, or one that somebody sent again.
    Webhook {
        /// The webhook.
        delivery: Box<Delivery>,
        /// Whether it is a replay.
        replayed: bool,
    },
    /// An operator's wish.
    Wish(Errand),
}

impl World<'_> {
    /// Begin a call.
    pub fn call(&mut self, host: usize, task: Task, purpose: Purpose) -> u64 {
        self.counts.engine_calls += 1;
        let id = self.counts.engine_calls;
        if let Purpose::Run { account } = &purpose {
            let others = self.hosts.iter().any(|host| host.running.contains(account));
            if others {
                self.counts.overlapping_runs += 1;
                self.oracle.disturbed(account);
            }
            self.hosts[host].running.insert(account.clone());
        }
        self.trace.call(self.merge.now(), id, host, &task);
        let instance = self.hosts[host].idle.pop();
        let calling = self.engine.call(instance, &self.settings, task);
        let call = Call {
            host,
            purpose,
            heard: Heard::default(),
            calling,
            ask: None,
            answer: None,
            sent_at: 0,
            admitted: None,
        };
        self.calls.insert(id, call);
        self.go_on(id);
        id
    }

    /// Let the call compute until it asks for something or ends.
    fn go_on(&mut self, id: u64) {
        let now = self.now();
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        let clock = self.hosts[call.host].clock(now);
        let went = call.calling.go_on(clock);
        for line in call.calling.port.take_lines() {
            self.oracle.logged(&line);
            self.trace.log(now, id, &line);
        }
        match went {
            Ok(None) => {
                call.ask = call.calling.port.take_ask();
                self.asked(id);
            }
            Ok(Some((instance, done))) => self.ended(id, instance, done),
            Err(error) => self.broke(id, &format!("{error:#}")),
        }
    }

    fn broke(&mut self, id: u64, error: &str) {
        self.oracle
            .violation(self.merge.now(), format!("call {id} trapped: {error}"));
        if let Some(call) = self.calls.remove(&id)
            && let Purpose::Run { account } = &call.purpose
        {
            self.hosts[call.host].running.remove(account);
        }
    }

    fn ended(&mut self, id: u64, instance: Instance, done: wasmtime::Result<Done>) {
        let Some(call) = self.calls.remove(&id) else {
            return;
        };
        let done = match done {
            Ok(done) => done,
            Err(error) => {
                self.calls.insert(id, call);
                self.broke(id, &format!("{error:#}"));
                return;
            }
        };
        let host = call.host;
        self.hosts[host].idle.push(instance);
        self.trace.ended(self.merge.now(), id, &done);
        match (call.purpose, done) {
            (Purpose::Run { account }, Done::Ran(ran)) => {
                self.hosts[host].running.remove(&account);
                let effect = matches!(&ran, Ok(report) if report.polled || report.windows > 0 || report.rows > 0);
                self.oracle
                    .run_ended(&account, host, effect, self.merge.now());
                match &ran {
                    Ok(_) => {
                        self.hosts[host].release(&account);
                        if effect || self.oracle.waits_for_words(&account) {
                            self.inspect(host, &account);
                        }
                    }
                    Err(Failure::Store(_)) => {
                        self.oracle.disturbed(&account);
                        self.hosts[host].hold(&account, self.merge.now());
                        self.look_at(&account);
                    }
                    Err(failure) => self.oracle.violation(
                        self.merge.now(),
                        format!("a run of {account} failed: {failure:?}"),
                    ),
                }
                let now = self.now();
                self.wake(host, now + SECOND / 10);
            }
            (Purpose::Webhook { delivery, replayed }, Done::Received(reply)) => {
                self.oracle
                    .replied(&self.merge, &delivery, reply.status, &call.heard);
                if !replayed {
                    self.refused(&delivery, Some(reply.status));
                }
            }
            (Purpose::Wish(errand), Done::Obeyed(obeyed)) => self.obeyed(errand, obeyed.is_ok()),
            (purpose, done) => self.oracle.violation(
                self.merge.now(),
                format!("{purpose:?} was answered with {done:?}"),
            ),
        }
    }

    /// Where people may have to be told of something, they see what was committed, though the run
    /// that did it came to no good end.
    fn look_at(&mut self, account: &str) {
        let alive = self.hosts.iter().position(|host| host.alive);
        if let Some(host) = alive.filter(|_| self.oracle.waits_for_words(account)) {
            self.inspect(host, account);
        }
    }

    /// What the product sees of the account right after a run. It takes no time.
    fn inspect(&mut self, host: usize, account: &str) {
        self.counts.engine_calls += 1;
        let now = self.now();
        let clock = self.hosts[host].clock(now);
        let instance = self.hosts[host].idle.pop();
        let task = Task::Inspect(account.to_owned());
        let mut calling = self.engine.call(instance, &self.settings, task);
        while let Ok(went) = calling.go_on(clock) {
            if let Some((instance, done)) = went {
                self.hosts[host].idle.push(instance);
                if let Ok(Done::Inspected(Ok(view))) = done {
                    self.oracle
                        .inspected(&self.merge, &self.store, account, &view);
                    self.answer_held_sweeps(account, &view);
                    return;
                }
                break;
            }
            if let Some(Ask::Load(account)) = calling.port.take_ask() {
                let loaded = self.store.load(&account);
                calling.port.answer(Answer::Loaded(Ok(loaded)));
            }
        }
        self.oracle
            .violation(now, format!("{account} cannot be inspected"));
    }

    /// Calls of a host that died: what each asked for is on its way or is not.
    pub fn abandon(&mut self, host: usize) {
        let dead: Vec<u64> = self
            .calls
            .iter()
            .filter(|(_, call)| call.host == host)
            .map(|(id, _)| *id)
            .collect();
        for id in dead {
            let ask = self.calls.get_mut(&id).and_then(|call| call.ask.take());
            let arrives = self.dice.hosts.per_mille(500);
            if let Some(ask @ (Ask::Commit(_) | Ask::KeepNote(_))) = &ask
                && arrives
            {
                self.take_effect(id, ask);
            }
            self.trace.died(self.merge.now(), id);
            let Some(call) = self.calls.remove(&id) else {
                continue;
            };
            match call.purpose {
                Purpose::Webhook {
                    delivery,
                    replayed: false,
                } => self.refused(&delivery, None),
                Purpose::Wish(errand) => self.obeyed(errand, false),
                Purpose::Run { account } => {
                    self.oracle.disturbed(&account);
                    self.look_at(&account);
                }
                Purpose::Webhook { .. } => {}
            }
        }
    }
}
