//! One step of a run: takes an event and returns the next effect.
//!
//! A run commits a lease on the account, then alternates requests and commits; its last commit
//! releases the lease. The rows of a page, the cursor after it and the state of the read (its slot)
//! are one commit, so a crash loses nothing that was committed.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use merge_sync_logic::types::{Problem, Timestamp};

use crate::account::codec;
use crate::account::document::{Document, Model};
use crate::commit::{self, Extra, unlink};
use crate::context::Context;
use crate::contract::http::Request;
use crate::contract::log::Entry;
use crate::contract::store::{Committed, LoadedAccount};
use crate::contract::triggers::Failure;
use crate::decide::sweep;
pub use crate::event::{Effect, Event};
use crate::plan::work::{self, Work};
use crate::plan::{crash, hold, notes};
use crate::request::Asked;
use crate::request::next::{Answer, Next, Taken};
use crate::request::reading::Reading;
pub use crate::run::Run;
use crate::run::{AfterCommit, Stage, Tally};
use crate::settings::Settings;

/// The next state of the run, what to do, and what to log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The state of the run, to pass to the next step.
    pub run: Run,
    /// What the caller does next.
    pub effect: Effect,
    /// What the caller logs.
    pub log: Vec<Entry>,
}

/// After more stale commits than this, a run ends and leaves the account to the other runs.
const MOST_OVERTAKEN: u32 = 8;

/// Process `event` and return the next effect. `now` is read from the host's clock.
///
/// If `event` is not an outcome of the latest effect, or the run has already ended, the effect is
/// `Finished` with [`Failure::State`].
#[must_use]
pub fn step(mut run: Run, settings: &Settings, now: Timestamp, event: Event) -> Step {
    let mut log = Vec::new();
    let stage = core::mem::replace(&mut run.stage, Stage::Idle);
    let mut current = CurrentStep {
        run: &mut run,
        context: Context {
            settings,
            now,
            log: &mut log,
        },
    };
    let effect = match (stage, event) {
        (Stage::Idle, Event::Started(loaded)) if current.run.started_at.is_none() => {
            current.start(loaded).unwrap_or_else(Effect::failed)
        }
        (Stage::Asking(document, asked), Event::Response(response)) => {
            current.answered(document, asked, response.into())
        }
        (Stage::Asking(document, asked), Event::SendError(error)) => {
            current.answered(document, asked, error.into())
        }
        (Stage::Committing(document, then), Event::Committed(committed)) => {
            current.committed(document, then, committed)
        }
        (Stage::Committing(document, _), Event::Stale(Some(loaded))) => current
            .overtaken(&document, loaded)
            .unwrap_or_else(Effect::failed),
        // The store no longer has the account, and a run does not create it again.
        (Stage::Committing(..), Event::Stale(None)) => current.report(),
        (Stage::Committing(..), Event::Unavailable(problem)) => {
            Effect::failed(Failure::Store(problem))
        }
        (_, _) => {
            let message = "event: does not answer the latest effect".into();
            Effect::failed(Failure::State(Problem { message }))
        }
    };
    Step { run, effect, log }
}

/// A step in progress.
struct CurrentStep<'a> {
    run: &'a mut Run,
    context: Context<'a>,
}

