//! `cargo xtask simulate --sabotage`: break the engine on purpose, in a copy, and see whether the
//! simulation notices.
//!
//! Each sabotage is a patch in `tests/host-simulation/sabotage`, its first line the mistake in words. No
//! switch in the product's code knows of them. A mistake that shows only where something is wrong
//! for good with a model names those kinds in its second line, `poison: KIND,..`, and is looked for
//! in seeds that have no other: each is too rare among all of them for a hundred seeds.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Value, json};

use crate::process::{output, run as run_command, say, target_directory};
use crate::workspace::root;
use crate::{dist, simulation, target};

/// Where the copies of the source are, below the target folder.
const FOLDER: &str = "sabotage";

/// A sabotage that is not found within so many seeds is not found.
const PATIENCE: u64 = 100;

/// Ranges of seeds are so far apart.
const APART: u64 = 10_000;

/// The names, in order.
fn names() -> Result<Vec<String>> {
    let folder = patches();
    let mut names = Vec::new();
    for entry in fs::read_dir(&folder).with_context(|| format!("no {}", folder.display()))? {
        let path = entry?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "patch")
            && let Some(stem) = path.file_stem()
        {
            names.push(stem.to_string_lossy().into_owned());
        }
    }
    names.sort();
    Ok(names)
}

fn patches() -> PathBuf {
    root().join("tests/host-simulation/sabotage")
}

/// The first line of a sabotage's patch, and the kinds of poison in its second.
struct About {
    mistake: String,
    poison: Option<String>,
}

impl About {
    fn of(name: &str) -> Result<Self> {
        let patch = patches().join(format!("{name}.patch"));
        let text = fs::read_to_string(&patch).with_context(|| format!("no {}", patch.display()))?;
        Ok(Self::read(&text))
    }

    fn read(text: &str) -> Self {
        let mut lines = text.lines();
        let mistake = lines.next().unwrap_or_default().to_owned();
        let poison = lines.next().and_then(|line| line.strip_prefix("poison: "));
        Self {
            mistake,
            poison: poison.map(str::to_owned),
        }
    }

    /// What is passed to the simulation for it: the poison to look for it with.
    fn arguments(&self) -> Vec<String> {
        let poison = self.poison.clone();
        poison.map_or_else(Vec::new, |kinds| vec!["--poison".to_owned(), kinds])
    }
}

/// What is passed to the simulation for it: the poison to look for it with.
pub fn arguments(name: &str) -> Result<Vec<String>> {
    Ok(About::of(name)?.arguments())
}

/// The engine with this mistake in it.
pub fn build(name: &str) -> Result<PathBuf> {
    let known = names()?;
    if !known.iter().any(|known| known == name) {
        bail!("sabotage: `{name}` is not one of all, {}", known.join(", "));
    }
    target::ensure()?;
    let folder = target_directory()?.join(FOLDER);
    let tree = folder.join("tree");
    copy(&tree)?;
    say(&format!("breaking the engine: {name}"));
    let patch = patches().join(format!("{name}.patch"));
    // The copy is in no repository of its own: git then takes the paths as they are.
    run_command(
        Command::new("git")
            .args(["apply", "--whitespace=nowarn"])
            .arg(&patch)
            .env("GIT_CEILING_DIRECTORIES", &folder)
            .current_dir(&tree),
    )
    .with_context(|| format!("sabotage: {} does not apply any more", patch.display()))?;
    let wasm = dist::engine(&tree, &folder.join("target"))?;
    let file = folder.join(format!("{name}.wasm"));
    dist::replace(&file, &wasm)?;
    Ok(file)
}

/// Bring the copy up to date: what git tracks, as it is in the working tree. A file that is as it
/// should be keeps its time, so that cargo builds what differs and nothing else.
fn copy(tree: &Path) -> Result<()> {
    let tracked = output(
        Command::new("git")
            .args(["ls-files", "Cargo.toml", "Cargo.lock", "wit", "guest"])
            .current_dir(root()),
    )
    .context("`git ls-files` failed")?;
    for path in tracked.lines() {
        let to = tree.join(path);
        if let Some(folder) = to.parent() {
            fs::create_dir_all(folder)?;
        }
        let mut bytes = fs::read(root().join(path)).with_context(|| format!("no {path}"))?;
        if path == "Cargo.toml" {
            bytes = guest_only(&String::from_utf8(bytes)?).into_bytes();
        }
        dist::replace(&to, &bytes)?;
    }
    Ok(())
}

