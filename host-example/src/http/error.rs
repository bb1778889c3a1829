//! What the API and the pages answer where something is wrong, and how they answer with JSON.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::json;

use crate::bindings::exports::merge_sync::triggers::triggers::Failure;
use crate::component::Fault;
use crate::shortened::shortened;
use crate::store::Unavailable;

/// An error of the API, as problem details (RFC 9457).
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
        let id = shortened(id);
        Self::new(
            StatusCode::NOT_FOUND,
            format!("account `{id}` is not in the store"),
        )
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let body = json!({
            "title": self.status.canonical_reason().unwrap_or("Error"),
            "status": self.status.as_u16(),
            "detail": self.message,
        });
        (
            self.status,
            [(header::CONTENT_TYPE, "application/problem+json")],
            body.to_string(),
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

/// What a route answers.
pub(super) type Answer = Result<Response, ApiError>;

/// `value` as JSON.
pub(super) fn answer(status: StatusCode, value: &impl Serialize) -> Answer {
    let body = serde_json::to_string(value)
        .map_err(|error| ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))?;
    Ok((status, [(header::CONTENT_TYPE, "application/json")], body).into_response())
}
