//! Between the generated types of the exported interfaces and those of `merge-sync-logic`.
//!
//! The two are equal field by field; a field or a case that one has and the other lacks does not
//! compile. One file an interface.

mod cadence;
mod page;
mod readiness;
mod retry;
mod signature;
mod types;
mod webhook;
mod window;

use alloc::vec::Vec;

/// Every item of a list, converted.
pub fn each<From, To: core::convert::From<From>>(items: Vec<From>) -> Vec<To> {
    items.into_iter().map(Into::into).collect()
}
