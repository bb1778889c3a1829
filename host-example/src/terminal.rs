//! What commands print. It contains names and texts of others, whose control characters are escaped.

use std::borrow::Cow;
use std::fmt;
use std::io::{ErrorKind, Write as _};

use anyhow::Context as _;
use serde_json::Value;

/// A table without lines, for a terminal.
#[derive(Debug)]
pub struct Table(comfy_table::Table);

impl Table {
    /// A table without rows.
    #[must_use]
    pub fn new(header: &[&str]) -> Self {
        let mut table = comfy_table::Table::new();
        table
            .load_preset(comfy_table::presets::NOTHING)
            .set_header(header);
        Self(table)
    }

    /// Add a row, as wide as it is seen.
    pub fn add_row<'a>(&mut self, cells: impl IntoIterator<Item = &'a str>) {
        let in_one_line = |cell| visible(cell).replace('\n', "\\u{a}");
        self.0.add_row(cells.into_iter().map(in_one_line));
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.trim_fmt())
    }
}

/// Print to standard output, for people. A reader that has seen enough (`| head`) is no fault of
/// anybody's.
///
/// # Errors
///
/// Standard output cannot be written to.
pub fn say(text: &str) -> anyhow::Result<()> {
    print(&visible(text))
}

/// Print to standard output, for programs: control characters are escaped as in JSON strings.
///
/// # Errors
///
/// As [`say`].
pub fn say_json(value: &Value) -> anyhow::Result<()> {
    let text = value.to_string();
    let escaped = replaced(&text, |character| {
        // None of them is beyond the first plane.
        format!("\\u{:04x}", u32::from(character))
    });
    print(&escaped)
}

fn print(text: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    match out
        .write_all(text.trim_end().as_bytes())
        .and_then(|()| out.write_all(b"\n"))
    {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => written.context("cannot write to standard output"),
    }
}

/// `text` with each terminal control character written out, for example `\u{1b}`. Line breaks stay.
#[must_use]
pub fn visible(text: &str) -> Cow<'_, str> {
    replaced(text, |character| character.escape_unicode().to_string())
}

fn replaced(text: &str, by: impl Fn(char) -> String) -> Cow<'_, str> {
    if !text.contains(is_terminal_control) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        if is_terminal_control(character) {
            shown.push_str(&by(character));
        } else {
            shown.push(character);
        }
    }
    Cow::Owned(shown)
}

/// Control characters, which begin escape sequences, and the marks that change the direction of
/// text. A line break is neither.
fn is_terminal_control(character: char) -> bool {
    let turns = matches!(
        character,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
    );
    turns || (character.is_control() && character != '\n')
}

#[cfg(test)]
mod tests {
    use super::{Table, visible};

    #[test]
    fn control_characters_are_written_out() {
        for (text, shown) in [
            ("plain, é, 名, 😀\nnext", "plain, é, 名, 😀\nnext"),
            ("\u{1b}[31mred", "\\u{1b}[31mred"),
            ("\u{9b}2Jclear\u{7}\r", "\\u{9b}2Jclear\\u{7}\\u{d}"),
            ("a\u{202e}b\u{2066}", "a\\u{202e}b\\u{2066}"),
        ] {
            assert_eq!(visible(text), shown);
        }
    }

    #[test]
    fn a_row_is_as_wide_as_it_is_seen() {
        let mut table = Table::new(&["name", "state"]);
        table.add_row(["\u{1b}]0;x\u{7}", "ready"]);
        table.add_row(["plain", "ready"]);
        let text = table.to_string();
        let at: Vec<_> = text
            .lines()
            .skip(1)
            .map(|line| line.find("ready"))
            .collect();
        assert_eq!(at[0], at[1], "{text}");
    }
}
