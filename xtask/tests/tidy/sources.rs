//! The text of the files.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use crate::{check, root};

/// Directories that hold what was built or fetched.
const SKIPPED: [&str; 7] = [
    ".git",
    "target",
    "dist",
    "node_modules",
    "generated",
    "proptest-regressions",
    ".venv",
];

/// Endings of the files that are read.
const TEXT: [&str; 14] = [
    "rs", "toml", "md", "wit", "json", "html", "css", "js", "sh", "yml", "yaml", "txt", "py", "sql",
];

/// A file of the project: its path from the root, with `/`, and its text.
struct File {
    path: String,
    text: String,
}

fn files() -> Vec<File> {
    let mut files = Vec::new();
    let mut directories = vec![root()];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(directory).expect("a directory") {
            let path = entry.expect("an entry").path();
            let name = path.file_name().and_then(OsStr::to_str).unwrap_or_default();
            if path.is_dir() {
                if !SKIPPED.contains(&name) {
                    directories.push(path);
                }
            } else if is_text(&path) {
                files.push(read(&path));
            }
        }
    }
    assert!(files.len() > 50, "found only {} files", files.len());
    files
}

/// `.ci/run` has no ending.
fn is_text(path: &Path) -> bool {
    let ending = path.extension().and_then(OsStr::to_str).unwrap_or_default();
    TEXT.contains(&ending) || path.ends_with(".ci/run")
}

fn read(path: &PathBuf) -> File {
    let text =
        fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let path = path
        .strip_prefix(root())
        .expect("inside")
        .to_string_lossy()
        .replace('\\', "/");
    File { path, text }
}

/// Lines with a fault, as `path:line: what`.
fn lines(files: &[File], fault: impl Fn(&File, &str) -> Option<String>) -> Vec<String> {
    let mut faults = Vec::new();
    for file in files {
        for (index, line) in file.text.lines().enumerate() {
            if let Some(what) = fault(file, line) {
                faults.push(format!("{}:{}: {what}", file.path, index + 1));
            }
        }
    }
    faults
}

fn is_rust(file: &File) -> bool {
    file.path.ends_with(".rs")
}

#[test]
fn every_rust_file_opens_by_saying_what_it_is() {
    let opens = |file: &&File| {
        file.text.strip_prefix("//! ").is_some_and(|rest| {
            rest.starts_with(char::is_alphanumeric) || rest.starts_with(['`', '(', '['])
        })
    };
    let files = files();
    let silent = files
        .iter()
        .filter(|file| is_rust(file))
        .filter(|file| !opens(file));
    check(
        &silent
            .map(|file| format!("{}: does not open with `//!`", file.path))
            .collect::<Vec<_>>(),
    );
}

#[test]
fn unsafe_is_expected_in_bindings_and_the_guests_runtime_alone() {
    // Written apart, so that this file does not name it.
    let lint = ["unsafe", "code"].join("_");
    check(&lines(&files(), |file, line| {
        let name = file.path.rsplit('/').next().unwrap_or_default();
        let may = name == "bindings.rs" || file.path == "guest/runtime/src/lib.rs";
        let excepted = !is_rust(file) || may || line.contains("#![forbid(");
        (line.contains(&lint) && !excepted).then(|| format!("{lint} outside bindings"))
    }));
}

#[test]
fn no_line_ends_in_blanks() {
    check(&lines(&files(), |_, line| {
        // `lines` leaves a carriage return that stands before the end of the line alone.
        line.ends_with([' ', '\t', '\r'])
            .then(|| "ends in blanks".to_owned())
    }));
}

#[test]
fn every_file_ends_with_one_line_end() {
    let faults = |file: &File| {
        let body = file.text.strip_suffix('\n');
        let good = file.text.is_empty() || body.is_some_and(|body| !body.ends_with('\n'));
        (!good).then(|| format!("{}: does not end with one line end", file.path))
    };
    check(&files().iter().filter_map(faults).collect::<Vec<_>>());
}

#[test]
fn no_file_names_a_place_on_somebodys_machine() {
    let places = ["home", "root", "Users", "work", "tmp"].map(|name| format!("/{name}/"));
    check(&lines(&files(), |_, line| {
        let place = places.iter().find(|place| names(line, place))?;
        Some(format!("names {place}"))
    }));
}

/// Whether `place` begins a path in `line`, rather than stand within an address or another path.
fn names(line: &str, place: &str) -> bool {
    line.match_indices(place).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        !before.is_some_and(|before| before.is_alphanumeric() || ".-_~}$".contains(before))
    })
}

#[track_caller]
fn check_names(line: &str, expected: bool) {
    assert_eq!(names(line, "/srv/"), expected, "{line}");
}

#[test]
fn a_path_is_found_at_the_start_of_a_word() {
    check_names("see /srv/file", true);
    check_names("/srv/file", true);
    check_names("\"/srv/file\"", true);
}

#[test]
fn a_part_of_an_address_is_no_path() {
    check_names("https://example.com/srv/file", false);
    check_names("../srv/file", false);
}
