//! The limits of a listener.

use std::time::Duration;

/// Limits of a listener.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConnectionLimits {
    /// Open connections.
    pub max_connections: usize,
    /// From the first byte of a request, or from the opening of the connection, to the end of the
    /// request's header.
    pub header_timeout: Duration,
    /// From the end of the header to the end of the body.
    pub body_timeout: Duration,
    /// From the end of the body to the end of the response.
    pub response_timeout: Duration,
    /// From the end of a response to the next request.
    pub idle_timeout: Duration,
}

/// Files that the process needs beside its connections: store, requests to Merge, component.
const RESERVED_FILES: u64 = 256;

/// The upper bound of [`ConnectionLimits::for_open_files`].
const MAX_CONNECTIONS: u64 = 16_384;

impl Default for ConnectionLimits {
    fn default() -> Self {
        Self {
            max_connections: 512,
            header_timeout: Duration::from_secs(10),
            body_timeout: Duration::from_secs(10),
            response_timeout: Duration::from_mins(1),
            // Longer than the idle timeout of common proxies (60 s), so that they close first.
            idle_timeout: Duration::from_secs(75),
        }
    }
}

impl ConnectionLimits {
    /// The default limits, with as many connections as `open_files` descriptors allow.
    #[must_use]
    pub fn for_open_files(open_files: u64) -> Self {
        let reserved = RESERVED_FILES.min(open_files / 2);
        let connections = open_files.saturating_sub(reserved);
        let connections = connections.clamp(1, MAX_CONNECTIONS);
        Self {
            max_connections: usize::try_from(connections).unwrap_or(usize::MAX),
            ..Self::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn descriptors_are_reserved_for_the_rest_of_the_process() {
        let limit = |files: u64| ConnectionLimits::for_open_files(files).max_connections;
        assert_eq!(limit(0), 1);
        assert_eq!(limit(256), 128);
        assert_eq!(limit(1024), 768);
        assert_eq!(limit(u64::MAX), 16_384);
    }
}
