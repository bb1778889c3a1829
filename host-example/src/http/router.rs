//! Which route leads where, on which listener.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{FromRef, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{any, get, post};
use tokio::time::Instant;

use super::error::ApiError;
use super::gate::{Gate, gate, has_csrf_token};
use super::page::login;
use super::server::RequestProgress;
use super::{api, page, webhook};
use crate::access::{Access, Caller};
use crate::host::Host;
use crate::request_body::BodyError;
use crate::shortened::shortened;

const WEBHOOK_PATHS: [&str; 3] = [
    "/api/webhooks/merge",
    "/webhooks/merge/sync-completed",
    "/webhooks/merge/model-synced",
];

/// The largest body of the API and the pages: a form, or an account.
const BODY_LIMIT: usize = 64 << 10;

impl FromRef<Gate> for Arc<Host> {
    fn from_ref(gate: &Gate) -> Self {
        Arc::clone(&gate.host)
    }
}

/// The public listener: Merge's webhooks, which are authentic by their signature, and two probes
/// that answer with a status alone.
pub fn public(host: Arc<Host>) -> Router {
    let mut routes = Router::new();
    for path in WEBHOOK_PATHS {
        routes = routes
            .route(path, any(webhook::post))
            .route(&format!("{path}/"), any(webhook::post));
    }
    routes
        .route("/livez", get(api::livez))
        .route("/readyz", get(api::readyz))
        .method_not_allowed_fallback(no_method)
        .fallback(no_path)
        .with_state(host)
}

/// The admin listener: the API and the pages, for callers with a token or a session.
pub fn admin(host: Arc<Host>, access: Arc<Access>) -> Router {
    let state = Gate { host, access };
    let routes = Router::new()
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
        .method_not_allowed_fallback(async || {
            let refused = "the path is not for this method";
            ApiError::new(StatusCode::METHOD_NOT_ALLOWED, refused)
        })
        .fallback(async || ApiError::new(StatusCode::NOT_FOUND, "there is no such path"))
        // The last layer runs first: the caller is authenticated before the body is read.
        .layer(from_fn_with_state(state.clone(), buffer_body))
        .layer(from_fn_with_state(state.clone(), gate))
        .layer(from_fn(same_origin));
    let open = Router::new()
        .route("/login", get(login::form).post(login::submit))
        // A caller with a token for reading may end its session, too.
        .route("/logout", post(login::end))
        .layer(from_fn_with_state(state.clone(), buffer_body))
        .layer(from_fn(same_origin));
    open.merge(routes).with_state(state)
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
    request.headers().contains_key(webhook::SIGNATURE_HEADER)
}

async fn stray(host: Arc<Host>, request: Request) -> Response {
    webhook::warn(&host, || {
        tracing::warn!(
            path = shortened(request.uri().path()),
            "a webhook was sent to a path that is not for webhooks and is treated as one; correct \
             its address at merge"
        );
    });
    webhook::post(State(host), request).await
}

/// Read the whole body before the request is handled, and look for the CSRF token of a session.
async fn buffer_body(State(gate): State<Gate>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let buffered = match gate.host.bodies.read(body, BODY_LIMIT).await {
        Ok(buffered) => buffered,
        Err(error) => return unreadable(error).into_response(),
    };
    if let Some(progress) = parts.extensions.get::<RequestProgress>() {
        progress.request_complete(Instant::now());
    }
    let (bytes, share) = buffered.into_parts();
    if let Some(caller) = parts.extensions.get::<Caller>()
        && !parts.method.is_safe()
        && !has_csrf_token(caller, &parts.headers, &bytes)
    {
        let refused = "csrf: expected the token of the session's pages";
        return ApiError::new(StatusCode::FORBIDDEN, refused).into_response();
    }
    let request = Request::from_parts(parts, Body::from(bytes));
    let response = next.run(request).await;
    drop(share);
    response
}

fn unreadable(error: BodyError) -> ApiError {
    match error {
        BodyError::TooLong => ApiError::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            format!("{error}: expected at most {BODY_LIMIT} bytes"),
        ),
        BodyError::Incomplete => ApiError::bad_request(error.to_string()),
        BodyError::OverBudget => ApiError::new(StatusCode::SERVICE_UNAVAILABLE, error.to_string()),
    }
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
