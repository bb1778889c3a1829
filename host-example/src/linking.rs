//! Linking an account by its token, for products that learn of it from Merge Link rather than
//! from the webhook `LinkedAccount.linked`.

use axum::http::StatusCode;

use crate::api::{DetailsDto, LinkDto};
use crate::host::Host;
use crate::merge_http::{Request, SendError};
use crate::server::ApiError;

/// Start looking after an account, and say its id.
pub(crate) async fn link(host: &Host, mut wanted: LinkDto) -> Result<String, ApiError> {
    if wanted.token.expose().is_empty() {
        return Err(ApiError::bad_request("token: it is empty"));
    }
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    if wanted.category.is_empty() || !wanted.category.chars().all(plain) {
        return Err(ApiError::bad_request(
            "category: expected one such as `hris` or `ats`",
        ));
    }
    if wanted.id.is_empty() {
        complete(host, &mut wanted).await?;
    }
    let id = wanted.id.clone();
    let account = wanted.into_new_account().map_err(ApiError::bad_request)?;
    host.triggers.link(account).await?;
    host.wake();
    Ok(id)
}

/// Ask Merge whose token it is.
async fn complete(host: &Host, wanted: &mut LinkDto) -> Result<(), ApiError> {
    let request = Request {
        // Not an account's own request yet; its budget is that of all who are being linked.
        account: String::new(),
        method: "GET".to_owned(),
        target: format!("/api/{}/v1/account-details", wanted.category),
    };
    let response = host
        .http
        .send_as(request, &wanted.token)
        .await
        .map_err(|error| {
            let (status, text) = match error {
                SendError::Transport(text) => (
                    StatusCode::BAD_GATEWAY,
                    format!("merge did not answer: {text}"),
                ),
                SendError::HeldBack(after) => (
                    StatusCode::SERVICE_UNAVAILABLE,
                    format!("too many requests to merge now; ask again in {after} ms"),
                ),
                SendError::NoToken => (
                    StatusCode::BAD_REQUEST,
                    "token: no header can carry it".to_owned(),
                ),
            };
            ApiError::new(status, text)
        })?;
    if !(200..=299).contains(&response.status) {
        return Err(ApiError::bad_request(format!(
            "token: merge answered {} to the question whose it is",
            response.status
        )));
    }
    let details: DetailsDto = serde_json::from_str(&response.body).map_err(|error| {
        ApiError::new(
            StatusCode::BAD_GATEWAY,
            format!("merge's account details: {error}"),
        )
    })?;
    wanted.id = details.id;
    for (field, found) in [
        (&mut wanted.integration, details.integration),
        (&mut wanted.integration_slug, details.integration_slug),
        (&mut wanted.end_user_origin_id, details.end_user_origin_id),
        (
            &mut wanted.organization_name,
            details.end_user_organization_name,
        ),
    ] {
        if field.is_empty() {
            *field = found.unwrap_or_default();
        }
    }
    Ok(())
}
