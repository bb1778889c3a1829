//! What the engine says happened, in this host's log.

use serde_json::{Map, Value};
use tracing::Level;

use crate::bindings::merge_sync::triggers::log::{Entry, Level as EngineLevel};

/// One event of the engine's. The fields that most events have stand by themselves; `tracing`
/// wants the names of fields at compile time, so the others share one.
macro_rules! log_event {
    ($level:expr, $entry:expr, $problem:expr) => {
        // Nothing is read for a log that nobody keeps.
        if tracing::enabled!(target: "merge_sync::engine", $level) {
            let mut fields: Map<String, Value> =
                serde_json::from_str(&$entry.fields).unwrap_or_default();
            let account = take(&mut fields, "account");
            let model = take(&mut fields, "model");
            let event = take(&mut fields, "event");
            let delivery_id = take(&mut fields, "delivery_id");
            let details = (!fields.is_empty()).then(|| Value::Object(fields).to_string());
            tracing::event!(
                target: "merge_sync::engine",
                $level,
                account,
                model,
                event,
                delivery_id,
                details = details.as_ref().map(tracing::field::display),
                problem = $problem,
                "{}",
                $entry.message
            );
        }
    };
}

/// Write one event of the engine's, with what this host knows of it.
pub(crate) fn write(entry: &Entry, problem: Option<&str>) {
    match entry.level {
        EngineLevel::Debug => log_event!(Level::DEBUG, entry, problem),
        EngineLevel::Info => log_event!(Level::INFO, entry, problem),
        EngineLevel::Warn => log_event!(Level::WARN, entry, problem),
        EngineLevel::Error => log_event!(Level::ERROR, entry, problem),
    }
}

fn take(fields: &mut Map<String, Value>, name: &str) -> Option<String> {
    match fields.remove(name)? {
        Value::Null => None,
        Value::String(text) => Some(text).filter(|text| !text.is_empty()),
        other => Some(other.to_string()),
    }
}
