//! Where a value stands in a document, and how an error says so.

use alloc::format;
use alloc::string::String;
use core::fmt;

use crate::types::Problem;

/// How much of a text an error quotes, in characters.
const SHOWN_CHARACTERS: usize = 40;

/// Where a value stands.
#[derive(Debug, Clone, Copy)]
pub struct Path<'p> {
    above: Option<&'p Path<'p>>,
    step: Step<'p>,
}

/// One step of it.
#[derive(Debug, Clone, Copy)]
pub(super) enum Step<'p> {
    Root,
    Key(&'p str),
    Index(usize),
}

impl<'p> Path<'p> {
    /// The path from the root: empty.
    pub const ROOT: Self = Self {
        above: None,
        step: Step::Root,
    };

    pub(super) const fn below<'q>(&'q self, step: Step<'q>) -> Path<'q> {
        Path {
            above: Some(self),
            step,
        }
    }

    /// The problem `what` at this place.
    #[must_use]
    pub fn problem(&self, what: fmt::Arguments<'_>) -> Problem {
        Problem {
            message: match self.step {
                Step::Root => format!("input: {what}"),
                Step::Key(_) | Step::Index(_) => format!("{self}: {what}"),
            },
        }
    }
}

/// `statuses[3].last_sync_finished`; a key that nobody expected is shortened.
impl fmt::Display for Path<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(above) = self.above {
            above.fmt(formatter)?;
        }
        match self.step {
            Step::Root => Ok(()),
            Step::Key(key) => {
                if self
                    .above
                    .is_some_and(|above| !matches!(above.step, Step::Root))
                {
                    formatter.write_str(".")?;
                }
                formatter.write_str(&shown(key))
            }
            Step::Index(index) => write!(formatter, "[{index}]"),
        }
    }
}

/// ``rule: `loose` is not one of `contiguous`, `open-ended`, `fetch-start` ``.
pub(super) fn none_of<'n>(
    path: &Path<'_>,
    found: &str,
    names: impl Iterator<Item = &'n str>,
) -> Problem {
    let mut list = String::new();
    for name in names {
        list.push_str(if list.is_empty() { "`" } else { ", `" });
        list.push_str(name);
        list.push('`');
    }
    path.problem(format_args!("`{}` is not one of {list}", shown(found)))
}

/// A text of somebody else's, fit for a line of a log: forty characters at most, none of them
/// a control character.
#[must_use]
pub fn shown(text: &str) -> String {
    let mut characters = text.chars();
    let mut shown: String = characters
        .by_ref()
        .take(SHOWN_CHARACTERS)
        .map(|character| match character {
            control if control.is_control() => char::REPLACEMENT_CHARACTER,
            character => character,
        })
        .collect();
    if characters.next().is_some() {
        shown.push('…');
    }
    shown
}
