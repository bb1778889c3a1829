//! A tree to records: each field is taken by its name, and whatever is left is refused.
//!
//! An error names the field by its path from the root of the input. What was found is quoted
//! only where the field takes an instant, a number or one of a few names: a text may be a
//! secret.

mod fields;
mod tagged;

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use super::path::{Path, Step, none_of, shown};
use super::value::Json;
use crate::types::{Milliseconds, Problem, Secret, Timestamp};

pub use fields::Fields;
pub use tagged::Tagged;

/// A value that may be absent, and where it stands.
#[derive(Debug)]
pub struct Input<'p, 'a> {
    path: Path<'p>,
    value: Option<Json<'a>>,
}

impl<'a> Input<'static, 'a> {
    /// A whole document.
    #[must_use]
    pub const fn root(value: Json<'a>) -> Self {
        Self {
            path: Path::ROOT,
            value: Some(value),
        }
    }
}

impl<'p, 'a> Input<'p, 'a> {
    /// A whole document that stands as a text in the field `name` of another one: paths begin
    /// there.
    #[must_use]
    pub const fn named(name: &'p str, value: Json<'a>) -> Self {
        Self {
            path: Path::ROOT.below(Step::Key(name)),
            value: Some(value),
        }
    }

    /// Whether there is no value here: null, or no such key.
    #[must_use]
    pub const fn is_none(&self) -> bool {
        matches!(self.value, None | Some(Json::Null))
    }

    /// The problem `what` with this value, for a check of the caller's own.
    #[must_use]
    pub fn problem(&self, what: fmt::Arguments<'_>) -> Problem {
        self.path.problem(what)
    }

    fn unexpected(&self, expected: &str) -> Problem {
        match &self.value {
            None => self.problem(format_args!("missing, expected {expected}")),
            Some(value) => {
                self.problem(format_args!("expected {expected}, found {}", value.kind()))
            }
        }
    }

    /// A value that must also be right in itself; `expected` says how.
    ///
    /// # Errors
    ///
    /// Those of `read`, and `expected` where the value is not right.
    pub fn checked<T>(
        self,
        read: impl FnOnce(Self) -> Result<T, Problem>,
        is_right: impl FnOnce(&T) -> bool,
        expected: fmt::Arguments<'_>,
    ) -> Result<T, Problem> {
        let path = self.path;
        let found = read(self)?;
        if is_right(&found) {
            Ok(found)
        } else {
            Err(path.problem(expected))
        }
    }

    /// `None` where the value is null or absent.
    ///
    /// # Errors
    ///
    /// Those of `read`.
    pub fn optional<T>(
        self,
        read: impl FnOnce(Self) -> Result<T, Problem>,
    ) -> Result<Option<T>, Problem> {
        if self.is_none() {
            return Ok(None);
        }
        read(self).map(Some)
    }

    /// `default` where the value is null or absent and there is a default.
    ///
    /// # Errors
    ///
    /// Those of `read`, which sees the value that is missing where there is no default.
    pub fn or<T>(
        self,
        default: Option<T>,
        read: impl FnOnce(Self) -> Result<T, Problem>,
    ) -> Result<T, Problem> {
        match default {
            Some(default) if self.is_none() => Ok(default),
            Some(_) | None => read(self),
        }
    }

    /// A text.
    ///
    /// # Errors
    ///
    /// Where it is anything else. The error does not quote it.
    pub fn text(self) -> Result<String, Problem> {
        match self.value {
            Some(Json::Text(text)) => Ok(text.into_owned()),
            _ => Err(self.unexpected("a text")),
        }
    }

    /// A text that no error and no log may show.
    ///
    /// # Errors
    ///
    /// As [`Input::text`].
    pub fn secret(self) -> Result<Secret, Problem> {
        self.text().map(Secret)
    }

    /// True or false.
    ///
    /// # Errors
    ///
    /// Where it is anything else.
    pub fn boolean(self) -> Result<bool, Problem> {
        match self.value {
            Some(Json::Boolean(value)) => Ok(value),
            _ => Err(self.unexpected("a boolean")),
        }
    }

    /// A whole number of 64 bits, also as a text of decimal digits: beyond 2^53 many languages
    /// cannot write it as a number.
    ///
    /// # Errors
    ///
    /// Where it is anything else, negative, or too large.
    pub fn u64(self) -> Result<u64, Problem> {
        match &self.value {
            Some(Json::Whole(number)) => Ok(*number),
            Some(Json::Text(text)) => decimal(text).ok_or_else(|| {
                self.problem(format_args!(
                    "`{}` is not a whole number from 0 to {}",
                    shown(text),
                    u64::MAX
                ))
            }),
            _ => Err(self.unexpected("a whole number")),
        }
    }

    /// A whole number of 32 bits.
    ///
    /// # Errors
    ///
    /// Where it is anything else, negative, or too large.
    pub fn u32(self) -> Result<u32, Problem> {
        self.narrow(u32::MAX)
    }

