//! A host at work: it serves HTTP and runs accounts as they come due, until it is stopped.

use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::access::Access;
use crate::host::Host;
use crate::http;
use crate::http::server::{self, ConnectionLimits};

/// How long requests and runs may go on after the shutdown.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(10);

/// Where a host listens.
#[derive(Debug)]
pub struct Listeners {
    /// Merge's webhooks and two probes: may be reached from anywhere.
    pub public: TcpListener,
    /// The limits of the public listener.
    pub limits: ConnectionLimits,
    /// The API and the pages; `None` serves neither.
    pub admin: Option<Admin>,
}

/// The listener of the API and the pages.
#[derive(Debug)]
pub struct Admin {
    /// The listener.
    pub listener: TcpListener,
    /// Its limits.
    pub limits: ConnectionLimits,
    /// Who is let in.
    pub access: Arc<Access>,
}

/// Serve HTTP on `listeners` and run accounts as they come due, until `shutdown`. Requests and
/// runs under way then have ten seconds.
pub async fn run(
    listeners: Listeners,
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
    let Listeners {
        public,
        limits,
        admin,
    } = listeners;
    let routes = http::public(Arc::clone(&host));
    let serve_public = server::serve(public, routes, limits, stopped.clone());
    let admin_stopped = stopped.clone();
    let serve_admin = async {
        if let Some(admin) = admin {
            let routes = http::admin(host, admin.access);
            server::serve(admin.listener, routes, admin.limits, admin_stopped).await;
        }
    };
    let all = async { tokio::join!(serve_public, serve_admin, schedule) };
    let timed_out = async {
        until_stopped(stopped).await;
        tokio::time::sleep(SHUTDOWN_TIMEOUT).await;
    };
    tokio::select! {
        _ = all => {}
        () = timed_out => {}
    }
}
