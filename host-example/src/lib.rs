//! The reference host of merge-sync: everything around the engine's component that touches the
//! world.
//!
//! The component decides what to do for each linked account of Merge's; this crate lends it
//! HTTP, a store, a clock, settings and a log, receives webhooks, and starts each account's
//! runs when they are due. It knows the engine only as a built `.wasm` file and the contract in
//! `wit/`.
//!
//! | To change | Look at |
//! |---|---|
//! | what is kept and how | [`store`], with SQLite in [`store::sqlite`] |
//! | how Merge is called, and how often | [`merge_http`], [`budget`] |
//! | when an account runs | [`scheduler`] |
//! | what the world may ask | [`http`] |
//! | who may ask | [`access`] |
//! | what the operator may set | [`config`] |
//! | how the component is run | [`component`] |
//! | how a test owns the time of the whole process | [`rehearsal`] |
//!
//! # A host of your own
//!
//! [`host::Setup`] takes every part from outside. [`service::run`] serves it as the binary does;
//! [`host::Host::run_due`] drives it by hand, under a clock that only its owner moves:
//!
//! ```no_run
//! # use std::{path::Path, sync::Arc};
//! use merge_sync_host::budget::Limits;
//! use merge_sync_host::clock::{Clock, Manual};
//! use merge_sync_host::component::Component;
//! use merge_sync_host::host::{Host, Setup, slots};
//! use merge_sync_host::merge_http::Origin;
//! use merge_sync_host::secret::Secret;
//! use merge_sync_host::store::sqlite::{Options, SqliteStore};
//!
//! # async fn example() -> anyhow::Result<()> {
//! let clock = Arc::new(Manual::at(0));
//! let store =
//!     SqliteStore::open(Path::new("example.sqlite"), Options::default(), clock.clone())?;
//! let wasm = Path::new("dist/merge-sync-engine.wasm");
//! let host = Host::new(Setup {
//!     clock: clock.clone(),
//!     store: Arc::new(store),
//!     component: Component::load(wasm, None, slots(4).total())?,
//!     origin: Origin {
//!         base_url: "http://127.0.0.1:9000".to_owned(),
//!         api_key: Secret::new("test_key"),
//!     },
//!     webhook_keys: vec![Secret::new("signing key")],
//!     settings: "{}".to_owned(),
//!     // The clock stands still during a run: nobody could wait for room in a budget.
//!     limits: Limits { patience: 0, ..Limits::default() },
//!     concurrency: 4,
//!     support: None,
//! })
//! .await?;
//! while let Some(next) = host.run_due(clock.now()).await? {
//!     clock.set(next.max(clock.now()));
//! }
//! # Ok(())
//! # }
//! ```

pub mod access;
pub mod bindings;
pub mod budget;
pub mod cli;
pub mod clock;
pub mod component;
pub mod config;
pub mod counters;
pub mod dto;
pub mod engine_flag;
pub mod host;
pub mod http;
pub mod instant;
pub mod locate;
pub mod log_limit;
pub mod merge_http;
pub mod operator_key;
pub mod rehearsal;
pub mod request_body;
pub mod scheduler;
pub mod secret;
pub mod service;
mod shortened;
pub mod store;
pub mod terminal;
