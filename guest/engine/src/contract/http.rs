//! Requests to Merge and what comes of them, as `wit/http.wit` has them.

use alloc::string::String;
use alloc::vec::Vec;

use merge_sync_logic::types::{AccountId, Milliseconds};

/// A request, without origin and credentials: the host adds them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// On whose behalf.
    pub account: AccountId,
    /// `GET` or `POST`.
    pub method: String,
    /// Path and query.
    pub target: String,
}

/// A header of a response, name in lower case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// The name.
    pub name: String,
    /// The value.
    pub value: String,
}

/// A response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// The headers.
    pub headers: Vec<Header>,
    /// The body.
    pub body: String,
}

/// Why there is no response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SendError {
    /// Refused, reset, unresolved, bad TLS; the text is for a log.
    Transport(String),
    /// No response within the time allowed; the text is for a log.
    TimedOut(String),
    /// The body is over the host's limit; the text is for a log.
    TooLarge(String),
    /// The host did not send it, to stay within a limit; there will be room after this long.
    HeldBack(Milliseconds),
    /// The host has no token for the account.
    NoToken,
}
