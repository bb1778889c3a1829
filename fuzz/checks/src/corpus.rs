//! The inputs that are kept: in `fuzz/corpus`, a file for each target, an input a line as base64.
//!
//! One file, since hundreds of small binary ones would bury everything else in the repository.
//! What the vectors say is not kept: it is made from them.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::Target;
use crate::seeds::repository;

/// Longer inputs are slow, and what they show a shorter one shows as well.
const LONGEST_KEPT: usize = 4_096;

fn file(target: Target) -> PathBuf {
    let folder = repository().join("fuzz/corpus");
    folder.join(target.name).with_extension("base64")
}

/// The inputs that were kept for `target`, in the order of their lines.
///
/// # Errors
///
/// Where the file is missing or is not what [`pack`] writes.
pub fn kept(target: Target) -> Result<Vec<Vec<u8>>> {
    let file = file(target);
    let text = fs::read_to_string(&file).with_context(|| format!("in {}", file.display()))?;
    let decode = |(index, line)| {
        STANDARD
            .decode(line)
            .with_context(|| format!("{}:{}", file.display(), index + 1))
    };
    text.lines().enumerate().map(decode).collect()
}

/// Writes what the vectors say into `folder`, an input a file.
///
/// # Errors
///
/// Where something cannot be read or written.
pub fn sow(target: Target, folder: &Path) -> Result<()> {
    write(folder, "seed", &target.seeds()?)
}

/// Writes the inputs to begin with, seeds and kept ones, into `folder`, an input a file.
///
/// # Errors
///
/// Where something cannot be read or written.
pub fn unpack(target: Target, folder: &Path) -> Result<()> {
    sow(target, folder)?;
    write(folder, "kept", &kept(target)?)
}

fn write(folder: &Path, kind: &str, inputs: &[Vec<u8>]) -> Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("could not make {}", folder.display()))?;
    for (index, input) in inputs.iter().enumerate() {
        fs::write(folder.join(format!("{kind}-{index:04}")), input)?;
    }
    Ok(())
}

/// Keeps the inputs in `folder` and no others, less the seeds and what is too long; their number.
///
/// # Errors
///
/// Where something cannot be read or written.
pub fn pack(target: Target, folder: &Path) -> Result<usize> {
    let seeds: BTreeSet<Vec<u8>> = target.seeds()?.into_iter().collect();
    let mut inputs = BTreeSet::new();
    for entry in fs::read_dir(folder).with_context(|| format!("in {}", folder.display()))? {
        let input = fs::read(entry?.path())?;
        if input.len() <= LONGEST_KEPT && !seeds.contains(&input) {
            inputs.insert((input.len(), input));
        }
    }
    let lines: String = inputs
        .iter()
        .map(|(_, input)| STANDARD.encode(input) + "\n")
        .collect();
    let file = file(target);
    fs::write(&file, lines).with_context(|| format!("could not write {}", file.display()))?;
    Ok(inputs.len())
}
