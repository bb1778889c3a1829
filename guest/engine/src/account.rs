//! What is remembered of an account between two runs.

pub mod codec;
pub mod document;
pub mod link;
pub mod minute;
pub mod page_size;
pub mod patience;
pub mod profile;
pub mod slot;
pub mod sweep;
