//! What every page has around it, and how pages lead to each other.

use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::access::{CSRF_FIELD, Caller, Role, Session};
use crate::http::segment::segment;
use crate::store::Listed;

/// Without a script: pages work where none is allowed.
const STYLE: &str = "
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#222}
table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.35rem .6rem;\
border-bottom:1px solid #ddd;vertical-align:top}
.banner,.trouble{border-radius:.5rem;padding:1rem;margin:1rem 0}
.banner{background:#e8f1fd;border:1px solid #9cc3f5}.trouble{background:#fdecea;\
border:1px solid #f0a8a0}
.badge{background:#eee;border-radius:.5rem;padding:.1rem .5rem;font-size:.8em}
.logout{float:right}.wrong{color:#a3261b}.off{color:#767676}form{display:inline}progress{width:100%}
";

/// `title` is text: like all text of others it is escaped where it stands. `caller` is `None` before
/// the login.
pub(super) fn page(
    title: &str,
    refresh_seconds: Option<u32>,
    caller: Option<&Caller>,
    body: &Markup,
) -> Response {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                @if let Some(seconds) = refresh_seconds {
                    meta http-equiv="refresh" content=(seconds);
                }
                meta name="viewport" content="width=device-width";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                @if let Some(session) = caller.and_then(|caller| caller.session.as_ref()) {
                    form method="post" action="/logout" class="logout" {
                        (csrf_field(Some(session))) button { "Log out" }
                    }
                }
                (body)
            }
        }
    };
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; \
             frame-ancestors 'none'; base-uri 'none'",
        ),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "same-origin"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (headers, page.into_string()).into_response()
}

/// The hidden field without which a form of a session is refused.
fn csrf_field(session: Option<&Session>) -> Markup {
    html! {
        @if let Some(session) = session {
            input type="hidden" name=(CSRF_FIELD) value=(session.csrf_token().expose());
        }
    }
}

/// A form with one button that changes something; empty for callers that may only read.
pub(super) fn button_form(caller: &Caller, action: &str, fields: &Markup, label: &str) -> Markup {
    html! {
        @if caller.role == Role::Admin {
            form method="post" action=(action) {
                (csrf_field(caller.session.as_ref())) (fields)
                button { (label) }
            }
        }
    }
}

/// The address of an account's page.
pub(super) fn account_address(id: &str) -> String {
    format!("/accounts/{}", segment(id))
}

/// What people call the account.
pub(super) fn name(listed: &Listed) -> &str {
    let profile = &listed.profile;
    let names = [
        &profile.organization_name,
        &profile.end_user_origin_id,
        &profile.id,
    ];
    let name = names.into_iter().find(|name| !name.is_empty());
    name.map_or("", String::as_str)
}
