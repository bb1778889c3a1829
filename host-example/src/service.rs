//! A host at work: it serves HTTP and runs accounts as they come due, until it is stopped.

use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::host::Host;
use crate::http::router;
use crate::http::server::{self, ConnectionLimits};

/// How long requests and runs may go on after the shutdown.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(10);

/// Serve HTTP on `listener` and run accounts as they come due, until `shutdown`. Requests and
/// runs under way then have ten seconds.
pub async fn run(
    listener: TcpListener,
    limits: ConnectionLimits,
    host: Arc<Host>,
    shutdown: impl Future<Output = ()> + Send + 'static,
) {
    let (stop, stopped) = watch::channel(false);
    tokio::spawn(async move {
        shutdown.await;
        stop.send_replace(true);
    });
    let until_stopped = |mut stopped: watch::Receiver<bool>| async move {
        // The sender was dropped, or sent true.
        let _ = stopped.wait_for(|stopped| *stopped).await;
    };
    let schedule = Arc::clone(&host.scheduler).serve(until_stopped(stopped.clone()));
    let serve = server::serve(listener, router(host), limits, stopped.clone());
    let both = async { tokio::join!(serve, schedule) };
    let timed_out = async {
        until_stopped(stopped).await;
        tokio::time::sleep(SHUTDOWN_TIMEOUT).await;
    };
    tokio::select! {
        _ = both => {}
        () = timed_out => {}
    }
}
