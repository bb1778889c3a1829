//! What the driver is told by those who listen to the process.

use std::net::SocketAddr;

use serde::Deserialize;
use tokio::sync::mpsc::UnboundedSender;

use crate::plan::Moment;

/// Each carries the id of its process where a word of one that was killed could come late.
#[derive(Debug)]
pub enum Event {
    /// SIGKILL was sent.
    Killed(Moment),
    /// The process serves here.
    Listening(u32, SocketAddr),
    /// The process has closed its log: it has ended.
    Ended(u32),
    /// The process takes part in the rehearsal: whatever is sent makes it look again.
    Joined(u32, UnboundedSender<u64>),
    /// The process has looked at what is due.
    Rests(u32, Rest),
    /// A webhook got its answer, or none.
    Posted,
    /// Merge's clock may have moved.
    Moved,
}

/// What the process says when it has nothing to do but wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rest {
    /// The latest number that it was sent before it looked.
    pub seen: u64,
    /// Runs under way.
    pub running: u64,
    /// Nothing else starts before this, the process's clock.
    pub until: Option<i64>,
}
