//! Allocations of the native crates.

use anyhow::{Result, anyhow};
use dhat::{HeapStats, Profiler};
use merge_sync_logic::json;

use crate::baseline::Costs;
use merge_sync_costs::inputs::Question;

/// Count those of each question, by text: reading the question and writing the answer included.
pub fn count(questions: &[Question], costs: &mut Costs) -> Result<()> {
    let _profiler = Profiler::builder().testing().build();
    for question in questions {
        let before = HeapStats::get().total_blocks;
        let answer = json::call(question.operation, &question.input);
        let blocks = HeapStats::get().total_blocks.saturating_sub(before);
        answer.map_err(|problem| anyhow!("{}: {problem}", question.operation))?;
        costs.insert(format!("{}: allocations", question.name), blocks);
    }
    Ok(())
}
