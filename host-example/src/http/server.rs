//! An HTTP/1.1 server with limits on time, connections and memory, safe for a public address.
//!
//! Each phase of a connection has a timeout. At the connection limit, the connection whose latest
//! complete request is the oldest is closed. HTTP/2 and TLS are left to a proxy.

mod connections;
mod limits;
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

use crate::clock::{Clock as _, System};
use crate::log_limit::{LogLimit, Warning};
pub(crate) use connections::RequestProgress;
use connections::{Connection, Connections};
pub use limits::ConnectionLimits;
use tracked::{TrackedBody, TrackedStream};

/// The pause after a failed `accept`, for example without a free file descriptor.
const ACCEPT_RETRY_DELAY: Duration = Duration::from_millis(100);

/// Serve `router` on `listener` until `stopped` is true, then finish open requests.
pub(crate) async fn serve(
    listener: TcpListener,
    router: Router,
    limits: ConnectionLimits,
    mut stopped: watch::Receiver<bool>,
) {
    let connections = Arc::new(Connections::new(limits));
    let mut tasks = JoinSet::new();
    let failures = LogLimit::default();
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
                if let Warning::Logged { left_out } = failures.warn(System.now()) {
                    tracing::warn!(%error, left_out, "cannot accept a connection");
                }
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