/// The workspace without the members that are not copied, and without their profiles.
fn guest_only(manifest: &str) -> String {
    let mut text = String::new();
    let mut left_out = false;
    for line in manifest.lines() {
        if line.starts_with('[') {
            left_out = line.starts_with("[profile.dev.package.merge-");
        }
        let entry = line.trim();
        let member = entry.starts_with('"') && entry.ends_with("\",");
        if !left_out && (!member || entry.starts_with("\"guest/")) {
            text.push_str(line);
            text.push('\n');
        }
    }
    text
}

/// Build each in turn, and say how many seeds it took to find it.
///
/// Arguments: `--seeds A..B` for the first range, `--ranges N` for how many, `--json`.
pub fn all(arguments: &[String]) -> Result<()> {
    let ranges = option(arguments, "--ranges")?.unwrap_or(1);
    let as_json = arguments.iter().any(|argument| argument == "--json");
    let program = simulation::program()?;
    let mut rows = Vec::new();
    for name in names()? {
        let engine = build(&name)?;
        let about = About::of(&name)?;
        let poison = about.arguments();
        let mut found = Vec::new();
        for range in 0..ranges {
            found.push(seeds_until_found(
                &program,
                &engine,
                range * APART,
                &poison,
            )?);
        }
        say(&format!("{name}: found after {}", in_words(&found)));
        rows.push((name, about, found));
    }
    if as_json {
        let rows = rows.iter().map(|(name, about, found)| {
            json!({
                "name": name,
                "mistake": about.mistake,
                "poison": about.poison,
                "seeds_until_found": found,
                "mean": mean(found),
            })
        });
        println!("{}", Value::Array(rows.collect()));
    } else {
        for (name, _, found) in &rows {
            println!("{name:<28} {}", in_words(found));
        }
    }
    let missed: Vec<&str> = rows
        .iter()
        .filter(|(_, _, found)| found.iter().any(Option::is_none))
        .map(|(name, _, _)| name.as_str())
        .collect();
    ensure!(
        missed.is_empty(),
        "sabotage: not found within {PATIENCE} seeds: {}",
        missed.join(", ")
    );
    Ok(())
}

fn option(arguments: &[String], name: &str) -> Result<Option<u64>> {
    let Some(at) = arguments.iter().position(|argument| argument == name) else {
        return Ok(None);
    };
    let text = arguments.get(at + 1).map_or("", String::as_str);
    let number = text.parse();
    Ok(Some(number.with_context(|| {
        format!("{name}: expected a number, found `{text}`")
    })?))
}

/// How many seeds it takes from `first`; `None` where [`PATIENCE`] is not enough.
fn seeds_until_found(
    program: &Path,
    engine: &Path,
    first: u64,
    poison: &[String],
) -> Result<Option<u64>> {
    let mut arguments = vec![
        "--seeds".to_owned(),
        format!("{first}..{}", first + PATIENCE),
        "--until-found".to_owned(),
        "--no-shrink".to_owned(),
        "--json".to_owned(),
        "--engine".to_owned(),
        engine.display().to_string(),
    ];
    arguments.extend_from_slice(poison);
    let ended = simulation::command(program, &arguments).output()?;
    let report: Value = serde_json::from_slice(&ended.stdout).with_context(|| {
        let said = String::from_utf8_lossy(&ended.stderr).into_owned();
        format!("the simulation failed: {said}")
    })?;
    let found = report["failing"][0].as_u64();
    Ok(found.map(|seed| seed - first + 1))
}

fn in_words(found: &[Option<u64>]) -> String {
    let each: Vec<String> = found
        .iter()
        .map(|seeds| seeds.map_or_else(|| "never".to_owned(), |seeds| seeds.to_string()))
        .collect();
    match mean(found) {
        Some(mean) if found.len() > 1 => format!("{} seeds, {mean:.1} on average", each.join(", ")),
        _ if found == [Some(1)] => "1 seed".to_owned(),
        _ => format!("{} seeds", each.join(", ")),
    }
}

fn mean(found: &[Option<u64>]) -> Option<f64> {
    let sum: u64 = found.iter().copied().sum::<Option<u64>>()?;
    #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
    Some(sum as f64 / found.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_patch_says_what_the_mistake_is_and_with_what_to_look_for_it() {
        let about = About::read("a mistake\npoison: a-kind,b-kind=4\n\ndiff --git");
        assert_eq!(about.mistake, "a mistake");
        assert_eq!(about.arguments(), ["--poison", "a-kind,b-kind=4"]);
        let about = About::read("a mistake\n\ndiff --git");
        assert!(about.arguments().is_empty());
    }
}
