//! An HTTP/1.1 server with limits on time, connections and memory, safe for a public address.
//!
//! Each phase of a connection has a timeout. At the connection limit, the connection whose latest
//! complete request is the oldest is closed. HTTP/2 and TLS are left to a proxy.

mod connections;
pub(crate) mod open_files;
mod tracked;

use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tower::ServiceExt as _;

pub(crate) use connections::RequestProgress;
use connections::{Connection, Connections};
use tracked::{TrackedBody, TrackedStream};

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

/// The pause after a failed `accept`, for example without a free file descriptor.
const ACCEPT_RETRY_DELAY: Duration = Duration::from_millis(100);

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

/// Serve `router` on `listener` until `stopped` is true, then finish open requests.
pub(crate) async fn serve(
    listener: TcpListener,
    router: Router,
    limits: ConnectionLimits,
    mut stopped: watch::Receiver<bool>,
) {
    let connections = Arc::new(Connections::new(limits));
    let mut tasks = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            // The sender was dropped, or sent true.
            _ = stopped.wait_for(|stopped| *stopped) => break,
            Some(_) = tasks.join_next() => continue,
        };
        match accepted {
            Ok((stream, _)) => {
                let connection = connections.open(Instant::now());
                let serving = serve_connection(stream, router.clone(), connection, stopped.clone());
                tasks.spawn(serving);
            }
            Err(error) if is_of_one_connection(&error) => {}
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                connections.evict();
                tokio::time::sleep(ACCEPT_RETRY_DELAY).await;
            }
        }
    }
    drop(listener);
    while tasks.join_next().await.is_some() {}
}

async fn serve_connection(
    stream: TcpStream,
    router: Router,
    connection: Connection,
    mut stopped: watch::Receiver<bool>,
) {
    // Small responses would otherwise wait for an acknowledgement (Nagle's algorithm).
    let _ = stream.set_nodelay(true);
    let progress = connection.progress();
    let service = service_fn(move |request: Request<Incoming>| {
        let (router, progress) = (router.clone(), progress.clone());
        progress.header_complete(Instant::now());
        async move {
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(progress.clone());
            let response = match router.oneshot(request).await {
                Ok(response) => response,
                Err(never) => match never {},
            };
            Ok::<_, Infallible>(response.map(|body| TrackedBody::new(body, progress)))
        }
    });
    let stream = TokioIo::new(TrackedStream::new(stream, connection.progress()));
    let serving = http1::Builder::new().serve_connection(stream, service);
    tokio::pin!(serving);
    let mut is_stopping = false;
    loop {
        tokio::select! {
            // Errors of a connection are the client's: nothing is logged.
            _ = serving.as_mut() => return,
            () = connection.must_close() => return,
            _ = stopped.wait_for(|stopped| *stopped), if !is_stopping => {
                is_stopping = true;
                serving.as_mut().graceful_shutdown();
            }
        }
    }
}

/// Whether `accept` failed for this connection only.
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
    fn descriptors_are_reserved_for_the_rest_of_the_process() {
        let limit = |files: u64| ConnectionLimits::for_open_files(files).max_connections;
        assert_eq!(limit(0), 1);
        assert_eq!(limit(256), 128);
        assert_eq!(limit(1024), 768);
        assert_eq!(limit(u64::MAX), 16_384);
    }
}
