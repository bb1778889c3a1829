//! The parts put together. Everything that a test or a demonstration wants to own (clock, store,
//! address, component) comes from outside.

use std::sync::Arc;

use anyhow::anyhow;
use tokio::sync::Notify;

use crate::budget::Limits;
use crate::clock::{Clock, Micros};
use crate::component::{Component, Parts, Slots, Triggers};
use crate::counters::Counters;
use crate::log_limit::LogLimit;
use crate::merge_http::{MergeHttp, Origin};
use crate::request_body::BodyBudget;
use crate::scheduler::Scheduler;
use crate::secret::Secret;
use crate::store::{Store, Unavailable};

/// What a host is made of.
#[derive(Debug)]
pub struct Setup {
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Where everything is kept.
    pub store: Arc<dyn Store>,
    /// The engine, loaded for at least [`slots`] of [`concurrency`](Self::concurrency)
    /// instances.
    pub component: Component,
    /// Merge's address and the API key.
    pub origin: Origin,
    /// The webhooks' signing keys, newest first. With none, webhooks are answered 500.
    pub webhook_keys: Vec<Secret>,
    /// The engine's settings document, JSON; `{}` is all defaults.
    pub settings: String,
    /// The budgets of requests.
    pub limits: Limits,
    /// At most so many runs at a time.
    pub concurrency: u32,
    /// Where the page's "Contact support" leads: `mailto:` or a web address.
    pub support: Option<String>,
}

/// Instances kept apart for webhooks, views and commands.
const QUICK: u32 = 16;

/// The instances that a host of this concurrency uses.
#[must_use]
pub fn slots(concurrency: u32) -> Slots {
    Slots {
        quick: QUICK,
        runs: concurrency,
    }
}

/// A host, ready to serve or to be driven by hand.
#[derive(Debug)]
pub struct Host {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) http: Arc<MergeHttp>,
    pub(crate) triggers: Triggers,
    pub(crate) webhook_keys: Vec<Secret>,
    pub(crate) support: Option<String>,
    pub(crate) bodies: BodyBudget,
    /// Of webhooks that were refused, or sent to a wrong path.
    pub(crate) refusals: LogLimit,
    /// Of webhooks whose bodies there was no room or no time for. A limit of its own, so that forged
    /// webhooks do not hide an overload.
    pub(crate) overloads: LogLimit,
    pub(crate) parts: Parts,
    pub(crate) scheduler: Arc<Scheduler>,
}

impl Host {
    /// Put the parts together and have the engine check its settings.
    ///
    /// # Errors
    ///
    /// One line: the component is of another version, or which setting is wrong and why.
    pub async fn new(setup: Setup) -> anyhow::Result<Arc<Self>> {
        let counters = Arc::new(Counters::default());
        let http = Arc::new(MergeHttp::new(
            setup.origin,
            setup.limits,
            Arc::clone(&setup.clock),
            Arc::clone(&setup.store),
            Arc::clone(&counters),
        )?);
        let parts = Parts {
            http: Arc::clone(&http),
            store: Arc::clone(&setup.store),
            settings: Arc::from(setup.settings.as_str()),
            clock: Arc::clone(&setup.clock),
            noted: Arc::new(Notify::new()),
            counters,
        };
        let triggers = Triggers::new(&setup.component, &parts, slots(setup.concurrency))
            .map_err(|error| anyhow!("component: it does not fit this host: {error:#}"))?;
        triggers
            .check_settings(setup.settings)
            .await?
            .map_err(|objection| anyhow!("settings: {objection}"))?;
        let scheduler = Arc::new(Scheduler::new(
            triggers.clone(),
            Arc::clone(&setup.store),
            Arc::clone(&setup.clock),
            Arc::clone(&parts.counters),
            setup.concurrency,
            Arc::clone(&parts.noted),
        ));
        Ok(Arc::new(Self {
            clock: setup.clock,
            store: setup.store,
            http,
            triggers,
            webhook_keys: setup.webhook_keys,
            support: setup.support,
            bodies: BodyBudget::default(),
            refusals: LogLimit::default(),
            overloads: LogLimit::default(),
            parts,
            scheduler,
        }))
    }

    /// Run what is due at `now`; see [`Scheduler::run_due`].
    ///
    /// # Errors
    ///
    /// The store does not answer.
    pub async fn run_due(&self, now: Micros) -> Result<Option<Micros>, Unavailable> {
        self.scheduler.run_due(now).await
    }

    /// What the host has done so far.
    #[must_use]
    pub fn counters(&self) -> &Counters {
        &self.parts.counters
    }

    /// The engine, for commands and questions.
    #[must_use]
    pub fn triggers(&self) -> &Triggers {
        &self.triggers
    }

    /// Look again at once which accounts are due.
    pub fn wake(&self) {
        self.parts.noted.notify_one();
    }
}
