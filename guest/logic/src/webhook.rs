//! What did Merge just tell us, and what do we answer?
//!
//! An event is a hint of what to look up, in whatever order and number it arrives. Here a body
//! is verified and answered; what it says is read by the private module beside.

mod event;
mod parse;

use alloc::string::String;

use crate::signature::{Authentic, Refusal, Refused, SignedBody, Verdict, verify};
use crate::types::Problem;

pub use event::{Event, Ignored, IssueChanged, Linked, RecordChanged, Synced, Unlinked};

/// A trusted body and what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// The signature's part.
    pub authentic: Authentic,
    /// Merge's name of the event; empty for the test ping.
    pub name: String,
    /// What it says.
    pub event: Event,
}

/// A trusted body that is not a Merge webhook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Malformed {
    /// The signature's part.
    pub authentic: Authentic,
    /// What is wrong.
    pub problem: Problem,
}

/// What came of a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(
    target_pointer_width = "64",
    expect(
        clippy::large_enum_variant,
        reason = "one is made a delivery, and it is not kept"
    )
)]
pub enum Outcome {
    /// Act on it.
    Accepted(Accepted),
    /// Not Merge's.
    Refused(Refused),
    /// Merge's, and unusable.
    Malformed(Malformed),
}

/// What to send back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// 200, 401 or 500.
    pub status: u16,
    /// A JSON document.
    pub body: String,
}

/// A delivery, handled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handling {
    /// The reply once the outcome is durable.
    pub reply: Reply,
    /// What came of it.
    pub outcome: Outcome,
}

/// Verify, then parse, then choose the reply: in that order, never another. A refused body
/// is not looked into.
#[must_use]
pub fn handle(delivery: &SignedBody) -> Handling {
    match verify(delivery) {
        Verdict::Refused(refused) => Handling {
            reply: refusal(refused.reason),
            outcome: Outcome::Refused(refused),
        },
        Verdict::Authentic(authentic) => Handling {
            reply: received(),
            outcome: outcome(authentic, &delivery.body),
        },
    }
}

fn outcome(authentic: Authentic, body: &str) -> Outcome {
    match parse::parse(body) {
        Ok((name, event)) => Outcome::Accepted(Accepted {
            authentic,
            name,
            event,
        }),
        Err(problem) => Outcome::Malformed(Malformed { authentic, problem }),
    }
}

/// 200 for whatever is Merge's, the malformed as well: no retry could mend it.
fn received() -> Reply {
    reply(200, r#"{"received": true}"#)
}

/// A missing key is the host's fault, and Merge is to try again once it is mended. Of a wrong
/// signature the sender learns no more than that.
fn refusal(reason: Refusal) -> Reply {
    match reason {
        Refusal::NoKey => reply(500, r#"{"error": "Server configuration error"}"#),
        Refusal::MissingSignature => reply(401, r#"{"error": "Missing signature"}"#),
        Refusal::AmbiguousSignature | Refusal::MalformedSignature | Refusal::Mismatch => {
            reply(401, r#"{"error": "Invalid signature"}"#)
        }
    }
}

/// The reply where the outcome could not be made durable: 500 `{"error": "Processing error"}`.
#[must_use]
pub fn not_durable() -> Reply {
    reply(500, r#"{"error": "Processing error"}"#)
}

fn reply(status: u16, body: &str) -> Reply {
    Reply {
        status,
        body: String::from(body),
    }
}

#[cfg(test)]
mod tests;
