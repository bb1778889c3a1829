//! The engine, driven natively over a store in memory and a Merge that answers from a script.

mod claims;
mod commands;
mod details;
mod endless;
mod failures;
mod flaky;
mod hints;
mod issues;
mod kept;
mod link;
mod paging;
mod reads;
mod support;
mod sweeps;
mod text;
mod webhooks;
mod wire;
