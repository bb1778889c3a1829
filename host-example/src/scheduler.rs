//! Which account runs when: each at its start, several at a time, none twice at once.
//!
//! The store knows when each account is to start; this keeps in memory only which are running
//! and which failed a moment ago. An account that fails or hangs takes its own turn and nobody
//! else's.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use crate::bindings::exports::merge_sync::triggers::triggers::Report;
use crate::clock::{Clock, MINUTE, Micros, SECOND};
use crate::component::{Fault, Triggers};
use crate::counters::Counters;
use crate::store::{Due, Store, Unavailable};

/// After its first failure an account waits so long, after each further one twice as long.
const FIRST_HOLD: Micros = MINUTE;

/// No account waits longer.
const LONGEST_HOLD: Micros = 10 * MINUTE;

/// When to look again at a store that did not answer.
const STORE_PAUSE: Micros = 5 * SECOND;

/// Webhooks come in swarms: after a look, the next one waits so long for more of them. A look
/// for each took a good part of what a webhook costs.
const SWARM: Duration = Duration::from_millis(2);

/// Runs what is due.
#[derive(Debug)]
pub struct Scheduler {
    triggers: Triggers,
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    counters: Arc<Counters>,
    concurrency: usize,
    /// Something changed: look again.
    wake: Arc<Notify>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    running: HashSet<String>,
    held: HashMap<String, Held>,
    /// What each account that ran to a good end looked like when it was started.
    ended: HashMap<String, Due>,
}

#[derive(Debug)]
struct Held {
    until: Micros,
    failures: u32,
}

/// What is to do now, and when to look again.
#[derive(Debug)]
struct Survey {
    /// Neither running nor held, the longest overdue first.
    ready: Vec<Due>,
    /// The earliest start, or end of a hold, in the future.
    next: Option<Micros>,
}

impl Scheduler {
    /// A scheduler with at most `concurrency` runs at a time, woken by `wake`.
    #[must_use]
    pub fn new(
        triggers: Triggers,
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        counters: Arc<Counters>,
        concurrency: u32,
        wake: Arc<Notify>,
    ) -> Self {
        let concurrency = usize::try_from(concurrency).unwrap_or(1).max(1);
        let state = Mutex::default();
        Self {
            triggers,
            store,
            clock,
            counters,
            concurrency,
            wake,
            state,
        }
    }

    /// Run every account that is due at `now`, each once, and return when they have ended: the
    /// instant at which to call again, which is not later than `now` where more is due
    /// already; `None` where only a webhook or a command will make an account due.
    ///
    /// The clock itself is not looked at: whoever owns it moves it between two calls.
    ///
    /// # Errors
    ///
    /// The store does not answer.
    pub async fn run_due(self: &Arc<Self>, now: Micros) -> Result<Option<Micros>, Unavailable> {
        let mut runs = JoinSet::new();
        for due in self.survey(now, u32::MAX).await?.ready {
            while runs.len() >= self.concurrency {
                runs.join_next().await;
            }
            self.start(due, &mut runs);
        }
        while runs.join_next().await.is_some() {}
        let after = self.survey(now, u32::MAX).await?;
        Ok(if after.ready.is_empty() {
            after.next
        } else {
            Some(now)
        })
    }

    /// Run accounts as they come due, until `shutdown`. Runs that are under way are then waited
    /// for, as long as it takes; whoever drops this future ends them where they stand, which
    /// costs requests and never correctness.
    pub async fn serve(self: Arc<Self>, shutdown: impl Future<Output = ()>) {
        let mut shutdown = std::pin::pin!(shutdown);
        let mut runs = JoinSet::new();
        loop {
            let next = self.start_due(&mut runs).await;
            let looked = Instant::now();
            let rest = self.clock.rest(next, runs.len());
            tokio::select! {
                () = &mut shutdown => break,
                () = self.wake.notified() => sleep_until(looked + SWARM).await,
                Some(_) = runs.join_next() => {}
                () = rest => {}
            }
        }
        while runs.join_next().await.is_some() {}
    }

