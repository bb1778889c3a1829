//! Which checkout the commands work on: the one that they are called in.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A checkout with nothing in it but one sabotage, below the folder of the tests and so within the
/// real one.
fn checkout(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    for (file, text) in [
        ("Cargo.toml", "[workspace]\n"),
        ("xtask/Cargo.toml", ""),
        // As that of the fuzz targets: a workspace within, which is none of its own.
        ("fuzz/Cargo.toml", "[workspace]\n"),
        (
            "tests/host-simulation/sabotage/made-up.patch",
            "a mistake\n",
        ),
    ] {
        let file = folder.join(file);
        fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
        fs::write(file, text).expect("a file");
    }
    folder
}

/// What is said of a sabotage that no checkout has.
fn said_in(folder: &Path) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_xtask"))
        .args(["simulate", "--sabotage", "none-of-that-name"])
        .current_dir(folder)
        .output()
        .expect("xtask starts");
    assert_eq!(output.status.code(), Some(1));
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn the_checkout_is_the_one_a_command_is_called_in_wherever_it_was_built() {
    let copy = checkout("copied-checkout");
    for folder in [
        copy.clone(),
        copy.join("fuzz"),
        copy.join("tests/host-simulation"),
    ] {
        let said = said_in(&folder);
        assert!(said.contains("is not one of all, made-up\n"), "{said}");
    }
}

#[test]
fn a_command_outside_of_every_checkout_says_so() {
    let outside = std::env::temp_dir();
    let said = said_in(&outside);
    assert!(said.contains("is a checkout of merge-sync"), "{said}");
}
