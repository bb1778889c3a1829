//! The admin listener: where it is, under which names, and who is let in.

use std::net::SocketAddr;

use reqwest::Url;

use super::error::ConfigError;
use super::given::Given;
use crate::access::{LEAST_TOKEN_LENGTH, Role, Token, Tokens};
use crate::secret::Secret;

/// The admin listener, as configured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdminConfig {
    /// Where it listens.
    pub listen: SocketAddr,
    /// Under which address browsers reach it, where that is another.
    pub url: Option<Url>,
    /// The tokens. Without one of an admin, the first start writes one into a file.
    pub tokens: Tokens,
}

const ADMIN_TOKENS: &str = "MERGE_SYNC_ADMIN_TOKEN";

const READ_TOKENS: &str = "MERGE_SYNC_READ_TOKEN";

pub(super) fn admin(
    given: &Given<'_>,
    environment: &dyn Fn(&str) -> Option<String>,
) -> Result<Option<AdminConfig>, ConfigError> {
    if given.text("admin")?.as_deref() == Some("off") {
        return Ok(None);
    }
    let listen: SocketAddr = given.parse(
        "admin",
        "127.0.0.1:8081",
        "an address and a port such as `127.0.0.1:8081`, or `off`",
        |text| text.parse().ok(),
    )?;
    let url = url(given)?;
    let is_behind_proxy = given.flag("behind_proxy")?;
    if !listen.ip().is_loopback() {
        let allowed = "a loopback address; another one needs a proxy with TLS in front, \
                       `behind_proxy = true`, and `admin_url`";
        if !is_behind_proxy || url.is_none() {
            return Err(given.objection("admin", &listen.to_string(), allowed));
        }
    }
    let mut tokens = Tokens::default();
    for (variable, role) in [(ADMIN_TOKENS, Role::Admin), (READ_TOKENS, Role::Read)] {
        for secret in secrets(variable, environment)? {
            tokens.push(Token { role, secret });
        }
    }
    Ok(Some(AdminConfig {
        listen,
        url,
        tokens,
    }))
}

fn url(given: &Given<'_>) -> Result<Option<Url>, ConfigError> {
    let Some(text) = given.text("admin_url")? else {
        return Ok(None);
    };
    let is_origin = |url: &Url| {
        matches!(url.scheme(), "https" | "http")
            && url.host().is_some()
            && url.path() == "/"
            && url.query().is_none()
            && url.username().is_empty()
            && url.password().is_none()
    };
    let parsed = Url::parse(&text).ok();
    // Whoever wrote a password there does not want to read it in a log.
    let has_password = parsed
        .as_ref()
        .is_some_and(|url| url.password().is_some() || !url.username().is_empty());
    let found = if has_password {
        "a URL with a user name or a password"
    } else {
        text.as_str()
    };
    let allowed = "`https://` and a host, without a path";
    let refused = || given.objection("admin_url", found, allowed);
    parsed.filter(is_origin).map(Some).ok_or_else(refused)
}

/// One token or several, separated by commas.
fn secrets(
    variable: &str,
    environment: &dyn Fn(&str) -> Option<String>,
) -> Result<Vec<Secret>, ConfigError> {
    let Some(text) = environment(variable) else {
        return Ok(Vec::new());
    };
    let tokens = text.split(',').map(str::trim).enumerate();
    tokens
        .map(|(index, token)| {
            let is_one = token.len() >= LEAST_TOKEN_LENGTH
                && token.bytes().all(|byte| byte.is_ascii_graphic());
            is_one
                .then(|| Secret::new(token))
                .ok_or_else(|| ConfigError {
                    key: variable.to_owned(),
                    objection: format!(
                        "token {} is not at least {LEAST_TOKEN_LENGTH} characters without spaces",
                        index + 1
                    ),
                })
        })
        .collect()
}
