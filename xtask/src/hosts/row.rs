//! What came of one host: a line of the matrix, and its faults.

use serde::Serialize;

use super::known::Host;

/// More resident memory than this after many calls, in bytes, is a leak and not a heap that
/// found its size.
const FLAT_WITHIN: u64 = 32 << 20;

/// A line of the matrix. What was not found out is null.
#[derive(Debug, Default, Serialize)]
pub struct Row {
    pub host: &'static str,
    /// Why it did not run at all, and the command that would change that.
    pub missing: Option<String>,
    pub runtime: Option<String>,
    pub vectors_passed: Option<u64>,
    pub vectors_failed: Option<u64>,
    /// Whether the digest over the random questions is that of native Rust.
    pub digest_equal: Option<bool>,
    pub webhook_handle_us: Option<f64>,
    pub limit_us: Option<f64>,
    pub text_call_us: Option<f64>,
    pub first_use_ms: Option<f64>,
    pub memory_calls: Option<u64>,
    pub resident_before: Option<u64>,
    pub resident_after: Option<u64>,
    /// Whether the memory stayed as it was.
    pub memory_flat: Option<bool>,
    /// Whether the demo with all faults on was passed; null for hosts without the engine.
    pub demo_passed: Option<bool>,
    pub package_bytes: Option<u64>,
    /// What went wrong.
    pub(super) problems: Vec<String>,
}

impl Row {
    pub fn new(host: &Host) -> Self {
        Self {
            host: host.name,
            limit_us: host.limit,
            ..Self::default()
        }
    }

    /// Note a fault.
    pub fn problem(&mut self, what: String) {
        self.problems.push(what);
    }

    /// Enter what follows from the figures. `required`: a host that is missing is a fault.
    /// `limits`: so is a webhook that costs too much.
    pub fn judge(&mut self, required: bool, limits: bool) {
        if let (true, Some(missing)) = (required, self.missing.clone()) {
            self.problem(missing);
        }
        if let Some(failed @ 1..) = self.vectors_failed {
            self.problem(format!("{failed} vectors failed"));
        }
        if self.digest_equal == Some(false) {
            self.problem("the random questions are answered differently".into());
        }
        if let (Some(before), Some(after)) = (self.resident_before, self.resident_after) {
            let grown = after.saturating_sub(before);
            self.memory_flat = Some(grown <= FLAT_WITHIN);
            if grown > FLAT_WITHIN {
                self.problem(format!("its memory grew by {grown} bytes"));
            }
        }
        if let (true, Some(cost), Some(limit)) = (limits, self.webhook_handle_us, self.limit_us)
            && cost > limit
        {
            self.problem(format!(
                "webhook.handle takes {cost:.1} microseconds, {limit} are allowed"
            ));
        }
        if self.demo_passed == Some(false) {
            self.problem("the demo was not passed".into());
        }
    }

    /// Its faults, each with the host's name.
    pub fn faults(&self) -> impl Iterator<Item = String> {
        self.problems
            .iter()
            .map(|problem| format!("{}: {problem}", self.host))
    }
}

#[cfg(test)]
mod tests {
    use super::Row;

    #[track_caller]
    fn check(row: Row, required: bool, limits: bool, expected: &[&str]) {
        let mut row = Row { host: "x", ..row };
        row.judge(required, limits);
        assert_eq!(row.faults().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn a_good_row_has_no_faults() {
        let row = Row {
            vectors_passed: Some(700),
            vectors_failed: Some(0),
            digest_equal: Some(true),
            webhook_handle_us: Some(15.0),
            limit_us: Some(15.0),
            resident_before: Some(50 << 20),
            resident_after: Some(60 << 20),
            demo_passed: Some(true),
            ..Row::default()
        };
        check(row, true, true, &[]);
    }

    #[test]
    fn a_missing_host_is_a_fault_only_where_all_are_required() {
        let row = || Row {
            missing: Some("`go` is not installed: get it".into()),
            ..Row::default()
        };
        check(row(), false, true, &[]);
        check(row(), true, true, &["x: `go` is not installed: get it"]);
    }

    #[test]
    fn a_slow_host_is_a_fault_only_where_limits_are_asked_for() {
        let row = || Row {
            webhook_handle_us: Some(61.26),
            limit_us: Some(60.0),
            ..Row::default()
        };
        check(row(), true, false, &[]);
        let slow = "x: webhook.handle takes 61.3 microseconds, 60 are allowed";
        check(row(), true, true, &[slow]);
    }

    #[test]
    fn every_other_fault_is_one_always() {
        let row = Row {
            vectors_failed: Some(2),
            digest_equal: Some(false),
            resident_before: Some(0),
            resident_after: Some((32 << 20) + 1),
            demo_passed: Some(false),
            ..Row::default()
        };
        let expected = [
            "x: 2 vectors failed",
            "x: the random questions are answered differently",
            "x: its memory grew by 33554433 bytes",
            "x: the demo was not passed",
        ];
        check(row, false, false, &expected);
    }
}
