//! What is found of one model.

use crate::bindings::exports::merge_sync::triggers::readiness::Phase;
use crate::bindings::exports::merge_sync::triggers::window::Span;

/// What is printed of one model.
#[derive(Debug)]
pub(super) struct Explained {
    pub(super) model_id: String,
    pub(super) phase: Phase,
    pub(super) reason: String,
    pub(super) plan: Planned,
}

#[derive(Debug)]
pub(super) enum Planned {
    /// Read this path, with these bounds; without, where the endpoint cannot filter.
    Fetch {
        /// Without parameters.
        path: String,
        filtered: bool,
        /// Parameters of every request.
        always: String,
        /// The fields that are a record's key.
        key: Vec<String>,
        span: Span,
    },
    /// Read nothing; why.
    Skip(&'static str),
}
