//! The login form, the login link, and the end of a session.

use std::sync::Arc;

use axum::extract::{Form, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Redirect, Response};
use maud::html;
use serde::Deserialize;

use super::frame::page;
use crate::access::{Access, SESSION_COOKIE, SESSION_SECONDS, Session};
use crate::clock::Micros;
use crate::http::error::ApiError;
use crate::http::gate::{Gate, unknown_host};

/// What the form is asked for with.
#[derive(Debug, Deserialize)]
pub(in crate::http) struct LoginQuery {
    /// Where to go afterwards, a path of ours.
    #[serde(default)]
    next: String,
    /// The code of a login link.
    code: Option<String>,
}

/// What the form sends.
#[derive(Debug, Deserialize)]
pub(in crate::http) struct LoginForm {
    token: String,
    #[serde(default)]
    next: String,
}

/// `GET /login`: the form; with `code` of a login link, the session.
pub(in crate::http) async fn form(
    State(gate): State<Gate>,
    headers: HeaderMap,
    Query(query): Query<LoginQuery>,
) -> Result<Response, ApiError> {
    allowed(&gate.access, &headers)?;
    let now = gate.host.clock.now();
    let refused = match &query.code {
        None => None,
        Some(code) => match gate.access.log_in_with_code(code, now) {
            Some(session) => return Ok(begin(&gate.access, &session, &query.next)),
            None => Some("This link was used before, or is older than ten minutes."),
        },
    };
    Ok(show(refused, &query.next))
}

/// `POST /login`: begin a session with a token.
pub(in crate::http) async fn submit(
    State(gate): State<Gate>,
    headers: HeaderMap,
    Form(form): Form<LoginForm>,
) -> Result<Response, ApiError> {
    allowed(&gate.access, &headers)?;
    let now: Micros = gate.host.clock.now();
    match gate.access.log_in(form.token.trim(), now) {
        Some(session) => Ok(begin(&gate.access, &session, &form.next)),
        None => Ok(show(Some("There is no such token."), &form.next)),
    }
}

/// `POST /logout`.
pub(in crate::http) async fn end(State(gate): State<Gate>) -> Response {
    let cookie = set_cookie(&gate.access, "", 0);
    ([(header::SET_COOKIE, cookie)], Redirect::to("/login")).into_response()
}

fn allowed(access: &Arc<Access>, headers: &HeaderMap) -> Result<(), ApiError> {
    if access.is_allowed_host(headers) {
        Ok(())
    } else {
        Err(unknown_host())
    }
}

fn show(refused: Option<&str>, next: &str) -> Response {
    let body = html! {
        h1 { "Log in" }
        @if let Some(refused) = refused {
            div class="trouble" role="alert" { p { (refused) } }
        }
        p {
            "The token is the value of " code { "MERGE_SYNC_ADMIN_TOKEN" } ", or, if that is not set, \
             in the file that " code { "merge-sync serve" } " names in its log when it starts."
        }
        form method="post" action="/login" {
            input type="hidden" name="next" value=(next);
            label for="token" { "Token " }
            input id="token" type="password" name="token" autocomplete="current-password" required
                autofocus;
            " " button { "Log in" }
        }
    };
    let mut response = page("Log in", None, None, &body);
    if refused.is_some() {
        *response.status_mut() = StatusCode::UNAUTHORIZED;
    }
    response
}

fn begin(access: &Access, session: &Session, next: &str) -> Response {
    let cookie = set_cookie(access, session.cookie().expose(), SESSION_SECONDS);
    let next = if is_path_of_ours(next) { next } else { "/" };
    ([(header::SET_COOKIE, cookie)], Redirect::to(next)).into_response()
}

/// No address of another site: `//host` and `/\host` are such to browsers.
fn is_path_of_ours(next: &str) -> bool {
    next.starts_with('/')
        && !next[1..].starts_with(['/', '\\'])
        && next.bytes().all(|byte| byte.is_ascii_graphic())
}

fn set_cookie(access: &Access, value: &str, seconds: i64) -> String {
    let secure = if access.has_secure_cookies() {
        "; Secure"
    } else {
        ""
    };
    format!(
        "{SESSION_COOKIE}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}"
    )
}

#[cfg(test)]
mod tests {
    use super::is_path_of_ours;

    #[test]
    fn a_login_leads_to_a_path_of_ours_alone() {
        for ours in ["/", "/accounts/x?a=b"] {
            assert!(is_path_of_ours(ours), "{ours}");
        }
        for other in [
            "",
            "//example.com",
            "/\\example.com",
            "https://example.com",
            "/\texample.com",
            "/\r\nset-cookie: a=b",
            "javascript:alert(1)",
        ] {
            assert!(!is_path_of_ours(other), "{other}");
        }
    }
}
