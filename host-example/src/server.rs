//! HTTP in: the webhook route, the API, the pages.
//!
//! | Route | For |
//! |---|---|
//! | `POST /api/webhooks/merge` | Merge's webhooks; also `/webhooks/merge/sync-completed` and `/webhooks/merge/model-synced` |
//! | `GET /api/accounts?after=&limit=` | the accounts, by id |
//! | `POST /api/accounts` | an account to look after: `{"token", "category"}`, and `id` if it is known |
//! | `GET /api/accounts/{id}` | one account, as the engine sees it |
//! | `GET /api/accounts/{id}/readiness?required=` | where it stands for these models |
//! | `POST /api/accounts/{id}/{command}` | `poll`, `reread`, `pause`, `resume`, `unlink`, `reset` |
//! | `POST /api/accounts/{id}/reread-model?model=` | read this model whole, now |
//! | `POST /api/accounts/{id}/approve-deletions?model=&pass=` | carry out the held sweep of this pass |
//! | `GET /api/notices?after=&limit=` | the outbox: what a product may want to act on |
//! | `GET /healthz` | whether the store answers, and what was done so far |
//! | `GET /`, `GET /accounts/{id}` | pages for people |
//!
//! The webhook routes answer nothing but 200, 401 and 500, to whatever is sent to them, also with
//! a slash at their end. So does every path without a route of its own to a request that has a
//! webhook's signature: Merge never tries again after a 404, and one wrong letter in a webhook's
//! address would lose all of them.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes, HttpBody as _};
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get, post};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::time::Instant;

use crate::api::{AccountDto, CommandDto, NoCommand, NoticeDto, ReadinessDto, ViewDto};
use crate::bindings::exports::merge_sync::triggers::triggers::{
    Approval, Command, Failure, HeldSweep, ModelView, View,
};
use crate::component::Fault;
use crate::host::Host;
use crate::inbound::{Arrival, Held, Unread};
use crate::store::{Listed, Unavailable};
use crate::{api, linking, page, webhook};

const WEBHOOK_PATHS: [&str; 3] = [
    "/api/webhooks/merge",
    "/webhooks/merge/sync-completed",
    "/webhooks/merge/model-synced",
];

/// A larger webhook is refused unread. Merge's largest carry a status for each model of an
/// account, or one record.
const LARGEST_WEBHOOK: usize = 1 << 20;

/// A larger one, and one that does not say how large it is, is read only behind a signature that
/// has the form of one.
const SMALL_WEBHOOK: u64 = 16 << 10;

/// Other bodies are a form, or an account.
const LARGEST_BODY: usize = 64 << 10;

/// The most entries a list answers with, and how many it does unasked.
const LONGEST_LIST: u32 = 1000;

/// All routes.
///
/// There is no authentication but that of webhooks: everything beside the three webhook routes
/// is for a private address, or for a proxy that knows who may see it.
pub fn router(host: Arc<Host>) -> Router {
    let mut webhooks = Router::new();
    for path in WEBHOOK_PATHS {
        webhooks = webhooks
            .route(path, any(receive))
            .route(&format!("{path}/"), any(receive));
    }
    let webhooks = webhooks.fallback(no_path);
    let private = Router::new()
        .route("/api/accounts", get(accounts).post(link))
        .route("/api/accounts/{id}", get(account))
        .route("/api/accounts/{id}/readiness", get(readiness))
        .route("/api/accounts/{id}/{command}", post(command))
        .route("/api/notices", get(notices))
        .route("/healthz", get(healthz))
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
        path = api::shortened(request.uri().path()),
        "a webhook came to a path that is not for webhooks: it is taken in, and its address at \
         merge is to be put right"
    );
    receive(State(host), request).await
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

/// An error of the API: `{"error": "..."}`.
#[derive(Debug)]
pub(crate) struct ApiError {
    status: StatusCode,
    message: String,
}

