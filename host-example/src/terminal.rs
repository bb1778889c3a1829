//! What commands print.

use std::io::{ErrorKind, Write as _};

use anyhow::Context as _;

/// A table without lines, for a terminal.
#[must_use]
pub fn table(header: &[&str]) -> comfy_table::Table {
    let mut table = comfy_table::Table::new();
    table
        .load_preset(comfy_table::presets::NOTHING)
        .set_header(header);
    table
}

/// Print to standard output. A reader that has seen enough (`| head`) is no fault of anybody's.
///
/// # Errors
///
/// Standard output cannot be written to.
pub fn say(text: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    match out
        .write_all(text.trim_end().as_bytes())
        .and_then(|()| out.write_all(b"\n"))
    {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => written.context("cannot write to standard output"),
    }
}
