//! The forms in which instants are met.

use serde_json::Value;

use crate::time::{Micros, SECOND, iso, parse};

/// A way of writing an instant other than Merge's usual one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum InstantForm {
    /// `2026-01-05T08:00:00.000001+00:00` with a space for the `T`, as Python prints it.
    Space,
    /// The same with `Z`.
    SpaceZ,
    /// A small `t` and a small `z`.
    Small,
    /// `+00:00`.
    Offset,
    /// `+0000`.
    BareOffset,
    /// An offset that is not zero.
    FarOffset,
    /// No offset at all.
    Naive,
    /// Nine digits of fraction.
    Nanoseconds,
}

impl InstantForm {
    /// Every form.
    pub const ALL: [Self; 8] = [
        Self::Space,
        Self::SpaceZ,
        Self::Small,
        Self::Offset,
        Self::BareOffset,
        Self::FarOffset,
        Self::Naive,
        Self::Nanoseconds,
    ];

    /// The word for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Space => "space",
            Self::SpaceZ => "space-z",
            Self::Small => "small",
            Self::Offset => "offset",
            Self::BareOffset => "bare-offset",
            Self::FarOffset => "far-offset",
            Self::Naive => "naive",
            Self::Nanoseconds => "nanoseconds",
        }
    }

    /// The instant in this form.
    #[must_use]
    pub fn write(self, at: Micros) -> String {
        let usual = iso(at);
        let bare = usual.trim_end_matches('Z');
        match self {
            Self::Space => format!("{}+00:00", bare.replace('T', " ")),
            Self::SpaceZ => usual.replace('T', " "),
            Self::Small => usual.to_ascii_lowercase(),
            Self::Offset => format!("{bare}+00:00"),
            Self::BareOffset => format!("{bare}+0000"),
            Self::FarOffset => {
                let there = iso(at + 19_800 * SECOND);
                format!("{}+05:30", there.trim_end_matches('Z'))
            }
            Self::Naive => bare.to_owned(),
            Self::Nanoseconds => {
                let micros = at.rem_euclid(SECOND);
                let whole = iso(at - micros);
                format!("{}.{micros:06}000Z", whole.trim_end_matches('Z'))
            }
        }
    }

    /// Bring every instant within a tree into this form.
    pub(crate) fn spread(self, value: &mut Value) {
        match value {
            Value::String(text) => {
                if let Some(at) = usual(text) {
                    *text = self.write(at);
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.spread(item)),
            Value::Object(fields) => fields.values_mut().for_each(|field| self.spread(field)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
}

/// The instant that a text in Merge's usual form names.
fn usual(text: &str) -> Option<Micros> {
    let bytes = text.as_bytes();
    let shaped = bytes.len() >= 20 && bytes[10] == b'T' && bytes.ends_with(b"Z");
    parse(text).filter(|_| shaped)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[track_caller]
    fn check(form: InstantForm, want: &str) {
        assert_eq!(form.write(1_764_240_000 * SECOND + 20), want);
    }

    #[test]
    fn each_form_names_the_same_instant() {
        check(InstantForm::Space, "2025-11-27 10:40:00.000020+00:00");
        check(InstantForm::SpaceZ, "2025-11-27 10:40:00.000020Z");
        check(InstantForm::Small, "2025-11-27t10:40:00.000020z");
        check(InstantForm::Offset, "2025-11-27T10:40:00.000020+00:00");
        check(InstantForm::BareOffset, "2025-11-27T10:40:00.000020+0000");
        check(InstantForm::FarOffset, "2025-11-27T16:10:00.000020+05:30");
        check(InstantForm::Naive, "2025-11-27T10:40:00.000020");
        check(InstantForm::Nanoseconds, "2025-11-27T10:40:00.000020000Z");
    }

    #[test]
    fn only_instants_are_rewritten() {
        let mut value = json!({ "at": "2025-11-27T10:40:00Z", "in": ["x Z", 1, null] });
        InstantForm::SpaceZ.spread(&mut value);
        assert_eq!(
            value,
            json!({ "at": "2025-11-27 10:40:00Z", "in": ["x Z", 1, null] })
        );
    }
}
