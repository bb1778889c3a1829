//! The one reader of Merge's JSON: lenient with what is optional, and never deep.
//!
//! An object is read as its keys and the raw text of its values; a value is looked at when it
//! is asked for, and then one level of it. So an unknown field costs nothing, a value of the
//! wrong type is as good as absent, no number is ever evaluated, and nesting cannot exhaust
//! the stack: skipping over a value is a loop in `serde_json`, not a recursion. Objects within
//! objects, down to a level that the caller names, are read in the same pass: to skip over them
//! first would read a webhook three times.

pub mod list;
mod reader;
mod scan;
mod value;

use alloc::borrow::Cow;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use reader::{MOST_HELD, Read, Reader, Room, inside, read, text};
use serde::de::DeserializeSeed;
use serde_json::value::RawValue;

use crate::time::Timestamp;
use crate::types::Problem;

pub use value::{Object, Value};

/// `text` without the byte-order mark with which some senders begin a text.
fn unmarked(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}

impl<'a> Object<'a> {
    /// Reads `text` as one JSON object, and the objects and lists within it down to `levels`: the
    /// answers are the same, it is for whoever will look into them. `path` names `text` in the
    /// message, which never repeats what is in it: a body may hold a token, and holds a customer's
    /// data. A byte-order mark before it is skipped.
    pub fn parse(path: &str, text: &'a str, levels: u8) -> Result<Self, Problem> {
        let text = unmarked(text);
        let not_an_object = || Problem {
            message: format!("{path}: expected an object, found {}", kind(text)),
        };
        // No object, whatever is in it.
        if kind(text) == A_LIST {
            return Err(not_an_object());
        }
        let mut deserializer = serde_json::Deserializer::from_str(text);
        let room = Room::default();
        match Reader::of(text, levels, &room).deserialize(&mut deserializer) {
            Ok(Read::Object(object)) => deserializer.end().map(|()| object),
            Ok(Read::TooMany) => {
                return Err(Problem {
                    message: format!("{path}: expected at most {MOST_HELD} fields, found more"),
                });
            }
            Ok(Read::List(_) | Read::Text(_) | Read::Other) => return Err(not_an_object()),
            Err(error) => Err(error),
        }
        .map_err(|error| Problem {
            message: format!(
                "{path}: expected a JSON object, found {}: {error}",
                kind(text)
            ),
        })
    }

    /// The value of `key`; `None` where it is absent or null.
    fn value(&self, key: &str) -> Option<&Value<'a>> {
        let mut latest_first = self.entries.iter().rev();
        let (_, value) = latest_first.find(|(name, _)| name == key)?;
        match value {
            Value::Raw(raw) if raw.get() == "null" => None,
            value => Some(value),
        }
    }

    /// Whether `key` is there, and not null.
    pub fn has(&self, key: &str) -> bool {
        self.value(key).is_some()
    }

    /// What the value of `key` is, for a message about what was expected instead; never its
    /// content.
    pub fn kind_of(&self, key: &str) -> &'static str {
        match self.value(key) {
            None => "nothing",
            Some(Value::Object(_)) => AN_OBJECT,
            Some(Value::List(_)) => A_LIST,
            Some(Value::TooMany) => "more fields and items than may be held",
            Some(Value::Broken) => "something that is not JSON",
            Some(Value::Plain(raw) | Value::Raw(raw)) => kind_of(raw),
        }
    }

    /// The value of `key` where it is a text that Unicode can hold.
    pub fn text(&self, key: &str) -> Option<String> {
        self.value(key)?.text()
    }

    /// The value of `key` where it is a text that says something.
    pub fn filled_text(&self, key: &str) -> Option<String> {
        self.text(key).filter(|text| !text.is_empty())
    }

    /// The value of `key` where it is `true` or `false`.
    pub fn flag(&self, key: &str) -> Option<bool> {
        self.value(key)?.flag()
    }

    /// The value of `key` where it is a text that is a timestamp.
    pub fn instant(&self, key: &str) -> Option<Timestamp> {
        self.value(key)?.instant()
    }

    /// The texts of the value of `key` where it is a list of such.
    pub fn texts(&self, key: &str) -> Option<Vec<String>> {
        self.value(key)?.texts()
    }

    /// The value of `key` where it is an object.
    pub fn object(&self, key: &str) -> Option<Cow<'_, Self>> {
        self.value(key)?.object()
    }

    /// The value of `key` where it is a list: its items, unread.
    pub fn items(&self, key: &str) -> Option<Vec<&'a RawValue>> {
        self.value(key)?.items()
    }

    /// Each key with its value, in the order sent, repeated keys included.
    pub fn entries(&self) -> impl Iterator<Item = (&str, &Value<'a>)> {
        self.entries.iter().map(|(name, value)| (&**name, value))
    }

    /// The value of the entry at `place` among [`Object::entries`].
    pub fn at(&self, place: usize) -> Option<&Value<'a>> {
        self.entries.get(place).map(|(_, value)| value)
    }
}

