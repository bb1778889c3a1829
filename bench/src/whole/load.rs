//! Webhooks from several connections, each sending the next one when the last is answered.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use hyper::StatusCode;
use hyper::body::Bytes;
use merge_sync_costs::inputs::signed_for;
use tokio::task::JoinSet;

use super::client::Client;

/// The route of every server that is measured.
pub const ROUTE: &str = "/api/webhooks/merge";

/// A webhook, ready to be posted.
#[derive(Debug, Clone)]
pub struct Webhook {
    /// What Merge posts.
    pub body: Bytes,
    /// Its header.
    pub signature: String,
}

/// One for each of these accounts.
pub fn webhooks(accounts: impl IntoIterator<Item = String>) -> Result<Arc<[Webhook]>> {
    accounts
        .into_iter()
        .map(|account| {
            let signed = signed_for(&account)?;
            Ok(Webhook {
                body: signed.body.into(),
                signature: signed.signature,
            })
        })
        .collect()
}

/// What came of a load.
#[derive(Debug)]
pub struct Answers {
    /// How long it lasted.
    pub time: Duration,
    /// How long each answer took, the shortest first.
    latencies: Vec<Duration>,
}

impl Answers {
    /// How many there were.
    pub fn count(&self) -> usize {
        self.latencies.len()
    }

    /// Answers a second.
    pub fn rate(&self) -> f64 {
        self.count() as f64 / self.time.as_secs_f64()
    }

    /// So many of a thousand answers took no longer than this, in milliseconds.
    pub fn within(&self, thousandths: usize) -> f64 {
        let place = (self.count() * thousandths / 1_000).min(self.count().saturating_sub(1));
        let latency = self.latencies.get(place).copied().unwrap_or_default();
        latency.as_secs_f64() * 1e3
    }
}

/// Post webhooks to `address` from so many connections for so long.
///
/// # Errors
///
/// One was answered by anything but 200.
pub async fn load(
    address: SocketAddr,
    webhooks: &Arc<[Webhook]>,
    connections: usize,
    lasting: Duration,
) -> Result<Answers> {
    let started = Instant::now();
    let until = started + lasting;
    let mut senders = JoinSet::new();
    for nth in 0..connections {
        // Each has a part of the webhooks to itself: no account is written by two at once.
        let own = Arc::clone(webhooks);
        senders.spawn(async move {
            let mut client = Client::new(address);
            let mut latencies = Vec::new();
            for webhook in own.iter().skip(nth).step_by(connections).cycle() {
                let sent = Instant::now();
                if sent >= until {
                    break;
                }
                let body = webhook.body.clone();
                let (status, answer) = client.post(ROUTE, body, &webhook.signature).await?;
                ensure!(
                    status == StatusCode::OK,
                    "{address} answered {status}: {}",
                    String::from_utf8_lossy(&answer)
                );
                latencies.push(sent.elapsed());
            }
            Ok(latencies)
        });
    }
    let mut latencies = Vec::new();
    while let Some(sender) = senders.join_next().await {
        latencies.extend(sender??);
    }
    let time = started.elapsed();
    latencies.sort_unstable();
    Ok(Answers { time, latencies })
}
