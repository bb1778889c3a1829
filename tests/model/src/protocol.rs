//! What may happen next in a state, and the state that follows.

use merge_sync_engine::http::SendError;
use merge_sync_engine::step::{Effect, Event, Run, step};
use merge_sync_engine::store::{Change, Note};
use merge_sync_engine::view::Failure;
use merge_sync_logic::types::{Problem, Timestamp};
use stateright::{Model, Property};

use crate::clock::{minutes, seconds};
use crate::known::Known;
use crate::properties;
use crate::scenario::{Fault, Mistake, Scenario};
use crate::state::{Host, Running, State};
use crate::store::Breach;
use crate::webhooks::{ACCOUNT, About, BOTH, Notes, Webhook};

/// After a run that failed, a host waits this long at the least.
const AFTER_FAILURE: u64 = 60;

/// Where an account is not caught up long after it should be, the clock stands still.
const PATIENCE: u64 = 180;

/// A scenario, to be explored.
#[derive(Debug)]
pub struct Protocol {
    /// What it is bounded by.
    pub scenario: Scenario,
    notes: Notes,
}

/// What happens next. Hosts are named by their places in the state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Merge writes a record outside syncs.
    Write,
    /// Merge finishes its second sync.
    Finish,
    /// A host takes a webhook in: it keeps its note and answers.
    Deliver(About),
    /// A host keeps its note and does not come to answer, so that it comes again.
    Repeat(About),
    /// A host keeps the note of a webhook that it has answered already, which is a mistake.
    KeepLate(About),
    /// The webhook is lost.
    LoseWebhook(About),
    /// A host sees that a run is due, and loads state and notes.
    Start(usize),
    /// A host sees that a run is due, and is slow to load.
    Wake(usize),
    /// The slow host loads.
    Load(usize),
    /// Merge answers its request.
    Answer(usize),
    /// Its request is lost.
    LoseRequest(usize),
    /// The store takes its change, or tells it that somebody else was first.
    Commit(usize),
    /// The store is unavailable, and nothing was committed.
    Refuse(usize),
    /// The store commits, and its answer is lost.
    LoseAnswer(usize),
    /// The host dies and is started again.
    Crash(usize),
    /// The clock leaps to the next instant at which something is due.
    Leap,
    /// It does so though a webhook is on its way.
    LeapAhead,
    /// It does so though a host is in the middle of a run.
    Stall,
}

impl Protocol {
    /// Ready to be explored.
    #[must_use]
    pub fn new(scenario: Scenario) -> Self {
        Self {
            scenario,
            notes: Notes::new(),
        }
    }

    /// The note that this webhook leaves.
    #[must_use]
    pub fn note(&self, about: About) -> &Note {
        &self.notes.of[about as usize]
    }

    fn webhook_actions(&self, state: &State, actions: &mut Vec<Action>) {
        for about in BOTH {
            match state.webhooks[about as usize] {
                Webhook::Flying => {
                    actions.push(Action::Deliver(about));
                    if state.left.allows(Fault::Repeat) {
                        actions.push(Action::Repeat(about));
                    }
                    if state.left.allows(Fault::LostWebhook) && may_be_lost(state, about) {
                        actions.push(Action::LoseWebhook(about));
                    }
                }
                Webhook::AnsweredFirst => actions.push(Action::KeepLate(about)),
                Webhook::Answered | Webhook::Unsent | Webhook::Lost => {}
            }
        }
    }

    fn host_actions(&self, state: &State, host: usize, actions: &mut Vec<Action>) {
        match &state.hosts[host] {
            Host::Idle(_) if state.may_wake(host, &self.scenario) => {
                actions.push(Action::Start(host));
                if state.left.allows(Fault::LateLoad) {
                    actions.push(Action::Wake(host));
                }
            }
            Host::Idle(_) => {}
            Host::Woken => actions.push(Action::Load(host)),
            Host::Running(running) => match running.effect {
                Effect::Send(_) => {
                    actions.push(Action::Answer(host));
                    if state.left.allows(Fault::LostRequest) {
                        actions.push(Action::LoseRequest(host));
                    }
                }
                Effect::Commit(_) => {
                    actions.push(Action::Commit(host));
                    if state.left.allows(Fault::Refusal) {
                        actions.push(Action::Refuse(host));
                    }
                    if state.left.allows(Fault::LostAnswer) {
                        actions.push(Action::LoseAnswer(host));
                    }
                }
                Effect::Finished(_) => {}
            },
        }
        if state.left.allows(Fault::Crash) && matches!(state.hosts[host], Host::Running(_)) {
            actions.push(Action::Crash(host));
        }
    }

