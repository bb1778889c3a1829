//! One account's state machine: `(run, event) -> (run, effect)`.
//!
//! The engine drives the decisions of `merge-sync-logic` without doing anything itself: it says
//! what is to be sent or committed and is told what came of it. It has no clock, no randomness
//! and no I/O; the state of an account is a document that the host keeps (see [`document`]).
//!
//! Four ways in, each a pure function:
//!
//! | Function | Fed with | Gives |
//! |---|---|---|
//! | [`receive`](receive::receive) | a webhook | a reply, and the note to keep before sending it |
//! | [`step`](step::step) | what happened | what to do next, until it is finished |
//! | [`request`](command::request), [`link`](command::link) | an operator's wish | a change to commit, or a note to keep |
//! | [`inspect`](view::inspect) | the stored document | what people see |

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

mod codec;
pub mod command;
mod crash;
pub mod document;
mod failure;
mod fetch;
pub mod http;
mod issues;
pub mod link;
pub mod log;
mod model_trouble;
pub mod notes;
mod notes_text;
mod page_size;
pub mod paging;
mod patience;
mod poll;
pub mod receive;
mod run;
mod schedule;
mod seed;
pub mod settings;
mod settings_text;
mod settle;
pub mod slot;
pub mod step;
pub mod store;
mod sweep;
pub mod text;
mod trouble;
mod url;
pub mod view;
mod work;
