//! One call of an instance, from its start through everything it asks for to its end.

use merge_simulator::Delivery;
use merge_simulator::time::{MINUTE, Micros, SECOND};

use crate::bindings::exports::merge_sync::triggers::signature::SignedBody;
use crate::bindings::exports::merge_sync::triggers::triggers::Failure;
use crate::bindings::merge_sync::triggers::{http, store, types};
use crate::engine::{Calling, Done, Instance, Task};
use crate::errand::Errand;
use crate::mishap::Mishap;
use crate::oracle::Heard;
use crate::port::{Answer, Ask};
use crate::world::{Event, World};

/// A webhook whose note is not durable after so long is answered with 500.
const PATIENCE: Micros = 5 * SECOND;

/// A request that is not answered by now never will be.
const TIMEOUT: Micros = 30 * SECOND;

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
        };
        self.calls.insert(id, call);
        self.go_on(id);
        id
    }

    /// Have a host take in a webhook.
    pub fn receive(&mut self, host: usize, delivery: Delivery, replayed: bool) {
        let body = String::from_utf8_lossy(&delivery.body).into_owned();
        let signed = SignedBody {
            body,
            signatures: vec![delivery.signature.clone()],
            keys: vec![self.merge.signing_key().to_owned()],
        };
        let delivery = Box::new(delivery);
        let purpose = Purpose::Webhook { delivery, replayed };
        let id = self.call(host, Task::Receive(signed), purpose);
        if self.calls.contains_key(&id) {
            self.plan(self.now() + PATIENCE, Event::GiveUp(id));
        }
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

    /// The call waits for something: send it on its way, unless its host dies.
    fn asked(&mut self, id: u64) {
        let Some(host) = self.calls.get(&id).map(|call| call.host) else {
            return;
        };
        if self.strikes(Mishap::HostKilled) {
            self.die(host);
            return;
        }
        let now = self.now();
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        call.sent_at = now;
        let Some(Ask::Send(request)) = &call.ask else {
            let delay = self.store_delay();
            self.plan(now + delay, Event::Arrive(id));
            return;
        };
        let clock = self.hosts[host].clock(now);
        if let Err(wait) = self.hosts[host].budget.admit(&request.account, clock) {
            let after = u64::try_from(wait / 1_000 + 1).unwrap_or(1);
            let held = http::SendError::HeldBack(http::HeldBack { after });
            self.counts.held_back += 1;
            self.answer(id, Answer::Sent(Err(held)), 0);
            return;
        }
        let delay = self.net_delay();
        self.plan(now + delay, Event::Arrive(id));
    }

    fn answer(&mut self, id: u64, answer: Answer, delay: Micros) {
        if let Some(call) = self.calls.get_mut(&id) {
            call.ask = None;
            call.answer = Some(answer);
            self.plan(self.now() + delay, Event::Answered(id));
        }
    }

    fn store_delay(&mut self) -> Micros {
        if self.strikes(Mishap::StoreStalled) {
            self.dice.store.between(3 * SECOND, 2 * MINUTE)
        } else {
            self.dice.store.between(200, 8_000)
        }
    }

    fn net_delay(&mut self) -> Micros {
        if self.strikes(Mishap::SlowNetwork) {
            self.dice.net.between(SECOND, 14 * SECOND)
        } else {
            self.dice.net.between(SECOND / 100, SECOND / 4)
        }
    }

    /// What a call asked for reaches whom it was for.
    pub fn arrive(&mut self, id: u64) {
        let Some(ask) = self.calls.get_mut(&id).and_then(|call| call.ask.take()) else {
            return;
        };
        if let Ask::Send(request) = ask {
            self.request(id, &request);
            return;
        }
        let problem = || types::Problem {
            message: "the store is away".to_owned(),
        };
        if self.strikes(Mishap::StoreRefused) {
            self.answer(id, refusal(&ask, problem()), SECOND / 100);
            return;
        }
        let lost = self.strikes(Mishap::AnswerLost);
        let mut answer = self.take_effect(id, &ask);
        if lost {
            answer = refusal(&ask, problem());
        }
        let delay = self.dice.store.between(200, 8_000);
        self.answer(id, answer, delay);
    }

    /// The store does what it was asked.
    pub fn take_effect(&mut self, id: u64, ask: &Ask) -> Answer {
        let now = self.now();
        match ask {
            Ask::Load(account) => {
                let loaded = self.store.load(account);
                if let (Some(loaded), Some(call)) = (&loaded, self.calls.get_mut(&id)) {
                    call.heard.loaded(now, loaded);
                }
                Answer::Loaded(Ok(loaded))
            }
            Ask::KeepNote(note) => {
                if !self.store.keep_note(note) {
                    if let Some(call) = self.calls.get_mut(&id) {
                        call.heard.unknown = true;
                    }
                    return Answer::Kept(Err(store::NoteError::UnknownAccount(types::Problem {
                        message: "nobody linked it".to_owned(),
                    })));
                }
                self.trace.note(now, id, note);
                self.oracle.kept(note, now);
                if let Some(call) = self.calls.get_mut(&id) {
                    call.heard.kept = true;
                }
                self.wake_all(&note.account);
                Answer::Kept(Ok(()))
            }
            Ask::Commit(change) => match self.store.commit(change) {
                Ok((committed, effects)) => {
                    self.trace.commit(now, id, change, &committed);
                    if let Some(call) = self.calls.get_mut(&id) {
                        self.oracle.committed(
                            &self.merge,
                            &self.store,
                            change,
                            &effects,
                            &mut call.heard,
                        );
                    }
                    self.counts.commits += 1;
                    self.wake_all(&change.account);
                    Answer::Committed(Ok(committed))
                }
                Err(conflict) => {
                    self.counts.stale += 1;
                    self.oracle.disturbed(&change.account);
                    self.trace.stale(now, id);
                    Answer::Committed(Err(store::CommitError::Stale(conflict)))
                }
            },
            Ask::Send(_) => Answer::Sent(Err(transport("a request is not for the store"))),
        }
    }

    /// Merge gets a request.
    fn request(&mut self, id: u64, request: &http::Request) {
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        let token = self.store.account(&request.account);
        let Some(token) = token.and_then(|account| account.token.clone()) else {
            let account = request.account.clone();
            let error = http::SendError::NoToken(http::NoToken { account });
            let clock = self.hosts[call.host].clock(self.merge.now());
            self.hosts[call.host].budget.settle(false, clock);
            self.answer(id, Answer::Sent(Err(error)), 0);
            return;
        };
        let now = self.merge.now();
        self.oracle.requested(&self.merge, request, &call.heard);
        let key = format!("Bearer {}", self.merge.api_key());
        let headers = [
            ("Authorization", key.as_str()),
            ("X-Account-Token", token.as_str()),
        ];
        let response = self.merge.respond(merge_simulator::Request {
            method: &request.method,
            target: &request.target,
            headers: &headers,
            client: &self.hosts[call.host].address,
        });
        self.trace.request(now, id, request, &response);
        self.oracle
            .served(&self.merge, request, &response, &mut call.heard);
        let sent_at = call.sent_at;
        let mut delay = if response.delay_millis > 0 {
            self.dice.net.between(3 * SECOND, 28 * SECOND)
        } else {
            self.net_delay()
        };
        let mut sent = answered(response);
        if now + delay > sent_at + TIMEOUT {
            delay = (sent_at + TIMEOUT - now).max(0);
            sent = Err(transport("timed out"));
        }
        self.answer(id, Answer::Sent(sent), delay);
    }

    /// The answer is here: the call goes on, unless its host dies.
    pub fn answered(&mut self, id: u64) {
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        let host = call.host;
        let Some(answer) = call.answer.take() else {
            return;
        };
        let clock = self.hosts[host].clock(self.merge.now());
        if let Answer::Sent(sent) = &answer {
            let failing =
                matches!(sent, Ok(response) if response.status >= 400 && response.status != 429);
            if !matches!(
                sent,
                Err(http::SendError::HeldBack(_) | http::SendError::NoToken(_))
            ) {
                self.hosts[host].budget.settle(failing, clock);
            }
        }
        if self.strikes(Mishap::HostKilled) {
            self.die(host);
            return;
        }
        if let Some(call) = self.calls.get_mut(&id) {
            call.calling.port.answer(answer);
            self.go_on(id);
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
                let effect = matches!(&ran, Ok(report) if report.polled || report.rows > 0);
                self.oracle
                    .run_ended(&account, host, effect, self.merge.now());
                match &ran {
                    Ok(_) => {
                        self.hosts[host].release(&account);
                        if effect {
                            self.inspect(host, &account);
                        }
                    }
                    Err(Failure::Store(_)) => {
                        self.oracle.disturbed(&account);
                        self.hosts[host].hold(&account, self.merge.now());
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

    /// Merge hears how a webhook was answered. The one that carries a token is worth more: a
    /// product that never got it asks for it, or its people do.
    pub fn refused(&mut self, delivery: &Delivery, status: Option<u16>) {
        self.merge.delivered(delivery.id, status);
        let given_up = match status {
            Some(200..=299) => false,
            Some(400..=499) => true,
            _ => delivery.attempt >= 3,
        };
        if given_up && delivery.event == "LinkedAccount.linked" {
            let at = self.now() + self.dice.errands.between(MINUTE, 20 * MINUTE);
            let account = delivery.account_id.clone();
            self.plan(at, Event::Errand(Errand::Link(account)));
        }
    }

    /// A webhook's note is still not durable: Merge is told so, and the instance is not used
    /// again. Whether the note is kept all the same is the store's secret.
    pub fn give_up(&mut self, id: u64) {
        let Some(call) = self.calls.remove(&id) else {
            return;
        };
        self.counts.given_up += 1;
        if let Some(ask @ Ask::KeepNote(_)) = &call.ask
            && self.dice.store.per_mille(500)
        {
            self.take_effect(id, ask);
        }
        if let Purpose::Webhook {
            delivery,
            replayed: false,
        } = call.purpose
        {
            self.refused(&delivery, Some(500));
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
                Purpose::Run { account } => self.oracle.disturbed(&account),
                Purpose::Webhook { .. } => {}
            }
        }
    }
}

fn transport(message: &str) -> http::SendError {
    http::SendError::Transport(http::Transport {
        message: message.to_owned(),
    })
}

/// The answer as a client's library hands it over.
fn answered(response: merge_simulator::Response) -> Result<http::Response, http::SendError> {
    if response.cut_after.is_some() {
        return Err(transport("the connection broke"));
    }
    let body = String::from_utf8(response.body).map_err(|_| transport("not UTF-8"))?;
    let headers = response
        .headers
        .into_iter()
        .map(|(name, value)| http::Header {
            name: name.to_ascii_lowercase(),
            value,
        });
    Ok(http::Response {
        status: response.status,
        headers: headers.collect(),
        body,
    })
}

fn refusal(ask: &Ask, problem: types::Problem) -> Answer {
    match ask {
        Ask::Load(_) => Answer::Loaded(Err(problem)),
        Ask::KeepNote(_) => Answer::Kept(Err(store::NoteError::Unavailable(problem))),
        Ask::Commit(_) => Answer::Committed(Err(store::CommitError::Unavailable(problem))),
        Ask::Send(_) => Answer::Sent(Err(transport("the store is away"))),
    }
}
