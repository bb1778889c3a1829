//! Records to text: keys in the order in which they are written, no white space.

use alloc::string::String;

use crate::types::{Milliseconds, Secret, Timestamp};

/// The largest number that a float of 64 bits, JavaScript's only number, counts up to exactly.
const EXACT_UP_TO: u64 = 1 << 53;

/// Bytes of most answers: room that a longer one need not grow into, a few bytes at a time.
const USUAL_ANSWER: usize = 4_096;

/// An object that is being written.
#[derive(Debug)]
pub struct Object<'o> {
    out: &'o mut String,
    empty: bool,
}

impl<'o> Object<'o> {
    /// Begin an object at the end of `out`.
    pub fn open(out: &'o mut String) -> Self {
        out.push('{');
        Self { out, empty: true }
    }

    /// End it.
    pub fn close(self) {
        self.out.push('}');
    }

    /// Write a key; its value is to be appended to what is returned.
    pub fn key(&mut self, key: &'static str) -> &mut String {
        if !self.empty {
            self.out.push(',');
        }
        self.empty = false;
        name(self.out, key);
        self.out.push(':');
        self.out
    }

    /// A field, written by `write`.
    #[must_use]
    pub fn field<T: ?Sized>(
        mut self,
        key: &'static str,
        value: &T,
        write: fn(&mut String, &T),
    ) -> Self {
        write(self.key(key), value);
        self
    }

    /// A field that is null where there is no value.
    #[must_use]
    pub fn optional<T: ?Sized>(
        mut self,
        key: &'static str,
        value: Option<&T>,
        write: fn(&mut String, &T),
    ) -> Self {
        let out = self.key(key);
        match value {
            Some(value) => write(out, value),
            None => out.push_str("null"),
        }
        self
    }

    /// A list.
    #[must_use]
    pub fn list<T>(mut self, key: &'static str, values: &[T], write: fn(&mut String, &T)) -> Self {
        list(self.key(key), values, write);
        self
    }

    /// A list of texts.
    #[must_use]
    pub fn texts(self, key: &'static str, values: &[String]) -> Self {
        self.list(key, values, |out, value| text(out, value))
    }

    /// A text.
    #[must_use]
    pub fn text(self, key: &'static str, value: &str) -> Self {
        self.field(key, value, text)
    }

    /// A name of the contract's own.
    #[must_use]
    pub fn name(mut self, key: &'static str, value: &'static str) -> Self {
        name(self.key(key), value);
        self
    }

    /// True or false.
    #[must_use]
    pub fn boolean(self, key: &'static str, value: bool) -> Self {
        self.field(key, &value, boolean)
    }

    /// A whole number.
    #[must_use]
    pub fn number(self, key: &'static str, value: u64) -> Self {
        self.field(key, &value, number)
    }
}

/// A key, a tag or the case of an enum. The contract's names need no escape, and half of an
/// answer is such names: to look for what is not there would take a tenth of its time.
pub fn name(out: &mut String, name: &'static str) {
    debug_assert!(name.bytes().all(is_plain), "a name without escapes");
    out.push('"');
    out.push_str(name);
    out.push('"');
}

/// A text in quotes, escaped where JSON demands it.
pub fn text(out: &mut String, value: &str) {
    // Nearly every text is plain: serde_json would make a copy of each.
    if value.bytes().all(is_plain) {
        out.push('"');
        out.push_str(value);
        out.push('"');
        return;
    }
    // Writing to memory does not fail.
    out.push_str(&serde_json::to_string(value).unwrap_or_default());
}

/// Whether JSON takes the byte as it is.
const fn is_plain(byte: u8) -> bool {
    byte >= b' ' && byte != b'"' && byte != b'\\'
}

/// A secret, in the clear: for the host that is to keep it, never for a log.
pub fn secret(out: &mut String, value: &Secret) {
    text(out, &value.0);
}

/// True or false.
pub fn boolean(out: &mut String, value: &bool) {
    out.push_str(if *value { "true" } else { "false" });
}

/// A whole number: up to 2^53 as a number, beyond as a text of decimal digits.
pub fn number(out: &mut String, value: &u64) {
    let quote = if *value > EXACT_UP_TO { "\"" } else { "" };
    out.push_str(quote);
    digits(out, *value);
    out.push_str(quote);
}

/// The decimal digits of `value`.
pub fn digits(out: &mut String, value: u64) {
    out.push_str(itoa::Buffer::new().format(value));
}

/// A span in milliseconds, as [`number`].
pub fn milliseconds(out: &mut String, value: &Milliseconds) {
    number(out, &value.0);
}

/// An instant as RFC 3339 in UTC.
pub fn timestamp(out: &mut String, value: &Timestamp) {
    out.push('"');
    out.push_str(value.printed().as_str());
    out.push('"');
}

/// A list.
pub fn list<T>(out: &mut String, values: &[T], write: fn(&mut String, &T)) {
    out.push('[');
    let mut separate = false;
    for value in values {
        if separate {
            out.push(',');
        }
        separate = true;
        write(out, value);
    }
    out.push(']');
}

/// A case of a variant that has a payload.
pub fn tagged<T: ?Sized>(
    out: &mut String,
    tag: &'static str,
    value: &T,
    write: fn(&mut String, &T),
) {
    Object::open(out)
        .name("tag", tag)
        .field("value", value, write)
        .close();
}

/// A case of a variant that has none.
pub fn bare(out: &mut String, tag: &'static str) {
    Object::open(out).name("tag", tag).close();
}

/// What `write` writes, by itself.
pub fn alone<T: ?Sized>(value: &T, write: fn(&mut String, &T)) -> String {
    let mut out = String::with_capacity(USUAL_ANSWER);
    write(&mut out, value);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(value: &str, want: &str) {
        assert_eq!(alone(value, text), want);
    }

    #[test]
    fn a_text_is_escaped_where_json_demands_it_and_nowhere_else() {
        check("", r#""""#);
        check("plain é 😀 /", r#""plain é 😀 /""#);
        // Of nothing else, too: what makes a text plain must hold for each of its bytes.
        check("\"\"", r#""\"\"""#);
        check("\\", r#""\\""#);
        check("\n\u{1f}", r#""\n\u001f""#);
        check("a\"b\\c\n", r#""a\"b\\c\n""#);
    }

    #[test]
    fn numbers_are_exact_for_every_reader() {
        assert_eq!(alone(&(1 << 53), number), "9007199254740992");
        assert_eq!(alone(&((1 << 53) + 1), number), r#""9007199254740993""#);
        assert_eq!(alone(&u64::MAX, number), r#""18446744073709551615""#);
    }
}
