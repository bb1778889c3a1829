//! A JSON reader that knows where it is, so that a refusal names the place.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use merge_sync_logic::json::value::{self, Json};
use merge_sync_logic::types::Timestamp;

/// A place of a document and what is there.
#[derive(Debug, Clone)]
pub(crate) struct Found<'a> {
    path: String,
    value: &'a Json<'a>,
}

/// What was expected and not found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Malformed {
    path: String,
    expected: &'static str,
}

impl fmt::Display for Malformed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = if self.path.is_empty() {
            "document"
        } else {
            &self.path
        };
        write!(formatter, "{path}: expected {}", self.expected)
    }
}

/// Read a text as JSON.
pub(crate) fn parse(text: &str) -> Result<Json<'_>, Malformed> {
    value::parse(text).map_err(|_| Malformed {
        path: String::new(),
        expected: "a JSON document",
    })
}

impl<'a> Found<'a> {
    /// The whole of a document.
    pub(crate) fn root(value: &'a Json<'a>) -> Self {
        Self {
            path: String::new(),
            value,
        }
    }

    /// What stands under `key`; null where nothing does.
    pub(crate) fn get(&self, key: &str) -> Self {
        let value = match self.value {
            Json::Object(object) => object.entries.get(key),
            _ => None,
        };
        let value = value.unwrap_or(&Json::Null);
        Self {
            path: alloc::format!("{}.{key}", self.path),
            value,
        }
    }

    /// The item at `index`; null where there is none.
    pub(crate) fn at(&self, index: usize) -> Self {
        let value = match self.value {
            Json::List(items) => items.get(index),
            _ => None,
        };
        let value = value.unwrap_or(&Json::Null);
        Self {
            path: alloc::format!("{}[{index}]", self.path),
            value,
        }
    }

    /// The items of an array; none where it is absent.
    pub(crate) fn items(&self) -> Result<Vec<Self>, Malformed> {
        match self.value {
            Json::Null => Ok(Vec::new()),
            Json::List(items) => Ok((0..items.len()).map(|index| self.at(index)).collect()),
            _ => Err(self.refuse("a list")),
        }
    }

    /// What `read` makes of it; `None` where nothing is there.
    pub(crate) fn if_present<T>(
        &self,
        read: impl Fn(&Self) -> Result<T, Malformed>,
    ) -> Result<Option<T>, Malformed> {
        if *self.value == Json::Null {
            Ok(None)
        } else {
            read(self).map(Some)
        }
    }

    pub(crate) fn text(&self) -> Result<&'a str, Malformed> {
        match self.value {
            Json::Text(text) => Ok(text),
            _ => Err(self.refuse("a text")),
        }
    }

    pub(crate) fn text_or_empty(&self) -> Result<String, Malformed> {
        Ok(self.if_present(Self::owned_text)?.unwrap_or_default())
    }

    pub(crate) fn optional_text(&self) -> Result<Option<String>, Malformed> {
        self.if_present(Self::owned_text)
    }

    fn owned_text(&self) -> Result<String, Malformed> {
        self.text().map(ToString::to_string)
    }

    pub(crate) fn signed(&self) -> Result<i64, Malformed> {
        let number = match self.value {
            Json::Whole(number) => i64::try_from(*number).ok(),
            Json::Negative(number) => Some(*number),
            _ => None,
        };
        number.ok_or_else(|| self.refuse("a whole number"))
    }

    pub(crate) fn unsigned(&self) -> Result<u64, Malformed> {
        match self.value {
            Json::Whole(number) => Ok(*number),
            _ => Err(self.refuse("a whole number that is not negative")),
        }
    }

    /// Zero where it is absent.
    pub(crate) fn count(&self) -> Result<u64, Malformed> {
        Ok(self.if_present(Self::unsigned)?.unwrap_or(0))
    }

    /// As [`Self::count`], up to 2^32-1.
    pub(crate) fn small_count(&self) -> Result<u32, Malformed> {
        u32::try_from(self.count()?).map_err(|_| self.refuse("a number below 2^32"))
    }

    /// True for 1, false where it is absent.
    pub(crate) fn flag(&self) -> Result<bool, Malformed> {
        Ok(self.count()? != 0)
    }

    pub(crate) fn instant(&self) -> Result<Timestamp, Malformed> {
        self.signed().map(Timestamp)
    }

    pub(crate) fn optional_instant(&self) -> Result<Option<Timestamp>, Malformed> {
        self.if_present(Self::instant)
    }

    /// What is wrong here.
    pub(crate) fn refuse(&self, expected: &'static str) -> Malformed {
        let path = self.path.strip_prefix('.').unwrap_or(&self.path);
        Malformed {
            path: path.into(),
            expected,
        }
    }
}