    fn clock_actions(&self, state: &State, actions: &mut Vec<Action>) {
        let busy = (0..state.hosts.len())
            .any(|host| state.hosts[host] == Host::Woken || state.may_wake(host, &self.scenario));
        let Some(next) = state.next_instant(&self.scenario).filter(|_| !busy) else {
            return;
        };
        let end = self.scenario.horizon.plus(minutes(PATIENCE));
        let is_over = state.is_caught_up() && next > self.scenario.horizon;
        if is_over || next > end {
            return;
        }
        let is_flying = state.webhooks.contains(&Webhook::Flying);
        match (state.is_idle(), is_flying) {
            (true, false) => actions.push(Action::Leap),
            (true, true) if state.left.allows(Fault::LateWebhook) => {
                actions.push(Action::LeapAhead);
            }
            (false, _) if state.left.allows(Fault::Stall) => actions.push(Action::Stall),
            (_, _) => {}
        }
    }

    fn deliver(&self, state: &mut State, about: About) {
        let webhook = &mut state.webhooks[about as usize];
        if self.scenario.has(Mistake::HostAnswersFirst) {
            *webhook = Webhook::AnsweredFirst;
        } else {
            *webhook = Webhook::Answered;
            state.store.keep(self.note(about));
        }
    }

    fn keep_late(&self, state: &mut State, about: About) {
        state.webhooks[about as usize] = Webhook::Answered;
        state.store.keep(self.note(about));
    }

    fn note_start(state: &mut State) {
        if state.rest == Some(state.rest_now()) {
            state.note_breaches(vec![Breach::StartedAgain]);
        }
    }

    fn load(&self, state: &mut State, host: usize) {
        let loaded = state.store.load();
        let idle = Running {
            run: Run::new(ACCOUNT),
            effect: Effect::Finished(Err(Failure::State(nothing()))),
            loaded: numbers(state),
            latest_note: state.store.latest_note,
            started_at: state.now,
            asked: false,
        };
        self.go_on(state, host, idle, Event::Started(loaded));
    }

    fn answer(&self, state: &mut State, host: usize, is_lost: bool) {
        let mut running = running(state, host);
        let Effect::Send(request) = &running.effect else {
            return;
        };
        let event = if is_lost {
            Event::SendError(SendError::Transport("connection reset".into()))
        } else {
            Event::Response(state.merge.answer(&request.target))
        };
        state.requests += 1;
        running.asked = true;
        self.go_on(state, host, running, event);
    }

    fn commit(&self, state: &mut State, host: usize, is_answered: bool) {
        let mut running = running(state, host);
        let Effect::Commit(change) = &running.effect else {
            return;
        };
        let mut breaches = unseen(change, &running.loaded);
        let committed = state
            .store
            .commit(change, &self.scenario, state.now, &mut breaches);
        let event = match committed {
            _ if !is_answered => Event::Unavailable(nothing()),
            Some(committed) => Event::Committed(committed),
            None => {
                breaches.clear();
                if !running.asked {
                    running.loaded = numbers(state);
                    running.latest_note = state.store.latest_note;
                }
                Event::Stale(Some(state.store.load()))
            }
        };
        state.note_breaches(breaches);
        self.go_on(state, host, running, event);
    }

    fn refuse(&self, state: &mut State, host: usize) {
        let running = running(state, host);
        self.go_on(state, host, running, Event::Unavailable(nothing()));
    }

