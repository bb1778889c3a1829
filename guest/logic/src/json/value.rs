//! Text to a tree that borrows from it.
//!
//! serde_json reads; what stands here keeps its generic code to one type. A float has no place
//! in any of our records, so none is kept.

use alloc::borrow::Cow;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::cell::Cell;
use core::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::types::Problem;

/// How many lists and objects may stand inside each other.
pub const DEEPEST: u8 = 64;

/// A JSON value. Its `Debug` form says what kind it is and no more: a text may be a secret.
#[derive(Clone, PartialEq, Eq)]
pub enum Json<'a> {
    /// `null`.
    Null,
    /// `true` or `false`.
    Boolean(bool),
    /// A whole number from zero on.
    Whole(u64),
    /// A whole number below zero.
    Negative(i64),
    /// A number with a fraction or an exponent, or one of more than 64 bits: never valid here.
    Inexact,
    /// A text.
    Text(Cow<'a, str>),
    /// A list.
    List(Vec<Json<'a>>),
    /// An object.
    Object(Object<'a>),
}

/// A JSON object. The order of its keys is not kept, since it means nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Object<'a> {
    /// The latest value of each key.
    pub entries: BTreeMap<Cow<'a, str>, Json<'a>>,
    /// A key that was given twice, which no record allows.
    pub twice: Option<Cow<'a, str>>,
}

impl fmt::Debug for Json<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.kind())
    }
}

impl Json<'_> {
    /// What it is, for an error.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Boolean(_) => "a boolean",
            Self::Whole(_) => "a number",
            Self::Negative(_) => "a negative number",
            Self::Inexact => "a number that has a fraction, an exponent or more than 64 bits",
            Self::Text(_) => "a text",
            Self::List(_) => "a list",
            Self::Object(_) => "an object",
        }
    }
}

/// Read one document and nothing after it.
///
/// # Errors
///
/// Where the text is not JSON, and at which line and column, or nested deeper than [`DEEPEST`].
pub fn parse(text: &str) -> Result<Json<'_>, Problem> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let is_too_deep = Cell::new(false);
    let root = Node {
        levels_left: DEEPEST,
        is_too_deep: &is_too_deep,
    };
    let value = root
        .deserialize(&mut deserializer)
        .and_then(|value| deserializer.end().map(|()| value))
        .map_err(|error| Problem {
            message: format!("input: unreadable JSON, {error}"),
        })?;
    if is_too_deep.get() {
        return Err(Problem {
            message: format!("input: unreadable JSON, nested deeper than {DEEPEST} levels"),
        });
    }
    Ok(value)
}

/// A value, and how many levels it may have below it.
#[derive(Clone, Copy)]
struct Node<'n> {
    levels_left: u8,
    /// Told here and not by an error: to make one of our own brings serde_json's reader of
    /// messages, which looks for a line and a column in them, into the components.
    is_too_deep: &'n Cell<bool>,
}

impl Node<'_> {
    fn child(self) -> Option<Self> {
        let levels_left = self.levels_left.checked_sub(1);
        if levels_left.is_none() {
            self.is_too_deep.set(true);
        }
        levels_left.map(|levels_left| Self {
            levels_left,
            ..self
        })
    }
}

impl<'de> DeserializeSeed<'de> for Node<'_> {
    type Value = Json<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Json<'de>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Node<'_> {
    type Value = Json<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Json<'de>, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json<'de>, E> {
        Ok(Json::Boolean(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Json<'de>, E> {
        Ok(Json::Whole(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Json<'de>, E> {
        Ok(u64::try_from(value).map_or(Json::Negative(value), Json::Whole))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Json<'de>, E> {
        Ok(Json::Inexact)
    }

    fn visit_borrowed_str<E>(self, value: &'de str) -> Result<Json<'de>, E> {
        Ok(Json::Text(Cow::Borrowed(value)))
    }

    fn visit_str<E>(self, value: &str) -> Result<Json<'de>, E> {
        Ok(Json::Text(Cow::Owned(String::from(value))))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Json<'de>, A::Error> {
        let mut values = Vec::new();
        let Some(child) = self.child() else {
            while list.next_element::<IgnoredAny>()?.is_some() {}
            return Ok(Json::List(values));
        };
        while let Some(value) = list.next_element_seed(child)? {
            values.push(value);
        }
        Ok(Json::List(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Json<'de>, A::Error> {
        let mut object = Object::default();
        let Some(child) = self.child() else {
            while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            return Ok(Json::Object(object));
        };
        while let Some(key) = map.next_key_seed(Key)? {
            let value = map.next_value_seed(child)?;
            if object.entries.insert(key.clone(), value).is_some() {
                object.twice.get_or_insert(key);
            }
        }
        Ok(Json::Object(object))
    }
}

/// A key, borrowed where it has no escapes.
struct Key;

impl<'de> DeserializeSeed<'de> for Key {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Key {
    type Value = Cow<'de, str>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a key")
    }

    fn visit_borrowed_str<E>(self, value: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(String::from(value)))
    }
}
