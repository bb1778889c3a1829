//! Laws of everything that reads text from outside: total, exact, and never fooled.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE;
use hmac::{Hmac, KeyInit, Mac};
use merge_sync_logic::endpoints::{Endpoint, canonical, locate};
use merge_sync_logic::readiness::parse_status;
use merge_sync_logic::signature::{Refusal, SignedBody, Verdict, verify};
use merge_sync_logic::types::{Secret, Timestamp};
use merge_sync_logic::webhook::{Event, Outcome, handle};
use merge_sync_logic::{account_details, issues, page};
use proptest::prelude::*;
use sha2::Sha256;

/// 0001-01-01T00:00:00Z and 9999-12-31T23:59:59.999999Z: what can be printed unclamped.
const PRINTABLE: std::ops::RangeInclusive<i64> = -62_135_596_800_000_000..=253_402_300_799_999_999;

fn signature(body: &str, key: &str) -> String {
    let mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).expect("a key of any length");
    URL_SAFE.encode(mac.chain_update(body.as_bytes()).finalize().into_bytes())
}

fn signed(body: &str, key: &str) -> SignedBody {
    SignedBody {
        body: body.to_owned(),
        signatures: vec![signature(body, key)],
        keys: vec![Secret(key.to_owned())],
    }
}

/// Text that looks like Merge's JSON, whole or nearly so: values of every type under every
/// key that is read, then cut or damaged in one place.
fn almost_json() -> impl Strategy<Value = String> {
    let key = prop::sample::select(vec![
        "hook",
        "event",
        "linked_account",
        "data",
        "id",
        "sync_status",
        "results",
        "next",
        "model_id",
        "status",
        "modified_at",
        "account_token",
        "response",
        "hris.Employee",
        "\\ud800",
        "",
    ]);
    let leaf = prop::sample::select(vec![
        "null",
        "true",
        "-0",
        "1e999",
        "\"\"",
        "\"\\ud800\"",
        "\"Employee.synced\"",
        "\"DONE\"",
        "\"LinkedAccount.linked\"",
        "\"LinkedAccount.sync_completed\"",
        "\"Issue.new\"",
        "\"2025-11-27T10:39:49.905833Z\"",
        "\"https://h/?cursor=%zz\"",
        "\"Tag.added\"",
    ]);
    let value = leaf
        .prop_map(String::from)
        .prop_recursive(5, 60, 6, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4)
                    .prop_map(|items| format!("[{}]", items.join(","))),
                prop::collection::vec((key.clone(), inner), 0..6).prop_map(|entries| {
                    let entries: Vec<_> = entries
                        .iter()
                        .map(|(key, value)| format!("\"{key}\":{value}"))
                        .collect();
                    format!("{{{}}}", entries.join(","))
                }),
            ]
        });
    (
        value,
        prop::option::of((any::<prop::sample::Index>(), any::<Option<char>>())),
    )
        .prop_map(|(text, damage)| match damage {
            None => text,
            Some((place, replacement)) => {
                let mut characters: Vec<char> = text.chars().collect();
                let place = place.index(characters.len());
                match replacement {
                    None => characters.truncate(place),
                    Some(replacement) => characters[place] = replacement,
                }
                characters.into_iter().collect()
            }
        })
}

/// A webhook whose parts may be of any type, so that every event is met with every fault.
fn almost_webhook() -> impl Strategy<Value = String> {
    let event = prop::sample::select(vec![
        "LinkedAccount.linked",
        "LinkedAccount.sync_completed",
        "LinkedAccount.deleted",
        "LinkedAccount.other",
        "Employee.synced",
        "Employee.removed",
        "Issue.new",
        "Other",
    ]);
    let account = prop::sample::select(vec!["\"id\":\"a\",\"category\":\"hris\"", "\"id\":7", ""]);
    (event, account, almost_json()).prop_map(|(event, account, data)| {
        format!(
            r#"{{"hook":{{"event":"{event}"}},"linked_account":{{{account}}},"data":{{"sync_status":{data}}}}}"#
        )
    })
}

