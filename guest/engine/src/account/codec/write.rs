//! A JSON writer: commas where they belong, texts escaped.

use alloc::string::String;

use merge_sync_logic::json::write;
use merge_sync_logic::types::Timestamp;

/// Bytes of most documents: room that a longer one need not grow into, a few bytes at a time.
const USUAL_DOCUMENT: usize = 2_048;

/// Writes one JSON document from left to right.
#[derive(Debug)]
pub(crate) struct Writer {
    text: String,
}

impl Default for Writer {
    fn default() -> Self {
        Self {
            text: String::with_capacity(USUAL_DOCUMENT),
        }
    }
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
    pub(crate) fn key(&mut self, name: &'static str) -> &mut Self {
        write::name(&mut self.item().text, name);
        self.text.push(':');
        self
    }

    pub(crate) fn text(&mut self, value: &str) {
        write::text(&mut self.text, value);
    }

    pub(crate) fn unsigned(&mut self, value: u64) {
        write::digits(&mut self.text, value);
    }

    pub(crate) fn signed(&mut self, value: i64) {
        if value < 0 {
            self.text.push('-');
        }
        self.unsigned(value.unsigned_abs());
    }

    pub(crate) fn instant(&mut self, value: Timestamp) {
        self.signed(value.0);
    }

    pub(crate) fn null(&mut self) {
        self.text.push_str("null");
    }

    /// `"name":1`, left out where it is not so.
    pub(crate) fn flag(&mut self, name: &'static str, value: bool) {
        if value {
            self.key(name).unsigned(1);
        }
    }

    /// `"name":value`, left out where it is zero.
    pub(crate) fn number(&mut self, name: &'static str, value: u64) {
        if value != 0 {
            self.key(name).unsigned(value);
        }
    }

    /// `"name":"value"`, left out where it is empty.
    pub(crate) fn string(&mut self, name: &'static str, value: &str) {
        if !value.is_empty() {
            self.key(name).text(value);
        }
    }

    /// `"name":instant`, left out where there is none.
    pub(crate) fn optional(&mut self, name: &'static str, value: Option<Timestamp>) {
        if let Some(instant) = value {
            self.key(name).instant(instant);
        }
    }

    /// `"name":[..]`, left out where it is empty.
    pub(crate) fn texts(&mut self, name: &'static str, values: &[String]) {
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
    pub(crate) fn numbers(&mut self, name: &'static str, values: &[u64]) {
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

/// The bits of what is set, in one number.
pub(super) fn packed(flags: &[(bool, u64)]) -> u64 {
    let set = flags.iter().filter(|(is_set, _)| *is_set);
    set.fold(0, |all, (_, bit)| all | bit)
}
