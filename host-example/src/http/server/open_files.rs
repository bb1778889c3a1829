//! The limit of open files: each connection is one.

/// Raise the soft limit to the hard limit. Returns the limit after that.
#[cfg(unix)]
pub(crate) fn raise_limit() -> u64 {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    let before = getrlimit(Resource::Nofile);
    let most = Rlimit {
        current: before.maximum,
        maximum: before.maximum,
    };
    if let Err(error) = setrlimit(Resource::Nofile, most) {
        tracing::warn!(%error, "the limit of open files cannot be raised");
    }
    // `None` is unlimited.
    getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX)
}

/// There is no such limit on this system.
#[cfg(not(unix))]
pub(crate) fn raise_limit() -> u64 {
    u64::MAX
}