impl CurrentStep<'_> {
    fn start(&mut self, loaded: LoadedAccount) -> Result<Effect, Failure> {
        self.run.started_at = Some(self.context.now);
        let document = self.decode(&loaded.state)?;
        Ok(self.begin(document, loaded))
    }

    fn decode(&self, state: &str) -> Result<Box<Document>, Failure> {
        let blank = || Document::blank(&self.run.account, self.context.now);
        let decoded = codec::decode(state).map_err(Failure::State)?;
        Ok(Box::new(decoded.unwrap_or_else(blank)))
    }

    /// Apply the notes to the document, and take a lease if a request is due.
    fn begin(&mut self, mut document: Box<Document>, loaded: LoadedAccount) -> Effect {
        let now = self.context.now;
        self.run.version = loaded.version;
        let said = self.context.log.len();
        let token = notes::apply(&mut document, &loaded.notes, now, self.context.log);
        // A new token in the notes may have ended a hold. If not, the notes stay in the store.
        if !hold::may_start(&document, now) {
            self.context.log.truncate(said);
            return self.leave(&document);
        }
        let extra = Extra {
            consumed: notes::numbers(&loaded.notes),
            token,
            ..Extra::NOTHING
        };
        if crash::backs_off(&mut document, &mut self.context) {
            return self.commit(document, extra, AfterCommit::Finish);
        }
        if work::next(&document, self.context.settings, false, now).is_some() {
            let number = hold::take_lease(&mut document, now);
            return self.commit(document, extra, AfterCommit::Leased(number));
        }
        if !extra.consumed.is_empty() {
            return self.commit(document, extra, AfterCommit::Finish);
        }
        self.leave(&document)
    }

    /// End the run without a commit.
    fn leave(&mut self, document: &Document) -> Effect {
        self.run.wake_at = work::wake_at(document, self.context.settings, self.context.now);
        self.report()
    }

    fn committed(
        &mut self,
        mut document: Box<Document>,
        then: AfterCommit,
        committed: Committed,
    ) -> Effect {
        self.run.version = committed.version;
        self.run.done = self.run.done.plus(self.run.pending);
        self.run.pending = Tally::default();
        match then {
            AfterCommit::Finish => return self.report(),
            AfterCommit::GoOn => {}
            AfterCommit::Leased(number) => self.run.lease = Some(number),
            AfterCommit::Swept(model_id) => sweep::carried_out(
                &mut document,
                &self.run.account,
                &model_id,
                committed.swept,
                &mut self.context,
            ),
        }
        self.go_on(document)
    }

    /// The commit was stale, because another one came first. Discards everything derived from the
    /// old state, and continues only while this run's own lease is valid.
    fn overtaken(
        &mut self,
        discarded: &Document,
        loaded: LoadedAccount,
    ) -> Result<Effect, Failure> {
        self.run.pending = Tally::default();
        self.run.overtaken = self.run.overtaken.saturating_add(1);
        let mut document = self.decode(&loaded.state)?;
        if self.run.overtaken > MOST_OVERTAKEN {
            return Ok(self.report());
        }
        let Some(number) = self.run.lease else {
            return Ok(self.begin(document, loaded));
        };
        if !hold::has_lease(&document, number, self.context.now) {
            return Ok(self.report());
        }
        // INVARIANT: this run consumes none of the notes in `loaded`; the next run does.
        self.run.version = loaded.version;
        // Nobody else sends while the lease stands, so nobody else has counted.
        document.minute = discarded.minute;
        if hold::is_demanded_still(&mut document, discarded, self.context.now) {
            return Ok(self.release(document, Extra::NOTHING));
        }
        Ok(self.go_on(document))
    }

    /// Begin the next work that is due, or release the lease.
    fn go_on(&mut self, document: Box<Document>) -> Effect {
        match self.next_work(&document) {
            Some(work) => self.begin_work(document, work),
            None => self.release(document, Extra::NOTHING),
        }
    }

    fn next_work(&self, document: &Document) -> Option<Work> {
        let Context { settings, now, .. } = self.context;
        if self.run.is_spent(&settings.run_limits, now) {
            return None;
        }
        work::next(document, settings, self.run.polled, now)
    }

    fn begin_work(&mut self, document: Box<Document>, work: Work) -> Effect {
        match work {
            Work::Poll => {
                self.run.polled = true;
                self.send(document, Asked::Poll(Reading::default()))
            }
            Work::Page(model_id, kind) => self.send(document, Asked::Page(model_id, kind)),
            Work::Issues => self.send(document, Asked::Issues),
            Work::Details => self.send(document, Asked::Details),
            Work::Sweep(model_id) => self.order_sweep(document, model_id),
        }
    }

    fn send(&mut self, mut document: Box<Document>, asked: Asked) -> Effect {
        let Context { settings, now, .. } = self.context;
        if let Some(wait) = document.minute.wait(settings.requests_per_minute, now) {
            asked.held_back(&mut document, wait, &self.context);
            return self.release(document, Extra::NOTHING);
        }
        let Some(target) = asked.target(&mut document, &self.context) else {
            return self.release(document, Extra::NOTHING);
        };
        document.minute.count(now);
        if matches!(asked, Asked::Page(..)) {
            self.run.pages = self.run.pages.saturating_add(1);
        }
        self.run.requests = self.run.requests.saturating_add(1);
        self.run.stage = Stage::Asking(document, asked);
        Effect::Send(Request {
            account: self.run.account.clone(),
            method: "GET".into(),
            target,
        })
    }

    fn answered(&mut self, mut document: Box<Document>, asked: Asked, answer: Answer) -> Effect {
        match asked.answered(&mut document, answer, &mut self.context) {
            Next::Continue(reading) => self.send(document, Asked::Poll(reading)),
            Next::GoOn(taken) => {
                let extra = self.count(taken);
                let swept = extra.sweep.as_ref().map(|sweep| sweep.model_id.clone());
                match swept {
                    Some(model_id) => self.commit(document, extra, AfterCommit::Swept(model_id)),
                    None => self.commit_and_go_on(document, extra),
                }
            }
            Next::Stop(taken) => {
                let extra = self.count(taken);
                self.release(document, extra)
            }
            Next::Deleted => {
                let extra = unlink::deleted(&mut document, self.context.now);
                self.release(document, extra)
            }
        }
    }

    fn count(&mut self, taken: Taken) -> Extra {
        self.run.pending = Tally::of(&taken);
        Extra {
            batch: taken.batch,
            sweep: taken.sweep,
            notices: taken.notices,
            ..Extra::NOTHING
        }
    }

    /// Commit a pending sweep: the store has not carried it out yet, or not completely.
    fn order_sweep(&mut self, document: Box<Document>, model_id: String) -> Effect {
        let order = |model: &Model| Some(model.sweep?.order(&model_id));
        let sweep = document.models.get(&model_id).and_then(order);
        let extra = Extra {
            sweep,
            ..Extra::NOTHING
        };
        self.commit(document, extra, AfterCommit::Swept(model_id))
    }

    /// Commit and continue. If no work is left, the same commit releases the lease.
    fn commit_and_go_on(&mut self, document: Box<Document>, extra: Extra) -> Effect {
        if self.next_work(&document).is_none() {
            return self.release(document, extra);
        }
        self.commit(document, extra, AfterCommit::GoOn)
    }

    fn release(&mut self, mut document: Box<Document>, extra: Extra) -> Effect {
        hold::give_back(&mut document);
        self.commit(document, extra, AfterCommit::Finish)
    }

    fn commit(&mut self, mut document: Box<Document>, extra: Extra, then: AfterCommit) -> Effect {
        let Context { settings, now, .. } = self.context;
        hold::renew(&mut document, now);
        let (account, version) = (&self.run.account, self.run.version.clone());
        let changed = commit::change(account, version, &mut document, extra, settings, now);
        let (change, trouble) = changed;
        self.run.trouble = trouble;
        self.run.wake_at = change.wake_at;
        self.run.stage = Stage::Committing(document, then);
        Effect::Commit(Box::new(change))
    }

    fn report(&self) -> Effect {
        Effect::Finished(Ok(self.run.report()))
    }
}
