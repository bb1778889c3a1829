//! The simulator from outside: through its API, its webhooks and its ledger.

mod cases;
mod client;
mod consumer;
