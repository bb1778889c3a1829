//! What was measured to figures: the median of the rounds, and how it compares.

use std::collections::BTreeMap;

use comfy_table::{Cell, CellAlignment, Table, presets};
use serde::Serialize;

/// A figure, as `--json` prints it.
#[derive(Debug, Serialize)]
pub struct Figure {
    /// The median of the rounds.
    pub value: f64,
    unit: &'static str,
    /// What it is compared with, and how many times as much this one is.
    rival: String,
    ratio: Option<f64>,
    /// The least and the most of a round.
    range: [f64; 2],
}

/// What each round measured, by what was measured and of whom, in the order of their entering.
#[derive(Debug)]
pub struct Figures {
    base: String,
    measures: Vec<(String, &'static str)>,
    subjects: Vec<String>,
    rounds: BTreeMap<(String, String), Vec<f64>>,
}

impl Figures {
    /// Nothing yet; all are to be compared with the subject `base`.
    pub const fn beside(base: String) -> Self {
        Self {
            base,
            measures: Vec::new(),
            subjects: Vec::new(),
            rounds: BTreeMap::new(),
        }
    }

    /// Note what a round measured.
    pub fn enter(&mut self, measure: &str, unit: &'static str, subject: &str, value: f64) {
        if !self.measures.iter().any(|(known, _)| known == measure) {
            self.measures.push((measure.to_owned(), unit));
        }
        if !self.subjects.iter().any(|known| known == subject) {
            self.subjects.push(subject.to_owned());
        }
        let key = (measure.to_owned(), subject.to_owned());
        self.rounds.entry(key).or_default().push(value);
    }

    /// Of whom.
    pub fn subjects(&self) -> &[String] {
        &self.subjects
    }

    /// One figure.
    pub fn figure(&self, measure: &str, subject: &str) -> Option<Figure> {
        let (_, unit) = self.measures.iter().find(|(known, _)| known == measure)?;
        let rounds = self.sorted(measure, subject)?;
        let value = middle(&rounds)?;
        let base = self.sorted(measure, &self.base);
        let base = base.and_then(|rounds| middle(&rounds));
        Some(Figure {
            value,
            unit,
            rival: self.base.clone(),
            ratio: base.map(|base| value / base),
            range: [*rounds.first()?, *rounds.last()?],
        })
    }

    fn sorted(&self, measure: &str, subject: &str) -> Option<Vec<f64>> {
        let key = (measure.to_owned(), subject.to_owned());
        let mut rounds = self.rounds.get(&key)?.clone();
        rounds.sort_by(f64::total_cmp);
        Some(rounds)
    }

    /// For scripts: `measure: subject` and its figure.
    pub fn report(&self) -> BTreeMap<String, Figure> {
        let figures = self.rounds.keys().filter_map(|(measure, subject)| {
            let figure = self.figure(measure, subject)?;
            Some((format!("{measure}: {subject}"), figure))
        });
        figures.collect()
    }

    /// For people, where there are many measures: a line for each measure and subject.
    pub fn long(&self) -> String {
        let mut table = empty();
        let ratio = format!("times {}", self.base);
        table.set_header(["Operation", "Subject", "Median", "Unit", ratio.as_str()]);
        for (measure, unit) in &self.measures {
            for subject in &self.subjects {
                if let Some(figure) = self.figure(measure, subject) {
                    let ratio = figure.ratio.map_or(String::new(), short);
                    table.add_row([
                        Cell::new(measure),
                        Cell::new(subject),
                        right(short(figure.value)),
                        Cell::new(unit),
                        right(ratio),
                    ]);
                }
            }
        }
        table.to_string()
    }

    /// For people, where there are few: a line for each subject.
    pub fn wide(&self) -> String {
        let mut table = empty();
        let head = |(measure, unit): &(String, &str)| format!("{measure}, {unit}");
        let heads = self.measures.iter().map(head);
        table.set_header(std::iter::once(String::new()).chain(heads));
        for subject in &self.subjects {
            let cells = self.measures.iter().map(|(measure, _)| {
                let figure = self.figure(measure, subject);
                let Some(figure) = figure else {
                    return Cell::new("");
                };
                let value = short(figure.value);
                right(match figure.ratio {
                    Some(ratio) if *subject != self.base => format!("{value} (x {})", short(ratio)),
                    _ => value,
                })
            });
            table.add_row(std::iter::once(Cell::new(subject)).chain(cells));
        }
        table.to_string()
    }
}

fn empty() -> Table {
    let mut table = Table::new();
    table.load_preset(presets::ASCII_MARKDOWN);
    table
}

fn right(text: String) -> Cell {
    Cell::new(text).set_alignment(CellAlignment::Right)
}

/// With three digits or so: more would be of this minute.
pub fn short(value: f64) -> String {
    match value.abs() {
        10_000.0.. => format!("{:.0}", (value / 100.0).round() * 100.0),
        100.0.. => format!("{value:.0}"),
        10.0.. => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

fn middle(sorted: &[f64]) -> Option<f64> {
    sorted.get(sorted.len() / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures() -> Figures {
        let mut figures = Figures::beside("a".to_owned());
        for (first, second) in [(4.0, 1.0), (2.0, 9.0), (3.0, 12.0)] {
            figures.enter("m", "ms", "a", first);
            figures.enter("m", "ms", "b", second);
        }
        figures
    }

    #[test]
    fn a_figure_is_the_median_of_its_rounds_beside_that_of_its_rival() {
        let figure = figures().figure("m", "b").expect("it was entered");
        assert_eq!((figure.value, figure.ratio), (9.0, Some(3.0)));
        assert_eq!(figure.range, [1.0, 12.0]);
        assert!(figures().figure("m", "c").is_none());
    }

    #[test]
    fn tables_have_what_was_entered() {
        assert!(figures().wide().contains("| b | 9.00 (x 3.00) |"));
        assert!(figures().long().contains("3.00"));
    }

    #[test]
    fn no_more_digits_than_can_be_believed() {
        let short: Vec<_> = [12_345.6, 123.4, 12.34, 1.234].map(short).into();
        assert_eq!(short, ["12300", "123", "12.3", "1.23"]);
    }
}
