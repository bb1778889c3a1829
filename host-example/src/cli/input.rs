//! What the commands read: a configuration, and files that somebody names.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;

use crate::config::{DEFAULT_FILE, Flags, variable};

/// Where settings come from.
#[derive(Debug, Clone, Args)]
pub struct Source {
    /// Configuration file [default: merge-sync.toml, if it is there] [env: MERGE_SYNC_CONFIG]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(flatten)]
    pub(super) flags: Flags,
}

impl Source {
    /// The configuration file's path and text, if there is one.
    pub(super) fn file(&self) -> anyhow::Result<Option<(PathBuf, String)>> {
        let named = self
            .config
            .clone()
            .or_else(|| variable("MERGE_SYNC_CONFIG").map(Into::into));
        let path = match named {
            Some(path) => path,
            None if Path::new(DEFAULT_FILE).is_file() => DEFAULT_FILE.into(),
            None => return Ok(None),
        };
        let text = std::fs::read_to_string(&path)
            .with_context(|| format!("config: cannot read `{}`", path.display()))?;
        Ok(Some((path, text)))
    }
}

/// The bytes of a file, or of standard input for `-`.
pub(super) fn bytes(path: &Path) -> anyhow::Result<Vec<u8>> {
    if path == Path::new("-") {
        let mut bytes = Vec::new();
        std::io::stdin()
            .read_to_end(&mut bytes)
            .context("cannot read standard input")?;
        return Ok(bytes);
    }
    std::fs::read(path).with_context(|| format!("cannot read `{}`", path.display()))
}
