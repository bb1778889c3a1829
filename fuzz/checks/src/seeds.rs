//! The vectors, as far as inputs are made from them.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result};
use serde_json::Value;

/// A question of `tests/vectors`, without its answer.
#[derive(Debug, Clone)]
pub(crate) struct Vector {
    /// `interface.function`.
    pub(crate) operation: String,
    /// What it is asked.
    pub(crate) input: Value,
}

impl Vector {
    /// Its input where it is of this operation.
    pub(crate) fn of(&self, operation: &str) -> Option<&Value> {
        (self.operation == operation).then_some(&self.input)
    }

    /// Its body where it is of this operation.
    pub(crate) fn body_of(&self, operation: &str) -> Option<&str> {
        self.of(operation)?["body"].as_str()
    }
}

/// The root of the repository.
pub(crate) fn repository() -> PathBuf {
    let mut root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    root.pop();
    root.pop();
    root
}

/// Every vector, in order of file names.
pub(crate) fn vectors() -> Result<Vec<Vector>> {
    let folder = repository().join("tests/vectors");
    let mut files: Vec<_> = fs::read_dir(&folder)
        .with_context(|| format!("could not read {}", folder.display()))?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    files.sort();
    let mut all = Vec::new();
    for file in files {
        let text = fs::read_to_string(&file)?;
        let listed: Vec<Value> =
            serde_json::from_str(&text).with_context(|| format!("in {}", file.display()))?;
        for vector in listed {
            let operation = vector["operation"].as_str();
            let operation = operation.context("a vector names no operation")?.to_owned();
            let input = vector["input"].clone();
            all.push(Vector { operation, input });
        }
    }
    Ok(all)
}
