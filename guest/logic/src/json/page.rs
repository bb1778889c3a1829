//! The record of `wit/page.wit`.

use alloc::string::String;

use super::types::write_row;
use super::write::{self, Object};
use crate::page::Contents;

/// Write a page of records.
pub fn write_contents(out: &mut String, contents: &Contents) {
    Object::open(out)
        .list("rows", &contents.rows, write_row)
        .optional("next", contents.next.as_deref(), write::text)
        .number("without_key", contents.without_key.into())
        .number("unreadable", contents.unreadable.into())
        .close();
}
