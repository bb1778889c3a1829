//! Where the workspace is, looked for when this runs: the program may have been built in another
//! checkout, which was copied or shares its target folder.

use std::path::{Path, PathBuf};
use std::{env, fs};

use anyhow::{Context as _, Result};

/// The workspace's directory, from the current folder upwards; an error where that is in none.
pub fn find() -> Result<PathBuf> {
    let here = env::current_dir().context("there is no current folder")?;
    let found = above(&here).with_context(|| {
        format!(
            "neither {} nor a folder above it is a checkout of merge-sync",
            here.display()
        )
    })?;
    Ok(found.to_path_buf())
}

/// The same for a program that found it when it started.
pub fn root() -> PathBuf {
    find().unwrap_or_default()
}

/// The innermost folder with a workspace that has this program in it, which that of `fuzz` has not.
fn above(folder: &Path) -> Option<&Path> {
    folder.ancestors().find(|folder| {
        let manifest = fs::read_to_string(folder.join("Cargo.toml")).unwrap_or_default();
        let is_workspace = manifest.lines().any(|line| line == "[workspace]");
        is_workspace && folder.join("xtask").join("Cargo.toml").is_file()
    })
}
