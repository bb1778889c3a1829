//! Whoever can be asked a question so many times.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use merge_sync_costs::inputs::Question;

/// Something that is measured.
pub trait Subject {
    /// Whether it knows the operation at all.
    fn takes(&self, _question: &Question) -> bool {
        true
    }

    /// How long so many calls take; `file` holds the input of the question.
    fn time(&mut self, question: &Question, file: &Path, calls: u32) -> Result<Duration>;

    /// How many calls fill a turn. Warms up, too.
    fn calls_in(&mut self, question: &Question, file: &Path, turn: Duration) -> Result<u32> {
        let mut calls = 1_u32;
        loop {
            let took = self.time(question, file, calls)?;
            if took >= turn / 4 || calls >= 1 << 24 {
                let full = u128::from(calls) * turn.as_nanos() / took.as_nanos().max(1);
                return Ok(u32::try_from(full).unwrap_or(u32::MAX).max(1));
            }
            calls *= 2;
        }
    }
}
