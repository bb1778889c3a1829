//! Counts of what happened, for summaries and for checks on consumers.

use std::collections::BTreeMap;

use serde::Serialize;

/// Webhooks by what became of them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct WebhookStats {
    /// Events that called for a webhook, lost ones included.
    pub emitted: u64,
    /// Deliveries handed to the driver, each counted at its first attempt.
    pub sent: u64,
    /// Posts, retries included.
    pub attempts: u64,
    /// Deliveries that got a 2xx.
    pub accepted: u64,
    /// Deliveries dropped for a 4xx, forged ones included.
    pub refused: u64,
    /// Deliveries given up after the last attempt.
    pub given_up: u64,
    /// Second copies sent.
    pub duplicated: u64,
    /// Never sent.
    pub lost: u64,
    /// Sent with a wrong signature, beside the true ones.
    pub forged: u64,
}

/// Everything counted since the start.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Stats {
    /// Requests to the API, blocked ones included.
    pub requests: u64,
    /// Requests with a good token, by linked account's id.
    pub requests_by_account: BTreeMap<String, u64>,
    /// Those of them that were for the list of a model, every page of it, by linked account's id
    /// and model's id.
    pub list_requests: BTreeMap<String, BTreeMap<&'static str, u64>>,
    /// Answers by status.
    pub answers: BTreeMap<u16, u64>,
    /// Answers whose body broke off.
    pub cut: u64,
    /// Reads of `/sync-status` that began, that is, requests without a cursor.
    pub polls: u64,
    /// First pages of lists.
    pub list_reads: u64,
    /// Rows served in lists.
    pub rows: u64,
    /// Cursors sent with other parameters than those of their first page.
    pub cursor_misuses: u64,
    /// Times an address was blocked for more than 20 failing answers in 10 seconds.
    pub breaker_trips: u64,
    /// The most failing answers one address had within 10 seconds.
    pub most_failures_in_10_s: u64,
    /// Syncs that ended, whatever the result.
    pub sync_finishes: u64,
    /// Webhooks.
    pub webhooks: WebhookStats,
    /// Faults by kind.
    pub faults: BTreeMap<&'static str, u64>,
}
