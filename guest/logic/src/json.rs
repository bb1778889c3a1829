//! Every decision behind one function of text.
//!
//! For runtimes that cannot host components, and for those where text is the quicker door. The
//! form is that of `wit/json.wit`: nothing is decided here, and an input is refused rather than
//! repaired.
//!
//! | Module | What it is for |
//! |---|---|
//! | [`value`] | text to a tree: well-formed, of bounded depth, without floats |
//! | [`path`] | where a value stands, for errors |
//! | [`read`] | the tree to records: each field taken by name, whatever is left is refused |
//! | [`mod@write`] | records to text, keys in the order of the contract |
//! | [`types`], [`signature`], [`webhook`], [`readiness`], [`window`], [`page`], [`cadence`], [`retry`] | the records of each interface, in both directions where both are used |
//!
//! [`operation`] and [`answer`] are [`call`] in two halves, so that a shell can add operations
//! of its own to those of the decisions.

pub mod cadence;
mod operations;
pub mod page;
pub mod path;
pub mod read;
pub mod readiness;
pub mod retry;
pub mod signature;
pub mod types;
pub mod value;
pub mod webhook;
pub mod window;
pub mod write;

use alloc::format;
use alloc::string::String;

pub use operations::{Operation, operation};

use read::Input;

/// Call the operation `name`, `interface.function`, with the JSON document `input`.
///
/// # Errors
///
/// One sentence that names the field at fault:
/// ``status.last_sync_finished: `yesterday` is not an RFC 3339 instant``.
pub fn call(name: &str, input: &str) -> Result<String, String> {
    match operation(name) {
        Some(operation) => answer(operation, input),
        None => Err(unknown_operation(name)),
    }
}

/// The answer of `operation` to the JSON document `input`.
///
/// # Errors
///
/// As [`call`].
pub fn answer(operation: Operation, input: &str) -> Result<String, String> {
    value::parse(input)
        .and_then(|value| operation(Input::root(value)))
        .map_err(|problem| problem.message)
}

/// The error for an operation that nobody has.
#[must_use]
pub fn unknown_operation(name: &str) -> String {
    format!("operation: `{}` is not known", path::shown(name))
}

#[cfg(test)]
mod tests;
