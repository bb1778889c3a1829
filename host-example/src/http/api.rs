//! The routes of `/api`, `/healthz` of the admin listener, and the probes of the public one.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::json;

use super::ask::{ask, look};
use super::error::{Answer, ApiError, answer};
use super::linking;
use crate::dto::{self, AccountDto, CommandDto, NoCommand, NoticeDto, ReadinessDto, ViewDto};
use crate::host::Host;
use crate::shortened::shortened;

/// The most entries a list answers with, and how many it does unasked.
const LONGEST_LIST: u32 = 1000;

#[derive(Debug, Deserialize)]
pub(super) struct ListQuery {
    #[serde(default)]
    after: String,
    limit: Option<u32>,
}

impl ListQuery {
    fn limit(&self) -> u32 {
        self.limit.unwrap_or(LONGEST_LIST).clamp(1, LONGEST_LIST)
    }
}

pub(super) async fn accounts(
    State(host): State<Arc<Host>>,
    Query(query): Query<ListQuery>,
) -> Answer {
    let found = host.store.accounts(&query.after, query.limit()).await?;
    let accounts: Vec<_> = found.into_iter().map(AccountDto::from).collect();
    answer(StatusCode::OK, &json!({ "accounts": accounts }))
}

pub(super) async fn account(State(host): State<Arc<Host>>, Path(id): Path<String>) -> Answer {
    let (listed, view) = look(&host, &id, Vec::new()).await?;
    answer(StatusCode::OK, &ViewDto::new(listed, view))
}

#[derive(Debug, Deserialize)]
pub(super) struct ReadinessQuery {
    /// Model ids, separated by commas.
    #[serde(default)]
    required: String,
}

pub(super) async fn readiness(
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

pub(super) async fn link(State(host): State<Arc<Host>>, body: Bytes) -> Answer {
    let wanted: linking::LinkDto = serde_json::from_slice(&body)
        .map_err(|error| ApiError::bad_request(format!("the body is not an account: {error}")))?;
    let id = linking::link(&host, wanted).await?;
    answer(StatusCode::CREATED, &json!({ "id": id }))
}

pub(super) async fn command(
    State(host): State<Arc<Host>>,
    Path((id, name)): Path<(String, String)>,
    about: Result<Query<CommandDto>, QueryRejection>,
) -> Answer {
    let Query(about) = about.map_err(|rejection| ApiError::bad_request(rejection.body_text()))?;
    let command = dto::command(&name, about).map_err(|none| match none {
        NoCommand::Unknown => ApiError::new(
            StatusCode::NOT_FOUND,
            format!(
                "`{}` is no command: poll, reread, reread-model, approve-deletions, pause, \
                 resume, unlink and reset are",
                shortened(&name)
            ),
        ),
        NoCommand::Parameter(text) => ApiError::bad_request(text),
    })?;
    ask(&host, id, command).await?;
    answer(StatusCode::ACCEPTED, &json!({ "accepted": name }))
}

pub(super) async fn notices(
    State(host): State<Arc<Host>>,
    Query(query): Query<ListQuery>,
) -> Answer {
    let after = match query.after.as_str() {
        "" => 0,
        text => text.parse().map_err(|_| {
            let found = shortened(text);
            ApiError::bad_request(format!("after: `{found}` is not a notice's sequence"))
        })?,
    };
    let found = host.store.notices(after, query.limit()).await?;
    let notices: Vec<_> = found.into_iter().map(NoticeDto::from).collect();
    answer(StatusCode::OK, &json!({ "notices": notices }))
}

/// `GET /livez`: the process answers.
pub(super) async fn livez() -> StatusCode {
    StatusCode::OK
}

/// `GET /readyz`: the store answers as well.
pub(super) async fn readyz(State(host): State<Arc<Host>>) -> StatusCode {
    match host.store.accounts("", 1).await {
        Ok(_) => StatusCode::OK,
        Err(problem) => {
            tracing::error!(%problem, "the store does not answer");
            StatusCode::SERVICE_UNAVAILABLE
        }
    }
}

pub(super) async fn healthz(State(host): State<Arc<Host>>) -> Answer {
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
