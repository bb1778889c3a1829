//! The component's interface `triggers`.

use std::fmt;
use std::sync::Arc;

use wasmtime::component::{HasSelf, Linker};

use super::loaded::Component;
use super::outside::{Outside, Parts};
use super::pool::Pool;
use crate::bindings::exports::merge_sync::triggers::signature::{SignedBody, Verdict};
use crate::bindings::exports::merge_sync::triggers::triggers::{
    Command, Failure, NewAccount, Receipt, Report, View,
};
use crate::bindings::{SyncEngine, SyncEnginePre};
use crate::clock::Micros;
use crate::instant;

/// How many instances work at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slots {
    /// For webhooks, views and commands: short calls.
    pub quick: u32,
    /// For runs, which wait for Merge.
    pub runs: u32,
}

impl Slots {
    /// Both together: what [`Component::load`] has to make room for.
    #[must_use]
    pub fn total(self) -> u32 {
        self.quick.saturating_add(self.runs)
    }
}

/// Why a call has no answer.
#[derive(Debug)]
pub enum Fault {
    /// The engine said why.
    Failure(Failure),
    /// The instance trapped, or could not be made. Its account's state is as it was after the
    /// last commit.
    Trap(wasmtime::Error),
}

impl fmt::Display for Fault {
    /// One line, for a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failure(Failure::Store(problem)) => write!(f, "store: {}", problem.message),
            Self::Failure(Failure::UnknownAccount(problem)) => {
                write!(f, "unknown account: {}", problem.message)
            }
            Self::Failure(Failure::State(problem)) => write!(f, "state: {}", problem.message),
            Self::Failure(Failure::Settings(problem)) => {
                write!(f, "settings: {}", problem.message)
            }
            Self::Trap(error) => {
                write!(
                    f,
                    "the component trapped: {}",
                    format!("{error:#}").replace('\n', " ")
                )
            }
        }
    }
}

impl std::error::Error for Fault {}

/// The engine, driven by this host. Runs have instances of their own: a webhook never waits for
/// one.
#[derive(Clone)]
pub struct Triggers {
    quick: Arc<Pool>,
    runs: Arc<Pool>,
}

impl Triggers {
    /// Bind the component's imports to `parts`.
    ///
    /// # Errors
    ///
    /// The component wants other imports or has other exports than the contract: it is of
    /// another version.
    pub fn new(component: &Component, parts: &Parts, slots: Slots) -> wasmtime::Result<Self> {
        let mut linker = Linker::new(&component.engine);
        SyncEngine::add_to_linker::<_, HasSelf<Outside>>(&mut linker, |outside| outside)?;
        let pre = SyncEnginePre::new(linker.instantiate_pre(&component.code)?)?;
        let pool = |instances| Pool::new(component.clone(), pre.clone(), parts.clone(), instances);
        Ok(Self {
            quick: pool(slots.quick),
            runs: pool(slots.runs),
        })
    }

    /// Whether the engine accepts a settings document; the inner error is its objection.
    ///
    /// # Errors
    ///
    /// [`Fault::Trap`] only.
    pub async fn check_settings(&self, text: String) -> Result<Result<(), String>, Fault> {
        self.quick
            .call(move |engine, store| {
                Box::pin(async move {
                    engine
                        .merge_sync_triggers_triggers()
                        .call_check_settings(store, &text)
                        .await
                })
            })
            .await
            .map(|checked| checked.map_err(|problem| problem.message))
            .map_err(Fault::Trap)
    }

    /// The instant that `text` is in the one grammar for instants: that of `/sync-status`.
    ///
    /// # Errors
    ///
    /// [`Fault::Trap`] only.
    pub async fn instant(&self, text: &str) -> Result<Option<Micros>, Fault> {
        let body = instant::as_status(text);
        self.quick
            .call(move |engine, store| {
                Box::pin(async move {
                    engine
                        .merge_sync_triggers_readiness()
                        .call_parse_status(store, &body)
                        .await
                })
            })
            .await
            .map(instant::from_status)
            .map_err(Fault::Trap)
    }

    /// `signature.verify`.
    ///
    /// # Errors
    ///
    /// [`Fault::Trap`] only.
    pub async fn verify(&self, delivery: SignedBody) -> Result<Verdict, Fault> {
        self.quick
            .call(move |engine, store| {
                Box::pin(async move {
                    engine
                        .merge_sync_triggers_signature()
                        .call_verify(store, &delivery)
                        .await
                })
            })
            .await
            .map_err(Fault::Trap)
    }

    /// Verify and read a webhook: what to keep, to answer and to log.
    ///
    /// # Errors
    ///
    /// [`Fault::Trap`] only.
    pub async fn receive(&self, delivery: SignedBody) -> Result<Receipt, Fault> {
        self.quick
            .call_here(move |engine, store| {
                Box::pin(async move {
                    engine
                        .merge_sync_triggers_triggers()
                        .call_receive(store, &delivery)
                        .await
                })
            })
            .await
            .map_err(Fault::Trap)
    }

    /// Start looking after an account.
    ///
    /// # Errors
    ///
    /// See [`Fault`].
    pub async fn link(&self, account: NewAccount) -> Result<(), Fault> {
        answer(
            self.quick
                .call(move |engine, store| {
                    Box::pin(async move {
                        engine
                            .merge_sync_triggers_triggers()
                            .call_link(store, &account)
                            .await
                    })
                })
                .await,
        )
    }

    /// Do what is due for one account.
    ///
    /// # Errors
    ///
    /// See [`Fault`].
    pub async fn run(&self, account: String) -> Result<Report, Fault> {
        answer(
            self.runs
                .call(move |engine, store| {
                    Box::pin(async move {
                        engine
                            .merge_sync_triggers_triggers()
                            .call_run(store, &account)
                            .await
                    })
                })
                .await,
        )
    }

    /// Ask for something out of turn.
    ///
    /// # Errors
    ///
    /// See [`Fault`].
    pub async fn request(&self, account: String, command: Command) -> Result<(), Fault> {
        answer(
            self.quick
                .call(move |engine, store| {
                    Box::pin(async move {
                        engine
                            .merge_sync_triggers_triggers()
                            .call_request(store, &account, &command)
                            .await
                    })
                })
                .await,
        )
    }

    /// Where the account stands for the models `required`; empty is every enabled one.
    ///
    /// # Errors
    ///
    /// See [`Fault`].
    pub async fn inspect(&self, account: String, required: Vec<String>) -> Result<View, Fault> {
        answer(
            self.quick
                .call(move |engine, store| {
                    Box::pin(async move {
                        engine
                            .merge_sync_triggers_triggers()
                            .call_inspect(store, &account, &required)
                            .await
                    })
                })
                .await,
        )
    }
}

impl fmt::Debug for Triggers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Triggers").finish_non_exhaustive()
    }
}

fn answer<T>(called: wasmtime::Result<Result<T, Failure>>) -> Result<T, Fault> {
    called.map_err(Fault::Trap)?.map_err(Fault::Failure)
}
