//! The records of `wit/cadence.wit`.

use alloc::string::String;

use super::read::Input;
use super::types::read_model_status;
use super::write::{self, Object};
use crate::cadence::{Facts, Interval, NextPoll, Pace, Policy};
use crate::types::Problem;

/// Read what is known of an account.
///
/// # Errors
///
/// Names the field at fault.
pub fn read_facts(input: Input<'_, '_>) -> Result<Facts, Problem> {
    let mut fields = input.object()?;
    let facts = Facts {
        statuses: fields.take("statuses").list(read_model_status)?,
        initial: fields.take("initial").boolean()?,
        linked_at: fields.take("linked_at").timestamp()?,
        now: fields.take("now").timestamp()?,
        seed: fields.take("seed").u64()?,
        policy: read_policy(fields.take("policy"), None)?,
    };
    fields.finish()?;
    Ok(facts)
}

/// Read a policy. A field that is null or absent is that of `defaults`; without defaults every
/// field is needed.
///
/// # Errors
///
/// Names the field at fault.
pub fn read_policy(input: Input<'_, '_>, defaults: Option<Policy>) -> Result<Policy, Problem> {
    let mut fields = input.object()?;
    let mut interval = |key, default: fn(Policy) -> Interval| {
        read_interval(fields.take(key), defaults.map(default))
    };
    let policy = Policy {
        initial_fast: interval("initial_fast", |policy| policy.initial_fast)?,
        initial_slow: interval("initial_slow", |policy| policy.initial_slow)?,
        frequent: interval("frequent", |policy| policy.frequent)?,
        standard: interval("standard", |policy| policy.standard)?,
        unhinted: interval("unhinted", |policy| policy.unhinted)?,
        safety_net: fields
            .milliseconds_or("safety_net", defaults.map(|policy| policy.safety_net))?,
    };
    fields.finish()?;
    Ok(policy)
}

/// An interval that is given is given whole: half of one beside half of a default may be
/// reversed without anybody having written that.
fn read_interval(input: Input<'_, '_>, default: Option<Interval>) -> Result<Interval, Problem> {
    input.or(default, |input| {
        let mut fields = input.object()?;
        let interval = Interval {
            shortest: fields.take("shortest").milliseconds()?,
            longest: fields.take("longest").milliseconds()?,
        };
        fields.finish()?;
        Ok(interval)
    })
}

/// Write when to poll next.
pub fn write_next_poll(out: &mut String, next: &NextPoll) {
    Object::open(out)
        .field("after", &next.after, write::milliseconds)
        .name("pace", pace_name(next.pace))
        .close();
}

/// The name of a pace.
#[must_use]
pub const fn pace_name(pace: Pace) -> &'static str {
    match pace {
        Pace::InitialFast => "initial-fast",
        Pace::InitialSlow => "initial-slow",
        Pace::Frequent => "frequent",
        Pace::Standard => "standard",
        Pace::Unhinted => "unhinted",
    }
}
