//! The decisions of merge-sync: facts in, answer out.
//!
//! Everything here is a pure function of its arguments. There is no clock, no randomness, no
//! I/O and no state between calls; time and seeds are fields of the facts. Every function
//! answers every input: nothing panics, overflows or needs a float.
//!
//! One module is one question:
//!
//! | Module | Question |
//! |---|---|
//! | [`signature`] | Did Merge send this body? |
//! | [`webhook`] | What did Merge just tell us, and what do we answer? |
//! | [`readiness`] | May the product use this account's data yet? |
//! | [`window`] | Which records are new? |
//! | [`page`] | What does a page of records hold? |
//! | [`cadence`] | When do we ask Merge again? |
//! | [`retry`] | A request came back: is it over, and if not, when again? |
//! | [`account_details`] | What does Merge say of a linked account? |
//! | [`issues`] | What does Merge say is wrong? |
//! | [`json`] | All of the above as text. |

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

pub mod account_details;
pub mod cadence;
pub mod endpoints;
pub mod issues;
pub mod json;
mod merge_json;
pub mod meta;
pub mod page;
pub mod readiness;
pub mod retry;
pub mod signature;
mod status;
mod telling;
pub mod time;
pub mod types;
pub mod webhook;
pub mod window;
