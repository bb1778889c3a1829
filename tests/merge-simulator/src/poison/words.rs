//! Poisons as words: `clamped-offset-cursors=1000`.

use std::fmt::{self, Display, Formatter};
use std::str::FromStr;

use crate::poison::{InstantForm, Poison};

/// The name of every kind. Some take a value after `=`; without one they take the usual one.
pub const NAMES: [&str; 32] = [
    "last-page-names-itself",
    "clamped-offset-cursors",
    "cursors-refused",
    "offset-cursors-shift",
    "empty-pages-forever",
    "repeated-pages",
    "unreadable-next",
    "page-size-limit",
    "broken-record",
    "broken-json",
    "record-spoils",
    "huge-body",
    "empty-full-reads",
    "shrunken-full-reads",
    "narrowed-selective-sync",
    "scope-off",
    "field-off",
    "instants",
    "unreadable-finish",
    "future-finish",
    "nameless-row",
    "byte-order-mark",
    "category-null",
    "relink-needed",
    "resolved-issues",
    "nul-characters",
    "flaky-pages",
    "records-without-id",
    "filters-ignored",
    "list-refused",
    "token-refused",
    "repeated-status",
];

impl Poison {
    /// The kind's name, one of [`NAMES`].
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::LastPageNamesItself => "last-page-names-itself",
            Self::ClampedOffsetCursors { .. } => "clamped-offset-cursors",
            Self::CursorsRefused { .. } => "cursors-refused",
            Self::OffsetCursorsShift => "offset-cursors-shift",
            Self::EmptyPagesForever => "empty-pages-forever",
            Self::RepeatedPages => "repeated-pages",
            Self::UnreadableNext => "unreadable-next",
            Self::PageSizeLimit { .. } => "page-size-limit",
            Self::BrokenRecord => "broken-record",
            Self::BrokenJson => "broken-json",
            Self::RecordSpoils => "record-spoils",
            Self::HugeBody { .. } => "huge-body",
            Self::EmptyFullReads => "empty-full-reads",
            Self::ShrunkenFullReads => "shrunken-full-reads",
            Self::NarrowedSelectiveSync => "narrowed-selective-sync",
            Self::ScopeOff => "scope-off",
            Self::FieldOff => "field-off",
            Self::Instants { .. } => "instants",
            Self::UnreadableFinish => "unreadable-finish",
            Self::FutureFinish => "future-finish",
            Self::NamelessRow => "nameless-row",
            Self::ByteOrderMark => "byte-order-mark",
            Self::CategoryNull => "category-null",
            Self::RelinkNeeded => "relink-needed",
            Self::ResolvedIssues => "resolved-issues",
            Self::NulCharacters => "nul-characters",
            Self::FlakyPages { .. } => "flaky-pages",
            Self::RecordsWithoutId => "records-without-id",
            Self::FiltersIgnored => "filters-ignored",
            Self::ListRefused { .. } => "list-refused",
            Self::TokenRefused => "token-refused",
            Self::RepeatedStatus => "repeated-status",
        }
    }

    /// The kind of that name with its usual value.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "last-page-names-itself" => Self::LastPageNamesItself,
            "clamped-offset-cursors" => Self::ClampedOffsetCursors { clamp: 1000 },
            "cursors-refused" => Self::CursorsRefused { status: 400 },
            "offset-cursors-shift" => Self::OffsetCursorsShift,
            "empty-pages-forever" => Self::EmptyPagesForever,
            "repeated-pages" => Self::RepeatedPages,
            "unreadable-next" => Self::UnreadableNext,
            "page-size-limit" => Self::PageSizeLimit { rows: 40 },
            "broken-record" => Self::BrokenRecord,
            "broken-json" => Self::BrokenJson,
            "record-spoils" => Self::RecordSpoils,
            "huge-body" => Self::HugeBody { bytes: 60 << 20 },
            "empty-full-reads" => Self::EmptyFullReads,
            "shrunken-full-reads" => Self::ShrunkenFullReads,
            "narrowed-selective-sync" => Self::NarrowedSelectiveSync,
            "scope-off" => Self::ScopeOff,
            "field-off" => Self::FieldOff,
            "instants" => Self::Instants {
                form: InstantForm::Space,
            },
            "unreadable-finish" => Self::UnreadableFinish,
            "future-finish" => Self::FutureFinish,
            "nameless-row" => Self::NamelessRow,
            "byte-order-mark" => Self::ByteOrderMark,
            "category-null" => Self::CategoryNull,
            "relink-needed" => Self::RelinkNeeded,
            "resolved-issues" => Self::ResolvedIssues,
            "nul-characters" => Self::NulCharacters,
            "flaky-pages" => Self::FlakyPages {
                one_in: 50,
                minutes: 10,
            },
            "records-without-id" => Self::RecordsWithoutId,
            "filters-ignored" => Self::FiltersIgnored,
            "list-refused" => Self::ListRefused { status: 403 },
            "token-refused" => Self::TokenRefused,
            "repeated-status" => Self::RepeatedStatus,
            _ => return None,
        })
    }

    /// The same kind with the value that stands after `=`; `None` where it takes no such value.
    fn with_value(self, text: &str) -> Option<Self> {
        let status = || {
            text.parse()
                .ok()
                .filter(|status| (400..600).contains(status))
        };
        let at_least_one = || text.parse().ok().filter(|number| *number > 0);
        Some(match self {
            Self::ClampedOffsetCursors { .. } => Self::ClampedOffsetCursors {
                clamp: at_least_one()?,
            },
            Self::CursorsRefused { .. } => Self::CursorsRefused { status: status()? },
            Self::ListRefused { .. } => Self::ListRefused { status: status()? },
            Self::PageSizeLimit { .. } => Self::PageSizeLimit {
                rows: at_least_one()?,
            },
            Self::HugeBody { .. } => Self::HugeBody {
                bytes: at_least_one()?,
            },
            Self::FlakyPages { minutes, .. } => Self::FlakyPages {
                one_in: text.parse().ok().filter(|number| *number > 0)?,
                minutes,
            },
            Self::Instants { .. } => Self::Instants {
                form: InstantForm::ALL
                    .into_iter()
                    .find(|form| form.name() == text)?,
            },
            _ => return None,
        })
    }
}

