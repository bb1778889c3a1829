//! A program that is asked line by line: the native crates, and what other languages would do.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result};
use merge_sync_costs::inputs::Question;

use crate::decisions::subject::Subject;

/// A program that answers `FORM OPERATION FILE CALLS` with nanoseconds.
#[derive(Debug)]
pub struct Rival {
    child: Child,
    questions: ChildStdin,
    answers: BufReader<ChildStdout>,
    form: &'static str,
    webhooks_only: bool,
}

impl Rival {
    /// Start it.
    pub fn start(
        program: &str,
        arguments: &[&str],
        form: &'static str,
        webhooks_only: bool,
    ) -> Result<Self> {
        let mut child = Command::new(program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| {
                format!(
                    "could not start `{program}`: the rivals need Python 3.11 and Node 20 or later"
                )
            })?;
        let questions = child.stdin.take().context("no standard input")?;
        let answers = BufReader::new(child.stdout.take().context("no standard output")?);
        Ok(Self {
            child,
            questions,
            answers,
            form,
            webhooks_only,
        })
    }
}

impl Subject for Rival {
    fn takes(&self, question: &Question) -> bool {
        !self.webhooks_only || matches!(question.operation, "webhook.handle" | "signature.verify")
    }

    fn time(&mut self, question: &Question, file: &Path, calls: u32) -> Result<Duration> {
        let operation = question.operation;
        writeln!(
            self.questions,
            "{} {operation} {} {calls}",
            self.form,
            file.display()
        )?;
        self.questions.flush()?;
        let mut line = String::new();
        self.answers.read_line(&mut line)?;
        let nanoseconds = line
            .trim()
            .parse()
            .with_context(|| format!("{operation}: a rival answered `{}`", line.trim()))?;
        Ok(Duration::from_nanos(nanoseconds))
    }
}

impl Drop for Rival {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
