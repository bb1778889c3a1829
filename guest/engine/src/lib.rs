//! One account's state machine: `(run, event) -> (run, effect)`.
//!
//! The engine drives the decisions of `merge-sync-logic` without doing anything itself: it says
//! what is to be sent or committed and is told what came of it. It has no clock, no randomness
//! and no I/O; the state of an account is a document that the host keeps.
//!
//! Four ways in, each a pure function:
//!
//! | Function | Fed with | Gives |
//! |---|---|---|
//! | [`receive`](receive::receive) | a webhook | the note to keep, and what to answer then |
//! | [`step`](step::step) | what happened | what to do next, until it is finished |
//! | [`request`](command::request), [`link`](command::link) | an operator's wish | a change to commit, or a note to keep |
//! | [`inspect`](view::inspect) | the stored document | what people see |
//!
//! Modules know each other in one direction, each layer those behind it: `text`; `step`, `receive`,
//! `command` and `view`; `commit`; `request`; `plan`; `decide`; `account`; `context`, `contract`
//! and `settings`; `ground`.

#![no_std]
#![forbid(unsafe_code)]
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::unreachable,
        clippy::indexing_slicing,
        clippy::string_slice,
        clippy::arithmetic_side_effects,
        clippy::float_arithmetic,
    )
)]

extern crate alloc;

mod account;
pub mod command;
mod commit;
mod context;
mod contract;
mod decide;
mod event;
mod ground;
mod plan;
pub mod receive;
mod request;
mod run;
pub mod settings;
pub mod step;
pub mod text;
pub mod view;

pub use contract::{http, log, store};