    /// The engine's step, and what the host does with its effect at once.
    fn go_on(&self, state: &mut State, host: usize, running: Running, event: Event) {
        let step = step(running.run, &self.scenario.settings, state.now, event);
        state.hosts[host] = match step.effect {
            Effect::Send(_) | Effect::Commit(_) => Host::Running(Known::new(Running {
                run: step.run,
                effect: step.effect,
                ..running
            })),
            Effect::Finished(Ok(_)) => {
                let saw_all = running.latest_note == state.store.latest_note;
                if !running.asked && saw_all && running.started_at == state.now {
                    state.rest = Some(state.rest_now());
                }
                Host::Idle(None)
            }
            Effect::Finished(Err(Failure::Store(_))) => {
                Host::Idle(Some(state.now.plus(seconds(AFTER_FAILURE))))
            }
            Effect::Finished(Err(_)) => {
                state.note_breaches(vec![Breach::EngineRefused]);
                Host::Idle(Some(Timestamp(i64::MAX)))
            }
        };
    }
}

impl Model for Protocol {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        vec![State::new(&self.scenario, &self.notes)]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        if state.merge.written.is_none() {
            actions.push(Action::Write);
        }
        if state.merge.finished.is_none() {
            actions.push(Action::Finish);
        }
        self.webhook_actions(state, actions);
        for host in 0..state.hosts.len() {
            self.host_actions(state, host, actions);
        }
        self.clock_actions(state, actions);
    }

    fn next_state(&self, last: &State, action: Action) -> Option<State> {
        let mut next = last.clone();
        let state = &mut next;
        match action {
            Action::Write => {
                state.merge.write(state.now);
                state.webhooks[About::Write as usize] = Webhook::Flying;
            }
            Action::Finish => {
                state.merge.finish_second(state.now);
                state.webhooks[About::Finish as usize] = Webhook::Flying;
            }
            Action::Deliver(about) => self.deliver(state, about),
            Action::Repeat(about) => {
                state.left.spend(Fault::Repeat);
                state.store.keep(self.note(about));
            }
            Action::KeepLate(about) => self.keep_late(state, about),
            Action::LoseWebhook(about) => {
                state.left.spend(Fault::LostWebhook);
                state.webhooks[about as usize] = Webhook::Lost;
            }
            Action::Start(host) => {
                Self::note_start(state);
                self.load(state, host);
            }
            Action::Wake(host) => {
                Self::note_start(state);
                state.left.spend(Fault::LateLoad);
                state.hosts[host] = Host::Woken;
            }
            Action::Load(host) => self.load(state, host),
            Action::Answer(host) => self.answer(state, host, false),
            Action::LoseRequest(host) => {
                state.left.spend(Fault::LostRequest);
                self.answer(state, host, true);
            }
            Action::Commit(host) => self.commit(state, host, true),
            Action::Refuse(host) => {
                state.left.spend(Fault::Refusal);
                self.refuse(state, host);
            }
            Action::LoseAnswer(host) => {
                state.left.spend(Fault::LostAnswer);
                self.commit(state, host, false);
            }
            Action::Crash(host) => {
                state.left.spend(Fault::Crash);
                state.hosts[host] = Host::Idle(None);
            }
            Action::Leap => state.now = state.next_instant(&self.scenario)?,
            Action::LeapAhead => {
                state.left.spend(Fault::LateWebhook);
                state.now = state.next_instant(&self.scenario)?;
            }
            Action::Stall => {
                state.left.spend(Fault::Stall);
                state.stood_still = true;
                state.now = state.next_instant(&self.scenario)?;
            }
        }
        state.tidy();
        Some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        let mut properties = properties::all();
        properties.extend(properties::visited());
        properties
    }
}

/// A write that no later sync brings is told of by its webhook alone: nobody could find it if
/// that were lost.
fn may_be_lost(state: &State, about: About) -> bool {
    match about {
        About::Finish => true,
        About::Write => state
            .merge
            .finished
            .is_none_or(|finished| state.merge.written < Some(finished)),
    }
}

fn numbers(state: &State) -> Vec<u64> {
    state.store.notes.iter().map(|note| note.number).collect()
}

fn unseen(change: &Change, loaded: &[u64]) -> Vec<Breach> {
    let seen = change.consumed.iter().all(|number| loaded.contains(number));
    if seen {
        Vec::new()
    } else {
        vec![Breach::UnseenNoteConsumed]
    }
}

fn running(state: &State, host: usize) -> Running {
    match &state.hosts[host] {
        Host::Running(running) => Running::clone(running),
        Host::Idle(_) | Host::Woken => unreachable!("only a run has an effect"),
    }
}

fn nothing() -> Problem {
    Problem {
        message: String::new(),
    }
}
