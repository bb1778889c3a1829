//! Linking an account by its token, for products that learn of it from Merge Link rather than
//! from the webhook `LinkedAccount.linked`.

use axum::http::StatusCode;
use serde::Deserialize;

use super::error::ApiError;
use crate::bindings::exports::merge_sync::triggers::triggers::NewAccount;
use crate::bindings::exports::merge_sync::triggers::types;
use crate::clock::Micros;
use crate::host::Host;
use crate::merge_http::{Request, SendError};
use crate::secret::Secret;
use crate::shortened::shortened;

/// The body of `POST /api/accounts`: an account to look after.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LinkDto {
    /// Merge's id of the linked account, if the product knows it. Merge is asked whose token it is
    /// in any case: another account's token is refused.
    #[serde(default)]
    id: String,
    /// The account token.
    #[serde(deserialize_with = "secret")]
    token: Secret,
    /// `hris`, `ats`, ...
    category: String,
    /// Display name of the integration.
    #[serde(default)]
    integration: String,
    /// Its slug.
    #[serde(default)]
    integration_slug: String,
    /// The product's own id for its customer.
    #[serde(default)]
    end_user_origin_id: String,
    /// The customer's name.
    #[serde(default)]
    organization_name: String,
    /// State of the link: Merge's to say, where it is asked.
    #[serde(skip)]
    link_status: String,
    /// `PRODUCTION` or `TEST`: Merge's to say, where it is asked.
    #[serde(skip)]
    account_type: String,
    /// Merge's to say as well.
    #[serde(skip)]
    is_duplicate: Option<bool>,
    /// When it was linked; left out, now.
    #[serde(default)]
    linked_at: Option<String>,
}

fn secret<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Secret, D::Error> {
    String::deserialize(from).map(Secret::new)
}

/// What Merge's `/account-details` says of a token's account.
#[derive(Debug, Deserialize)]
struct DetailsDto {
    /// Merge's id of the linked account.
    id: String,
    /// Display name of the integration.
    #[serde(default)]
    integration: Option<String>,
    /// Its slug.
    #[serde(default)]
    integration_slug: Option<String>,
    /// The product's own id for its customer.
    #[serde(default)]
    end_user_origin_id: Option<String>,
    /// The customer's name.
    #[serde(default)]
    end_user_organization_name: Option<String>,
    /// State of the link.
    #[serde(default)]
    status: Option<String>,
    /// `PRODUCTION` or `TEST`.
    #[serde(default)]
    account_type: Option<String>,
    /// Whether it is a second link of the same customer's system.
    #[serde(default)]
    is_duplicate: Option<bool>,
}

impl LinkDto {
    /// The same in the contract's words.
    fn into_new_account(self, linked_at: Option<Micros>) -> NewAccount {
        NewAccount {
            account: types::Account {
                id: self.id,
                category: self.category,
                integration: self.integration,
                integration_slug: self.integration_slug,
                end_user_origin_id: self.end_user_origin_id,
                organization_name: self.organization_name,
                link_status: self.link_status,
                account_type: self.account_type,
                is_duplicate: self.is_duplicate,
            },
            token: Some(self.token.expose().to_owned()),
            linked_at,
        }
    }
}

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
    let linked_at = match &wanted.linked_at {
        None => None,
        Some(text) => Some(host.triggers.instant(text).await?.ok_or_else(|| {
            let found = shortened(text);
            ApiError::bad_request(format!(
                "linked_at: `{found}` is no instant such as 2025-11-27T10:39:49Z"
            ))
        })?),
    };
    within_limits(&wanted)?;
    complete(host, &mut wanted).await?;
    let id = wanted.id.clone();
    host.triggers
        .link(wanted.into_new_account(linked_at))
        .await?;
    host.wake();
    Ok(id)
}

/// Longer texts are nobody's name, and would be kept with the account and shown on each page.
fn within_limits(wanted: &LinkDto) -> Result<(), ApiError> {
    let texts = [
        ("id", wanted.id.as_str(), 128),
        ("token", wanted.token.expose(), 4096),
        ("category", &wanted.category, 64),
        ("integration", &wanted.integration, 1024),
        ("integration_slug", &wanted.integration_slug, 1024),
        ("end_user_origin_id", &wanted.end_user_origin_id, 1024),
        ("organization_name", &wanted.organization_name, 1024),
    ];
    match texts.iter().find(|(_, text, most)| text.len() > *most) {
        None => Ok(()),
        Some((field, text, most)) => Err(ApiError::bad_request(format!(
            "{field}: found {} bytes; expected at most {most}",
            text.len()
        ))),
    }
}

/// Ask Merge whose token it is. A token that belongs to another account than the product says
/// would show one customer's records to another.
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
                SendError::Transport(text)
                | SendError::TimedOut(text)
                | SendError::TooLarge(text) => (
                    StatusCode::BAD_GATEWAY,
                    format!("merge's answer was not had: {text}"),
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
    // A byte-order mark is no part of what Merge says.
    let body = response.body.trim_start_matches('\u{feff}');
    let details: DetailsDto = serde_json::from_str(body).map_err(|error| {
        ApiError::new(
            StatusCode::BAD_GATEWAY,
            format!("merge's account details: {error}"),
        )
    })?;
    if !wanted.id.is_empty() && !wanted.id.eq_ignore_ascii_case(&details.id) {
        return Err(ApiError::new(
            StatusCode::CONFLICT,
            format!(
                "id: merge says that the token is of account `{}`, not of `{}`",
                shortened(&details.id),
                shortened(&wanted.id)
            ),
        ));
    }
    wanted.id = details.id;
    wanted.is_duplicate = details.is_duplicate;
    for (field, found) in [
        (&mut wanted.integration, details.integration),
        (&mut wanted.integration_slug, details.integration_slug),
        (&mut wanted.end_user_origin_id, details.end_user_origin_id),
        (
            &mut wanted.organization_name,
            details.end_user_organization_name,
        ),
        (&mut wanted.link_status, details.status),
        (&mut wanted.account_type, details.account_type),
    ] {
        if field.is_empty() {
            *field = found.unwrap_or_default();
        }
    }
    Ok(())
}
