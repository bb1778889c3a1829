//! The counts of today beside those that were accepted.

use std::collections::BTreeMap;

use comfy_table::{Cell, CellAlignment, Table, presets};

/// What is counted, and how much of it there is.
pub type Costs = BTreeMap<String, u64>;

/// A rise by more than so many hundredths is a fault.
const MOST_RISE: u64 = 3;

/// Two sets of counts.
pub struct Verdict<'a> {
    before: &'a Costs,
    now: &'a Costs,
}

impl<'a> Verdict<'a> {
    /// Compare.
    pub const fn of(before: &'a Costs, now: &'a Costs) -> Self {
        Self { before, now }
    }

    /// What rose, what nobody accepted, and what is gone.
    pub fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        for (name, now) in self.now {
            match self.before.get(name) {
                None => faults.push(format!("{name}: not in the baseline, found {now}")),
                Some(before) if rose(*before, *now) => faults.push(format!(
                    "{name}: rose from {before} to {now}, at most {MOST_RISE} % are allowed"
                )),
                Some(_) => {}
            }
        }
        for name in self
            .before
            .keys()
            .filter(|name| !self.now.contains_key(*name))
        {
            faults.push(format!("{name}: in the baseline, and no longer counted"));
        }
        faults
    }

    /// For people.
    pub fn table(&self) -> String {
        let mut table = Table::new();
        table.load_preset(presets::NOTHING);
        table.set_header(["", "accepted", "now", ""]);
        for (name, now) in self.now {
            let before = self.before.get(name);
            let change = before.map_or_else(String::new, |before| change(*before, *now));
            let number = |text: String| Cell::new(text).set_alignment(CellAlignment::Right);
            table.add_row([
                Cell::new(name),
                number(before.map_or_else(String::new, u64::to_string)),
                number(now.to_string()),
                number(change),
            ]);
        }
        table.to_string()
    }
}

fn rose(before: u64, now: u64) -> bool {
    u128::from(now) * 100 > u128::from(before) * u128::from(100 + MOST_RISE)
}

/// In tenths of a hundredth, as `+1.5 %`; nothing where it is the same.
fn change(before: u64, now: u64) -> String {
    if before == now || before == 0 {
        return String::new();
    }
    let tenths = (i128::from(now) - i128::from(before)) * 1_000 / i128::from(before);
    let sign = if tenths < 0 { '-' } else { '+' };
    let (whole, tenth) = (tenths.unsigned_abs() / 10, tenths.unsigned_abs() % 10);
    format!("{sign}{whole}.{tenth} %")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn costs(of: &[(&str, u64)]) -> Costs {
        of.iter()
            .map(|(name, count)| ((*name).to_owned(), *count))
            .collect()
    }

    #[test]
    fn three_hundredths_are_allowed_and_no_more() {
        let before = costs(&[("a", 1_000), ("b", 1_000), ("c", 0)]);
        let now = costs(&[("a", 1_030), ("b", 500), ("c", 0)]);
        assert!(Verdict::of(&before, &now).faults().is_empty());
        let now = costs(&[("a", 1_031), ("b", 1_000), ("c", 1)]);
        assert_eq!(Verdict::of(&before, &now).faults().len(), 2);
    }

    #[test]
    fn what_is_new_or_gone_is_to_be_accepted() {
        let faults = |before: &[_], now: &[_]| Verdict::of(&costs(before), &costs(now)).faults();
        assert_eq!(
            faults(&[("a", 1)], &[("b", 1)]),
            [
                "b: not in the baseline, found 1",
                "a: in the baseline, and no longer counted"
            ]
        );
    }

    #[test]
    fn a_change_is_told_in_hundredths() {
        assert_eq!(change(1_000, 1_015), "+1.5 %");
        assert_eq!(change(1_000, 985), "-1.5 %");
        assert_eq!(change(7, 7), "");
    }
}
