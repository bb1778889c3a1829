//! The one reader of Merge's JSON: lenient with what is optional, and never deep.
//!
//! An object is read as its keys and the raw text of its values; a value is looked at when it
//! is asked for, and then one level of it. So an unknown field costs nothing, a value of the
//! wrong type is as good as absent, no number is ever evaluated, and nesting cannot exhaust
//! the stack: skipping over a value is a loop in `serde_json`, not a recursion.

pub mod list;

use core::fmt;

use alloc::borrow::{Cow, ToOwned as _};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::time::Timestamp;
use crate::types::Problem;

/// A JSON object, one level deep. Where a key is repeated, its last value counts.
#[derive(Debug, Default)]
pub struct Object<'a> {
    entries: Vec<(Cow<'a, str>, &'a RawValue)>,
}

impl<'a> Object<'a> {
    /// Reads `text` as one JSON object. `path` names it in the message, which never repeats
    /// what is in it: a body may hold a token, and holds a customer's data.
    pub fn parse(path: &str, text: &'a str) -> Result<Self, Problem> {
        serde_json::from_str(text).map_err(|error| Problem {
            message: if error.is_data() {
                format!("{path}: expected an object, found {}", kind(text))
            } else {
                format!(
                    "{path}: expected a JSON object, found {}: {error}",
                    kind(text)
                )
            },
        })
    }

    /// The value of `key`; `None` where it is absent or null.
    pub fn value(&self, key: &str) -> Option<&'a RawValue> {
        let (_, value) = self.entries.iter().rev().find(|(name, _)| name == key)?;
        (value.get() != "null").then_some(*value)
    }

    /// The value of `key` where it is a text that Unicode can hold.
    pub fn text(&self, key: &str) -> Option<String> {
        let value = self.value(key)?.get();
        let inside = value.strip_prefix('"')?.strip_suffix('"')?;
        if inside.contains('\\') {
            return serde_json::from_str(value).ok();
        }
        Some(inside.to_owned())
    }

    /// The value of `key` where it is a text that says something.
    pub fn filled_text(&self, key: &str) -> Option<String> {
        self.text(key).filter(|text| !text.is_empty())
    }

    /// The value of `key` where it is `true` or `false`.
    pub fn flag(&self, key: &str) -> Option<bool> {
        match self.value(key)?.get() {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        }
    }

    /// The value of `key` where it is a text that is a timestamp.
    pub fn instant(&self, key: &str) -> Option<Timestamp> {
        Timestamp::parse(&self.text(key)?)
    }

    /// The value of `key` where it is an object.
    pub fn object(&self, key: &str) -> Option<Self> {
        self.value(key).and_then(object)
    }

    /// The value of `key` where it is a list: its items, unread.
    pub fn items(&self, key: &str) -> Option<Vec<&'a RawValue>> {
        serde_json::from_str(self.value(key)?.get()).ok()
    }

    /// Each key with its value, in the order sent, repeated keys included.
    pub fn entries(&self) -> impl Iterator<Item = (&str, &'a RawValue)> {
        self.entries
            .iter()
            .map(|(name, value)| (name.as_ref(), *value))
    }
}

/// `value` where it is an object.
pub fn object(value: &RawValue) -> Option<Object<'_>> {
    serde_json::from_str(value.get()).ok()
}

/// What `value` is, for a message about what was expected instead; never its content.
pub fn kind_of(value: Option<&RawValue>) -> &'static str {
    let Some(value) = value else {
        return "nothing";
    };
    let text = value.get();
    match (kind(text), serde_json::from_str::<Cow<'_, str>>(text)) {
        (TEXT, Err(_)) => "a text with half a surrogate pair",
        (TEXT, Ok(text)) if text.is_empty() => "an empty text",
        (kind, _) => kind,
    }
}

/// `text` for a message: in backticks, at most 40 characters, without control characters
/// that could end a log's line.
pub fn quoted(text: &str) -> String {
    const LONGEST: usize = 40;
    let mut characters = text.chars().map(|character| match character {
        '\u{2028}' | '\u{2029}' => '\u{fffd}',
        control if control.is_control() => '\u{fffd}',
        plain => plain,
    });
    let start: String = characters.by_ref().take(LONGEST).collect();
    let rest = if characters.next().is_some() {
        "…"
    } else {
        ""
    };
    format!("`{start}{rest}`")
}

const TEXT: &str = "a text";

/// What `text` is, by its first character.
fn kind(text: &str) -> &'static str {
    match text.trim_ascii_start().bytes().next() {
        None => "nothing",
        Some(b'{') => "an object",
        Some(b'[') => "a list",
        Some(b'"') => TEXT,
        Some(b'-' | b'0'..=b'9') => "a number",
        Some(b't' | b'f') => "a flag",
        Some(b'n') => "null",
        Some(b'<') => "markup",
        Some(_) => "something else",
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Object<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries;

        impl<'de> Visitor<'de> for Entries {
            type Value = Object<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut entries = Vec::new();
                while let Some(key) = map.next_key_seed(Key)? {
                    let value = map.next_value()?;
                    if let Some(key) = key {
                        entries.push((key, value));
                    }
                }
                Ok(Object { entries })
            }
        }

        deserializer.deserialize_map(Entries)
    }
}

