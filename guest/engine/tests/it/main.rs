//! The engine, driven natively over a store in memory and a Merge that answers from a script.

mod always_new;
mod claims;
mod clocks;
mod commands;
mod details;
mod endless;
mod failures;
mod flaky;
mod hints;
mod issues;
mod kept;
mod link;
mod one_record;
mod out_of_sight;
mod paging;
mod reads;
mod refused;
mod support;
mod sweeps;
mod text;
mod unusable_status;
mod webhooks;
mod wire;
