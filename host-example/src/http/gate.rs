//! Authenticates requests of the admin listener, and checks the caller's role.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Redirect, Response};

use super::error::ApiError;
use super::segment::segment;
use crate::access::{Access, CSRF_FIELD, CSRF_HEADER, Caller, Denied, Role};
use crate::host::Host;

/// The admin listener's state.
#[derive(Debug, Clone)]
pub(super) struct Gate {
    pub(super) host: Arc<Host>,
    pub(super) access: Arc<Access>,
}

/// Authenticate the caller and check its role, before the body is read.
pub(super) async fn gate(State(gate): State<Gate>, mut request: Request, next: Next) -> Response {
    let now = gate.host.clock.now();
    let caller = match gate.access.caller(request.headers(), now) {
        Ok(caller) => caller,
        Err(denied) => return refuse(denied, &request),
    };
    if !request.method().is_safe() && caller.role < Role::Admin {
        let refused = "the token allows reading only; expected an admin token";
        return ApiError::new(StatusCode::FORBIDDEN, refused).into_response();
    }
    request.extensions_mut().insert(caller);
    next.run(request).await
}

/// Redirect a browser to the login form; tell a program what is missing.
fn refuse(denied: Denied, request: &Request) -> Response {
    let refused = match denied {
        Denied::Unauthenticated => "expected a token, `Authorization: Bearer ...`",
        Denied::UnknownToken => "the token is unknown; expected `Authorization: Bearer ...`",
        Denied::SessionOver => "the session is over; expected another login",
        Denied::UnknownHost => return unknown_host().into_response(),
    };
    let is_page = request.method() == Method::GET && wants_html(request.headers());
    if is_page && denied != Denied::UnknownToken {
        return Redirect::to(&login_address(request.uri())).into_response();
    }
    let mut response = ApiError::new(StatusCode::UNAUTHORIZED, refused).into_response();
    let challenge = HeaderValue::from_static("Bearer realm=\"merge-sync\"");
    response
        .headers_mut()
        .insert(header::WWW_AUTHENTICATE, challenge);
    response
}

/// The request names a host under which the pages are not served.
pub(super) fn unknown_host() -> ApiError {
    ApiError::new(
        StatusCode::MISDIRECTED_REQUEST,
        "host: expected the admin listener's address, or `admin_url` of the configuration",
    )
}

fn wants_html(headers: &HeaderMap) -> bool {
    let accept = headers
        .get(header::ACCEPT)
        .and_then(|value| value.to_str().ok());
    accept.is_some_and(|accept| accept.contains("text/html"))
}

fn login_address(uri: &Uri) -> String {
    let wanted = uri.path_and_query().map_or("/", |wanted| wanted.as_str());
    format!("/login?next={}", segment(wanted))
}

/// Whether a request with this body comes from one of the session's own pages. A browser sends its
/// cookie with every request, also with a request that another site caused.
pub(super) fn has_csrf_token(caller: &Caller, headers: &HeaderMap, body: &[u8]) -> bool {
    let Some(session) = &caller.session else {
        return true;
    };
    let named = headers
        .get(CSRF_HEADER)
        .and_then(|value| value.to_str().ok());
    if let Some(token) = named {
        return session.has_csrf_token(token);
    }
    let mut fields = form_urlencoded::parse(body);
    fields.any(|(name, value)| name == CSRF_FIELD && session.has_csrf_token(&value))
}
