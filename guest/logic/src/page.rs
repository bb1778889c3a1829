//! What does a page of records hold?

use alloc::string::String;
use alloc::vec::Vec;

use crate::types::{Problem, Row};

/// A page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contents {
    /// In Merge's order.
    pub rows: Vec<Row>,
    /// The `cursor` of the next page, also where Merge sent a URL; `None` on the last.
    pub next: Option<String>,
}

/// A page read as far as it can be: records without a text id are left out and counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Salvaged {
    /// The usable part.
    pub contents: Contents,
    /// How many records had no text id.
    pub skipped: u32,
}

/// Read one page of a list endpoint. A row without an id makes the page a problem.
///
/// # Errors
///
/// Where the body is not a JSON object with a list `results`, or a record has no text id.
pub fn parse(body: &str) -> Result<Contents, Problem> {
    let _ = body;
    Err(Problem { message: String::new() })
}

/// As [`parse`], but a record without a text id is skipped and counted: what the engine uses,
/// since one bad record must not hold up a customer's data.
///
/// # Errors
///
/// Where the body is not a JSON object with a list `results`.
pub fn salvage(body: &str) -> Result<Salvaged, Problem> {
    let _ = body;
    Err(Problem { message: String::new() })
}
