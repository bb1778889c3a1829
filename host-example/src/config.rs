//! What the operator sets: flags, then the environment, then a TOML file, then defaults.
//!
//! Secrets come from the environment only. Every objection names the key, where it was given,
//! what was found and what is allowed, and comes before anything has started.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use crate::merge_http::is_loopback;
use crate::secret::Secret;
use crate::shortened::shortened;

mod access;
mod error;
mod given;

pub use access::AdminConfig;
pub use error::ConfigError;
pub use given::Flags;
use given::Given;

/// A commented file with every key at its default.
pub const SAMPLE: &str = include_str!("../merge-sync.sample.toml");

/// The file that is read where none is named and it is there.
pub const DEFAULT_FILE: &str = "merge-sync.toml";

/// A variable of the environment. One that is not Unicode counts as absent.
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Everything that an operator can set, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Where to listen for webhooks.
    pub listen: SocketAddr,
    /// The API and the pages; `None` serves neither.
    pub admin: Option<AdminConfig>,
    /// The store's file.
    pub database: PathBuf,
    /// The component's file; `None` looks at the usual places.
    pub component: Option<PathBuf>,
    /// Merge's address, without a path.
    pub base_url: String,
    /// The API key.
    pub api_key: Secret,
    /// The webhooks' signing keys, newest first; may be empty.
    pub webhook_keys: Vec<Secret>,
    /// Runs at a time.
    pub concurrency: u32,
    /// Where "Contact support" leads.
    pub support: Option<String>,
    /// The engine's settings document, JSON. The engine itself checks it.
    pub settings: String,
}

impl Config {
    /// Read everything. `file` is the text of a configuration file with its path, `environment`
    /// looks a variable up.
    ///
    /// # Errors
    ///
    /// The first value that is not allowed.
    pub fn read(
        flags: &Flags,
        environment: &dyn Fn(&str) -> Option<String>,
        file: Option<(&Path, &str)>,
    ) -> Result<Self, ConfigError> {
        let given = Given::new(flags, environment, file)?;
        let base_url = base_url(&given)?;
        Ok(Self {
            listen: listen(&given, environment)?,
            admin: access::admin(&given, environment)?,
            database: database(&given)?,
            component: given.text("component")?.map(PathBuf::from),
            base_url,
            api_key: api_key(environment)?,
            webhook_keys: long_enough(webhook_keys(environment)?, environment)?,
            concurrency: given.number("concurrency", 8, 1..=256)?,
            support: support(&given)?,
            settings: given.settings()?,
        })
    }

    /// The store's file alone, for commands that need nothing else.
    ///
    /// # Errors
    ///
    /// The file is no TOML, has unknown keys, or `database` is no path of a file.
    pub fn database(
        flags: &Flags,
        environment: &dyn Fn(&str) -> Option<String>,
        file: Option<(&Path, &str)>,
    ) -> Result<PathBuf, ConfigError> {
        database(&Given::new(flags, environment, file)?)
    }
}

/// Platforms that choose the port say so in `PORT`, and connect from outside.
fn listen(
    given: &Given<'_>,
    environment: &dyn Fn(&str) -> Option<String>,
) -> Result<SocketAddr, ConfigError> {
    if given.text("listen")?.is_none()
        && let Some(port) = environment("PORT")
    {
        let parsed = port.parse().ok().filter(|port| *port > 0_u16);
        let parsed = parsed.ok_or_else(|| ConfigError {
            key: "PORT".to_owned(),
            objection: format!("`{}` is not a port, 1 to 65535", shortened(&port)),
        })?;
        return Ok((Ipv4Addr::UNSPECIFIED, parsed).into());
    }
    given.parse(
        "listen",
        "127.0.0.1:8080",
        "an address and a port such as `127.0.0.1:8080`",
        |text| text.parse().ok(),
    )
}

/// SQLite would open a URL, and a database in memory, which a restart empties.
fn database(given: &Given<'_>) -> Result<PathBuf, ConfigError> {
    let path = given
        .text("database")?
        .unwrap_or("merge-sync.sqlite".to_owned());
    if path.starts_with("file:") || path.starts_with(":memory:") {
        return Err(given.objection("database", &path, "the path of a file"));
    }
    Ok(path.into())
}

