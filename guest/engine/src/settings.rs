//! How the operator wants it done: the settings document, every field defaulted.

mod text;
mod values;

pub(crate) use text::parse_in;
pub(crate) use values::canonical;
pub use values::{FULL_REREAD_DEFAULT, Gate, LARGEST_PAGE, OVERLAP_DEFAULT, RunLimits, Settings};
