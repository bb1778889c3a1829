//! Which route leads where.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{any, get, post};
use tokio::time::Instant;

use super::error::ApiError;
use super::inbound::{Arrival, Unread};
use super::{api, page, webhook};
use crate::host::Host;
use crate::shortened::shortened;

const WEBHOOK_PATHS: [&str; 3] = [
    "/api/webhooks/merge",
    "/webhooks/merge/sync-completed",
    "/webhooks/merge/model-synced",
];

/// Other bodies are a form, or an account.
const LARGEST_BODY: usize = 64 << 10;

/// All routes.
///
/// There is no authentication but that of webhooks: everything beside the three webhook routes
/// is for a private address, or for a proxy that knows who may see it.
pub fn router(host: Arc<Host>) -> Router {
    let mut webhooks = Router::new();
    for path in WEBHOOK_PATHS {
        webhooks = webhooks
            .route(path, any(webhook::post))
            .route(&format!("{path}/"), any(webhook::post));
    }
    let webhooks = webhooks.fallback(no_path);
    let private = Router::new()
        .route("/api/accounts", get(api::accounts).post(api::link))
        .route("/api/accounts/{id}", get(api::account))
        .route("/api/accounts/{id}/readiness", get(api::readiness))
        .route("/api/accounts/{id}/{command}", post(api::command))
        .route("/api/notices", get(api::notices))
        .route("/healthz", get(api::healthz))
        .route("/", get(page::accounts))
        .route("/accounts/{id}", get(page::account))
        .route("/accounts/{id}/records", get(page::records))
        .route("/accounts/{id}/poll", post(page::poll))
        .route("/accounts/{id}/reread-model", post(page::reread_model))
        .route(
            "/accounts/{id}/approve-deletions",
            get(page::confirm_deletions).post(page::approve_deletions),
        )
        .method_not_allowed_fallback(no_method)
        .layer(from_fn_with_state(Arc::clone(&host), whole))
        .layer(from_fn(same_origin));
    webhooks.merge(private).with_state(host)
}

/// What has no route: a webhook that was sent to a wrong path, or nothing of ours.
async fn no_path(State(host): State<Arc<Host>>, request: Request) -> Response {
    if is_signed(&request) {
        return stray(host, request).await;
    }
    ApiError::new(StatusCode::NOT_FOUND, "there is no such path").into_response()
}

/// The same of a path that has a route for other methods.
async fn no_method(State(host): State<Arc<Host>>, request: Request) -> Response {
    if is_signed(&request) {
        return stray(host, request).await;
    }
    let refused = "the path is not for this method";
    ApiError::new(StatusCode::METHOD_NOT_ALLOWED, refused).into_response()
}

fn is_signed(request: &Request) -> bool {
    is_signed_by(request.headers())
}

fn is_signed_by(headers: &HeaderMap) -> bool {
    headers.contains_key(webhook::SIGNATURE_HEADER)
}

async fn stray(host: Arc<Host>, request: Request) -> Response {
    tracing::warn!(
        path = shortened(request.uri().path()),
        "a webhook came to a path that is not for webhooks: it is taken in, and its address at \
         merge is to be put right"
    );
    webhook::post(State(host), request).await
}

/// The request as a whole, or why it is none.
async fn whole(State(host): State<Arc<Host>>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    if is_signed_by(&parts.headers) {
        // Perhaps a webhook at a wrong path: whoever takes it in reads it.
        return next.run(Request::from_parts(parts, body)).await;
    }
    let held = match host.bodies.read(body, LARGEST_BODY).await {
        Ok(held) => held,
        Err(Unread::TooLarge) => {
            let refused = format!("the body is longer than {LARGEST_BODY} bytes");
            return ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, refused).into_response();
        }
        Err(Unread::Cut) => return ApiError::bad_request("the body broke off").into_response(),
        Err(Unread::NoRoom) => {
            let refused = "too many bodies are being read";
            return ApiError::new(StatusCode::SERVICE_UNAVAILABLE, refused).into_response();
        }
    };
    if let Some(arrival) = parts.extensions.get::<Arrival>() {
        arrival.complete(Instant::now());
    }
    let (bytes, room) = held.into_parts();
    let response = next
        .run(Request::from_parts(parts, Body::from(bytes)))
        .await;
    drop(room);
    response
}

/// A page elsewhere must not press buttons here: a browser says where a request comes from.
async fn same_origin(request: Request, next: Next) -> Response {
    if !request.method().is_safe() && comes_from_elsewhere(request.headers()) {
        let refused = "the request comes from a page of another origin";
        return ApiError::new(StatusCode::FORBIDDEN, refused).into_response();
    }
    next.run(request).await
}

/// What the browser itself concluded counts first: behind a proxy, `Host` may be another name
/// than the one that people typed.
fn comes_from_elsewhere(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(site) = text("sec-fetch-site") {
        return !matches!(site, "same-origin" | "none");
    }
    let Some(origin) = text("origin") else {
        return false;
    };
    let from = origin.split_once("://").map(|(_, authority)| authority);
    from.is_none() || from != text("host")
}