fn base_url(given: &Given<'_>) -> Result<String, ConfigError> {
    let region = given.text("region")?;
    let Some(url) = given.text("base_url")? else {
        return match region.as_deref() {
            None | Some("us") => Ok("https://api.merge.dev".to_owned()),
            Some("eu") => Ok("https://api-eu.merge.dev".to_owned()),
            Some("ap") => Ok("https://api-ap.merge.dev".to_owned()),
            Some(other) => Err(given.objection("region", other, "`us`, `eu` or `ap`")),
        };
    };
    if region.is_some() {
        return Err(given.objection("base_url", &url, "left out where `region` is given"));
    }
    // The API key travels with every request.
    let encrypted =
        url.starts_with("https://") || (url.starts_with("http://") && is_loopback(&url));
    let expected = "`https://` and a host, without a path (`http://` only for this machine)";
    let parsed = reqwest::Url::parse(&url).ok();
    if let Some(parsed) = &parsed
        && (parsed.password().is_some() || !parsed.username().is_empty())
    {
        // Whoever wrote a password there does not want to read it in a log.
        let found = "a URL with a user name or a password";
        return Err(given.objection("base_url", found, expected));
    }
    let is_bare = |parsed: &reqwest::Url| parsed.path() == "/" && parsed.query().is_none();
    match parsed.filter(|parsed| encrypted && is_bare(parsed)) {
        Some(_) => Ok(url.trim_end_matches('/').to_owned()),
        None => Err(given.objection("base_url", &url, expected)),
    }
}

fn support(given: &Given<'_>) -> Result<Option<String>, ConfigError> {
    let Some(support) = given.text("support")? else {
        return Ok(None);
    };
    if ["https://", "http://", "mailto:"]
        .iter()
        .any(|scheme| support.starts_with(scheme))
    {
        return Ok(Some(support));
    }
    Err(given.objection(
        "support",
        &support,
        "an address with `mailto:`, `https://` or `http://`",
    ))
}

fn api_key(environment: &dyn Fn(&str) -> Option<String>) -> Result<Secret, ConfigError> {
    const KEY: &str = "MERGE_API_KEY";
    let objection = |objection: &str| ConfigError {
        key: KEY.to_owned(),
        objection: objection.to_owned(),
    };
    match environment(KEY) {
        None => Err(objection(
            "not in the environment; expected the API key from Merge's dashboard",
        )),
        Some(key) if key.is_empty() || !key.bytes().all(|byte| byte.is_ascii_graphic()) => Err(
            objection("empty, or with spaces or other characters that no key has"),
        ),
        Some(key) => Ok(Secret::new(key)),
    }
}

const SIGNING_KEYS: &str = "MERGE_WEBHOOK_SECRET";

/// Another name for the same variable.
const SIGNING_KEYS_ALIAS: &str = "MERGE_SECURITY_SIGNATURE";

/// One key or several, separated by commas, newest first. None at all is allowed: polling goes
/// on without webhooks.
pub fn webhook_keys(
    environment: &dyn Fn(&str) -> Option<String>,
) -> Result<Vec<Secret>, ConfigError> {
    const KEY: &str = SIGNING_KEYS;
    const ALIAS: &str = SIGNING_KEYS_ALIAS;
    let objection = |key: &str, objection: String| ConfigError {
        key: key.to_owned(),
        objection,
    };
    let (name, text) = match (environment(KEY), environment(ALIAS)) {
        (None, None) => return Ok(Vec::new()),
        (Some(text), None) => (KEY, text),
        (None, Some(text)) => (ALIAS, text),
        (Some(one), Some(other)) if one == other => (KEY, one),
        (Some(_), Some(_)) => {
            let differs =
                format!("differs from its alias {ALIAS}; expected one of them, or both equal");
            return Err(objection(KEY, differs));
        }
    };
    text.split(',')
        .enumerate()
        .map(|(index, key)| match key.trim() {
            "" => Err(objection(
                name,
                format!(
                    "key {} is empty; expected one signing key, or several separated by commas",
                    index + 1
                ),
            )),
            key => Ok(Secret::new(key)),
        })
        .collect()
}

/// Merge's signing keys are longer by far; a shorter one is a mistake, or can be guessed.
const SHORTEST_KEY: usize = 8;

fn long_enough(
    keys: Vec<Secret>,
    environment: &dyn Fn(&str) -> Option<String>,
) -> Result<Vec<Secret>, ConfigError> {
    let mut names = [SIGNING_KEYS, SIGNING_KEYS_ALIAS].into_iter();
    let name = names.find(|name| environment(name).is_some());
    let short = keys
        .iter()
        .position(|key| key.expose().len() < SHORTEST_KEY);
    match short {
        None => Ok(keys),
        Some(index) => Err(ConfigError {
            key: name.unwrap_or(SIGNING_KEYS).to_owned(),
            objection: format!(
                "key {} has fewer than {SHORTEST_KEY} characters; expected the signing key from \
                 Merge's dashboard",
                index + 1
            ),
        }),
    }
}

#[cfg(test)]
mod tests;
