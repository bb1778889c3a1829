//! Every interleaving of two hosts, explored to the end around the engine's real step.
//!
//! A simulation tries some orders of events; this tries all of them, of a world small enough that
//! they can be counted.
//!
//! # What is real
//!
//! `merge_sync_engine`: [`step`](merge_sync_engine::step::step) makes every decision of every run,
//! [`receive`](merge_sync_engine::receive::receive) turns signed webhooks into notes,
//! [`link`](merge_sync_engine::command::link) begins the account, and
//! [`inspect`](merge_sync_engine::view::inspect) tells how far a document got. Documents are the
//! engine's own texts, and the rules of the store are those of `wit/store.wit`.
//!
//! # What is modelled
//!
//! * One account with one model: four records on two pages ([`merge`]). Merge finished a sync
//!   before the account was linked. In any order and at any moment it then writes a record outside
//!   syncs and finishes a second sync that changes the other three.
//! * Two webhooks: `Employee.synced` and `Employee.changed` ([`webhooks`]).
//! * One store: compare-and-swap, numbered notes that replace each other by key and make no commit
//!   stale, rows that only get newer ([`store`]).
//! * Hosts that are alike: each starts a run when one is due by `wake-at`, `not-before` and notes,
//!   sends a request, or commits ([`state`]). Between any two of these anything else may happen.
//! * A clock that moves only when nothing is left to do before the next instant at which something is
//!   due ([`clock`]).
//! * Faults, so many on a path as [`scenario::Budget`] says: a host dies, is slow to load, or stands
//!   still beyond its lease; the store is unavailable, or commits and loses its answer; a request is
//!   lost; a webhook is late, comes twice, or never.
//!
//! [`properties`] has what must hold.
//!
//! # What is not
//!
//! Pages and the overlap are small, and there is no full re-read, so that neither hides a gap. No
//! two clocks disagree by more than a few seconds. A run between two effects is one step, and a commit
//! that is stale loads in the same step. The initial sync has ended; nothing is deleted; the account
//! stays linked; Merge answers no error. Those are for the simulation.
//!
//! # Why it ends
//!
//! Merge does two things, at the latest at [`scenario::Scenario::merge_done_by`]; faults are
//! counted; and once an account is caught up, regular polls beyond the horizon are not followed. No
//! path goes round in a circle, since a run changes the store, or waits for a later instant, or breaks
//! a property: so that looking at the ends of paths is enough to see what happens eventually.
//! States that differ only in which host is which are one. The whole is some 920,000 states and takes
//! about half a minute of one core.

pub mod clock;
pub mod known;
pub mod merge;
pub mod properties;
pub mod protocol;
pub mod scenario;
pub mod state;
pub mod store;
pub mod webhooks;
