//! What is this component?

/// The version of the package, `major.minor.patch`.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
