//! What is read of a JSON text: the reader makes these, and whoever asks looks into them.

use alloc::borrow::Cow;
use alloc::vec::Vec;

use serde_json::value::RawValue;

/// A JSON object. Where a key is repeated, its last value counts.
#[derive(Debug, Clone, Default)]
pub struct Object<'a> {
    /// Without the keys that have half a surrogate pair, which are no texts.
    pub(super) entries: Vec<(Cow<'a, str>, Value<'a>)>,
}

/// A value, looked at as far as was asked for.
#[derive(Debug, Clone)]
pub enum Value<'a> {
    /// An object that was read with the one around it.
    Object(Object<'a>),
    /// A list that was: its items, unread.
    List(Vec<&'a RawValue>),
    /// A text without escapes: what it says stands between its quotes.
    Plain(&'a RawValue),
    /// A list or an object with more in it than may be held.
    TooMany,
    /// Something that is not JSON.
    Broken,
    /// Anything, unread.
    Raw(&'a RawValue),
}
