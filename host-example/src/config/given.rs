//! Which value counts for a key, and how an objection to it names its place.

use std::ops::RangeInclusive;
use std::path::Path;

use clap::Args;
use toml::{Table, Value};

use super::error::{ConfigError, found, table};

/// The keys of the file, each with its flag and its variable.
pub(super) const KEYS: [Key; 11] = [
    Key {
        name: "listen",
        variable: "MERGE_SYNC_LISTEN",
        flag: "--listen",
    },
    Key {
        name: "admin",
        variable: "MERGE_SYNC_ADMIN",
        flag: "--admin",
    },
    Key {
        name: "admin_url",
        variable: "MERGE_SYNC_ADMIN_URL",
        flag: "--admin-url",
    },
    Key {
        name: "behind_proxy",
        variable: "MERGE_SYNC_BEHIND_PROXY",
        flag: "--behind-proxy",
    },
    Key {
        name: "database",
        variable: "MERGE_SYNC_DATABASE",
        flag: "--database",
    },
    Key {
        name: "component",
        variable: "MERGE_SYNC_COMPONENT",
        flag: "--component",
    },
    Key {
        name: "region",
        variable: "MERGE_SYNC_REGION",
        flag: "--region",
    },
    Key {
        name: "base_url",
        variable: "MERGE_SYNC_BASE_URL",
        flag: "--base-url",
    },
    Key {
        name: SETTING,
        variable: "MERGE_SYNC_REQUESTS_PER_MINUTE",
        flag: "--requests-per-minute",
    },
    Key {
        name: "concurrency",
        variable: "MERGE_SYNC_CONCURRENCY",
        flag: "--concurrency",
    },
    Key {
        name: "support",
        variable: "MERGE_SYNC_SUPPORT",
        flag: "--support",
    },
];

/// A setting of the engine that may also be given as a flag, a variable, or a key outside
/// `[settings]`.
const SETTING: &str = "requests_per_minute";

/// Keys that people look for in the file and that do not belong there.
const SECRETS: [(&str, &str); 6] = [
    ("admin_token", "MERGE_SYNC_ADMIN_TOKEN"),
    ("read_token", "MERGE_SYNC_READ_TOKEN"),
    ("api_key", "MERGE_API_KEY"),
    ("merge_api_key", "MERGE_API_KEY"),
    ("webhook_secret", "MERGE_WEBHOOK_SECRET"),
    ("merge_webhook_secret", "MERGE_WEBHOOK_SECRET"),
];

#[derive(Debug)]
pub(super) struct Key {
    pub(super) name: &'static str,
    variable: &'static str,
    flag: &'static str,
}

/// Values from the command line, unread.
///
/// Each has an environment variable of the same name, `MERGE_SYNC_LISTEN` for `--listen`.
#[derive(Debug, Clone, Default, Args)]
pub struct Flags {
    /// Where to listen for webhooks [default: 127.0.0.1:8080, or port PORT of every address]
    /// [env: MERGE_SYNC_LISTEN]
    #[arg(long, value_name = "ADDRESS")]
    pub listen: Option<String>,
    /// Where to serve the API and the pages, or `off` [default: 127.0.0.1:8081]
    /// [env: MERGE_SYNC_ADMIN]
    #[arg(long, value_name = "ADDRESS")]
    pub admin: Option<String>,
    /// Under which address browsers reach the pages [env: MERGE_SYNC_ADMIN_URL]
    #[arg(long, value_name = "URL")]
    pub admin_url: Option<String>,
    /// Whether a proxy with TLS is in front of the pages [env: MERGE_SYNC_BEHIND_PROXY]
    #[arg(long, value_name = "BOOLEAN", num_args = 0..=1, default_missing_value = "true")]
    pub behind_proxy: Option<String>,
    /// The store's SQLite file [default: merge-sync.sqlite] [env: MERGE_SYNC_DATABASE]
    #[arg(long, value_name = "FILE")]
    pub database: Option<String>,
    /// The engine's component [env: MERGE_SYNC_COMPONENT]
    #[arg(long, value_name = "FILE")]
    pub component: Option<String>,
    /// Merge's region: us, eu or ap [default: us] [env: MERGE_SYNC_REGION]
    #[arg(long)]
    pub region: Option<String>,
    /// Merge's address, in place of a region [env: MERGE_SYNC_BASE_URL]
    #[arg(long, value_name = "URL")]
    pub base_url: Option<String>,
    /// The setting `requests_per_minute`: requests to Merge for one account [default: 100]
    /// [env: MERGE_SYNC_REQUESTS_PER_MINUTE]
    #[arg(long, value_name = "NUMBER")]
    pub requests_per_minute: Option<String>,
    /// Accounts that run at the same time [default: 8] [env: MERGE_SYNC_CONCURRENCY]
    #[arg(long, value_name = "NUMBER")]
    pub concurrency: Option<String>,
    /// Where "Contact support" leads, mailto: or https: [env: MERGE_SYNC_SUPPORT]
    #[arg(long, value_name = "ADDRESS")]
    pub support: Option<String>,
}

