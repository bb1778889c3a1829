//! What is this component?

/// The version of the package, `major.minor.patch`.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

#[cfg(test)]
mod tests {
    use super::VERSION;

    #[test]
    fn the_version_is_three_numbers() {
        let parts: alloc::vec::Vec<_> = VERSION.split('.').map(str::parse::<u32>).collect();
        assert!(
            matches!(parts.as_slice(), [Ok(_), Ok(_), Ok(_)]),
            "{VERSION}"
        );
    }
}
