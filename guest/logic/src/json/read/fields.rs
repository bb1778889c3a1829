//! The fields of an object: each is taken once, and none may be left.

use alloc::borrow::Cow;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::mem;

use super::Input;
use crate::json::path::{Path, Step};
use crate::json::value::Json;
use crate::types::{Milliseconds, Problem};

/// The fields of an object that were not taken yet.
#[derive(Debug)]
pub struct Fields<'p, 'a> {
    pub(super) path: Path<'p>,
    pub(super) values: BTreeMap<Cow<'a, str>, Json<'a>>,
    pub(super) taken: Vec<&'static str>,
}

impl<'p, 'a> Fields<'p, 'a> {
    /// The field `key`, which then counts as taken. It stays as null: to remove it would bring
    /// the balancing of trees into the components.
    pub fn take<'s>(&'s mut self, key: &'static str) -> Input<'s, 'a> {
        self.taken.push(key);
        Input {
            value: self
                .values
                .get_mut(key)
                .map(|value| mem::replace(value, Json::Null)),
            path: self.path.below(Step::Key(key)),
        }
    }

    /// Put the field `key` in `place`, which stays as it is where the value is null or absent.
    ///
    /// # Errors
    ///
    /// Those of `read`.
    pub fn update<T>(
        &mut self,
        key: &'static str,
        place: &mut T,
        read: impl FnOnce(Input<'_, 'a>) -> Result<T, Problem>,
    ) -> Result<(), Problem> {
        let input = self.take(key);
        if !input.is_none() {
            *place = read(input)?;
        }
        Ok(())
    }

    /// The span in the field `key`, or the default where it is null or absent and there is one.
    ///
    /// # Errors
    ///
    /// As [`Input::milliseconds`].
    #[inline(never)]
    pub fn milliseconds_or(
        &mut self,
        key: &'static str,
        default: Option<Milliseconds>,
    ) -> Result<Milliseconds, Problem> {
        self.take(key).or(default, Input::milliseconds)
    }

    /// All that is known was taken.
    ///
    /// # Errors
    ///
    /// Where something is left: a key that the record does not have.
    pub fn finish(self) -> Result<(), Problem> {
        let mut keys = self.values.keys();
        match keys.find(|key| !self.taken.contains(&key.as_ref())) {
            None => Ok(()),
            Some(key) => Err(self
                .path
                .below(Step::Key(key))
                .problem(format_args!("unknown field"))),
        }
    }
}