impl Flags {
    fn get(&self, name: &str) -> Option<&String> {
        match name {
            "listen" => self.listen.as_ref(),
            "admin" => self.admin.as_ref(),
            "admin_url" => self.admin_url.as_ref(),
            "behind_proxy" => self.behind_proxy.as_ref(),
            "database" => self.database.as_ref(),
            "component" => self.component.as_ref(),
            "region" => self.region.as_ref(),
            "base_url" => self.base_url.as_ref(),
            SETTING => self.requests_per_minute.as_ref(),
            "concurrency" => self.concurrency.as_ref(),
            "support" => self.support.as_ref(),
            _ => None,
        }
    }
}

/// All that was given.
pub(super) struct Given<'a> {
    flags: &'a Flags,
    environment: &'a dyn Fn(&str) -> Option<String>,
    file: Option<(&'a Path, Table)>,
}

impl<'a> Given<'a> {
    pub(super) fn new(
        flags: &'a Flags,
        environment: &'a dyn Fn(&str) -> Option<String>,
        file: Option<(&'a Path, &str)>,
    ) -> Result<Self, ConfigError> {
        let file = match file {
            None => None,
            Some((path, text)) => Some((path, known(path, table(path, text)?)?)),
        };
        Ok(Self {
            flags,
            environment,
            file,
        })
    }

    /// The value that counts, and its place as an objection names it.
    fn find(&self, name: &str) -> Option<(Value, String)> {
        let key = KEYS.iter().find(|key| key.name == name)?;
        if let Some(text) = self.flags.get(name) {
            return Some((
                Value::String(text.clone()),
                format!("`{name}` ({})", key.flag),
            ));
        }
        if let Some(text) = (self.environment)(key.variable) {
            return Some((Value::String(text), format!("`{name}` ({})", key.variable)));
        }
        let (path, table) = self.file.as_ref()?;
        Some((
            table.get(name)?.clone(),
            format!("`{name}` in `{}`", path.display()),
        ))
    }

    pub(super) fn objection(&self, name: &str, value: &str, allowed: &str) -> ConfigError {
        let place = self
            .find(name)
            .map_or_else(|| format!("`{name}`"), |(_, place)| place);
        objection(place, &Value::String(value.to_owned()), allowed)
    }

    /// A text, not empty.
    pub(super) fn text(&self, name: &str) -> Result<Option<String>, ConfigError> {
        match self.find(name) {
            None => Ok(None),
            Some((Value::String(text), _)) if !text.is_empty() => Ok(Some(text)),
            Some((other, place)) => Err(objection(place, &other, "a text that is not empty")),
        }
    }

    pub(super) fn parse<T>(
        &self,
        name: &str,
        default: &str,
        allowed: &str,
        read: impl Fn(&str) -> Option<T>,
    ) -> Result<T, ConfigError> {
        let text = self.text(name)?.unwrap_or_else(|| default.to_owned());
        read(&text).ok_or_else(|| self.objection(name, &text, allowed))
    }

    pub(super) fn number(
        &self,
        name: &str,
        default: u32,
        allowed: RangeInclusive<u32>,
    ) -> Result<u32, ConfigError> {
        let Some((value, place)) = self.find(name) else {
            return Ok(default);
        };
        let number = match &value {
            Value::Integer(number) => u32::try_from(*number).ok(),
            // A flag or a variable; in the file a number is no text.
            Value::String(text) if !place.contains(" in ") => text.parse().ok(),
            _ => None,
        };
        number
            .filter(|number| allowed.contains(number))
            .ok_or_else(|| {
                let (first, last) = (allowed.start(), allowed.end());
                objection(
                    place,
                    &value,
                    &format!("a whole number from {first} to {last}"),
                )
            })
    }

    /// Yes or no.
    pub(super) fn flag(&self, name: &str) -> Result<bool, ConfigError> {
        let Some((value, place)) = self.find(name) else {
            return Ok(false);
        };
        let flag = match &value {
            Value::Boolean(flag) => Some(*flag),
            // A flag or a variable; in the file a truth value is no text.
            Value::String(text) if !place.contains(" in ") => text.parse().ok(),
            _ => None,
        };
        flag.ok_or_else(|| objection(place, &value, "`true` or `false`"))
    }

    /// The table `settings` as JSON, with the one setting that has a key of its own.
    pub(super) fn settings(&self) -> Result<String, ConfigError> {
        let mut settings = self.settings_table()?;
        if let Some((_, place)) = self.find(SETTING) {
            let number = self.number(SETTING, 0, 1..=100_000)?;
            let in_table = settings.insert(SETTING.to_owned(), Value::Integer(number.into()));
            // A flag or a variable beats the file; the file has it once.
            if in_table.is_some() && place.contains(" in ") {
                return Err(ConfigError {
                    key: place,
                    objection: "it is in [settings] as well; expected it there alone".to_owned(),
                });
            }
        }
        serde_json::to_string(&settings).map_err(|error| ConfigError {
            key: "`settings`".to_owned(),
            objection: error.to_string(),
        })
    }

    fn settings_table(&self) -> Result<Table, ConfigError> {
        let Some((path, table)) = &self.file else {
            return Ok(Table::new());
        };
        match table.get("settings") {
            None => Ok(Table::new()),
            Some(Value::Table(settings)) => Ok(settings.clone()),
            Some(value) => {
                let place = format!("`settings` in `{}`", path.display());
                Err(objection(place, value, "a table, `[settings]`"))
            }
        }
    }
}

/// The table, if it has no keys but ours.
fn known(path: &Path, table: Table) -> Result<Table, ConfigError> {
    let is_known = |name: &str| name == "settings" || KEYS.iter().any(|key| key.name == name);
    let Some(other) = table.keys().find(|name| !is_known(name)) else {
        return Ok(table);
    };
    let key = format!(
        "`{}` in `{}`",
        crate::shortened::shortened(other),
        path.display()
    );
    let secret = SECRETS
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(other));
    let objection = match secret {
        Some((_, variable)) => {
            format!("secrets do not belong in this file; expected {variable} in the environment")
        }
        None => {
            let names: Vec<_> = KEYS.iter().map(|key| key.name).collect();
            format!(
                "there is no such key; expected {} or settings",
                names.join(", ")
            )
        }
    };
    Err(ConfigError { key, objection })
}

fn objection(key: String, value: &Value, allowed: &str) -> ConfigError {
    ConfigError {
        key,
        objection: format!("`{}` is not {allowed}", found(value)),
    }
}
