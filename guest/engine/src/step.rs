//! One step of a run: what happened comes in, what to do next goes out.
//!
//! A run goes: started, claim committed, then requests and commits in turn, and a last commit
//! that gives the claim back. Each page is committed with its rows, its cursor and its slot, so
//! that a crash at any point resumes where the latest commit left off.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use merge_sync_logic::retry::AttemptOutcome;
use merge_sync_logic::types::{Account, Milliseconds, Problem, Timestamp};

use crate::document::{Claim, Document, Life};
use crate::http::{Request, Response, SendError};
use crate::log::{Entry, Level};
use crate::poll::{self, Reading};
pub use crate::run::Run;
use crate::run::{Stage, Tally, Then};
use crate::schedule::{self, CLAIM};
use crate::settings::Settings;
use crate::slot::Kind;
use crate::store::{
    Batch, Change, Committed, Numbered, Occasion, Sweep, Swept, TokenChange, Versioned,
};
use crate::view::{Failure, Report};
use crate::work::{self, Work};
use crate::{codec, crash, failure, fetch, issues, link, notes, settle, sweep};

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A run was started; what the store holds of the account.
    Started(Versioned),
    /// The request was answered.
    Response(Response),
    /// The request was not answered.
    SendError(SendError),
    /// The change was committed.
    Committed(Committed),
    /// Somebody else committed first; what the store holds now, `None` where the account is gone.
    Stale(Option<Versioned>),
    /// The store could not commit, or could not load after `stale`.
    Unavailable(Problem),
}

/// What to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Send this, and come back with [`Event::Response`] or [`Event::SendError`].
    Send(Request),
    /// Commit this, and come back with [`Event::Committed`], [`Event::Stale`] or
    /// [`Event::Unavailable`].
    Commit(Box<Change>),
    /// The run is over.
    Finished(Result<Report, Failure>),
}

/// The next state of the run, what to do, and what to log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// To be given to the next step.
    pub run: Run,
    /// What to do.
    pub effect: Effect,
    /// What to log.
    pub log: Vec<Entry>,
}

/// A run that others overtake this often leaves the account to them.
const MOST_OVERTAKEN: u32 = 8;

/// Take `event` in and say what to do next. `now` is the host's clock.
///
/// An event that does not answer the latest effect ends the run with [`Failure::State`]; so does
/// every event once the run is over.
#[must_use]
pub fn step(run: Run, settings: &Settings, now: Timestamp, event: Event) -> Step {
    let mut turn = Turn {
        run,
        settings,
        now,
        log: Vec::new(),
    };
    let stage = core::mem::replace(&mut turn.run.stage, Stage::Idle);
    let effect = match (stage, event) {
        (Stage::Idle, Event::Started(loaded)) if turn.run.started_at.is_none() => {
            turn.start(loaded)
        }
        (Stage::Polling(reading), Event::Response(response)) => turn.polled(reading, &response),
        (Stage::Polling(_), Event::SendError(error)) => turn.poll_not_sent(error),
        (Stage::Fetching(model, kind), Event::Response(response)) => {
            turn.fetched(&model, kind, &response)
        }
        (Stage::Fetching(model, kind), Event::SendError(error)) => {
            turn.page_not_sent(&model, kind, error)
        }
        (Stage::ReadingIssues, Event::Response(response)) => turn.issues_read(&response),
        (Stage::ReadingIssues, Event::SendError(error)) => turn.issues_not_sent(error),
        (Stage::ReadingDetails, Event::Response(response)) => turn.details_read(&response),
        (Stage::ReadingDetails, Event::SendError(error)) => turn.details_not_sent(error),
        (Stage::Committing(then), Event::Committed(committed)) => turn.committed(then, committed),
        (Stage::Committing(_), Event::Stale(Some(loaded))) => turn.overtaken(loaded),
        // The account is gone: nothing is recreated.
        (Stage::Committing(_), Event::Stale(None)) => turn.report(),
        (Stage::Committing(_), Event::Unavailable(problem)) => {
            Effect::Finished(Err(Failure::Store(problem)))
        }
        (_, _) => misfit(),
    };
    Step {
        run: turn.run,
        effect,
        log: turn.log,
    }
}

