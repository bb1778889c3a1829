//! Over a real socket on loopback.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Request, StatusCode};
use axum::routing::post;
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use merge_simulator::time::HOUR;
use merge_simulator::{FaultKind, Handle, Poster, SIGNATURE_HEADER, Server, Shared, lock, sign};
use serde_json::Value;
use tokio::net::TcpListener;

use crate::client::{settled, small};

type Http = Client<HttpConnector, Full<Bytes>>;

async fn serve(merge: &Shared) -> (Handle, Http) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let handle = Server::start(merge.clone(), listener).expect("a server");
    (handle, Client::builder(TokioExecutor::new()).build_http())
}

async fn get(http: &Http, merge: &Shared, url: String) -> (StatusCode, HeaderMap, Option<Bytes>) {
    let (key, token) = {
        let merge = lock(merge);
        (
            format!("Bearer {}", merge.api_key()),
            merge.accounts()[0].token.clone(),
        )
    };
    let request = Request::get(url)
        .header("Authorization", key)
        .header("X-Account-Token", token);
    let request = request.body(Full::default()).expect("a request");
    let response = http.request(request).await.expect("an answer");
    let (parts, body) = response.into_parts();
    let body = body
        .collect()
        .await
        .ok()
        .map(http_body_util::Collected::to_bytes);
    (parts.status, parts.headers, body)
}

#[tokio::test]
async fn the_api_answers_on_a_socket() {
    let merge: Shared = Arc::new(Mutex::new(settled()));
    let (handle, http) = serve(&merge).await;
    let url = format!(
        "{}/api/hris/v1/sync-status?page_size=100",
        handle.base_url()
    );
    let (status, headers, body) = get(&http, &merge, url).await;
    assert_eq!(status, 200);
    assert_eq!(headers["content-type"], "application/json");
    let dates = headers.get_all("date").iter().count();
    assert_eq!(dates, 1, "the virtual clock's date alone");
    let body: Value = serde_json::from_slice(&body.expect("a body")).expect("JSON");
    assert_eq!(body["results"].as_array().map(Vec::len), Some(17));
}

#[tokio::test]
async fn a_cut_answer_is_a_transport_error() {
    let merge: Shared = Arc::new(Mutex::new(settled()));
    let (handle, http) = serve(&merge).await;
    let url = format!("{}/api/hris/v1/employees", handle.base_url());
    lock(&merge).force(FaultKind::CutResponse, 1);
    let (status, _, body) = get(&http, &merge, url.clone()).await;
    assert_eq!((status, body), (StatusCode::OK, None));
    let (_, _, body) = get(&http, &merge, url).await;
    assert!(body.is_some());
}

#[tokio::test]
async fn a_large_answer_is_compressed_for_those_who_ask() {
    use flate2::read::GzDecoder;
    use std::io::Read as _;

    let merge: Shared = Arc::new(Mutex::new(settled()));
    let (handle, http) = serve(&merge).await;
    let url = format!("{}/api/hris/v1/employees", handle.base_url());
    let (_, headers, plain) = get(&http, &merge, url.clone()).await;
    assert!(!headers.contains_key("content-encoding"));
    let (key, token) = {
        let merge = lock(&merge);
        (
            format!("Bearer {}", merge.api_key()),
            merge.accounts()[0].token.clone(),
        )
    };
    let request = Request::get(url)
        .header("Authorization", key)
        .header("X-Account-Token", token)
        .header("Accept-Encoding", "gzip, br")
        .body(Full::default())
        .expect("a request");
    let response = http.request(request).await.expect("an answer");
    assert_eq!(response.headers()["content-encoding"], "gzip");
    let body = response
        .into_body()
        .collect()
        .await
        .expect("a body")
        .to_bytes();
    let mut text = Vec::new();
    GzDecoder::new(&body[..])
        .read_to_end(&mut text)
        .expect("gzip");
    assert_eq!(Some(Bytes::from(text)), plain);
}

