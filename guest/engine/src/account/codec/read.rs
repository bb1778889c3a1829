//! A JSON reader that knows where it is, so that a refusal names the place.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use merge_sync_logic::json::value::{self, Json};
use merge_sync_logic::types::Timestamp;

/// A place of a document and what is there. The way to it leads over the places above, which
/// stand on the stack: a path becomes text only where something is refused.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Found<'p, 'a> {
    above: Option<&'p Found<'p, 'a>>,
    step: Step,
    value: &'a Json<'a>,
}

/// From the place above to this one.
#[derive(Debug, Clone, Copy)]
enum Step {
    Root,
    Key(&'static str),
    Index(usize),
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

impl<'p, 'a> Found<'p, 'a> {
    /// The whole of a document.
    pub(crate) fn root(value: &'a Json<'a>) -> Self {
        Self {
            above: None,
            step: Step::Root,
            value,
        }
    }

    fn below(&'p self, step: Step, value: Option<&'a Json<'a>>) -> Self {
        Self {
            above: Some(self),
            step,
            value: value.unwrap_or(&Json::Null),
        }
    }

    /// What stands under `key`; null where nothing does.
    #[inline(never)]
    pub(crate) fn get(&'p self, key: &'static str) -> Self {
        let value = match self.value {
            Json::Object(object) => object.entries.get(key),
            _ => None,
        };
        self.below(Step::Key(key), value)
    }

    /// The item at `index`; null where there is none.
    #[inline(never)]
    pub(crate) fn at(&'p self, index: usize) -> Self {
        let value = match self.value {
            Json::List(items) => items.get(index),
            _ => None,
        };
        self.below(Step::Index(index), value)
    }

    /// What `read` makes of each item of a list; nothing where there is none.
    pub(crate) fn each<T>(
        &self,
        mut read: impl FnMut(&Found<'_, 'a>) -> Result<T, Malformed>,
    ) -> Result<Vec<T>, Malformed> {
        let mut all = Vec::new();
        match self.value {
            Json::Null => {}
            Json::List(items) => {
                for index in 0..items.len() {
                    all.push(read(&self.at(index))?);
                }
            }
            _ => return Err(self.refuse("a list")),
        }
        Ok(all)
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

    /// The numbers of a list, as many as there is room for; what is not there is zero.
    pub(crate) fn numbers(&self, into: &mut [u64]) -> Result<(), Malformed> {
        for (index, number) in into.iter_mut().enumerate() {
            *number = self.at(index).count()?;
        }
        Ok(())
    }

    /// The texts of the list under `key`.
    pub(crate) fn texts(&self, key: &'static str) -> Result<Vec<String>, Malformed> {
        self.get(key).each(|item| item.owned_text())
    }

    pub(crate) fn text(&self) -> Result<&'a str, Malformed> {
        match self.value {
            Json::Text(text) => Ok(text),
            _ => Err(self.refuse("a text")),
        }
    }

    /// The text under `key`; empty where it is absent.
    pub(crate) fn text_or_empty(&self, key: &'static str) -> Result<String, Malformed> {
        Ok(self.get(key).optional_text()?.unwrap_or_default())
    }

    pub(crate) fn optional_text(&self) -> Result<Option<String>, Malformed> {
        self.if_present(Self::owned_text)
    }

    /// The text, to be kept.
    pub(crate) fn owned_text(&self) -> Result<String, Malformed> {
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

    /// The number below 2^32 under `key`, zero where it is absent.
    pub(crate) fn small_count(&self, key: &'static str) -> Result<u32, Malformed> {
        let found = self.get(key);
        u32::try_from(found.count()?).map_err(|_| found.refuse("a number below 2^32"))
    }

    /// True for 1 under `key`, false where it is absent.
    pub(crate) fn flag(&self, key: &'static str) -> Result<bool, Malformed> {
        Ok(self.get(key).count()? != 0)
    }

    pub(crate) fn instant(&self) -> Result<Timestamp, Malformed> {
        self.signed().map(Timestamp)
    }

    /// The instant under `key`, where there is one.
    pub(crate) fn optional_instant(
        &self,
        key: &'static str,
    ) -> Result<Option<Timestamp>, Malformed> {
        self.get(key).if_present(Found::instant)
    }

    /// What is wrong here.
    #[inline(never)]
    pub(crate) fn refuse(&self, expected: &'static str) -> Malformed {
        let mut path = String::new();
        self.write_path(&mut path);
        Malformed { path, expected }
    }

    fn write_path(&self, path: &mut String) {
        if let Some(above) = self.above {
            above.write_path(path);
        }
        match self.step {
            Step::Root => {}
            Step::Key(key) => {
                if !path.is_empty() {
                    path.push('.');
                }
                path.push_str(key);
            }
            Step::Index(index) => {
                path.push('[');
                path.push_str(&index.to_string());
                path.push(']');
            }
        }
    }
}

/// A number that was small when it was written.
pub(crate) fn small(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
