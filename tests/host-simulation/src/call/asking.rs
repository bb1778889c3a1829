//! What a call asks for: on its way to Merge or the store, there, and on its way back.

use merge_simulator::time::{MINUTE, Micros, SECOND};

use crate::bindings::merge_sync::triggers::{http, store, types};
use crate::budget::Outcome;
use crate::mishap::Mishap;
use crate::port::{Answer, Ask};
use crate::world::{Event, World};

/// A request that is not answered by now never will be.
const TIMEOUT: Micros = 30 * SECOND;

impl World<'_> {
    /// The call waits for something: send it on its way, unless its host dies.
    pub(super) fn asked(&mut self, id: u64) {
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
        match self.hosts[host].budget.admit(&request.account, clock) {
            Ok(admission) => {
                call.admitted = Some(admission);
                self.oracle.sent(&request.account, now);
            }
            Err(wait) => {
                let after = u64::try_from(wait / 1_000 + 1).unwrap_or(1);
                let held = http::SendError::HeldBack(http::HeldBack { after });
                self.counts.held_back += 1;
                self.answer(id, Answer::Sent(Err(held)), 0);
                return;
            }
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
                            (&committed, &effects),
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
        if std::str::from_utf8(&response.body).is_err() {
            self.oracle.not_answered(&self.merge, request);
        }
        let mut delay = if response.delay_millis > 0 {
            self.dice.net.between(3 * SECOND, 28 * SECOND)
        } else {
            self.net_delay()
        };
        let mut sent = answered(response);
        if now + delay > sent_at + TIMEOUT {
            delay = (sent_at + TIMEOUT - now).max(0);
            self.oracle.not_answered(&self.merge, request);
            sent = Err(http::SendError::TimedOut(http::Transport {
                message: "timed out".to_owned(),
            }));
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
        if let (Answer::Sent(sent), Some(admission)) = (&answer, call.admitted.take()) {
            let outcome = match sent {
                Ok(response) if response.status >= 400 && response.status != 429 => {
                    Outcome::Failing
                }
                Err(http::SendError::TimedOut(_)) => Outcome::TimedOut,
                _ => Outcome::Other,
            };
            let clock = self.hosts[host].clock(self.merge.now());
            self.hosts[host].budget.settle(admission, outcome, clock);
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
