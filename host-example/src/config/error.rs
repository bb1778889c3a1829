//! What is wrong with a value of the configuration.

use std::fmt;
use std::path::Path;

use toml::{Table, Value};

use crate::shortened::shortened;

/// A key's value is not what it may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    /// The key, and where it was given.
    pub key: String,
    /// What is wrong with it, and what is allowed.
    pub objection: String,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.key, self.objection)
    }
}

impl std::error::Error for ConfigError {}

/// A TOML file's table; its errors on one line.
pub(super) fn table(path: &Path, text: &str) -> Result<Table, ConfigError> {
    text.parse::<Table>().map_err(|error| {
        let line = error.span().map_or(0, |span| {
            text.get(..span.start)
                .map_or(0, |before| before.matches('\n').count())
        });
        ConfigError {
            key: format!("`{}`", path.display()),
            objection: format!(
                "line {} is not TOML: {}",
                line + 1,
                error.message().replace('\n', ", ")
            ),
        }
    })
}

/// What was found, for an objection.
pub(super) fn found(value: &Value) -> String {
    shortened(&match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    })
}
