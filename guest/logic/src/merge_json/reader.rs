//! One level of JSON, as serde_json reads it.

use core::fmt;

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

use memchr::memchr;
use serde::de::{Deserialize, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::{Object, Value};

/// `value` where it is a text that Unicode can hold, from where it stands if it has no escapes.
pub fn text(value: &RawValue) -> Option<Cow<'_, str>> {
    let inside = inside(value)?;
    if !inside.contains('\\') {
        return Some(Cow::Borrowed(inside));
    }
    match read(value) {
        Some(Read::Text(text)) => Some(text),
        _ => None,
    }
}

/// What stands between the quotes of a text.
pub fn inside(text: &RawValue) -> Option<&str> {
    text.get().strip_prefix('"')?.strip_suffix('"')
}

/// One level of `value`; `None` for a text with half a surrogate pair.
pub fn read(value: &RawValue) -> Option<Read<'_>> {
    let text = value.get();
    let mut deserializer = serde_json::Deserializer::from_str(text);
    Reader::of(text, 0).deserialize(&mut deserializer).ok()
}

/// Most of Merge's objects have no more: room that need not be grown into, field by field.
const USUAL_FIELDS: usize = 12;

/// One level of a text.
pub enum Read<'a> {
    Object(Object<'a>),
    List(Vec<&'a RawValue>),
    Text(Cow<'a, str>),
    /// Of a number, a flag and null nothing is asked.
    Other,
}

/// Reads one level of `text`, and the objects and lists within it down to `levels`.
///
/// It takes whatever comes: serde_json's errors for what was not expected bring fifteen kilobytes
/// into a component, and so does whatever asks for a type, `String` among them. And it serves
/// objects, lists and texts alike, since serde_json's code comes once for each visitor.
#[derive(Clone, Copy)]
pub struct Reader<'a> {
    text: &'a str,
    levels: u8,
    /// Whether there is an escape anywhere: mostly there is none, and no text need be searched.
    escapes: bool,
}

impl<'a> Reader<'a> {
    pub fn of(text: &'a str, levels: u8) -> Self {
        let escapes = memchr(b'\\', text.as_bytes()).is_some();
        Self {
            text,
            levels,
            escapes,
        }
    }

    /// A value that was passed over.
    fn unread(self, value: &'a RawValue) -> Value<'a> {
        if !self.escapes && value.get().starts_with('"') {
            Value::Plain(value)
        } else {
            Value::Raw(value)
        }
    }

    /// What the value of `key`, which was read just now, begins with. serde_json does not say what
    /// comes next; but a key without escapes is borrowed from the text, which does. Any other lies
    /// outside of it, and its value is left unread.
    fn first_of_value(&self, key: &str) -> Option<u8> {
        let end = key.as_bytes().as_ptr_range().end.addr();
        let start = end.checked_sub(self.text.as_ptr().addr())?;
        let rest = self.text.as_bytes().get(start..)?;
        let rest = rest.strip_prefix(b"\"")?.trim_ascii_start();
        let value = rest.strip_prefix(b":")?.trim_ascii_start();
        value.first().copied()
    }
}

impl<'de> DeserializeSeed<'de> for Reader<'de> {
    type Value = Read<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Reader<'de> {
    type Value = Read<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Read::Other)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(Read::Other)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(Read::Other)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(Read::Other)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(Read::Other)
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Read::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Read::Text(Cow::Owned(String::from(text))))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = list.next_element()? {
            items.push(item);
        }
        Ok(Read::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut entries = Vec::with_capacity(USUAL_FIELDS);
        let keys = Key {
            escapes: self.escapes,
        };
        while let Some(key) = map.next_key_seed(keys)? {
            let first = || self.first_of_value(key.as_deref()?);
            let value = match self.levels.checked_sub(1) {
                Some(levels) if matches!(first(), Some(b'{' | b'[')) => {
                    match map.next_value_seed(Self { levels, ..self })? {
                        Read::Object(object) => Value::Object(object),
                        Read::List(items) => Value::List(items),
                        // It opens like one of these, and nothing else does.
                        Read::Text(_) | Read::Other => continue,
                    }
                }
                _ => self.unread(map.next_value()?),
            };
            if let Some(key) = key {
                entries.push((key, value));
            }
        }
        Ok(Read::Object(Object { entries }))
    }
}

/// Reads a key, from where it stands if it can; `None` for one with half a surrogate pair.
#[derive(Clone, Copy)]
struct Key {
    escapes: bool,
}

impl<'de> DeserializeSeed<'de> for Key {
    type Value = Option<Cow<'de, str>>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        if self.escapes {
            // As a text, one with half a surrogate pair would end the reading with an error.
            Ok(text(Deserialize::deserialize(deserializer)?))
        } else {
            deserializer.deserialize_str(self)
        }
    }
}

impl<'de> Visitor<'de> for Key {
    type Value = Option<Cow<'de, str>>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a key")
    }

    fn visit_borrowed_str<E>(self, key: &'de str) -> Result<Self::Value, E> {
        Ok(Some(Cow::Borrowed(key)))
    }

    fn visit_str<E>(self, key: &str) -> Result<Self::Value, E> {
        Ok(Some(Cow::Owned(String::from(key))))
    }
}