impl Display for Poison {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())?;
        match self {
            Self::ClampedOffsetCursors { clamp } => write!(out, "={clamp}"),
            Self::CursorsRefused { status } | Self::ListRefused { status } => {
                write!(out, "={status}")
            }
            Self::PageSizeLimit { rows } => write!(out, "={rows}"),
            Self::HugeBody { bytes } => write!(out, "={bytes}"),
            Self::FlakyPages { one_in, .. } => write!(out, "={one_in}"),
            Self::Instants { form } => write!(out, "={}", form.name()),
            _ => Ok(()),
        }
    }
}

impl FromStr for Poison {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, value) = match text.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (text, None),
        };
        let usual = Self::named(name.trim()).ok_or_else(|| {
            format!(
                "poison: `{name}` is not a kind; expected one of {}",
                NAMES.join(", ")
            )
        })?;
        match value {
            None => Ok(usual),
            Some(value) => usual.with_value(value.trim()).ok_or_else(|| {
                format!("poison: `{value}` is no value of {name}; the usual one is `{usual}`")
            }),
        }
    }
}

/// What `all`, `none` or a comma list of kinds stands for.
///
/// # Errors
///
/// The first entry that is no kind.
pub fn parse_list(text: &str) -> Result<Vec<Poison>, String> {
    match text.trim() {
        "all" => Ok(Poison::drawn().to_vec()),
        "none" | "" => Ok(Vec::new()),
        list => list.split(',').map(|entry| entry.trim().parse()).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_a_kind_that_prints_so_that_it_can_be_read() {
        for name in NAMES {
            let poison = Poison::named(name).expect(name);
            assert_eq!(poison.name(), name);
            assert_eq!(poison.to_string().parse(), Ok(poison));
        }
    }

    #[test]
    fn a_value_is_read_and_a_wrong_one_refused() {
        assert_eq!(
            "clamped-offset-cursors=7".parse(),
            Ok(Poison::ClampedOffsetCursors { clamp: 7 })
        );
        for wrong in [
            "clamped-offset-cursors=0",
            "cursors-refused=200",
            "instants=roman",
            "broken-record=1",
            "nothing",
        ] {
            assert!(wrong.parse::<Poison>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn lists_are_all_none_or_kinds() {
        assert_eq!(parse_list("none"), Ok(Vec::new()));
        assert!(parse_list("all").expect("all").len() > 25);
        let two = parse_list("scope-off, cursors-refused=404").expect("two");
        assert_eq!(
            two,
            [Poison::ScopeOff, Poison::CursorsRefused { status: 404 }]
        );
        assert!(parse_list("scope-off,x").is_err());
    }
}
