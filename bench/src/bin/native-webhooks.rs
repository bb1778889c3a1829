//! A rival of `merge-sync serve`: the same webhook route with the decisions as native code, over
//! the same store. Its only argument is the database's path; it prints where it listens.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::serve::ListenerExt as _;
use merge_sync_bench::note;
use merge_sync_engine::receive;
use merge_sync_host::clock::System;
use merge_sync_host::http::webhook::SIGNATURE_HEADER;
use merge_sync_host::store::sqlite::{Options, SqliteStore};
use merge_sync_host::store::{NoteError, Store as _};
use merge_sync_logic::signature::SignedBody;
use merge_sync_logic::types;
use merge_sync_logic::webhook::Reply;
use tokio::net::TcpListener;

#[derive(Debug)]
struct Rival {
    store: SqliteStore,
    keys: Vec<types::Secret>,
}

#[tokio::main]
async fn main() -> Result<()> {
    let database = std::env::args_os().nth(1).context("a database's path")?;
    let key = std::env::var("MERGE_WEBHOOK_SECRET").context("MERGE_WEBHOOK_SECRET")?;
    let rival = Rival {
        store: SqliteStore::open(
            &PathBuf::from(database),
            Options::default(),
            Arc::new(System),
        )?,
        keys: vec![types::Secret(key)],
    };
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("listening on http://{}", listener.local_addr()?);
    let router = Router::new()
        .route("/api/webhooks/merge", post(answer))
        .with_state(Arc::new(rival));
    let listener = listener.tap_io(|stream| {
        let _ = stream.set_nodelay(true);
    });
    axum::serve(listener, router).await?;
    Ok(())
}

async fn answer(State(rival): State<Arc<Rival>>, headers: HeaderMap, body: Bytes) -> Response {
    let reply = take_in(&rival, &headers, body).await;
    let status = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let json = [(header::CONTENT_TYPE, "application/json")];
    (status, json, reply.body).into_response()
}

async fn take_in(rival: &Rival, headers: &HeaderMap, body: Bytes) -> Reply {
    let signatures = headers
        .get_all(SIGNATURE_HEADER)
        .iter()
        .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
        .collect();
    let received = receive::receive(&SignedBody {
        body: String::from_utf8_lossy(&body).into_owned(),
        signatures,
        keys: rival.keys.clone(),
    });
    let Some(kept) = received.note else {
        return received.reply;
    };
    match rival.store.keep_note(note::of_the_store(kept)).await {
        Ok(()) | Err(NoteError::UnknownAccount) => received.reply,
        Err(NoteError::Unavailable(_)) => received.unkept_reply,
    }
}
