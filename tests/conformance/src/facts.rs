//! Random inputs in the JSON form, for each operation: mostly well formed, with the odd value
//! at its ends. Instants are from the years that can be printed, in the printed form, since a
//! form of the contract without text has no other.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Map, Value, json};

use crate::{Vector, load_vectors};

/// An object of these fields.
fn record(fields: Vec<(&'static str, BoxedStrategy<Value>)>) -> BoxedStrategy<Value> {
    let (names, values): (Vec<_>, Vec<_>) = fields.into_iter().unzip();
    values
        .prop_map(move |values| {
            let names = names.iter().map(|name| (*name).to_owned());
            Value::Object(names.zip(values).collect::<Map<_, _>>())
        })
        .boxed()
}

/// One of these, as it is.
fn one_of(values: impl IntoIterator<Item = Value>) -> BoxedStrategy<Value> {
    select(values.into_iter().collect::<Vec<_>>()).boxed()
}

/// Null now and then.
fn maybe(some: BoxedStrategy<Value>) -> BoxedStrategy<Value> {
    option::weighted(0.8, some)
        .prop_map(|some| some.unwrap_or(Value::Null))
        .boxed()
}

fn list(item: BoxedStrategy<Value>, longest: usize) -> BoxedStrategy<Value> {
    vec(item, 0..=longest).prop_map(Value::Array).boxed()
}

fn flag() -> BoxedStrategy<Value> {
    any::<bool>().prop_map(Value::from).boxed()
}

fn text() -> BoxedStrategy<Value> {
    prop_oneof![
        4 => "[a-zA-Z0-9 .,:/_-]{0,20}",
        1 => any::<String>(),
    ]
    .prop_map(Value::from)
    .boxed()
}

/// Close together, at the ends of what can be printed, or anywhere between.
fn instant() -> BoxedStrategy<Value> {
    let near = (
        0_u32..4,
        0_u32..60,
        select(vec!["", ".000001", ".118402", ".500000", ".999999"]),
    )
        .prop_map(|(minute, second, fraction)| {
            format!("2025-11-27T10:{minute:02}:{second:02}{fraction}Z")
        });
    let anywhere = (
        (1_u32..=9999, 1_u32..=12, 1_u32..=28),
        (0_u32..24, 0_u32..60, 0_u32..60),
        option::of(1_u32..1_000_000),
    )
        .prop_map(|((year, month, day), (hour, minute, second), fraction)| {
            let fraction = fraction
                .map(|fraction| format!(".{fraction:06}"))
                .unwrap_or_default();
            format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{fraction}Z")
        });
    let ends = select(vec![
        "0001-01-01T00:00:00Z",
        "1969-12-31T23:59:59.999999Z",
        "1970-01-01T00:00:00Z",
        "9999-12-31T23:59:59Z",
        "9999-12-31T23:59:59.999999Z",
    ])
    .prop_map(str::to_owned);
    prop_oneof![6 => near, 3 => anywhere, 1 => ends]
        .prop_map(Value::from)
        .boxed()
}

/// A span or a seed: small, a day, or at its ends; a string where a number would be rounded.
fn number() -> BoxedStrategy<Value> {
    let exact = 1_u64 << 53;
    prop_oneof![
        2 => 0_u64..10,
        4 => 0_u64..100_000_000,
        1 => select(vec![0, 1, 86_400_000, exact, exact + 1, u64::MAX - 1, u64::MAX]),
        1 => any::<u64>(),
    ]
    .prop_map(move |number| {
        if number > exact {
            json!(number.to_string())
        } else {
            json!(number)
        }
    })
    .boxed()
}

fn state() -> BoxedStrategy<Value> {
    let known = [
        "syncing",
        "done",
        "partially-synced",
        "failed",
        "disabled",
        "paused",
    ];
    let known = one_of(known.map(|tag| json!({ "tag": tag })));
    let unknown = text().prop_map(|text| json!({"tag": "unknown", "value": {"text": text}}));
    prop_oneof![9 => known, 1 => unknown].boxed()
}

/// A model id as text: known, an alias, unlisted, unmapped, or noise.
fn model_id() -> BoxedStrategy<Value> {
    let known = select(vec![
        "hris.Employee",
        "hris.Company",
        "hris.BankInfo",
        "ats.RemoteUser",
        "ats.Url",
        "crm.Account",
        "crm.CRMAccount",
        "accounting.Invoices",
        "accounting.Invoice",
        "accounting.AccountingPeriod",
        "ticketing.TicketingTeam",
        "ticketing.Team",
        "hris.SomethingNew",
        "",
        "hris",
        "hris.",
        ".",
    ])
    .prop_map(Value::from);
    let made = "(hris|ats|crm|accounting|ticketing|mktg|chat)\\.[A-Z][A-Za-z]{0,12}";
    prop_oneof![8 => known, 3 => made.prop_map(Value::from), 1 => text()].boxed()
}

fn status() -> BoxedStrategy<Value> {
    record(vec![
        ("model_id", model_id()),
        ("model_name", text()),
        ("status", maybe(state())),
        ("is_initial_sync", maybe(flag())),
        ("last_sync_start", maybe(instant())),
        ("next_sync_start", maybe(instant())),
        ("last_sync_result", maybe(state())),
        ("last_sync_finished", maybe(instant())),
        (
            "status_reason",
            one_of(["", "RATE_LIMITED", "WAITING_ON_OTHER_MODELS"].map(Value::from)),
        ),
        ("data_fresh_as_of", maybe(instant())),
        ("synced_fields", list(text(), 3)),
        ("unreadable", list(text(), 2)),
    ])
}

fn progress() -> BoxedStrategy<Value> {
    record(vec![
        ("last_synced_at", maybe(instant())),
        ("merge_last_sync_finished", maybe(instant())),
        ("last_fetched_at", maybe(instant())),
    ])
}

/// `readiness.evaluate`.
pub fn readiness() -> BoxedStrategy<Value> {
    record(vec![
        ("statuses", list(status(), 5)),
        ("complete", flag()),
        ("required", list(model_id(), 3)),
        (
            "partial",
            one_of(["strict", "accept-partial"].map(Value::from)),
        ),
        ("ready_before", list(model_id(), 3)),
        ("was_ready", flag()),
    ])
}

/// `window.next`.
pub fn window() -> BoxedStrategy<Value> {
    record(vec![
        ("status", status()),
        ("progress", progress()),
        (
            "ready",
            prop::bool::weighted(0.9).prop_map(Value::from).boxed(),
        ),
        (
            "rule",
            one_of(["contiguous", "open-ended", "fetch-start"].map(Value::from)),
        ),
        ("overlap", number()),
    ])
}

/// `window.advance`.
pub fn completed() -> BoxedStrategy<Value> {
    let span = record(vec![
        ("after", maybe(instant())),
        ("before", maybe(instant())),
        ("watermark", instant()),
        ("query", text()),
    ]);
    record(vec![
        ("progress", progress()),
        ("span", span),
        ("started_at", instant()),
        ("ended_at", instant()),
    ])
}

/// `window.locate`.
pub fn model() -> BoxedStrategy<Value> {
    record(vec![("model_id", model_id())])
}

fn interval() -> BoxedStrategy<Value> {
    record(vec![("shortest", number()), ("longest", number())])
}

/// `cadence.next`.
pub fn cadence() -> BoxedStrategy<Value> {
    let policy = record(vec![
        ("initial_fast", interval()),
        ("initial_slow", interval()),
        ("frequent", interval()),
        ("standard", interval()),
        ("unhinted", interval()),
        ("safety_net", number()),
    ]);
    record(vec![
        ("statuses", list(status(), 3)),
        ("initial", flag()),
        ("linked_at", instant()),
        ("now", instant()),
        ("seed", number()),
        ("policy", policy),
    ])
}

/// `retry.decide`.
pub fn retry() -> BoxedStrategy<Value> {
    let date = one_of(
        [
            "Thu, 27 Nov 2025 10:00:30 GMT",
            "Thu, 27 Nov 2025 10:03:00 GMT",
            "Fri, 27 Nov 2026 10:00:00 GMT",
            "Thu Nov 27 10:05:00 2025",
        ]
        .map(Value::from),
    );
    let seconds =
        one_of(["0", "30", "86400", "99999999999999999999", "-1", "1.5"].map(Value::from));
    let response = record(vec![
        (
            "status",
            prop_oneof![9 => 0_u16..700, 1 => any::<u16>()]
                .prop_map(Value::from)
                .boxed(),
        ),
        (
            "retry_after",
            maybe(prop_oneof![4 => seconds, 2 => date.clone(), 1 => text()].boxed()),
        ),
        ("date", maybe(date)),
    ]);
    let response = response.prop_map(|value| json!({"tag": "response", "value": value}));
    let transport = text().prop_map(|text| json!({"tag": "transport", "value": {"message": text}}));
    let unusable = text().prop_map(|text| json!({"tag": "unusable", "value": {"message": text}}));
    let bare = ["timed-out", "too-large", "stale-cursor", "no-token"];
    let bare = one_of(bare.map(|tag| json!({ "tag": tag })));
    let attempt = prop_oneof![8 => 0_u32..10, 1 => any::<u32>(), 1 => Just(u32::MAX)];
    let policy = record(vec![
        ("base", number()),
        ("throttled_base", number()),
        ("cap", number()),
        (
            "max_attempts",
            prop_oneof![8 => 0_u32..10, 2 => any::<u32>()]
                .prop_map(Value::from)
                .boxed(),
        ),
    ]);
    record(vec![
        (
            "outcome",
            prop_oneof![6 => response, 1 => transport, 1 => unusable, 1 => bare].boxed(),
        ),
        ("attempt", attempt.prop_map(Value::from).boxed()),
        ("now", instant()),
        ("seed", number()),
        ("policy", policy),
    ])
}

/// The inputs that the vectors of these operations have.
fn known_inputs(operations: &[&str]) -> Vec<Value> {
    let vectors = load_vectors().expect("the vectors load");
    let known = |vector: &Vector| {
        vector.error().is_none() && operations.contains(&vector.operation.as_str())
    };
    vectors
        .into_iter()
        .filter(known)
        .map(|vector| vector.input)
        .collect()
}

/// `text` with a part cut out, doubled or replaced.
pub(crate) fn damaged(text: &str, at: Index, length: usize, patch: &str) -> String {
    let characters: Vec<char> = text.chars().collect();
    let start = at.index(characters.len() + 1);
    let end = (start + length).min(characters.len());
    let (head, tail) = (&characters[..start], &characters[end..]);
    head.iter()
        .copied()
        .chain(patch.chars())
        .chain(tail.iter().copied())
        .collect()
}

/// Bodies of the vectors, some of them damaged.
fn body(operation: &str) -> BoxedStrategy<String> {
    let bodies: Vec<String> = known_inputs(&[operation])
        .into_iter()
        .filter_map(|input| Some(input["body"].as_str()?.to_owned()))
        .collect();
    let patch = prop_oneof![
        2 => Just(String::new()),
        2 => select(vec!["null", "{", "}", "[", "\"", ",", "1e999", "NaN", "\\u0000", "\\ud800"]).prop_map(str::to_owned),
        1 => any::<String>(),
    ];
    (
        select(bodies),
        option::weighted(0.6, (any::<Index>(), 0_usize..12, patch)),
    )
        .prop_map(|(body, damage)| match damage {
            Some((at, length, patch)) => damaged(&body, at, length, &patch),
            None => body,
        })
        .boxed()
}

/// Any operation with the input of a vector, as text, damaged in one place.
pub fn damaged_input() -> BoxedStrategy<(String, String)> {
    let vectors = load_vectors().expect("the vectors load");
    let known: Vec<_> = vectors
        .into_iter()
        .map(|vector| (vector.operation, vector.input.to_string()))
        .collect();
    let patch = select(vec![
        "", "null", "0", "-1", "1.5", "\"\"", "[]", "{}", ",", "}", "\\", "é",
    ]);
    (select(known), any::<Index>(), 0_usize..8, patch)
        .prop_map(|((operation, input), at, length, patch)| {
            (operation, damaged(&input, at, length, patch))
        })
        .boxed()
}

/// `readiness.parse-status`.
pub fn status_body() -> BoxedStrategy<Value> {
    body("readiness.parse-status")
        .prop_map(|body| json!({ "body": body }))
        .boxed()
}

/// `page.parse`.
pub fn page_body() -> BoxedStrategy<Value> {
    let models = select(vec![
        "hris.Employee",
        "ats.Tag",
        "ticketing.TicketingTag",
        "",
    ]);
    (models, body("page.parse"))
        .prop_map(|(model, body)| json!({ "model_id": model, "body": body }))
        .boxed()
}

/// `signature.verify` and `webhook.handle`: deliveries of the vectors, whole or damaged in one
/// place.
pub fn delivery() -> BoxedStrategy<Value> {
    let known = known_inputs(&["signature.verify", "webhook.handle"]);
    let damage = option::weighted(
        0.5,
        (0_usize..3, any::<Index>(), 0_usize..4, "[A-Za-z=_ -]{0,3}"),
    );
    (select(known), damage)
        .prop_map(|(mut input, damage)| {
            if let Some((part, at, length, patch)) = damage {
                let pointer = ["/body", "/signatures/0", "/keys/0"][part];
                if let Some(Value::String(text)) = input.pointer_mut(pointer) {
                    *text = damaged(text, at, length, &patch);
                }
            }
            input
        })
        .boxed()
}
