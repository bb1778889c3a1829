//! One file for each thing that is claimed.

mod api;
mod breaker;
mod control;
mod faults;
mod http;
mod linking;
mod oracle;
mod poison;
mod poison_account;
mod repeat;
mod webhooks;