/// Reads `text` in every way there is; twice, since equal facts have equal answers.
fn read_in_every_way(text: &str) {
    assert_eq!(Timestamp::parse(text), Timestamp::parse(text));
    let http_date = || Timestamp::parse_http_date(text, Timestamp::EPOCH);
    assert_eq!(http_date(), http_date());
    assert_eq!(account_details::parse(text), account_details::parse(text));
    assert_eq!(issues::parse(text), issues::parse(text));
    for model_id in ["hris.Employee", "ats.Tag", text] {
        assert_eq!(page::parse(model_id, text), page::parse(model_id, text));
    }
    assert_eq!(parse_status(text), parse_status(text));
    assert_eq!(locate(text), locate(text));
    let delivery = signed(text, "key");
    let handling = handle(&delivery);
    assert_eq!(handling, handle(&delivery));
    assert_eq!(
        (handling.reply.status, handling.reply.body.as_str()),
        (200, r#"{"received": true}"#)
    );
    let unsigned = handle(&SignedBody {
        signatures: vec![text.to_owned()],
        ..delivery
    });
    assert!(matches!(unsigned.outcome, Outcome::Refused(_)));
    assert_eq!(unsigned.reply.status, 401);
}

proptest! {
    #[test]
    fn any_text_has_an_answer(text in any::<String>()) {
        read_in_every_way(&text);
    }

    #[test]
    fn any_near_json_has_an_answer(text in almost_json()) {
        read_in_every_way(&text);
    }

    #[test]
    fn any_near_webhook_has_an_answer_in_model_order(text in almost_webhook()) {
        read_in_every_way(&text);
        if let Outcome::Accepted(accepted) = handle(&signed(&text, "key")).outcome
            && let Event::Synced(synced) = accepted.event
        {
            prop_assert!(synced.models.is_sorted_by(|one, next| one.model_id < next.model_id));
        }
    }

    #[test]
    fn any_near_timestamp_has_an_answer(text in "[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]{0,11})?([Zz]|[+-][0-9]{2}:?[0-9]{2})?") {
        if let Some(read) = Timestamp::parse(&text) {
            let day = 86_400_000_000;
            prop_assert!((PRINTABLE.start() - 367 * day..=PRINTABLE.end() + day).contains(&read.0));
        }
    }

    #[test]
    fn a_printed_instant_is_read_back(instant in PRINTABLE) {
        let printed = Timestamp(instant).to_rfc3339();
        prop_assert_eq!(Timestamp::parse(&printed), Some(Timestamp(instant)));
        prop_assert_eq!(printed.len(), if instant.rem_euclid(1_000_000) == 0 { 20 } else { 27 });
    }

    #[test]
    fn an_instant_out_of_range_is_printed_at_its_end(instant in any::<i64>()) {
        let clamped = instant.clamp(*PRINTABLE.start(), *PRINTABLE.end());
        prop_assert_eq!(Timestamp::parse(&Timestamp(instant).to_rfc3339()), Some(Timestamp(clamped)));
    }

    #[test]
    fn an_offset_only_moves_the_instant(
        instant in -2_000_000_000_000_000_i64..4_000_000_000_000_000,
        ahead in any::<bool>(), hours in 0..24_i64, minutes in 0..60_i64, colon in any::<bool>(),
    ) {
        let printed = Timestamp(instant).to_rfc3339();
        let (sign, colon) = (if ahead { "+" } else { "-" }, if colon { ":" } else { "" });
        let zoned = printed.replace('Z', &format!("{sign}{hours:02}{colon}{minutes:02}"));
        let offset = (hours * 60 + minutes) * if ahead { 60_000_000 } else { -60_000_000 };
        prop_assert_eq!(Timestamp::parse(&zoned), Some(Timestamp(instant - offset)));
        prop_assert_eq!(Timestamp::parse(printed.trim_end_matches('Z')), Some(Timestamp(instant)));
    }

    #[test]
    fn nanoseconds_are_floored(seconds in -2_000_000_000_i64..4_000_000_000, nanoseconds in 0..1_000_000_000_i64) {
        let whole = Timestamp(seconds * 1_000_000);
        let text = whole.to_rfc3339().replace('Z', &format!(".{nanoseconds:09}Z"));
        prop_assert_eq!(Timestamp::parse(&text), Some(Timestamp(whole.0 + nanoseconds / 1_000)));
        prop_assert_eq!(Timestamp(whole.0 + nanoseconds / 1_000).floor_to_second(), whole);
    }

    #[test]
    fn a_body_verifies_under_its_key_wherever_that_stands(
        body in any::<String>(), key in ".{1,80}", others in prop::collection::vec("[a-z]{1,9}", 0..4),
        place in any::<prop::sample::Index>(), padded in any::<bool>(),
    ) {
        prop_assume!(!others.contains(&key));
        let mut delivery = signed(&body, &key);
        let index = place.index(others.len() + 1);
        delivery.keys = others.into_iter().map(Secret).collect();
        delivery.keys.insert(index, Secret(key.clone()));
        let unpadded = signature(&body, &key).replace('=', "");
        if !padded {
            delivery.signatures = vec![unpadded.clone()];
        }
        let Verdict::Authentic(authentic) = verify(&delivery) else {
            return Err(TestCaseError::fail("refused"));
        };
        prop_assert_eq!((authentic.key_index, authentic.delivery_id), (u32::try_from(index).unwrap(), unpadded));
    }

    #[test]
    fn one_flipped_bit_of_the_signature_never_verifies(
        body in any::<String>(), place in any::<prop::sample::Index>(), bit in 0..7_u32, padded in any::<bool>(),
    ) {
        let mut delivery = signed(&body, "key");
        let header = delivery.signatures.pop().unwrap();
        let mut bytes = if padded { header } else { header.replace('=', "") }.into_bytes();
        let place = place.index(bytes.len());
        bytes[place] ^= 1 << bit;
        delivery.signatures = vec![String::from_utf8(bytes).unwrap()];
        prop_assert!(matches!(verify(&delivery), Verdict::Refused(_)));
    }

    #[test]
    fn one_flipped_bit_of_the_body_never_verifies(
        body in "[ -~]{1,200}", place in any::<prop::sample::Index>(), bit in 0..7_u32,
    ) {
        let mut delivery = signed(&body, "key");
        let mut bytes = body.into_bytes();
        let place = place.index(bytes.len());
        bytes[place] ^= 1 << bit;
        delivery.body = String::from_utf8(bytes).unwrap();
        let Verdict::Refused(refused) = verify(&delivery) else {
            return Err(TestCaseError::fail("verified"));
        };
        prop_assert_eq!(refused.reason, Refusal::Mismatch);
    }

    #[test]
    fn a_page_is_read_whole_or_counted(records in prop::collection::vec(almost_json(), 0..9)) {
        let body = format!(r#"{{"results":[{}]}}"#, records.join(","));
        if let Ok(page) = page::parse("hris.Employee", &body) {
            for row in &page.rows {
                prop_assert!(!row.id.is_empty() && body.contains(&row.json));
            }
            if let Ok(sent) = serde_json::from_str::<serde_json::Value>(&body) {
                let left_out = page.without_key as usize + page.unreadable as usize;
                let sent = sent["results"].as_array().map(Vec::len);
                prop_assert_eq!(Some(page.rows.len() + left_out), sent);
            }
        }
    }

    #[test]
    fn an_alias_leads_where_its_id_leads(
        category in "(crm|hris|ats|accounting|ticketing|filestorage|knowledgebase|mktg|chat)",
        prefix in "(CRM|Ticketing|Accounting|FileStorage|KnowledgeBase|MKTG)?",
        name in "(User|Account|Contact|Team|Employee|Transaction|Invoices|File|Article|Url|Viewer|[A-Z][a-z]{0,3})",
    ) {
        let model_id = format!("{category}.{prefix}{name}");
        match canonical(&model_id) {
            None => prop_assert_eq!(locate(&model_id), Endpoint::Unmapped),
            Some(id) => {
                prop_assert_eq!(canonical(id), Some(id));
                prop_assert_eq!(locate(&model_id), locate(id));
                prop_assert_eq!(id.split_once('.').unwrap().0, category);
            }
        }
    }
}
