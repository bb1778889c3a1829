//! Who asks, for which account, and how often.

use crate::Merge;
use crate::api::{Request, Response};
use crate::time::{MINUTE, SECOND};

pub(super) fn unauthorized(detail: &str) -> Response {
    let mut response = Response::detail(401, detail);
    response
        .headers
        .push(("WWW-Authenticate", "Bearer".to_owned()));
    response
}

fn header<'a>(request: Request<'a>, name: &str) -> Option<&'a str> {
    let found = request
        .headers
        .iter()
        .find(|(known, _)| known.eq_ignore_ascii_case(name));
    found.map(|(_, value)| value.trim())
}

impl Merge {
    pub(super) fn check_key(&self, request: Request<'_>) -> Result<(), Response> {
        let Some(value) = header(request, "authorization") else {
            return Err(unauthorized(
                "Authentication credentials were not provided.",
            ));
        };
        match value.split_once(' ') {
            Some((scheme, key))
                if scheme.eq_ignore_ascii_case("bearer")
                    && (key.trim() == self.api_key
                        || self.keys.values().any(|known| known == key.trim())) =>
            {
                Ok(())
            }
            _ => Err(unauthorized("Invalid API key.")),
        }
    }

    /// The account whose token was sent; `None` where none was sent.
    pub(super) fn account_of(&self, request: Request<'_>) -> Result<Option<usize>, Response> {
        let Some(token) = header(request, "x-account-token") else {
            return Ok(None);
        };
        let linked = |account: &crate::world::account::Account| {
            account.is_linked() && account.token == token
        };
        match self.accounts.iter().position(linked) {
            Some(number) => Ok(Some(number)),
            None => Err(unauthorized("Invalid account token.")),
        }
    }

    /// The account's limit a minute, where there is one.
    pub(super) fn throttle(&mut self, number: usize) -> Result<(), Response> {
        let Some(limit) = self.config.rate_limit_per_minute else {
            return Ok(());
        };
        let now = self.now;
        let (began, count) = &mut self.accounts[number].minute;
        if *count == 0 || now >= *began + MINUTE {
            (*began, *count) = (now, 0);
        }
        if *count >= limit {
            return Err(too_many((*began + MINUTE - now).max(1)));
        }
        *count += 1;
        Ok(())
    }
}

/// A 429 that asks for a wait, given in microseconds and rounded up to seconds.
pub(super) fn too_many(wait: i64) -> Response {
    let seconds = (wait + SECOND - 1) / SECOND;
    let text = format!("Request was throttled. Expected available in {seconds} seconds.");
    let mut response = Response::detail(429, &text);
    response.headers.push(("Retry-After", seconds.to_string()));
    response
}