    /// Start what is due, as far as there is room, and say when to look again.
    async fn start_due(self: &Arc<Self>, runs: &mut JoinSet<()>) -> Option<Micros> {
        let now = self.clock.now();
        let room = self.concurrency.saturating_sub(runs.len());
        if room == 0 {
            return None;
        }
        // Accounts that run or are held may be due as well.
        let known = {
            let state = self.lock();
            state.running.len() + state.held.len()
        };
        let limit = u32::try_from(room + known).unwrap_or(u32::MAX);
        match self.survey(now, limit).await {
            Ok(survey) => {
                for due in survey.ready.into_iter().take(room) {
                    self.start(due, runs);
                }
                survey.next
            }
            Err(problem) => {
                tracing::error!(%problem, "cannot tell which accounts are due");
                Some(now.saturating_add(STORE_PAUSE))
            }
        }
    }

    async fn survey(&self, now: Micros, limit: u32) -> Result<Survey, Unavailable> {
        let due = self.store.due(now, limit).await?;
        let mut next = self.store.next_start(now).await?;
        let mut state = self.lock();
        let mut ready = Vec::new();
        for due in due {
            if state.running.contains(&due.account) {
                continue;
            }
            if state.ended.get(&due.account) == Some(&due) {
                // It ran, said that all is well, and is as it was. At once and again it would
                // do so for ever.
                tracing::warn!(account = due.account, "a run changed nothing");
                state.ended.remove(&due.account);
                state.hold(&due.account, now);
            }
            match state.held.get(&due.account) {
                Some(held) if held.until > now => {
                    next = Some(next.map_or(held.until, |next| next.min(held.until)));
                }
                _ => ready.push(due),
            }
        }
        Ok(Survey { ready, next })
    }

    fn start(self: &Arc<Self>, due: Due, runs: &mut JoinSet<()>) {
        if !self.lock().running.insert(due.account.clone()) {
            return;
        }
        let scheduler = Arc::clone(self);
        runs.spawn(async move {
            let running = Running {
                scheduler: &scheduler,
                account: due.account.clone(),
            };
            let ended = scheduler.triggers.run(due.account.clone()).await;
            scheduler.count(due, ended).await;
            drop(running);
        });
    }

    async fn count(&self, due: Due, ended: Result<Report, Fault>) {
        self.counters.runs.one();
        match ended {
            Ok(report) => {
                self.counters.polls.add(u64::from(report.polled));
                self.counters.windows.add(u64::from(report.windows));
                self.counters.rows.add(report.rows);
                let held = self.lock().held.remove(&due.account);
                if due.failed || held.is_some() {
                    self.note_end(&due.account, None).await;
                }
                let ended = Due {
                    failed: false,
                    ..due
                };
                self.lock().ended.insert(ended.account.clone(), ended);
            }
            Err(fault) => {
                self.counters.runs_failed.one();
                tracing::error!(account = due.account, %fault, "a run failed");
                let now = self.clock.now();
                self.lock().hold(&due.account, now);
                let text = cut(&fault.to_string());
                self.note_end(&due.account, Some(&text)).await;
            }
        }
    }

    /// The engine cannot tell of a run that trapped, so people would see an account in the best
    /// of health. They are told by the store.
    async fn note_end(&self, account: &str, failure: Option<&str>) {
        if let Err(problem) = self.store.run_ended(account, failure).await {
            tracing::error!(account, %problem, "how a run ended was not noted");
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn hold(&mut self, account: &str, now: Micros) {
        let held = self.held.entry(account.to_owned()).or_insert(Held {
            until: now,
            failures: 0,
        });
        let doubled = FIRST_HOLD.saturating_mul(1 << held.failures.min(8));
        held.failures = held.failures.saturating_add(1);
        held.until = now.saturating_add(doubled.min(LONGEST_HOLD));
    }
}

/// What fits a table: a trap comes with every function that was called.
fn cut(text: &str) -> String {
    const LONGEST: usize = 300;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}...", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// An account counts as running until this is dropped, however its run ends.
struct Running<'a> {
    scheduler: &'a Scheduler,
    account: String,
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.scheduler.lock().running.remove(&self.account);
    }
}
