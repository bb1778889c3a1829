//! A stand-in for Merge's Unified API.
//!
//! [`Merge`] is the service without I/O: linked accounts whose third parties change, syncs,
//! webhooks, faults, and a ledger of everything it ever held. A driver moves its clock.
//! [`Server`] puts it on a socket, so that any client of Merge can be pointed at it.
//!
//! It shares no code with what it tests: it is the independent second opinion.

mod api;
mod catalog;
mod config;
pub mod control;
mod dice;
mod fault;
mod ledger;
mod merge;
mod outbox;
pub mod poison;
mod post;
pub mod scenario;
mod served;
mod server;
mod stats;
pub mod time;
mod verdict;
mod webhook;
mod world;

pub use api::{Request, Response};
pub use catalog::CATEGORIES;
pub use config::Config;
pub use dice::Dice;
pub use fault::{FaultKind, Faults};
pub use ledger::{LedgerEntry, Mark, RecordKey};
pub use merge::{AccountView, Merge};
pub use outbox::Delivery;
pub use poison::{Poison, PoisonPlan, Poisoned};
pub use post::Poster;
pub use server::{Handle, Server, Shared, lock};
pub use stats::{Stats, WebhookStats};
pub use verdict::{StoredRow, Verdict};
pub use webhook::{SIGNATURE_HEADER, sign};