impl ApiError {
    pub(crate) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self {
            status,
            message: message.into(),
        }
    }

    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    pub(crate) fn unknown_account(id: &str) -> Self {
        let id = api::shortened(id);
        Self::new(
            StatusCode::NOT_FOUND,
            format!("account `{id}` is not in the store"),
        )
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let body = json!({ "error": self.message }).to_string();
        (
            self.status,
            [(header::CONTENT_TYPE, "application/json")],
            body,
        )
            .into_response()
    }
}

impl From<Unavailable> for ApiError {
    fn from(from: Unavailable) -> Self {
        tracing::error!(problem = %from, "the store does not answer");
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "the store does not answer")
    }
}

impl From<Fault> for ApiError {
    fn from(from: Fault) -> Self {
        let status = match &from {
            Fault::Failure(Failure::UnknownAccount(_)) => StatusCode::NOT_FOUND,
            Fault::Failure(Failure::State(_)) => StatusCode::CONFLICT,
            Fault::Failure(Failure::Store(_)) => StatusCode::SERVICE_UNAVAILABLE,
            Fault::Failure(Failure::Settings(_)) | Fault::Trap(_) => {
                StatusCode::INTERNAL_SERVER_ERROR
            }
        };
        if status.is_server_error() {
            tracing::error!(fault = %from, "a request of the API failed");
        }
        Self::new(status, from.to_string())
    }
}

type Answer = Result<Response, ApiError>;

fn answer(status: StatusCode, value: &impl Serialize) -> Answer {
    let body = serde_json::to_string(value)
        .map_err(|error| ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))?;
    Ok((status, [(header::CONTENT_TYPE, "application/json")], body).into_response())
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

async fn receive(State(host): State<Arc<Host>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let signatures: Vec<String> = parts
        .headers
        .get_all(webhook::SIGNATURE_HEADER)
        .iter()
        .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
        .collect();
    let is_small = body
        .size_hint()
        .exact()
        .is_some_and(|length| length <= SMALL_WEBHOOK);
    let body = if is_small || webhook::may_be_signed(&host, &signatures).await {
        host.bodies.read(body, LARGEST_WEBHOOK).await
    } else {
        Ok(Held::default())
    };
    if let Some(arrival) = parts.extensions.get::<Arrival>() {
        arrival.complete(Instant::now());
    }
    let reply = webhook::receive(&host, signatures, body).await;
    let status = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (
        status,
        [(header::CONTENT_TYPE, "application/json")],
        reply.body,
    )
        .into_response()
}

#[derive(Debug, Deserialize)]
struct ListQuery {
    #[serde(default)]
    after: String,
    limit: Option<u32>,
}

impl ListQuery {
    fn limit(&self) -> u32 {
        self.limit.unwrap_or(LONGEST_LIST).clamp(1, LONGEST_LIST)
    }
}

async fn accounts(State(host): State<Arc<Host>>, Query(query): Query<ListQuery>) -> Answer {
    let found = host.store.accounts(&query.after, query.limit()).await?;
    let accounts: Vec<_> = found.into_iter().map(AccountDto::from).collect();
    answer(StatusCode::OK, &json!({ "accounts": accounts }))
}

/// The account as the store lists it and as the engine sees it.
pub(crate) async fn look(
    host: &Host,
    id: &str,
    required: Vec<String>,
) -> Result<(Listed, View), ApiError> {
    let Some(listed) = host.store.account(id).await? else {
        return Err(ApiError::unknown_account(id));
    };
    let view = host.triggers.inspect(id.to_owned(), required).await?;
    Ok((listed, view))
}

async fn account(State(host): State<Arc<Host>>, Path(id): Path<String>) -> Answer {
    let (listed, view) = look(&host, &id, Vec::new()).await?;
    answer(StatusCode::OK, &ViewDto::new(listed, view))
}

#[derive(Debug, Deserialize)]
struct ReadinessQuery {
    /// Model ids, separated by commas.
    #[serde(default)]
    required: String,
}

