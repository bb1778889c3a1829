//! World `sync-engine`: the engine as a component, over the host's HTTP, store, settings, clock
//! and log.
//!
//! A shell: it converts, calls, and loops around the engine's step. What it exports beside
//! `triggers` is the world `logic`: `convert` and `decisions.rs` are those of that shell, compiled
//! again, since wit-bindgen generates the types of an exported interface in each component.

#![cfg(target_family = "wasm")]
#![no_std]

extern crate alloc;
// Linked for what it defines.
extern crate merge_sync_guest_runtime as _;

mod bindings;
#[path = "../../component-logic/src/convert/mod.rs"]
mod convert;
#[path = "../../component-logic/src/decisions.rs"]
mod decisions;
mod host;
mod imports;
mod request;
mod run;
mod triggers;

use alloc::string::String;
use alloc::vec::Vec;

use bindings::exports::merge_sync::triggers::triggers as wit;
use merge_sync_engine::command;
use merge_sync_engine::receive;
use merge_sync_engine::settings::Settings;
use merge_sync_engine::view;

/// What the exports are implemented on. Keeps nothing between calls.
struct Component;

impl wit::Guest for Component {
    fn check_settings(text: String) -> Result<(), wit::Problem> {
        Settings::parse(&text).map(drop).map_err(Into::into)
    }

    fn receive(delivery: wit::SignedBody) -> wit::Receipt {
        receive::receive(&delivery.into()).into()
    }

    fn link(account: wit::NewAccount) -> Result<(), wit::Failure> {
        host::keep_note(command::link(&account.into(), host::now()))
            .map_err(|error| view::Failure::from(error).into())
    }

    fn run(account: wit::AccountId) -> Result<wit::Report, wit::Failure> {
        run::run(&account).map(Into::into).map_err(Into::into)
    }

    fn request(account: wit::AccountId, command: wit::Command) -> Result<(), wit::Failure> {
        request::request(&account, command.into()).map_err(Into::into)
    }

    fn inspect(
        account: wit::AccountId,
        required: Vec<wit::ModelId>,
    ) -> Result<wit::View, wit::Failure> {
        let inspected = host::settings().and_then(|settings| {
            let loaded = host::load_known(&account)?;
            view::inspect(&account, &loaded, &required, &settings, host::now())
        });
        inspected.map(Into::into).map_err(Into::into)
    }
}