#[tokio::test]
async fn control_requests_need_no_key() {
    let merge: Shared = Arc::new(Mutex::new(settled()));
    let (handle, http) = serve(&merge).await;
    let before = lock(&merge).now();
    control(&http, &handle, "advance", r#"{"seconds":3600}"#).await;
    assert_eq!(lock(&merge).now(), before + HOUR);
}

/// A control request that is obeyed.
async fn control(http: &Http, handle: &Handle, command: &str, body: &'static str) -> Value {
    let request = Request::post(format!("{}/_control/{command}", handle.base_url()))
        .body(Full::from(body))
        .expect("a request");
    let response = http.request(request).await.expect("an answer");
    assert_eq!(response.status(), 200);
    let body = response.into_body().collect().await.expect("a body");
    serde_json::from_slice(&body.to_bytes()).expect("JSON")
}

#[tokio::test]
async fn a_driver_has_the_due_webhooks_posted() {
    let seen = Seen::default();
    let mut config = small(1);
    config.link_within = 0;
    config.webhook_url = Some(receiver(&seen).await);
    let merge: Shared = Arc::new(Mutex::new(merge_simulator::Merge::new(config)));
    let (handle, http) = serve(&merge).await;
    assert_eq!(control(&http, &handle, "deliver", "").await["posted"], 0);
    control(&http, &handle, "advance", r#"{"seconds":3600}"#).await;
    let posted = control(&http, &handle, "deliver", "").await["posted"].clone();
    // All answers are in by now: nothing is on its way any more.
    assert_eq!(posted, seen.lock().expect("not poisoned").len());
    let stats = lock(&merge).stats().webhooks;
    assert_eq!(posted, stats.attempts);
    assert_eq!((stats.accepted, stats.refused), (stats.attempts - 2, 1));
    assert!(stats.attempts > 20);
}

#[tokio::test]
async fn a_dropped_handle_frees_the_port() {
    let merge: Shared = Arc::new(Mutex::new(settled()));
    let (handle, _) = serve(&merge).await;
    let address = handle.address();
    drop(handle);
    // The server notices on its next turn.
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    TcpListener::bind(address)
        .await
        .expect("the port is free again");
}

type Seen = Arc<Mutex<Vec<(String, Bytes)>>>;

/// Serve webhooks; the address to post them to.
async fn receiver(seen: &Seen) -> String {
    async fn receive(State(seen): State<Seen>, headers: HeaderMap, body: Bytes) -> StatusCode {
        let signature = headers[SIGNATURE_HEADER]
            .to_str()
            .unwrap_or_default()
            .to_owned();
        let mut seen = seen.lock().expect("not poisoned");
        seen.push((signature, body));
        // The first is refused, the second fails, the others are taken.
        match seen.len() {
            1 => StatusCode::UNAUTHORIZED,
            2 => StatusCode::INTERNAL_SERVER_ERROR,
            _ => StatusCode::OK,
        }
    }
    let router = Router::new()
        .route("/hook", post(receive))
        .with_state(seen.clone());
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://{address}/hook")
}

#[tokio::test]
async fn webhooks_are_posted_and_their_answers_reported() {
    let seen = Seen::default();
    let mut config = small(1);
    config.webhook_url = Some(receiver(&seen).await);
    let merge: Shared = Arc::new(Mutex::new(merge_simulator::Merge::new(config)));
    let poster = Poster::new();
    for _ in 0..4 {
        let to = lock(&merge).now() + HOUR;
        lock(&merge).advance_to(to);
        poster.post_due(&merge).await;
    }
    let merge = lock(&merge);
    let stats = merge.stats().webhooks;
    let seen = seen.lock().expect("not poisoned");
    assert!(seen.len() > 50);
    assert_eq!(stats.attempts, seen.len() as u64);
    assert_eq!(stats.refused, 1);
    assert_eq!(stats.accepted, stats.sent - 1);
    for (signature, body) in seen.iter() {
        assert_eq!(*signature, sign(merge.signing_key(), body));
    }
}