/// Reads a key as bytes. A key with half a surrogate pair is no text and would end the
/// reading with an error; here it is `None`, and its entry is passed over.
struct Key;

impl<'de> DeserializeSeed<'de> for Key {
    type Value = Option<Cow<'de, str>>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_bytes(self)
    }
}

impl<'de> Visitor<'de> for Key {
    type Value = Option<Cow<'de, str>>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a key")
    }

    fn visit_borrowed_bytes<E: Error>(self, bytes: &'de [u8]) -> Result<Self::Value, E> {
        Ok(core::str::from_utf8(bytes).ok().map(Cow::Borrowed))
    }

    fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Self::Value, E> {
        Ok(core::str::from_utf8(bytes)
            .ok()
            .map(|key| Cow::Owned(key.to_string())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(body: &str, read: impl FnOnce(&Object<'_>)) {
        read(&Object::parse("body", body).expect("an object"));
    }

    #[track_caller]
    fn check_refused(body: &str, want: &str) {
        let problem = Object::parse("body", body).expect_err("no object");
        assert_eq!(problem.message, want);
    }

    #[test]
    fn a_field_is_read_by_its_type() {
        check(
            r#" {"t":"x\u00e9","f":true,"i":"1970-01-01T00:00:01Z","o":{"k":"v"},"l":[1,{}]} "#,
            |object| {
                assert_eq!(object.text("t").as_deref(), Some("xé"));
                assert_eq!(object.flag("f"), Some(true));
                assert_eq!(object.instant("i"), Some(Timestamp(1_000_000)));
                assert_eq!(
                    object.object("o").and_then(|o| o.text("k")).as_deref(),
                    Some("v")
                );
                let items = object.items("l").expect("a list");
                assert_eq!(
                    items.iter().map(|item| item.get()).collect::<Vec<_>>(),
                    ["1", "{}"]
                );
            },
        );
    }

    #[test]
    fn a_field_of_another_type_is_absent() {
        for value in [
            "null",
            "1",
            "[]",
            "{}",
            r#""\ud800""#,
            "1e999999999",
            "\"\\udc00x\"",
        ] {
            let body = format!(r#"{{"k":{value}}}"#);
            check(&body, |object| {
                assert_eq!(object.text("k"), None);
                assert_eq!(object.flag("k"), None);
                assert_eq!(object.instant("k"), None);
            });
        }
        check(r#"{"k":"true"}"#, |object| {
            assert_eq!(object.flag("k"), None);
            assert!(object.object("k").is_none());
            assert!(object.items("k").is_none());
        });
    }

    #[test]
    fn the_last_of_a_repeated_key_counts() {
        check(r#"{"k":"a","\u006b":"b"}"#, |object| {
            assert_eq!(object.text("k").as_deref(), Some("b"));
        });
        check(r#"{"k":"a","k":null}"#, |object| {
            assert_eq!(object.text("k"), None)
        });
    }

    #[test]
    fn a_key_that_is_no_text_is_passed_over() {
        check(r#"{"\ud800":1,"k":"v"}"#, |object| {
            assert_eq!(object.text("k").as_deref(), Some("v"));
            assert_eq!(object.entries().count(), 1);
        });
    }

    #[test]
    fn depth_does_not_exhaust_the_stack() {
        let depth = 100_000;
        let deep = format!("{}1{}", "{\"a\":[".repeat(depth), "]}".repeat(depth));
        check(&deep, |object| assert!(object.items("a").is_some()));
        check_refused(&"[".repeat(depth), "body: expected an object, found a list");
        assert!(Object::parse("body", &"{\"a\":".repeat(depth)).is_err());
    }

    #[test]
    fn a_refusal_says_what_and_where_and_repeats_nothing() {
        check_refused("[1]", "body: expected an object, found a list");
        check_refused("\"secret\"", "body: expected an object, found a text");
        check_refused(
            "",
            "body: expected a JSON object, found nothing: \
             EOF while parsing a value at line 1 column 0",
        );
        check_refused(
            "<html>",
            "body: expected a JSON object, found markup: expected value at line 1 column 1",
        );
        check_refused(
            r#"{"token":"secret","#,
            "body: expected a JSON object, found an object: \
             EOF while parsing a value at line 1 column 18",
        );
        check_refused(
            "{} x",
            "body: expected a JSON object, found an object: trailing characters at line 1 column 4",
        );
    }

    #[test]
    fn a_quotation_is_short_and_stays_on_its_line() {
        assert_eq!(quoted("a\nb\u{2028}"), "`a\u{fffd}b\u{fffd}`");
        assert_eq!(quoted(&"é".repeat(40)), format!("`{}`", "é".repeat(40)));
        assert_eq!(quoted(&"é".repeat(41)), format!("`{}…`", "é".repeat(40)));
    }
}
