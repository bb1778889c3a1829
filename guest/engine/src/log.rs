//! What happened, for the operator, as `wit/log.wit` has it.

use alloc::string::{String, ToString};

use merge_sync_logic::types::Timestamp;

/// How much it matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// For whoever debugs the engine.
    Debug,
    /// Routine.
    Info,
    /// Something is off and mends itself or costs little.
    Warn,
    /// Somebody should look.
    Error,
}

/// One event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// How much it matters.
    pub level: Level,
    /// What happened: lower case, no full stop, never a secret.
    pub message: String,
    /// A JSON object.
    pub fields: String,
}

/// The longest text from outside that a field repeats, in characters.
const FIELD_LENGTH: usize = 200;

impl Entry {
    /// An event without fields.
    #[must_use]
    pub fn new(level: Level, message: &str) -> Self {
        Self {
            level,
            message: message.to_string(),
            fields: "{}".to_string(),
        }
    }

    /// With a field of text, shortened where it is long.
    #[must_use]
    pub fn text(self, name: &str, value: &str) -> Self {
        let shortened: String = value.chars().take(FIELD_LENGTH).collect();
        let quoted = serde_json::to_string(&shortened).unwrap_or_default();
        self.field(name, &quoted)
    }

    /// With a field of a number.
    #[must_use]
    pub fn number(self, name: &str, value: u64) -> Self {
        self.field(name, &value.to_string())
    }

    /// With a field of an instant.
    #[must_use]
    pub fn instant(self, name: &str, value: Timestamp) -> Self {
        let text = value.to_rfc3339();
        self.text(name, &text)
    }

    fn field(mut self, name: &str, value: &str) -> Self {
        self.fields.pop();
        if self.fields.len() > 1 {
            self.fields.push(',');
        }
        self.fields.push('"');
        self.fields.push_str(name);
        self.fields.push_str("\":");
        self.fields.push_str(value);
        self.fields.push('}');
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_one_json_object() {
        let entry = Entry::new(Level::Info, "x")
            .text("a", "q\"\n")
            .number("n", 7);
        assert_eq!(entry.fields, r#"{"a":"q\"\n","n":7}"#);
        assert_eq!(Entry::new(Level::Info, "x").fields, "{}");
    }
}
