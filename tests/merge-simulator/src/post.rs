//! Posting webhooks over HTTP, for drivers that do not bring a client of their own.

use std::time::Duration;

use axum::body::Bytes;
use axum::http::Request;
use axum::http::header::CONTENT_TYPE;
use http_body_util::Full;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

use crate::server::{Shared, lock};
use crate::{Delivery, SIGNATURE_HEADER};

/// Merge's own time-out, in real time.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Posts webhooks to plain `http://` addresses.
#[derive(Debug, Clone)]
pub struct Poster(Client<HttpConnector, Full<Bytes>>);

impl Default for Poster {
    fn default() -> Self {
        Self::new()
    }
}

impl Poster {
    /// A client with its own pool of connections.
    #[must_use]
    pub fn new() -> Self {
        Self(Client::builder(TokioExecutor::new()).build_http())
    }

    /// Post one delivery. The status, or `None` where no answer came within 30 seconds.
    pub async fn post(&self, delivery: &Delivery) -> Option<u16> {
        let request = Request::post(&delivery.url)
            .header(CONTENT_TYPE, "application/json")
            .header(SIGNATURE_HEADER, &delivery.signature)
            .body(Full::new(Bytes::from(delivery.body.clone())))
            .ok()?;
        let answer = tokio::time::timeout(TIMEOUT, self.0.request(request)).await;
        Some(answer.ok()?.ok()?.status().as_u16())
    }

    /// Take everything that is due, post it side by side, and report each result to Merge as
    /// it comes. Returns once all are reported: how many there were.
    pub async fn post_due(&self, merge: &Shared) -> usize {
        let due = lock(merge).take_due();
        let posts = due.into_iter().map(|delivery| async move {
            let status = self.post(&delivery).await;
            lock(merge).delivered(delivery.id, status);
        });
        futures_util::future::join_all(posts).await.len()
    }
}