fn misfit() -> Effect {
    let message = "event: does not answer the latest effect".into();
    Effect::Finished(Err(Failure::State(Problem { message })))
}

/// One step under way.
struct Turn<'a> {
    run: Run,
    settings: &'a Settings,
    now: Timestamp,
    log: Vec<Entry>,
}

/// What a commit does besides storing the document.
struct Extra {
    consumed: Vec<u64>,
    token: TokenChange,
    batch: Option<Batch>,
    sweep: Option<Sweep>,
}

impl Extra {
    const NOTHING: Self = Self {
        consumed: Vec::new(),
        token: TokenChange::Keep,
        batch: None,
        sweep: None,
    };
}

impl Turn<'_> {
    fn start(&mut self, loaded: Versioned) -> Effect {
        self.run.started_at = Some(self.now);
        let document = match self.decode(&loaded.state) {
            Ok(document) => document,
            Err(problem) => return Effect::Finished(Err(Failure::State(problem))),
        };
        self.begin(document, loaded)
    }

    fn decode(&self, state: &str) -> Result<Document, Problem> {
        let blank = || {
            let account = Account {
                id: self.run.account.clone(),
                ..Account::default()
            };
            Document::new(account, self.now)
        };
        Ok(codec::decode(state)?.unwrap_or_else(blank))
    }

    /// Turn the notes into state, and claim the account if there is something to ask Merge for.
    fn begin(&mut self, mut document: Document, loaded: Versioned) -> Effect {
        self.run.version = loaded.version;
        let said = self.log.len();
        let applied = notes::apply(&mut document, &loaded.notes, self.now, &mut self.log);
        // A new token may have cleared what stood in the way. Otherwise the notes stay.
        if !schedule::may_start(&document, self.now) {
            self.log.truncate(said);
            self.run.wake_at = schedule::wake_at(&document, self.settings, self.now);
            return self.report();
        }
        let consumed = numbers(&loaded.notes);
        let extra = Extra {
            consumed,
            token: applied,
            ..Extra::NOTHING
        };
        if crash::backs_off(&mut document, self.settings, self.now, &mut self.log) {
            return self.commit(document, extra, Then::Finish);
        }
        if work::next(&document, self.settings, false, self.now).is_some() {
            let number = document.claims.saturating_add(1);
            document.claims = number;
            document.claim = Some(Claim {
                number,
                until: self.now.plus(CLAIM),
            });
            document.unfinished_claims = document.unfinished_claims.saturating_add(1);
            return self.commit(document, extra, Then::Claimed(number));
        }
        if extra.consumed.is_empty() {
            self.run.wake_at = schedule::wake_at(&document, self.settings, self.now);
            return self.report();
        }
        self.commit(document, extra, Then::Finish)
    }

    fn committed(&mut self, then: Then, committed: Committed) -> Effect {
        self.run.version = committed.version;
        self.run.done = self.run.done.plus(self.run.pending);
        self.run.pending = Tally::default();
        match then {
            Then::Finish => return self.report(),
            Then::GoOn => {}
            Then::Claimed(number) => self.run.claim = Some(number),
            Then::Swept(model_id) => self.swept(&model_id, committed.swept),
        }
        self.go_on()
    }

    /// Somebody else committed first: everything derived from the old state is discarded, and
    /// the run goes on only while its own claim stands.
    fn overtaken(&mut self, loaded: Versioned) -> Effect {
        self.run.pending = Tally::default();
        self.run.notices.clear();
        self.run.overtaken = self.run.overtaken.saturating_add(1);
        let mut document = match self.decode(&loaded.state) {
            Ok(document) => document,
            Err(problem) => return Effect::Finished(Err(Failure::State(problem))),
        };
        if self.run.overtaken > MOST_OVERTAKEN {
            return self.report();
        }
        let Some(number) = self.run.claim else {
            return self.begin(document, loaded);
        };
        let standing = document.claim.filter(|claim| claim.number == number);
        if standing.is_none_or(|claim| claim.until < self.now) {
            return self.report();
        }
        // INVARIANT: notes that were not loaded before the first request stay for the next run.
        self.run.version = loaded.version;
        // What the server demanded of this run is no less demanded for somebody else's commit.
        let discarded = self.run.document.as_ref();
        let demanded = discarded.and_then(|discarded| discarded.server_until);
        if demanded > Some(self.now) {
            document.server_until = document.server_until.max(demanded);
            return self.release(document, Extra::NOTHING);
        }
        self.run.document = Some(document);
        self.go_on()
    }

    /// Send what is to be sent next, or give the claim back.
    fn go_on(&mut self) -> Effect {
        let Some(document) = self.run.document.take() else {
            return misfit();
        };
        match self.next_work(&document) {
            Some(work) => self.send(document, work),
            None => self.release(document, Extra::NOTHING),
        }
    }

    fn next_work(&self, document: &Document) -> Option<Work> {
        if self.run.is_spent(&self.settings.run_limits, self.now) {
            return None;
        }
        work::next(document, self.settings, self.run.polled, self.now)
    }

    fn send(&mut self, document: Document, work: Work) -> Effect {
        match work {
            Work::Poll => {
                self.run.polled = true;
                self.send_poll(document, Reading::default())
            }
            Work::Issues => {
                let target = issues::target(&document);
                self.request(document, target, Stage::ReadingIssues)
            }
            Work::Details => {
                let target = link::target(&document);
                self.request(document, target, Stage::ReadingDetails)
            }
            Work::Page(model_id, kind) => self.send_page(document, &model_id, kind),
            Work::Sweep(model_id) => self.order_sweep(document, model_id),
        }
    }

    fn send_poll(&mut self, document: Document, reading: Reading) -> Effect {
        let target = reading.target(&document.account.category);
        self.request(document, target, Stage::Polling(reading))
    }

    fn send_page(&mut self, mut document: Document, model_id: &str, kind: Kind) -> Effect {
        let target = fetch::target(&mut document, model_id, kind, self.settings, self.now);
        let Some(target) = target else {
            return self.release(document, Extra::NOTHING);
        };
        self.run.pages = self.run.pages.saturating_add(1);
        self.request(document, target, Stage::Fetching(model_id.into(), kind))
    }

    fn request(&mut self, document: Document, target: String, stage: Stage) -> Effect {
        self.run.requests = self.run.requests.saturating_add(1);
        self.run.document = Some(document);
        self.run.stage = stage;
        Effect::Send(Request {
            account: self.run.account.clone(),
            method: "GET".into(),
            target,
        })
    }

    fn polled(&mut self, mut reading: Reading, response: &Response) -> Effect {
        let Some(mut document) = self.run.document.take() else {
            return misfit();
        };
        if !is_success(response) {
            let stale = matches!(response.status, 400 | 404 | 410);
            let outcome = if stale && reading.paging.cursor.is_some() {
                AttemptOutcome::StaleCursor
            } else {
                failure::answered(response)
            };
            return self.poll_failed(document, &outcome);
        }
        match reading.turn_page(&response.body) {
            poll::Turned::More => self.send_poll(document, reading),
            poll::Turned::Complete => {
                poll::apply(
                    &mut document,
                    reading.rows,
                    self.settings,
                    self.now,
                    &mut self.log,
                );
                self.run.pending.polls = 1;
                self.commit_and_go_on(document, Extra::NOTHING, Then::GoOn)
            }
            poll::Turned::Unusable(message) => {
                self.poll_failed(document, &failure::unusable(message))
            }
        }
    }

    fn poll_not_sent(&mut self, error: SendError) -> Effect {
        let Some(document) = self.run.document.take() else {
            return misfit();
        };
        match failure::not_sent(error) {
            Ok(outcome) => self.poll_failed(document, &outcome),
            Err(wait) => self.held_back(document, wait),
        }
    }

    fn poll_failed(&mut self, mut document: Document, outcome: &AttemptOutcome) -> Effect {
        poll::failed(
            &mut document,
            outcome,
            self.settings,
            self.now,
            &mut self.log,
        );
        self.give_up(document)
    }

    /// End the run with a failure that stands in the way of everything; and the account, where
    /// that is the end of it.
    fn give_up(&mut self, mut document: Document) -> Effect {
        let mut extra = Extra::NOTHING;
        if document.life == Life::Stopped {
            document.stop();
            document.trouble = None;
            extra.token = TokenChange::Erase;
            let text = "Merge deleted this account. Its records are kept.".into();
            let account = &document.account.id;
            let notice = settle::notice(account, Occasion::Unlinked, None, self.now, text);
            self.run.notices.push(notice);
        }
        self.release(document, extra)
    }

    fn fetched(&mut self, model_id: &str, kind: Kind, response: &Response) -> Effect {
        let Some(mut document) = self.run.document.take() else {
            return misfit();
        };
        if !is_success(response) {
            return self.page_failed(document, model_id, kind, failure::answered(response));
        }
        let taken = fetch::take_page(
            &mut document,
            &response.body,
            &mut self.page_context(model_id, kind),
        );
        match taken {
            Ok(taken) => self.commit_page(document, model_id, taken),
            Err(message) => self.page_failed(document, model_id, kind, failure::unusable(message)),
        }
    }

    fn page_context<'b>(&'b mut self, model_id: &'b str, kind: Kind) -> fetch::Context<'b> {
        fetch::Context {
            model_id,
            kind,
            settings: self.settings,
            now: self.now,
            log: &mut self.log,
        }
    }

    /// Commit what a page brought, or what became of a read that failed.
    fn commit_page(&mut self, document: Document, model_id: &str, taken: fetch::Taken) -> Effect {
        let rows = taken.batch.as_ref().map_or(0, |batch| batch.rows.len());
        self.run.pending.windows = taken.window.into();
        self.run.pending.rows = u64::try_from(rows).unwrap_or(u64::MAX);
        self.run.notices.extend(taken.notices);
        let then = match taken.sweep {
            Some(_) => Then::Swept(model_id.into()),
            None => Then::GoOn,
        };
        let extra = Extra {
            batch: taken.batch,
            sweep: taken.sweep,
            ..Extra::NOTHING
        };
        if then == Then::GoOn && schedule::is_held_up(&document, self.now) {
            return self.release(document, extra);
        }
        self.commit_and_go_on(document, extra, then)
    }

    /// Order a sweep that was not carried out yet, or not to its end.
    fn order_sweep(&mut self, document: Document, model_id: String) -> Effect {
        let model = document.models.get(&model_id);
        let sweep = model.and_then(|model| Some(model.sweep?.order(&model_id)));
        let extra = Extra {
            sweep,
            ..Extra::NOTHING
        };
        self.commit(document, extra, Then::Swept(model_id))
    }

    fn page_not_sent(&mut self, model_id: &str, kind: Kind, error: SendError) -> Effect {
        let Some(document) = self.run.document.take() else {
            return misfit();
        };
        match failure::not_sent(error) {
            Ok(outcome) => self.page_failed(document, model_id, kind, outcome),
            Err(wait) => self.held_back(document, wait),
        }
    }

    /// The host's budget is spent: nobody's failure, and the end of this run.
    fn held_back(&mut self, mut document: Document, wait: Milliseconds) -> Effect {
        poll::stay_away(&mut document, wait, false, self.now);
        self.release(document, Extra::NOTHING)
    }

    fn page_failed(
        &mut self,
        mut document: Document,
        model_id: &str,
        kind: Kind,
        outcome: AttemptOutcome,
    ) -> Effect {
        let taken = fetch::failed(
            &mut document,
            outcome,
            &mut self.page_context(model_id, kind),
        );
        self.commit_page(document, model_id, taken)
    }

    fn issues_read(&mut self, response: &Response) -> Effect {
        let Some(mut document) = self.run.document.take() else {
            return misfit();
        };
        if is_success(response) {
            issues::take(&mut document, &response.body, self.now);
        } else {
            document.issues_lookup.failed(self.now);
            link::heed(&mut document, response, self.settings, self.now);
        }
        self.after_lookup(document)
    }

    fn issues_not_sent(&mut self, error: SendError) -> Effect {
        let Some(mut document) = self.run.document.take() else {
            return misfit();
        };
        match failure::not_sent(error) {
            Ok(_) => {
                document.issues_lookup.failed(self.now);
                self.after_lookup(document)
            }
            Err(wait) => self.held_back(document, wait),
        }
    }

    fn details_read(&mut self, response: &Response) -> Effect {
        let Some(mut document) = self.run.document.take() else {
            return misfit();
        };
        if is_success(response) {
            link::take(&mut document, &response.body, self.now, &mut self.log);
            return self.after_lookup(document);
        }
        link::heed(&mut document, response, self.settings, self.now);
        self.details_failed(document, &failure::answered(response))
    }

    fn details_not_sent(&mut self, error: SendError) -> Effect {
        let Some(document) = self.run.document.take() else {
            return misfit();
        };
        match failure::not_sent(error) {
            Ok(outcome) => self.details_failed(document, &outcome),
            Err(wait) => self.held_back(document, wait),
        }
    }

    fn details_failed(&mut self, mut document: Document, outcome: &AttemptOutcome) -> Effect {
        link::failed(
            &mut document,
            outcome,
            self.settings,
            self.now,
            &mut self.log,
        );
        if document.life == Life::Stopped {
            return self.give_up(document);
        }
        self.after_lookup(document)
    }

    /// What Merge says of an account is worth no retry.
    fn after_lookup(&mut self, document: Document) -> Effect {
        if schedule::is_held_up(&document, self.now) {
            return self.release(document, Extra::NOTHING);
        }
        self.commit_and_go_on(document, Extra::NOTHING, Then::GoOn)
    }

    fn swept(&mut self, model_id: &str, swept: Option<Swept>) {
        let Some(document) = self.run.document.as_mut() else {
            return;
        };
        let account = &self.run.account;
        let entry = match swept {
            Some(swept) if swept.held => Entry::new(
                Level::Error,
                "a full re-read found too many records missing; none is marked deleted",
            )
            .number("live", swept.live)
            .number("missing", swept.unseen),
            Some(swept) => Entry::new(Level::Info, "records that Merge no longer has are marked")
                .number("deleted", swept.marked),
            None => Entry::new(Level::Error, "the store did not answer a sweep"),
        };
        self.log
            .push(entry.text("account", account).text("model", model_id));
        let name = alloc::format!("{account}/{model_id}");
        if let Some(model) = document.models.get_mut(model_id) {
            sweep::done(model, &name, swept, self.now);
        }
    }

    /// Commit, and let the same commit give the claim back where nothing is left to do.
    fn commit_and_go_on(&mut self, document: Document, extra: Extra, then: Then) -> Effect {
        if then == Then::GoOn && self.next_work(&document).is_none() {
            return self.release(document, extra);
        }
        self.commit(document, extra, then)
    }

    fn release(&mut self, mut document: Document, extra: Extra) -> Effect {
        document.claim = None;
        document.unfinished_claims = 0;
        document.backed_off_claims = 0;
        self.commit(document, extra, Then::Finish)
    }

    fn commit(&mut self, mut document: Document, extra: Extra, then: Then) -> Effect {
        if let Some(claim) = document.claim.as_mut() {
            claim.until = self.now.plus(CLAIM);
        }
        let settled = settle::settle(&mut document, self.settings, self.now);
        let mut notices = core::mem::take(&mut self.run.notices);
        notices.extend(settled.notices);
        self.run.trouble = settled.trouble;
        self.run.wake_at = schedule::wake_at(&document, self.settings, self.now);
        let change = Change {
            account: self.run.account.clone(),
            expected: Some(self.run.version.clone()),
            state: codec::encode(&document),
            consumed: extra.consumed,
            wake_at: self.run.wake_at,
            not_before: schedule::not_before(&document),
            token: extra.token,
            summary: settled.summary,
            batches: extra.batch.into_iter().collect(),
            sweep: extra.sweep,
            notices,
        };
        self.run.document = Some(document);
        self.run.stage = Stage::Committing(then);
        Effect::Commit(Box::new(change))
    }

    fn report(&self) -> Effect {
        Effect::Finished(Ok(Report {
            polled: self.run.done.polls > 0,
            windows: self.run.done.windows,
            rows: self.run.done.rows,
            wake_at: self.run.wake_at,
            trouble: self.run.trouble.clone(),
        }))
    }
}

fn is_success(response: &Response) -> bool {
    (200..300).contains(&response.status)
}

fn numbers(notes: &[Numbered]) -> Vec<u64> {
    notes.iter().map(|note| note.number).collect()
}
