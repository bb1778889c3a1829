//! What a value is read as, by its shape.

use alloc::borrow::Cow;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use crate::json::path::Path;
use crate::json::value::Json;

/// A value that may be absent, and where it stands.
#[derive(Debug)]
pub struct Input<'p, 'a> {
    pub(super) path: Path<'p>,
    pub(super) value: Option<Json<'a>>,
}

/// The fields of an object that were not taken yet.
#[derive(Debug)]
pub struct Fields<'p, 'a> {
    pub(super) path: Path<'p>,
    pub(super) values: BTreeMap<Cow<'a, str>, Json<'a>>,
    pub(super) taken: Vec<&'static str>,
}

/// A case of a variant and its payload.
#[derive(Debug)]
pub struct Tagged<'p, 'a> {
    pub(super) path: Path<'p>,
    pub(super) tag: String,
    pub(super) value: Option<Json<'a>>,
}