impl<'a> Value<'a> {
    fn raw(&self) -> Option<&'a RawValue> {
        match self {
            Self::Object(_) | Self::List(_) | Self::TooMany | Self::Broken => None,
            Self::Plain(raw) | Self::Raw(raw) => Some(raw),
        }
    }

    /// The text that it is, from where it stands if it has no escapes.
    pub fn borrowed(&self) -> Option<Cow<'a, str>> {
        match self {
            Self::Object(_) | Self::List(_) | Self::TooMany | Self::Broken => None,
            Self::Plain(text) => inside(text).map(Cow::Borrowed),
            Self::Raw(value) => text(value),
        }
    }

    /// The text that it is, to be kept.
    pub fn text(&self) -> Option<String> {
        self.borrowed().map(Cow::into_owned)
    }

    /// Whether it is null.
    pub fn is_null(&self) -> bool {
        self.raw().is_some_and(|raw| raw.get() == "null")
    }

    /// The items of the list that it is, unread.
    fn items(&self) -> Option<Vec<&'a RawValue>> {
        match self {
            Self::List(items) => Some(items.clone()),
            Self::Raw(raw) => match read(raw) {
                Some(Read::List(items)) => Some(items),
                _ => None,
            },
            Self::Object(_) | Self::Plain(_) | Self::TooMany | Self::Broken => None,
        }
    }

    /// The texts that it is a list of.
    pub fn texts(&self) -> Option<Vec<String>> {
        let mut texts = Vec::new();
        for item in self.items()? {
            texts.push(text(item)?.into_owned());
        }
        Some(texts)
    }

    /// Whether it is `true` or `false`.
    pub fn flag(&self) -> Option<bool> {
        match self.raw()?.get() {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        }
    }

    /// The instant that it is as a text.
    pub fn instant(&self) -> Option<Timestamp> {
        Timestamp::parse(&self.borrowed()?)
    }

    /// The object that it is.
    pub fn object(&self) -> Option<Cow<'_, Object<'a>>> {
        match self {
            Self::Object(object) => Some(Cow::Borrowed(object)),
            Self::List(_) | Self::Plain(_) | Self::TooMany | Self::Broken => None,
            Self::Raw(raw) => object(raw).map(Cow::Owned),
        }
    }
}

/// `value` where it is an object.
pub fn object(value: &RawValue) -> Option<Object<'_>> {
    match read(value) {
        Some(Read::Object(object)) => Some(object),
        _ => None,
    }
}

