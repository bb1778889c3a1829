//! A delivery: accepted where its signature is right and nowhere else, and its token kept apart.

use merge_sync_engine::receive::{Receipt, receive};
use merge_sync_logic::signature::{Authentic, Refusal, SignedBody, Verdict, verify};
use merge_sync_logic::types::Secret;
use merge_sync_logic::webhook::{Event, Outcome, handle};
use serde_json::Value;

use crate::seeds::Vector;
use crate::signing::{sign, signed};

/// What every accepted delivery is answered.
const RECEIVED: &str = r#"{"received": true}"#;

/// A line of signatures and a line of keys, each item followed by a tab; then the body.
///
/// The delivery is judged as it stands, then signed properly, then signed with a wrong key.
pub fn webhook(data: &[u8]) {
    let sent = read(&String::from_utf8_lossy(data));
    check_as_sent(&sent);
    let key = sent.keys.iter().find(|key| !key.0.is_empty());
    let key = key.map_or("a key", |key| key.0.as_str());
    check_signed(&sent.body, key);
    check_token_is_kept_apart(&sent.body, key);
}

pub(crate) fn seed(vector: &Vector) -> Option<Vec<u8>> {
    let input = vector
        .of("webhook.handle")
        .or_else(|| vector.of("signature.verify"))?;
    let list = |name: &str| -> Option<String> {
        let items = input[name].as_array()?.iter();
        items
            .map(|item| Some(format!("{}\t", item.as_str()?)))
            .collect()
    };
    let (signatures, keys) = (list("signatures")?, list("keys")?);
    Some(format!("{signatures}\n{keys}\n{}", input["body"].as_str()?).into())
}

fn read(text: &str) -> SignedBody {
    let (signatures, rest) = text.split_once('\n').unwrap_or((text, ""));
    let (keys, body) = rest.split_once('\n').unwrap_or((rest, ""));
    let items = |line: &str| {
        line.split_terminator('\t')
            .map(String::from)
            .collect::<Vec<_>>()
    };
    SignedBody {
        body: body.into(),
        signatures: items(signatures),
        keys: items(keys).into_iter().map(Secret).collect(),
    }
}

/// The signature without padding and the first key that produces it, by the other library.
fn expected(sent: &SignedBody) -> Option<(String, u32)> {
    if sent.keys.iter().any(|key| key.0.is_empty()) {
        return None;
    }
    let [signature] = sent.signatures.as_slice() else {
        return None;
    };
    let bare = signature.strip_suffix('=').unwrap_or(signature);
    let position = sent
        .keys
        .iter()
        .position(|key| sign(&sent.body, &key.0) == bare)?;
    Some((bare.into(), position.try_into().expect("few keys")))
}

fn check_as_sent(sent: &SignedBody) {
    let handling = handle(sent);
    let verdict = verify(sent);
    let reply = (handling.reply.status, handling.reply.body.as_str());
    match expected(sent) {
        Some((delivery_id, key_index)) => {
            let authentic = Authentic {
                key_index,
                delivery_id,
            };
            assert_eq!(verdict, Verdict::Authentic(authentic));
            assert_eq!(reply, (200, RECEIVED));
            assert!(!matches!(handling.outcome, Outcome::Refused(_)));
        }
        None => {
            let Verdict::Refused(refused) = verdict else {
                panic!("a delivery that nobody signed was accepted");
            };
            let reason = refused.reason;
            let no_key = sent.keys.is_empty() || sent.keys.iter().any(|key| key.0.is_empty());
            assert_eq!(reason == Refusal::NoKey, no_key);
            assert_eq!(reply.0, if no_key { 500 } else { 401 });
            assert_eq!(handling.outcome, Outcome::Refused(refused));
        }
    }
    check_received(sent);
}

/// The engine's reply is that of the decision, and only an event to act on leaves a note.
fn check_received(sent: &SignedBody) -> Receipt {
    let handling = handle(sent);
    let received = receive(sent);
    assert_eq!(received.reply, handling.reply);
    let acts = match &handling.outcome {
        Outcome::Refused(_) | Outcome::Malformed(_) => false,
        Outcome::Accepted(accepted) => match &accepted.event {
            Event::Ignored(_) => false,
            Event::IssueChanged(issue) => issue.account.is_some(),
            _ => true,
        },
    };
    assert_eq!(received.note.is_some(), acts);
    assert_eq!(received.unkept_reply.status, 500);
    if let (Some(note), Outcome::Accepted(accepted)) = (&received.note, &handling.outcome) {
        let linked = matches!(accepted.event, Event::Linked(_));
        assert_eq!((note.create, note.secret.is_some()), (linked, linked));
        assert!(!note.account.is_empty());
    }
    received
}

fn check_signed(body: &str, key: &str) {
    let other = format!("{key}'");
    let right = signed(body, key, &[&other, key]);
    let handling = handle(&right);
    assert_eq!(handling.reply.body, RECEIVED);
    let authentic = match handling.outcome {
        Outcome::Accepted(accepted) => accepted.authentic,
        Outcome::Malformed(malformed) => malformed.authentic,
        Outcome::Refused(refused) => panic!("a right signature was refused: {refused:?}"),
    };
    assert_eq!(authentic.key_index, 1);
    check_received(&right);

    check_mismatch(&signed(body, &other, &[key]));
    let mut longer = signed(body, key, &[key]);
    longer.body.push(' ');
    check_mismatch(&longer);
}

#[track_caller]
fn check_mismatch(sent: &SignedBody) {
    let handling = handle(sent);
    assert_eq!(handling.reply.status, 401);
    let Outcome::Refused(refused) = handling.outcome else {
        panic!("a wrong signature was accepted");
    };
    assert_eq!(refused.reason, Refusal::Mismatch);
    assert_eq!(check_received(sent).note, None);
}

/// Two deliveries that differ in nothing but the token leave the same note and the same log.
fn check_token_is_kept_apart(body: &str, key: &str) {
    let Ok(mut body) = serde_json::from_str::<Value>(body) else {
        return;
    };
    let token = body.pointer_mut("/data/account_token");
    let Some(token) = token.filter(|token| token.as_str().is_some_and(|text| !text.is_empty()))
    else {
        return;
    };
    let other = Value::String(format!("{}'", token.as_str().unwrap_or_default()));
    let token = std::mem::replace(token, other);
    let with_other = visible(&body.to_string(), key);
    body["data"]["account_token"] = token;
    assert_eq!(visible(&body.to_string(), key), with_other);
}

/// All that is kept or logged of a delivery apart from its secret, with its id made equal.
fn visible(body: &str, key: &str) -> String {
    let sent = signed(body, key, &[key]);
    let mut received = receive(&sent);
    if let Some(note) = &mut received.note {
        note.secret = None;
    }
    format!("{received:?}").replace(&sent.signatures[0], "ID")
}
