//! The vectors: questions with their answers, in `tests/vectors/`.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use serde_json::Value;

use crate::repository;

/// One question with its answer.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vector {
    /// A stable name, unique over all files.
    pub id: String,
    /// Which mistake it catches.
    pub note: String,
    /// `interface.function`.
    pub operation: String,
    /// The function's record, or an object of its arguments by name.
    pub input: Value,
    /// The answer, or `{"error": "..."}` where the input is refused.
    pub output: Value,
}

impl Vector {
    /// The text of the refusal, where this vector expects one.
    ///
    /// No answer of the contract is a record with the one field `error`, so the two cannot be
    /// mistaken for each other.
    #[must_use]
    pub fn error(&self) -> Option<&str> {
        let object = self.output.as_object()?;
        if object.len() == 1 {
            object.get("error")?.as_str()
        } else {
            None
        }
    }
}

/// Every vector, in order of file names.
///
/// # Errors
///
/// Where a file cannot be read, is not a list of vectors, has an unknown key, or holds an
/// operation of another interface than its name says.
pub fn load_vectors() -> Result<Vec<Vector>> {
    load_vectors_of(&repository().join("tests/vectors"))
}

/// As [`load_vectors`], from another folder.
///
/// # Errors
///
/// As [`load_vectors`].
pub fn load_vectors_of(folder: &Path) -> Result<Vec<Vector>> {
    let mut files: Vec<_> = fs::read_dir(folder)
        .with_context(|| format!("{}", folder.display()))?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    files.sort();

    let mut all = Vec::new();
    for file in files {
        let interface = file
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let text = fs::read_to_string(&file)?;
        let vectors: Vec<Vector> =
            serde_json::from_str(&text).with_context(|| format!("{}", file.display()))?;
        for vector in vectors {
            if vector.operation.split('.').next() != Some(&interface) {
                bail!(
                    "{}: `{}` is not of this interface",
                    file.display(),
                    vector.operation
                );
            }
            all.push(vector);
        }
    }
    Ok(all)
}
