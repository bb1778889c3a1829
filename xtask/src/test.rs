//! `cargo xtask test`: every test, and how many there were.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::Stdio;

use anyhow::{Context as _, Result, bail};

use crate::dist;
use crate::process::{cargo_native, say};

/// What the test binaries reported, added up.
#[derive(Debug, Default, PartialEq, Eq)]
struct Counts {
    passed: u64,
    failed: u64,
    ignored: u64,
    suites: u64,
}

/// Build the components, run the tests, print the counts last.
pub fn run(arguments: &[String]) -> Result<()> {
    dist::quietly()?;
    say("building and running the tests");
    let mut tests = cargo_native("test");
    // One failure must not hide the next one's.
    tests
        .args(["--no-fail-fast", "--"])
        .args(arguments)
        .stdout(Stdio::piped());
    let mut child = tests.spawn().context("could not start `cargo`")?;
    let printed = child.stdout.take().context("cargo's output is not there")?;
    let mut counts = Counts::default();
    let mut screen = std::io::stdout().lock();
    for line in BufReader::new(printed).split(b'\n') {
        let line = line.context("could not read what cargo prints")?;
        counts.add(&String::from_utf8_lossy(&line));
        screen
            .write_all(&line)
            .and_then(|()| screen.write_all(b"\n"))?;
    }
    let status = child.wait()?;
    if counts.suites == 0 {
        bail!("no test ran: `cargo test` ended with {status}");
    }
    let Counts {
        passed,
        failed,
        ignored,
        suites,
    } = counts;
    writeln!(
        screen,
        "\n{suites} suites: {passed} passed, {failed} failed, {ignored} ignored"
    )?;
    if !status.success() {
        bail!("`cargo test` ended with {status}");
    }
    Ok(())
}

impl Counts {
    /// Counts a line like `test result: ok. 3 passed; 0 failed; 1 ignored; ...`; no other.
    fn add(&mut self, line: &str) {
        let Some(result) = line.strip_prefix("test result: ") else {
            return;
        };
        self.suites += 1;
        let counted = result.split_once(". ").map_or("", |(_, counted)| counted);
        for part in counted.split("; ") {
            let Some((number, what)) = part.split_once(' ') else {
                continue;
            };
            let number = number.parse().unwrap_or(0);
            match what {
                "passed" => self.passed += number,
                "failed" => self.failed += number,
                "ignored" => self.ignored += number,
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Counts;

    #[track_caller]
    fn check(lines: &[&str], expected: Counts) {
        let mut counts = Counts::default();
        for line in lines {
            counts.add(line);
        }
        assert_eq!(counts, expected);
    }

    #[test]
    fn results_of_several_suites_are_added_up() {
        check(
            &[
                "running 3 tests",
                "test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out",
                "test result: FAILED. 1 passed; 2 failed; 0 ignored; 0 measured; 9 filtered out",
            ],
            Counts {
                passed: 4,
                failed: 2,
                ignored: 1,
                suites: 2,
            },
        );
    }

    #[test]
    fn other_lines_count_for_nothing() {
        check(
            &["test a ... ok", "I passed; 3 failed", ""],
            Counts::default(),
        );
    }
}
