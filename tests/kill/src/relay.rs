//! Wires between the process and Merge. What passes through them shows what the process is doing,
//! and this is where most kills come from.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, Result};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::UnboundedSender;

use crate::event::Event;
use crate::plan::Moment;
use crate::trigger::Trigger;

/// Where a relay leads. `None` is nowhere: whoever connects is turned away, as by a machine on
/// which nothing listens.
pub type Target = Arc<Mutex<Option<SocketAddr>>>;

/// What it means that something passes in one direction.
#[derive(Debug, Clone, Copy, Default)]
struct Means {
    /// Before it is passed on.
    before: Option<Moment>,
    /// When half of it is.
    half: Option<Moment>,
    /// When all of it is.
    after: Option<Moment>,
}

/// Whose requests a relay carries.
#[derive(Debug, Clone, Copy)]
pub enum Carries {
    /// The process's, to Merge.
    Requests,
    /// Merge's, to the process.
    Webhooks,
}

impl Carries {
    /// What requests and answers mean.
    fn means(self) -> (Means, Means) {
        match self {
            Self::Requests => (
                Means {
                    after: Some(Moment::Request),
                    ..Means::default()
                },
                Means {
                    half: Some(Moment::HalfAnswer),
                    after: Some(Moment::Answered),
                    ..Means::default()
                },
            ),
            Self::Webhooks => (
                Means {
                    half: Some(Moment::HalfWebhook),
                    after: Some(Moment::Webhook),
                    ..Means::default()
                },
                Means {
                    before: Some(Moment::WebhookAnswered),
                    ..Means::default()
                },
            ),
        }
    }
}

/// Carry whatever connects to the returned address, as long as the program runs.
pub async fn start(
    carries: Carries,
    target: Target,
    trigger: Arc<Trigger>,
    events: UnboundedSender<Event>,
) -> Result<SocketAddr> {
    let listener = TcpListener::bind(("127.0.0.1", 0))
        .await
        .context("cannot listen on the loopback address")?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        while let Ok((from, _)) = listener.accept().await {
            let target = *target.lock().unwrap_or_else(PoisonError::into_inner);
            let (trigger, events) = (Arc::clone(&trigger), events.clone());
            tokio::spawn(async move {
                let Some(target) = target else { return };
                let Ok(to) = TcpStream::connect(target).await else {
                    return;
                };
                // Whatever breaks is broken for both sides.
                let _ = carry(carries, from, to, &trigger, &events).await;
            });
        }
    });
    Ok(address)
}

async fn carry(
    carries: Carries,
    from: TcpStream,
    to: TcpStream,
    trigger: &Arc<Trigger>,
    events: &UnboundedSender<Event>,
) -> std::io::Result<()> {
    from.set_nodelay(true)?;
    to.set_nodelay(true)?;
    let (requests, answers) = carries.means();
    let (from_read, from_write) = from.into_split();
    let (to_read, to_write) = to.into_split();
    tokio::select! {
        ended = pass(from_read, to_write, requests, trigger, events) => ended,
        ended = pass(to_read, from_write, answers, trigger, events) => ended,
    }
}

/// One direction, to its end.
async fn pass(
    mut read: OwnedReadHalf,
    mut write: OwnedWriteHalf,
    means: Means,
    trigger: &Arc<Trigger>,
    events: &UnboundedSender<Event>,
) -> std::io::Result<()> {
    let reach = |moment: Option<Moment>| moment.and_then(|moment| trigger.reach(moment));
    let mut buffer = vec![0; 64 << 10];
    loop {
        let length = read.read(&mut buffer).await?;
        if length == 0 {
            return Ok(());
        }
        let piece = buffer.get(..length).unwrap_or_default();
        if let Some(strike) = reach(means.before) {
            strike.kill().await;
        }
        if let Some(strike) = reach(means.half) {
            write.write_all(&piece[..length / 2]).await?;
            strike.kill().await;
            return Ok(());
        }
        write.write_all(piece).await?;
        // The driver has gone only when the program ends.
        let _ = events.send(Event::Moved);
        if let Some(strike) = reach(means.after) {
            strike.kill().await;
        }
    }
}
