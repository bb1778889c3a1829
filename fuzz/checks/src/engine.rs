//! One account, two hosts, and events in any order: the engine asks for nothing that it must not.
//!
//! The input is a script of single bytes: what happens next, to which of two runs, with which of
//! some plausible bodies. Each step is made natively and by text, and both must agree.

mod act;
mod fragments;
mod run;
mod store;
mod wire;

use merge_sync_logic::types::{Milliseconds, Timestamp};

use crate::bytes::{Bytes, sized};
use crate::seeds::Vector;
use act::{Act, World};

/// 2025-11-27T10:00:00Z: when every script begins.
pub(crate) const START: Timestamp = Timestamp(1_764_237_600_000_000);

/// More is only slower.
const MOST_ACTS: usize = 200;

/// A byte for the settings, then acts to the end of the input.
pub fn engine(data: &[u8]) {
    let mut script = Bytes::new(data);
    let mut world = World::new(script.u8());
    for _ in 0..MOST_ACTS {
        if script.is_empty() {
            break;
        }
        world.act(&mut script);
    }
}

/// A vector's body, as what Merge answers or sends to an account just linked.
pub(crate) fn seed(vector: &Vector) -> Option<Vec<u8>> {
    let default_settings = 0;
    let mut script = vec![default_settings];
    let linked = [Act::Link as u8, 1, Act::Start as u8, Act::Fit as u8, 0];
    if let Some(body) = vector.body_of("readiness.parse-status") {
        script.extend(linked);
        script.extend([Act::Raw as u8]);
        script.extend(sized(body)?);
        script.extend([Act::Fit as u8, 0]);
    } else if let Some(body) = vector.body_of("page.parse") {
        script.extend(linked);
        script.extend([Act::Fit as u8]);
        script.extend(fragments::one_model_done());
        script.extend([Act::Fit as u8, 0, Act::Raw as u8]);
        script.extend(sized(body)?);
        script.extend([Act::Fit as u8, 0]);
    } else {
        let body = vector.body_of("webhook.handle")?;
        script.extend([Act::Webhook as u8]);
        script.extend(sized(body)?);
        script.extend(linked);
    }
    Some(script)
}

/// `base` and a quarter of an hour times `steps`.
pub(crate) fn later(base: Timestamp, steps: u8) -> Timestamp {
    base.plus(Milliseconds(u64::from(steps) * 15 * 60 * 1_000))
}
