//! HTTP/1.1 in, bounded in time, connections and bytes, for a listener that anybody can reach.
//!
//! Nobody can hold a place for long without sending a request: each connection has a deadline for
//! what it is about, and where there are too many, the one that has been longest without a
//! complete request gives way. HTTP/2 and TLS are a proxy's work.

mod connection;
pub(crate) mod open_files;
mod watched;

use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tower::ServiceExt as _;

pub use crate::bodies::{Held, Unread};
pub(crate) use connection::Arrival;
use connection::{Connection, Open};
use watched::{Answer, Watched};

/// What a listener bears.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// So many connections at a time.
    pub connections: usize,
    /// From the first byte of a request, or from the connection's beginning, to the end of its
    /// header.
    pub header: Duration,
    /// From the end of the header to that of the body.
    pub body: Duration,
    /// From there to the end of the answer.
    pub answer: Duration,
    /// From one request to the next.
    pub idle: Duration,
}

/// Files that a host needs beside its connections: the store, Merge, the component.
const OTHER_FILES: u64 = 256;

/// More connections than this are no gain: behind each is memory.
const MOST_CONNECTIONS: u64 = 16_384;

/// The wait where the system has no file left and no connection can be closed.
const BREATH: Duration = Duration::from_millis(100);

impl Default for Bounds {
    fn default() -> Self {
        Self {
            connections: 512,
            header: Duration::from_secs(10),
            body: Duration::from_secs(10),
            answer: Duration::from_mins(1),
            // Longer than what proxies keep a connection for: they are to close it first.
            idle: Duration::from_secs(75),
        }
    }
}

impl Bounds {
    /// With as many connections as a process may have that can open so many files.
    #[must_use]
    pub fn of_files(files: u64) -> Self {
        let others = OTHER_FILES.min(files / 2);
        let connections = files.saturating_sub(others).clamp(1, MOST_CONNECTIONS);
        Self {
            connections: usize::try_from(connections).unwrap_or(usize::MAX),
            ..Self::default()
        }
    }
}

/// Answer on `listener` until `stopped` says so; requests under way come to their end.
pub(crate) async fn serve(
    listener: TcpListener,
    router: Router,
    bounds: Bounds,
    mut stopped: watch::Receiver<bool>,
) {
    let open = Arc::new(Open::new(bounds));
    let mut connections = JoinSet::new();
    let mut stop = stopped.clone();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            // An error means that nobody is left to say it: the same.
            _ = stop.wait_for(|stopped| *stopped) => break,
            Some(_) = connections.join_next() => continue,
        };
        match accepted {
            Ok((stream, _)) => {
                let router = router.clone();
                let connection = open.enter(Instant::now());
                let stopped = stopped.clone();
                connections.spawn(answer(stream, router, connection, stopped));
            }
            Err(error) => {
                if is_of_one_connection(&error) {
                    continue;
                }
                tracing::warn!(%error, "a connection cannot be accepted");
                open.make_room();
                tokio::time::sleep(BREATH).await;
            }
        }
    }
    drop(listener);
    let _ = stopped.wait_for(|stopped| *stopped).await;
    while connections.join_next().await.is_some() {}
}

/// All requests of one connection.
async fn answer(
    stream: TcpStream,
    router: Router,
    connection: Connection,
    mut stopped: watch::Receiver<bool>,
) {
    // An answer is to leave at once, not when the other side has confirmed what came before it.
    let _ = stream.set_nodelay(true);
    let arrival = connection.arrival();
    let service = service_fn(move |request: Request<Incoming>| {
        let (router, arrival) = (router.clone(), arrival.clone());
        arrival.begun(Instant::now());
        async move {
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(arrival.clone());
            let response = match router.oneshot(request).await {
                Ok(response) => response,
                Err(never) => match never {},
            };
            Ok::<_, Infallible>(response.map(|body| Answer::new(body, arrival)))
        }
    });
    let stream = TokioIo::new(Watched::new(stream, connection.arrival()));
    let serving = hyper::server::conn::http1::Builder::new().serve_connection(stream, service);
    tokio::pin!(serving);
    let mut is_stopping = false;
    loop {
        tokio::select! {
            // What went wrong with a connection is its client's affair.
            _ = serving.as_mut() => return,
            () = connection.is_over() => return,
            _ = stopped.wait_for(|stopped| *stopped), if !is_stopping => {
                is_stopping = true;
                serving.as_mut().graceful_shutdown();
            }
        }
    }
}

/// Whether only the connection that was to be accepted is lost.
fn is_of_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionRefused
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_files_for_everything_else() {
        let of = |files: u64| Bounds::of_files(files).connections;
        assert_eq!(of(0), 1);
        assert_eq!(of(256), 128);
        assert_eq!(of(1024), 768);
        assert_eq!(of(u64::MAX), 16_384);
    }
}
