//! Many questions to one implementation, and one digest of its answers: what hosts in other
//! languages compute, too, so that one line tells whether all of them answer to the byte alike.

use anyhow::{Result, bail};
use sha2::{Digest as _, Sha256};

use crate::{Refused, Subject};

/// SHA-256 over `ok\t<answer>\n` or `error\t<message>\n` for each question.
#[derive(Debug, Default)]
pub struct Digest {
    hash: Sha256,
    lines: u64,
}

impl Digest {
    /// Ask `subject` and add its answer. Returns the line that was added.
    ///
    /// # Errors
    ///
    /// Where the implementation broke down, or has no way to be asked.
    pub fn ask(
        &mut self,
        subject: &mut dyn Subject,
        operation: &str,
        input: &str,
    ) -> Result<String> {
        let line = match subject.call(operation, input) {
            Ok(answer) => format!("ok\t{answer}\n"),
            Err(Refused::Problem(message)) => format!("error\t{message}\n"),
            Err(other) => bail!("{}: {operation}: {other:?}", subject.name()),
        };
        self.hash.update(line.as_bytes());
        self.lines += 1;
        Ok(line)
    }

    /// How many answers were added.
    #[must_use]
    pub const fn lines(&self) -> u64 {
        self.lines
    }

    /// The digest, in hexadecimal digits.
    #[must_use]
    pub fn finish(self) -> String {
        let digest = self.hash.finalize();
        digest.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// The digest of `subject`'s answers to these questions, each an operation and its input.
///
/// # Errors
///
/// As [`Digest::ask`].
pub fn replay<'a>(
    subject: &mut dyn Subject,
    questions: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> Result<String> {
    let mut digest = Digest::default();
    for (operation, input) in questions {
        digest.ask(subject, operation, input)?;
    }
    Ok(digest.finish())
}