async fn readiness(
    State(host): State<Arc<Host>>,
    Path(id): Path<String>,
    Query(query): Query<ReadinessQuery>,
) -> Answer {
    let required = query
        .required
        .split(',')
        .map(str::trim)
        .filter(|model| !model.is_empty())
        .map(str::to_owned)
        .collect();
    let (_, view) = look(&host, &id, required).await?;
    answer(StatusCode::OK, &ReadinessDto::from(view.readiness))
}

async fn link(State(host): State<Arc<Host>>, body: Bytes) -> Answer {
    let wanted: linking::LinkDto = serde_json::from_slice(&body)
        .map_err(|error| ApiError::bad_request(format!("the body is not an account: {error}")))?;
    let id = linking::link(&host, wanted).await?;
    answer(StatusCode::CREATED, &json!({ "id": id }))
}

async fn command(
    State(host): State<Arc<Host>>,
    Path((id, name)): Path<(String, String)>,
    about: Result<Query<CommandDto>, QueryRejection>,
) -> Answer {
    let Query(about) = about.map_err(|rejection| ApiError::bad_request(rejection.body_text()))?;
    let command = api::command(&name, about).map_err(|none| match none {
        NoCommand::Unknown => ApiError::new(
            StatusCode::NOT_FOUND,
            format!(
                "`{}` is no command: poll, reread, reread-model, approve-deletions, pause, \
                 resume, unlink and reset are",
                api::shortened(&name)
            ),
        ),
        NoCommand::Parameter(text) => ApiError::bad_request(text),
    })?;
    ask(&host, id, command).await?;
    answer(StatusCode::ACCEPTED, &json!({ "accepted": name }))
}

/// Ask the engine for something. It takes an approval of what is not held for nothing; whoever
/// gave it should know.
pub(crate) async fn ask(host: &Host, id: String, command: Command) -> Result<(), ApiError> {
    if let Command::ApproveDeletions(approval) = &command {
        let (_, view) = look(host, &id, Vec::new()).await?;
        held(&view, approval)?;
    }
    host.triggers.request(id, command).await?;
    host.wake();
    Ok(())
}

/// The sweep that an approval is about, and its model.
pub(crate) fn held<'a>(
    view: &'a View,
    approval: &Approval,
) -> Result<(&'a ModelView, HeldSweep), ApiError> {
    let model = view
        .models
        .iter()
        .find(|model| model.status.model_id == approval.model_id);
    let found = model.and_then(|model| Some((model, model.held_sweep?)));
    let refused = match found {
        Some((model, sweep)) if sweep.pass == approval.pass => return Ok((model, sweep)),
        Some((_, sweep)) => format!(
            "pass: the held sweep of `{}` is of pass {}, and not {}",
            api::shortened(&approval.model_id),
            sweep.pass,
            approval.pass
        ),
        None => format!(
            "model: no sweep of `{}` is held",
            api::shortened(&approval.model_id)
        ),
    };
    Err(ApiError::new(StatusCode::CONFLICT, refused))
}

async fn notices(State(host): State<Arc<Host>>, Query(query): Query<ListQuery>) -> Answer {
    let after = match query.after.as_str() {
        "" => 0,
        text => text.parse().map_err(|_| {
            let found = api::shortened(text);
            ApiError::bad_request(format!("after: `{found}` is not a notice's sequence"))
        })?,
    };
    let found = host.store.notices(after, query.limit()).await?;
    let notices: Vec<_> = found.into_iter().map(NoticeDto::from).collect();
    answer(StatusCode::OK, &json!({ "notices": notices }))
}

async fn healthz(State(host): State<Arc<Host>>) -> Answer {
    host.store.accounts("", 1).await?;
    answer(
        StatusCode::OK,
        &json!({
            "status": "ok",
            "api_key_suspected": host.http.key_is_suspected(),
            "counters": host.counters().snapshot(),
        }),
    )
}
