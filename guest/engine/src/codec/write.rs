//! A JSON writer: commas where they belong, texts escaped.

use alloc::string::{String, ToString};

use merge_sync_logic::types::Timestamp;

/// Writes one JSON document from left to right.
#[derive(Debug, Default)]
pub(crate) struct Writer {
    text: String,
}

impl Writer {
    /// `{` or `[`.
    pub(crate) fn begin(&mut self, bracket: char) -> &mut Self {
        self.text.push(bracket);
        self
    }

    /// `}` or `]`.
    pub(crate) fn end(&mut self, bracket: char) {
        self.text.push(bracket);
    }

    /// The next item of an array: write its value on what this returns.
    pub(crate) fn item(&mut self) -> &mut Self {
        if !self.text.ends_with(['{', '[']) {
            self.text.push(',');
        }
        self
    }

    /// The next key of an object: write its value on what this returns.
    pub(crate) fn key(&mut self, name: &str) -> &mut Self {
        self.item().text(name);
        self.text.push(':');
        self
    }

    pub(crate) fn text(&mut self, value: &str) {
        // A text can always be written as JSON.
        self.text
            .push_str(&serde_json::to_string(value).unwrap_or_default());
    }

    pub(crate) fn unsigned(&mut self, value: u64) {
        self.text.push_str(&value.to_string());
    }

    pub(crate) fn signed(&mut self, value: i64) {
        self.text.push_str(&value.to_string());
    }

    pub(crate) fn instant(&mut self, value: Timestamp) {
        self.signed(value.0);
    }

    pub(crate) fn null(&mut self) {
        self.text.push_str("null");
    }

    /// `"name":1`, left out where it is not so.
    pub(crate) fn flag(&mut self, name: &str, value: bool) {
        if value {
            self.key(name).unsigned(1);
        }
    }

    /// `"name":value`, left out where it is zero.
    pub(crate) fn number(&mut self, name: &str, value: u64) {
        if value != 0 {
            self.key(name).unsigned(value);
        }
    }

    /// `"name":"value"`, left out where it is empty.
    pub(crate) fn string(&mut self, name: &str, value: &str) {
        if !value.is_empty() {
            self.key(name).text(value);
        }
    }

    /// `"name":instant`, left out where there is none.
    pub(crate) fn optional(&mut self, name: &str, value: Option<Timestamp>) {
        if let Some(instant) = value {
            self.key(name).instant(instant);
        }
    }

    /// `"name":[..]`, left out where it is empty.
    pub(crate) fn texts(&mut self, name: &str, values: &[String]) {
        if values.is_empty() {
            return;
        }
        self.key(name).begin('[');
        for value in values {
            self.item().text(value);
        }
        self.end(']');
    }

    /// `values` without the zeros at their end; nothing where all are zero.
    pub(crate) fn numbers(&mut self, name: &str, values: &[u64]) {
        let Some(last) = values.iter().rposition(|value| *value != 0) else {
            return;
        };
        self.key(name).begin('[');
        for value in values.iter().take(last.saturating_add(1)) {
            self.item().unsigned(*value);
        }
        self.end(']');
    }

    pub(crate) fn into_text(self) -> String {
        self.text
    }
}
