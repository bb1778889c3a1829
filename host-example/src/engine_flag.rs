//! Which component answers, as a flag or a variable of the environment.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::component::{Component, Decisions};
use crate::config::variable;
use crate::locate::locate;

/// Which component answers.
#[derive(Debug, Clone, Args)]
pub struct Engine {
    /// The engine's component [default: beside this program, else in dist/ here or above]
    /// [env: MERGE_SYNC_COMPONENT]
    #[arg(long, value_name = "FILE")]
    component: Option<PathBuf>,
}

impl Engine {
    /// The component's file.
    ///
    /// # Errors
    ///
    /// There is none; the text says how to get one.
    pub fn file(&self) -> anyhow::Result<PathBuf> {
        let named = self
            .component
            .clone()
            .or_else(|| variable("MERGE_SYNC_COMPONENT").map(Into::into));
        component_file(named.as_deref())
    }

    pub(crate) async fn decisions(&self) -> anyhow::Result<Decisions> {
        let component = Component::load(&self.file()?, None, 1)?;
        Decisions::new(&component)
            .await
            .map_err(|error| anyhow::anyhow!("component: it does not fit this program: {error:#}"))
    }
}

/// The component's file, named or found.
pub(crate) fn component_file(named: Option<&Path>) -> anyhow::Result<PathBuf> {
    let executable = std::env::current_exe().ok();
    let directory = std::env::current_dir().unwrap_or_default();
    Ok(locate(named, executable.as_deref(), &directory)?)
}
