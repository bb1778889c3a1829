//! Values for fields: what a third party would hold, drawn from the account's stream.

use serde_json::{Map, Value, json};

use crate::catalog::ModelSpec;
use crate::dice::Dice;
use crate::time::{DAY, Micros, iso};

/// What a field holds.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Kind {
    First,
    Last,
    Full,
    Email,
    Phone,
    Url,
    Line,
    Prose,
    Code,
    /// An instant within five years before the change.
    Date,
    /// The instant of the change in the third party.
    Updated,
    Choice(&'static [&'static str]),
    Flag,
    Count,
    /// In quarters, so that the number survives any parser unchanged.
    Amount,
    /// The id of a record of another model, or null.
    Ref(&'static str),
    /// Up to three such ids.
    Refs(&'static str),
    /// Texts in a list.
    Texts,
    /// Objects such as `{"value": .., "phone_number_type": ..}`.
    Contacts(&'static str, &'static str),
}

const FIRST: &[&str] = &[
    "Ada", "Alan", "Edsger", "Grace", "Zoë", "Donald", "Barbara", "日葵",
];
const LAST: &[&str] = &[
    "Example",
    "Sample",
    "O'Neil",
    "Muster",
    "Specimen",
    "Tester-Smith",
];
const WORDS: &[&str] = &[
    "blue",
    "quarter",
    "review",
    "north",
    "plan",
    "signal",
    "harbor",
    "budget",
    "\"quoted\"",
    "naïve",
    "line\nbreak",
    "<b>markup</b>",
    "emoji 🦀",
    "back\\slash",
];

/// Where references look up the ids of a model in the same account.
pub(crate) type Ids<'a> = &'a dyn Fn(&str, &mut Dice) -> Option<String>;

/// All fields of a new record.
pub(crate) fn compose(
    spec: &ModelSpec,
    dice: &mut Dice,
    now: Micros,
    ids: Ids<'_>,
) -> Map<String, Value> {
    let draw = |(name, kind): &(&str, Kind)| ((*name).to_owned(), value(*kind, dice, now, ids));
    spec.fields.iter().map(draw).collect()
}

/// Change one to three fields. The result may, seldom, equal what was there.
pub(crate) fn reshape(
    spec: &ModelSpec,
    fields: &mut Map<String, Value>,
    dice: &mut Dice,
    now: Micros,
    ids: Ids<'_>,
) {
    for _ in 0..=dice.below(3) {
        let (name, kind) = dice.pick(spec.fields);
        fields.insert((*name).to_owned(), value(*kind, dice, now, ids));
    }
    for (name, kind) in spec.fields {
        if matches!(kind, Kind::Updated) {
            fields.insert((*name).to_owned(), json!(iso(now)));
        }
    }
}

fn value(kind: Kind, dice: &mut Dice, now: Micros, ids: Ids<'_>) -> Value {
    match kind {
        Kind::First => json!(dice.pick(FIRST)),
        Kind::Last => json!(dice.pick(LAST)),
        Kind::Full => json!(format!("{} {}", dice.pick(FIRST), dice.pick(LAST))),
        Kind::Email => json!(format!("person{}@example.test", dice.below(1_000_000))),
        Kind::Phone => json!(format!("+1555{:07}", dice.below(10_000_000))),
        Kind::Url => json!(format!(
            "https://files.example.test/{}",
            dice.below(1_000_000)
        )),
        Kind::Line => json!(words(dice, 2)),
        Kind::Prose if dice.per_mille(100) => Value::Null,
        Kind::Prose => json!(words(dice, 12)),
        Kind::Code => json!(dice.below(1_000_000).to_string()),
        Kind::Date if dice.per_mille(150) => Value::Null,
        Kind::Date => json!(iso(now - DAY * dice.between(1, 1800))),
        Kind::Updated => json!(iso(now)),
        Kind::Choice(of) => json!(dice.pick(of)),
        Kind::Flag => json!(dice.per_mille(500)),
        Kind::Count => json!(dice.below(100)),
        Kind::Amount => json!(dice.between(0, 400_000) as f64 / 4.0),
        Kind::Ref(_) if dice.per_mille(100) => Value::Null,
        Kind::Ref(model) => json!(ids(model, dice)),
        Kind::Refs(model) => {
            let several: Vec<String> = (0..dice.below(4))
                .filter_map(|_| ids(model, dice))
                .collect();
            json!(several)
        }
        Kind::Texts => json!(
            (0..dice.below(3))
                .map(|_| words(dice, 1))
                .collect::<Vec<_>>()
        ),
        Kind::Contacts(key, of) => {
            let number = dice.below(1_000_000);
            let value = if key.starts_with("phone") {
                format!("+1555{number:07}")
            } else {
                format!("person{number}@example.test")
            };
            json!([{ "value": value, key: of }])
        }
    }
}

fn words(dice: &mut Dice, most: u64) -> String {
    let count = 1 + dice.below(most);
    (0..count)
        .map(|_| *dice.pick(WORDS))
        .collect::<Vec<_>>()
        .join(" ")
}
