//! A case of a variant.

use alloc::string::String;

use super::Input;
use crate::json::path::{Path, Step, none_of};
use crate::json::value::Json;
use crate::types::Problem;

/// A case of a variant and its payload.
#[derive(Debug)]
pub struct Tagged<'p, 'a> {
    pub(super) path: Path<'p>,
    pub(super) tag: String,
    pub(super) value: Option<Json<'a>>,
}

impl<'p, 'a> Tagged<'p, 'a> {
    /// The name of the case.
    #[must_use]
    pub fn tag(&self) -> &str {
        &self.tag
    }

    /// The payload of a case that has one.
    ///
    /// # Errors
    ///
    /// Those of `read`.
    pub fn payload<T>(
        self,
        read: impl FnOnce(Input<'_, 'a>) -> Result<T, Problem>,
    ) -> Result<T, Problem> {
        read(Input {
            path: self.path.below(Step::Key("value")),
            value: self.value,
        })
    }

    /// A case without payload: `value` is null or absent.
    ///
    /// # Errors
    ///
    /// Where there is a payload.
    pub fn bare<T>(self, case: T) -> Result<T, Problem> {
        self.payload(|value| {
            if value.is_none() {
                Ok(case)
            } else {
                Err(value.unexpected("null"))
            }
        })
    }

    /// The error for a tag that is none of `tags`.
    #[must_use]
    pub fn unknown(&self, tags: &[&str]) -> Problem {
        let path = self.path.below(Step::Key("tag"));
        none_of(&path, &self.tag, tags.iter().copied())
    }
}
