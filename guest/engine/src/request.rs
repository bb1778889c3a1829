//! The requests to Merge: what each asks for, and what its answer changes.

pub mod details;
pub mod issues;
pub mod page;
pub mod poll;
