//! The linked accounts with their models and records, and what happens to them.

pub(crate) mod account;
pub(crate) mod change;
pub(crate) mod copy;
pub(crate) mod event;
pub(crate) mod issue;
pub(crate) mod link;
pub(crate) mod model;
pub(crate) mod record;
pub(crate) mod sync;
