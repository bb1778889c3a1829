//! A Merge in which nothing happens: every model is done, and has one page.

use std::net::SocketAddr;

use anyhow::Result;
use axum::Router;
use axum::extract::Request;
use axum::http::header;
use axum::serve::ListenerExt as _;
use merge_sync_costs::merge;
use tokio::net::TcpListener;

/// Serve it in the background of the runtime this is called in.
pub async fn start() -> Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let listener = listener.tap_io(|stream| {
        let _ = stream.set_nodelay(true);
    });
    let router = Router::new().fallback(async |request: Request| {
        let target = request.uri().path_and_query();
        let body = merge::answer(target.map_or("", |target| target.as_str()), 1);
        ([(header::CONTENT_TYPE, "application/json")], body)
    });
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(address)
}
