//! One level of JSON, as serde_json reads it.

use core::cell::Cell;
use core::fmt;

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

use memchr::memchr;
use serde::de::{Deserialize, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::value::{Object, Value};

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
    let room = Room::default();
    let reader = Reader::of(text, 0, &room);
    reader.deserialize(&mut deserializer).ok()
}

/// Fields and items that may be held at once: no page of Merge's has more than a hundred records,
/// and a hostile body of sixty megabytes must not ask for more memory than there is.
pub const MOST_HELD: usize = 10_000;

/// How many fields and items may still be held.
pub struct Room(Cell<usize>);

impl Default for Room {
    fn default() -> Self {
        Self(Cell::new(MOST_HELD))
    }
}

impl Room {
    /// Whether there was room for another one.
    fn take(&self) -> bool {
        let left = self.0.get().checked_sub(1);
        self.0.set(left.unwrap_or(0));
        left.is_some()
    }

    fn give_back(&self, held: usize) {
        self.0.set(self.0.get().saturating_add(held));
    }
}

/// Most of Merge's objects have no more: room that need not be grown into, field by field.
const USUAL_FIELDS: usize = 12;

/// One level of a text.
pub enum Read<'a> {
    Object(Object<'a>),
    List(Vec<&'a RawValue>),
    Text(Cow<'a, str>),
    /// A list or an object for which there was no room.
    TooMany,
    /// Of a number, a flag and null nothing is asked.
    Other,
}

/// Reads one level of `text`, and the objects and lists within it down to `levels`.
///
/// It takes whatever comes: serde_json's errors for what was not expected bring fifteen kilobytes
/// into a component, and so does whatever asks for a type, `String` among them. And it serves
/// objects, lists and texts alike, since serde_json's code comes once for each visitor.
#[derive(Clone, Copy)]
pub struct Reader<'a, 'r> {
    text: &'a str,
    levels: u8,
    room: &'r Room,
    /// Whether there is an escape anywhere: mostly there is none, and no text need be searched.
    escapes: bool,
}

impl<'a, 'r> Reader<'a, 'r> {
    pub fn of(text: &'a str, levels: u8, room: &'r Room) -> Self {
        let escapes = memchr(b'\\', text.as_bytes()).is_some();
        Self {
            text,
            levels,
            room,
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

impl<'de> DeserializeSeed<'de> for Reader<'de, '_> {
    type Value = Read<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Reader<'de, '_> {
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
        Ok(Read::Text(Cow::Owned(storable(text))))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut items = Vec::new();
        let mut too_many = false;
        while let Some(item) = list.next_element()? {
            if !too_many && self.room.take() {
                items.push(item);
            } else {
                too_many = true;
            }
        }
        if too_many {
            self.room.give_back(items.len());
            return Ok(Read::TooMany);
        }
        Ok(Read::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut entries = Vec::with_capacity(USUAL_FIELDS);
        let keys = Key {
            escapes: self.escapes,
        };
        let mut too_many = false;
        while let Some(key) = map.next_key_seed(keys)? {
            let first = || self.first_of_value(key.as_deref()?);
            let value = match self.levels.checked_sub(1) {
                Some(levels) if !too_many && matches!(first(), Some(b'{' | b'[')) => {
                    match map.next_value_seed(Self { levels, ..self })? {
                        Read::Object(object) => Value::Object(object),
                        Read::List(items) => Value::List(items),
                        Read::TooMany => Value::TooMany,
                        // It opens like one of these, and nothing else does.
                        Read::Text(_) | Read::Other => continue,
                    }
                }
                _ => self.unread(map.next_value()?),
            };
            if let Some(key) = key {
                if !too_many && self.room.take() {
                    entries.push((key, value));
                } else {
                    too_many = true;
                }
            }
        }
        if too_many {
            self.room.give_back(entries.len());
            return Ok(Read::TooMany);
        }
        Ok(Read::Object(Object { entries }))
    }
}

/// `text` without U+0000, which is written as an escape alone and which some stores refuse.
fn storable(text: &str) -> String {
    text.chars()
        .map(|character| match character {
            '\0' => char::REPLACEMENT_CHARACTER,
            other => other,
        })
        .collect()
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
