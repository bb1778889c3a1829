//! Under which hosts browsers may use the pages.
//!
//! A site can change its DNS entry to an address of this server (DNS rebinding). The browser then
//! sends that site's name as `Host`, which is none of these.

use std::net::SocketAddr;

/// The hosts that a browser may name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AllowedHosts {
    hosts: Vec<String>,
    are_behind_tls: bool,
}

impl AllowedHosts {
    /// Those of a listener on this machine.
    #[must_use]
    pub fn loopback(address: SocketAddr) -> Self {
        let port = address.port();
        let mut hosts = vec![address.to_string()];
        hosts.extend(["127.0.0.1", "localhost", "[::1]"].map(|name| format!("{name}:{port}")));
        Self {
            hosts,
            are_behind_tls: false,
        }
    }

    /// That of a public address, `https://sync.example.com`, beside those of the listener.
    #[must_use]
    pub fn and_public(mut self, url: &reqwest::Url) -> Self {
        self.hosts.push(url.authority().to_owned());
        self.are_behind_tls = url.scheme() == "https";
        self
    }

    /// Whether a request may name `host`.
    pub(super) fn allow(&self, host: &str) -> bool {
        self.hosts
            .iter()
            .any(|allowed| allowed.eq_ignore_ascii_case(host))
    }

    pub(super) fn are_behind_tls(&self) -> bool {
        self.are_behind_tls
    }
}