/// What `value` is, for a message about what was expected instead; never its content.
pub fn kind_of(value: &RawValue) -> &'static str {
    match kind(value.get()) {
        A_TEXT => match text(value).as_deref() {
            None => "a text with half a surrogate pair",
            Some("") => "an empty text",
            Some(_) => A_TEXT,
        },
        kind => kind,
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

const A_TEXT: &str = "a text";
const A_LIST: &str = "a list";
const AN_OBJECT: &str = "an object";

/// What `text` is, by its first character.
fn kind(text: &str) -> &'static str {
    match text.trim_ascii_start().bytes().next() {
        None => "nothing",
        Some(b'{') => AN_OBJECT,
        Some(b'[') => A_LIST,
        Some(b'"') => A_TEXT,
        Some(b'-' | b'0'..=b'9') => "a number",
        Some(b't' | b'f') => "a flag",
        Some(b'n') => "null",
        Some(b'<') => "markup",
        Some(_) => "something else",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(body: &str, read: impl FnOnce(&Object<'_>)) {
        read(&Object::parse("body", body, 0).expect("an object"));
    }

    #[track_caller]
    fn check_refused(body: &str, want: &str) {
        let problem = Object::parse("body", body, 0).expect_err("no object");
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
    fn objects_within_objects_read_alike_however_deep_the_pass_went() {
        for body in [
            r#"{"a":{"k":"v"}}"#,
            "{ \"a\"\t:\n{ \"k\" : \"v\" } }",
            r#"{"\u0061":{"k":"v"}}"#,
            r#"{"a":{"k":"x"},"a":{"k":"v"}}"#,
            r#"{"a":{"k":"v"},"a":null}"#,
            r#"{"a":{"k":"v"},"a":[{}]}"#,
            r#"{"a":{"b":{"k":"v"},"k":{}}}"#,
            r#"{"a":{"b":{"b":{"b":{"k":"v"}}}}}"#,
            r#"{"x":"a\":{","a":{"k":"v"}}"#,
            r#"{"a":{"k":"\ud800","\ud800":1,"b":1e999999}}"#,
            r#"{"a":[{"k":"v"}]}"#,
            r#"{"a":"{"}"#,
            r#"{"a":{}}"#,
        ] {
            let shallow = Object::parse("body", body, 0).expect(body);
            for levels in 0..5 {
                let deep = Object::parse("body", body, levels).expect(body);
                assert_eq!(seen(&deep, 6), seen(&shallow, 6), "{body} {levels}");
            }
        }
        for body in [
            r#"{"a":{"k":}}"#,
            r#"{"a":{"#,
            r#"{"a":{}"#,
            r#"{"a":{}} x"#,
        ] {
            let shallow = Object::parse("body", body, 0).expect_err(body);
            let deep = Object::parse("body", body, 3).expect_err(body);
            assert_eq!(deep, shallow, "{body}");
        }
    }

    #[test]
    fn one_pass_reads_as_deep_as_was_asked_for_and_no_deeper() {
        let body = r#"{"o":{"o":{}},"l":[{}],"t":"x"}"#;
        let place = |levels: u8, place: usize| {
            let object = Object::parse("body", body, levels).expect(body);
            object.at(place).cloned().expect(body)
        };
        assert!(matches!(place(0, 0), Value::Raw(_)));
        assert!(matches!(place(0, 1), Value::Raw(_)));
        assert!(matches!(place(1, 1), Value::List(_)));
        for (levels, reads_the_inner) in [(1, false), (2, true)] {
            let Value::Object(outer) = place(levels, 0) else {
                panic!("{levels}: left unread");
            };
            let is_read = matches!(outer.at(0), Some(Value::Object(_)));
            assert_eq!(is_read, reads_the_inner, "{levels}");
        }
    }

    #[test]
    fn more_fields_than_may_be_held_are_no_object() {
        let body = |fields: usize| format!("{{{}\"last\":7}}", "\"k\":[],".repeat(fields - 1));
        let (most, too_many) = (body(MOST_HELD), body(MOST_HELD + 1));
        for levels in 0..2 {
            let object = Object::parse("body", &most, levels).expect("room for all");
            assert_eq!(object.entries().count(), MOST_HELD);
            let problem = Object::parse("body", &too_many, levels).expect_err("no room for one");
            assert_eq!(
                problem.message,
                "body: expected at most 10000 fields, found more"
            );
        }
        let within = format!(r#"{{"a":{too_many},"k":"v"}}"#);
        let object = Object::parse("body", &within, 1).expect("an object");
        assert_eq!(
            object.kind_of("a"),
            "more fields and items than may be held"
        );
        assert_eq!(object.text("k").as_deref(), Some("v"));
    }

    /// All that can be seen of an object.
    fn seen(object: &Object<'_>, levels: usize) -> String {
        let mut seen = String::new();
        for (key, _) in object.entries() {
            let (kind, text) = (object.kind_of(key), object.text(key));
            let (has, items) = (object.has(key), object.items(key).map(|items| items.len()));
            let within = object.object(key).filter(|_| levels > 0);
            let within = within.map(|object| self::seen(&object, levels - 1));
            seen += &format!("{key}: {kind} {text:?} {has} {items:?} {within:?};");
        }
        seen
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
    fn a_key_is_as_strict_as_a_text() {
        for body in [
            "{\"a\tb\":1}",
            "{\"a\\u0020\tb\":1}",
            "{\"o\":{\"a\tb\":1}}",
        ] {
            for levels in 0..3 {
                let problem = Object::parse("body", body, levels).expect_err(body);
                assert!(problem.message.contains("control character"), "{body}");
            }
        }
    }

    #[test]
    fn depth_does_not_exhaust_the_stack() {
        let depth = 100_000;
        let deep = format!("{}1{}", "{\"a\":[".repeat(depth), "]}".repeat(depth));
        check(&deep, |object| assert!(object.items("a").is_some()));
        let deep = format!("{}1{}", "{\"a\":".repeat(depth), "}".repeat(depth));
        assert!(Object::parse("body", &deep, 3).is_ok());
        check_refused(&"[".repeat(depth), "body: expected an object, found a list");
        assert!(Object::parse("body", &"{\"a\":".repeat(depth), 0).is_err());
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
