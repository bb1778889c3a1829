//! Makes a failing seed smaller: fewer accounts and hosts, less time, fewer kinds of faults, as
//! long as it still fails.

use std::fmt::Write as _;
use std::ops::Range;

use crate::engine::Engine;
use crate::mishap;
use crate::poison;
use crate::run::{Outcome, Until, run};
use crate::scenario::Wanted;

/// The smallest form of `seed` that still fails, and what came of it.
#[must_use]
pub fn shrink(engine: &Engine, seed: u64, wanted: &Wanted) -> (Wanted, Outcome) {
    let mut smallest = wanted.clone();
    let mut try_smaller = |candidate: Wanted| {
        if !run(engine, seed, &candidate, Until::End, false).good {
            smallest = candidate;
        }
        smallest.clone()
    };
    let mut now = wanted.clone();
    for hosts in [1, 2] {
        let hosts = Some(hosts);
        if now.hosts.is_none() {
            now = try_smaller(Wanted {
                hosts,
                ..now.clone()
            });
        }
    }
    for accounts in [1, 2] {
        let accounts = Some(accounts);
        if now.accounts.is_none() {
            now = try_smaller(Wanted {
                accounts,
                ..now.clone()
            });
        }
    }
    if now.poison.is_none() {
        now = try_smaller(Wanted {
            poison: Some(Vec::new()),
            ..now.clone()
        });
    }
    for hours in [64, 48, 32, 24, 16, 12, 8, 6, 4] {
        let hours = Some(hours);
        now = try_smaller(Wanted {
            hours,
            ..now.clone()
        });
    }
    for name in mishap::names() {
        let mut candidate = now.clone();
        if candidate.without.insert(name.to_owned()) {
            now = try_smaller(candidate);
        }
    }
    let outcome = run(engine, seed, &now, Until::End, true);
    (now, outcome)
}

/// The arguments that play a seed in this form again.
#[must_use]
pub fn arguments(seeds: &Range<u64>, wanted: &Wanted) -> String {
    let mut text = format!(
        "--seeds {}..{} --rule {}",
        seeds.start,
        seeds.end,
        wanted.rule.name()
    );
    if let Some(hosts) = wanted.hosts {
        let _ = write!(text, " --hosts {hosts}");
    }
    if let Some(accounts) = wanted.accounts {
        let _ = write!(text, " --accounts {accounts}");
    }
    if let Some(hours) = wanted.hours {
        let _ = write!(text, " --hours {hours}");
    }
    if let Some(poison) = &wanted.poison {
        let _ = write!(text, " --poison {}", poison::list(poison));
    }
    if !wanted.without.is_empty() {
        let names: Vec<&str> = wanted.without.iter().map(String::as_str).collect();
        let _ = write!(text, " --without {}", names.join(","));
    }
    text
}

/// The end of the trace before the first violation: what led to it.
#[must_use]
pub fn excerpt(trace: &[String], lines: usize) -> &[String] {
    let end = trace.iter().position(|line| line.contains("VIOLATION"));
    let end = end.map_or(trace.len(), |at| at + 1);
    trace.get(end.saturating_sub(lines)..end).unwrap_or(trace)
}
