//! Times to figures: the median of the rounds, and how it compares with native.

use std::collections::BTreeMap;
use std::time::Duration;

use comfy_table::{Cell, CellAlignment, Table, presets};
use serde::Serialize;

/// What the others are compared with.
const BASE: &str = "native";

/// A figure, as `--json` prints it.
#[derive(Debug, Serialize)]
pub struct Figure {
    /// The median of the rounds.
    value: f64,
    unit: &'static str,
    /// What it is compared with, and how many times as long this one takes.
    rival: &'static str,
    ratio: Option<f64>,
    /// The shortest and the longest round.
    range: [f64; 2],
}

/// Microseconds a call of each round, by operation and subject, in the order of their entering.
#[derive(Debug, Default)]
pub struct Figures {
    operations: Vec<String>,
    subjects: Vec<&'static str>,
    rounds: BTreeMap<(String, &'static str), Vec<f64>>,
}

impl Figures {
    /// Note a round.
    pub fn enter(&mut self, operation: &str, subject: &'static str, took: Duration, calls: u32) {
        if !self.operations.iter().any(|known| known == operation) {
            self.operations.push(operation.to_owned());
        }
        if !self.subjects.contains(&subject) {
            self.subjects.push(subject);
        }
        let each = took.as_secs_f64() * 1e6 / f64::from(calls);
        let key = (operation.to_owned(), subject);
        self.rounds.entry(key).or_default().push(each);
    }

    fn sorted(&self, operation: &str, subject: &'static str) -> Option<Vec<f64>> {
        let mut rounds = self.rounds.get(&(operation.to_owned(), subject))?.clone();
        rounds.sort_by(f64::total_cmp);
        Some(rounds)
    }

    fn median(&self, operation: &str, subject: &'static str) -> Option<f64> {
        let rounds = self.sorted(operation, subject)?;
        rounds.get(rounds.len() / 2).copied()
    }

    /// For scripts: one figure for each operation and subject.
    pub fn report(&self) -> BTreeMap<String, Figure> {
        let mut report = BTreeMap::new();
        for (operation, subject) in self.rounds.keys() {
            let rounds = self.sorted(operation, subject).unwrap_or_default();
            let (Some(first), Some(last)) = (rounds.first(), rounds.last()) else {
                continue;
            };
            let value = rounds[rounds.len() / 2];
            let figure = Figure {
                value,
                unit: "microseconds a call",
                rival: BASE,
                ratio: self.median(operation, BASE).map(|base| value / base),
                range: [*first, *last],
            };
            report.insert(format!("{operation}: {subject}"), figure);
        }
        report
    }

    /// For people: a line for each operation and subject.
    pub fn table(&self) -> String {
        let mut table = Table::new();
        table.load_preset(presets::ASCII_MARKDOWN);
        table.set_header(["Operation", "Subject", "microseconds", "times native"]);
        for operation in &self.operations {
            let base = self.median(operation, BASE);
            for subject in &self.subjects {
                let Some(value) = self.median(operation, subject) else {
                    continue;
                };
                let ratio = base
                    .map(|base| format!("{:.2}", value / base))
                    .unwrap_or_default();
                let number = |text: String| Cell::new(text).set_alignment(CellAlignment::Right);
                let value = number(format!("{value:.2}"));
                table.add_row([
                    Cell::new(operation),
                    Cell::new(subject),
                    value,
                    number(ratio),
                ]);
            }
        }
        format!("{table}\n")
    }
}
