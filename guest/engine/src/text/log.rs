//! The records of `wit/log.wit`.

use alloc::string::String;

use merge_sync_logic::json::write::Object;

use crate::contract::log::{Entry, Level};

/// Write an event; its fields stay the text that `log.event` takes.
pub(super) fn write_entry(out: &mut String, entry: &Entry) {
    Object::open(out)
        .name("level", level_name(entry.level))
        .text("message", &entry.message)
        .text("fields", &entry.fields)
        .close();
}

const fn level_name(level: Level) -> &'static str {
    match level {
        Level::Debug => "debug",
        Level::Info => "info",
        Level::Warn => "warn",
        Level::Error => "error",
    }
}