    /// A whole number of 16 bits.
    ///
    /// # Errors
    ///
    /// Where it is anything else, negative, or too large.
    pub fn u16(self) -> Result<u16, Problem> {
        self.narrow(u16::MAX)
    }

    fn narrow<T: TryFrom<u64> + fmt::Display>(self, most: T) -> Result<T, Problem> {
        let Some(Json::Whole(number)) = self.value else {
            return Err(self.unexpected("a whole number"));
        };
        T::try_from(number).map_err(|_| {
            self.problem(format_args!(
                "`{number}` is not a whole number from 0 to {most}"
            ))
        })
    }

    /// A span in milliseconds.
    ///
    /// # Errors
    ///
    /// As [`Input::u64`].
    pub fn milliseconds(self) -> Result<Milliseconds, Problem> {
        self.u64().map(Milliseconds)
    }

    /// An instant, in the forms of [`Timestamp::parse`].
    ///
    /// # Errors
    ///
    /// Where it is anything else.
    pub fn timestamp(self) -> Result<Timestamp, Problem> {
        let Some(Json::Text(text)) = &self.value else {
            return Err(self.unexpected("an RFC 3339 instant"));
        };
        Timestamp::parse(text).ok_or_else(|| {
            self.problem(format_args!("`{}` is not an RFC 3339 instant", shown(text)))
        })
    }

    /// A case of an enum by its name.
    ///
    /// # Errors
    ///
    /// Where it is no text, or none of the names.
    pub fn one_of<T: Copy>(self, cases: &[(&str, T)]) -> Result<T, Problem> {
        let Some(Json::Text(text)) = &self.value else {
            return Err(self.unexpected("a name"));
        };
        match cases.iter().find(|(name, _)| name == text) {
            Some((_, case)) => Ok(*case),
            None => Err(none_of(
                &self.path,
                text,
                cases.iter().map(|(name, _)| *name),
            )),
        }
    }

    /// An object, to be taken apart.
    ///
    /// # Errors
    ///
    /// Where it is anything else, or has a key twice.
    pub fn object(self) -> Result<Fields<'p, 'a>, Problem> {
        match self.value {
            Some(Json::Object(object)) => {
                if let Some(key) = &object.twice {
                    let path = self.path.below(Step::Key(key));
                    return Err(path.problem(format_args!("given twice")));
                }
                Ok(Fields {
                    path: self.path,
                    values: object.entries,
                    taken: Vec::new(),
                })
            }
            _ => Err(self.unexpected("an object")),
        }
    }

    /// An object of one text, as the payload of many a case is.
    ///
    /// # Errors
    ///
    /// As [`Input::object`] and [`Input::text`], and where there is another key.
    pub fn only_text(self, key: &'static str) -> Result<String, Problem> {
        let mut fields = self.object()?;
        let text = fields.take(key).text()?;
        fields.finish()?;
        Ok(text)
    }

    /// A list.
    ///
    /// # Errors
    ///
    /// Where it is anything else, and the first of `read`.
    pub fn list<T>(
        self,
        read: impl Fn(Input<'_, 'a>) -> Result<T, Problem>,
    ) -> Result<Vec<T>, Problem> {
        let Some(Json::List(values)) = self.value else {
            return Err(self.unexpected("a list"));
        };
        let path = self.path;
        let mut list = Vec::with_capacity(values.len());
        for (index, value) in values.into_iter().enumerate() {
            list.push(read(Input {
                path: path.below(Step::Index(index)),
                value: Some(value),
            })?);
        }
        Ok(list)
    }

    /// An object whose keys are data, such as model ids. In the order of the keys.
    ///
    /// # Errors
    ///
    /// As [`Input::object`], and the first of `read`.
    pub fn map<T>(
        self,
        read: impl Fn(&str, Input<'_, 'a>) -> Result<T, Problem>,
    ) -> Result<Vec<T>, Problem> {
        let mut list = Vec::new();
        self.each(&mut |key, input| {
            list.push(read(key, input)?);
            Ok(())
        })?;
        Ok(list)
    }

    /// Not generic: it stands in a component once.
    fn each(
        self,
        see: &mut dyn FnMut(&str, Input<'_, 'a>) -> Result<(), Problem>,
    ) -> Result<(), Problem> {
        let Fields { path, values, .. } = self.object()?;
        for (key, value) in values {
            let input = Input {
                path: path.below(Step::Key(&key)),
                value: Some(value),
            };
            see(&key, input)?;
        }
        Ok(())
    }

    /// A case of a variant, `{"tag": ..., "value": ...}`.
    ///
    /// # Errors
    ///
    /// Where it is no object with a text `tag`, or has a key other than `tag` and `value`.
    pub fn tagged(self) -> Result<Tagged<'p, 'a>, Problem> {
        let mut fields = self.object()?;
        let tag = fields.take("tag").text()?;
        let value = fields.take("value").value;
        let path = fields.path;
        fields.finish()?;
        Ok(Tagged { path, tag, value })
    }
}

fn decimal(text: &str) -> Option<u64> {
    // Rust would read a plus sign as well.
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}
