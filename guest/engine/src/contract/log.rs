//! What happened, for the operator, as `wit/log.wit` has it.

use alloc::string::{String, ToString};

use merge_sync_logic::json::write;
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

/// Bytes of most events' fields: room that longer ones need not grow into, a few at a time.
const USUAL_FIELDS: usize = 256;

impl Entry {
    /// An event without fields.
    #[must_use]
    pub fn new(level: Level, message: &str) -> Self {
        let mut fields = String::with_capacity(USUAL_FIELDS);
        fields.push_str("{}");
        Self {
            level,
            message: message.to_string(),
            fields,
        }
    }

    /// With a field of text, shortened where it is long.
    #[must_use]
    pub fn text(mut self, name: &str, value: &str) -> Self {
        write::text(self.begin_field(name), shortened(value));
        self.end_field()
    }

    /// With a field of a number.
    #[must_use]
    pub fn number(mut self, name: &str, value: u64) -> Self {
        write::digits(self.begin_field(name), value);
        self.end_field()
    }

    /// With a field of an instant.
    #[must_use]
    pub fn instant(self, name: &str, value: Timestamp) -> Self {
        let text = value.to_rfc3339();
        self.text(name, &text)
    }

    /// Its value is to be appended to what is returned.
    fn begin_field(&mut self, name: &str) -> &mut String {
        self.fields.pop();
        if self.fields.len() > 1 {
            self.fields.push(',');
        }
        self.fields.push('"');
        self.fields.push_str(name);
        self.fields.push_str("\":");
        &mut self.fields
    }

    fn end_field(mut self) -> Self {
        self.fields.push('}');
        self
    }
}

/// The first [`FIELD_LENGTH`] characters of `text`.
fn shortened(text: &str) -> &str {
    // A character has at least one byte.
    if text.len() <= FIELD_LENGTH {
        return text;
    }
    let end = text.char_indices().nth(FIELD_LENGTH);
    end.and_then(|(end, _)| text.get(..end)).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_cut_between_its_characters() {
        for character in ["a", "é", "😀"] {
            for length in [0, 66, 67, 199, 200, 201, 1_000] {
                let entry = Entry::new(Level::Info, "x").text("a", &character.repeat(length));
                let kept = character.repeat(length.min(FIELD_LENGTH));
                assert_eq!(entry.fields, alloc::format!(r#"{{"a":"{kept}"}}"#));
            }
        }
    }

    #[test]
    fn fields_are_one_json_object() {
        let entry = Entry::new(Level::Info, "x")
            .text("a", "q\"\n")
            .number("n", 7);
        assert_eq!(entry.fields, r#"{"a":"q\"\n","n":7}"#);
        assert_eq!(Entry::new(Level::Info, "x").fields, "{}");
    }
}
