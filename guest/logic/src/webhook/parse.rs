//! What a verified body says.
//!
//! Strict about three things, without which an event cannot be acted on: its name, its
//! account, and the token of a link. Whatever else is missing or odd is `None`.

use alloc::borrow::ToOwned;
use alloc::collections::BinaryHeap;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::cmp::Reverse;

use super::event::{Event, Ignored, IssueChanged, Linked, RecordChanged, Synced, Unlinked};
use crate::endpoints::of_event;
use crate::merge_json::{Object, Value, quoted};
use crate::status::{SYNCED_FIELDS, of_model};
use crate::types::{Account, ModelStatus, Problem, Secret};
use crate::{account_details, issues};

/// How deep an event goes: `data`, `sync_status`, the row of a model.
const LEVELS: u8 = 3;

/// The event's name, empty for the test ping, and what it says.
pub fn parse(body: &str) -> Result<(String, Event), Problem> {
    let body = Object::parse("body", body, LEVELS)?;
    if is_test_ping(&body) {
        let reason = "test ping".to_owned();
        return Ok((String::new(), Event::Ignored(Ignored { reason })));
    }
    let name = required(&body.object("hook").unwrap_or_default(), "hook", "event")?;
    let event = event(&name, &body)?;
    Ok((name, event))
}

/// The button "Send test" of Merge's dashboard posts a `response` and no `hook`.
fn is_test_ping(body: &Object<'_>) -> bool {
    !body.has("hook") && body.text("response").is_some()
}

/// What an event is about, by its name alone.
#[derive(Clone, Copy)]
enum Kind {
    Linked,
    SyncCompleted,
    Unlinked,
    Issue,
    ModelSynced,
    RecordChanged,
    /// What came of a request that the product made itself: of no sync.
    Request,
    Other,
}

/// The names compare without regard to case. A model's name is Merge's own and open.
fn kind(subject: &str, verb: &str) -> Kind {
    let verbs: &[(&str, Kind)] = if alike(subject, "LinkedAccount") {
        &[
            ("linked", Kind::Linked),
            ("sync_completed", Kind::SyncCompleted),
            ("deleted", Kind::Unlinked),
        ]
    } else if alike(subject, "Issue") {
        return Kind::Issue;
    } else if ["Async", "Passthrough"]
        .iter()
        .any(|with| alike(subject.get(..with.len()).unwrap_or_default(), with))
    {
        return Kind::Request;
    } else if subject.is_empty() {
        &[]
    } else {
        &[
            ("synced", Kind::ModelSynced),
            ("added", Kind::RecordChanged),
            ("changed", Kind::RecordChanged),
            ("removed", Kind::RecordChanged),
        ]
    };
    let mut verbs = verbs.iter();
    verbs
        .find(|(known, _)| alike(verb, known))
        .map_or(Kind::Other, |(_, kind)| *kind)
}

/// Once in the component, and not in each place that asks.
#[inline(never)]
fn alike(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case(other)
}

/// An event that is not known, or brings nothing that could be acted on, is a hint to look at the
/// account that it names.
fn event(name: &str, body: &Object<'_>) -> Result<Event, Problem> {
    // One without a point has no subject that means anything.
    let (subject, verb) = name.rsplit_once('.').unwrap_or((name, ""));
    let kind = kind(subject, verb);
    let account = account(body);
    let data = body.object("data").unwrap_or_default();
    let account = match (kind, account) {
        (Kind::Issue, account) => {
            // It may be of the organization, with no account.
            return Ok(Event::IssueChanged(IssueChanged {
                account: account.ok(),
                description: issues::description(&data).unwrap_or_default(),
            }));
        }
        (Kind::Request, _) | (Kind::Other, Err(_)) => return Ok(ignored(name)),
        (_, account) => account?,
    };
    let (is_initial_sync, models) = match kind {
        Kind::Linked => return linked(account, body, &data),
        Kind::Unlinked => return Ok(Event::Unlinked(Unlinked { account })),
        Kind::RecordChanged => {
            return Ok(Event::RecordChanged(RecordChanged {
                model_id: model_id(&account, subject),
                account,
                record_id: data.filled_text("id"),
            }));
        }
        Kind::SyncCompleted => sync_completed(&data),
        Kind::ModelSynced => model_synced(&data),
        Kind::Issue | Kind::Request | Kind::Other => (None, Vec::new()),
    };
    Ok(Event::Synced(Synced {
        account,
        is_initial_sync,
        models,
    }))
}

fn ignored(name: &str) -> Event {
    let reason = format!("{} is not an event to act on", quoted(name));
    Event::Ignored(Ignored { reason })
}

fn linked(account: Account, body: &Object<'_>, data: &Object<'_>) -> Result<Event, Problem> {
    let completed_at = body
        .object("linked_account")
        .and_then(|account| account.instant("completed_at"));
    Ok(Event::Linked(Linked {
        account,
        account_token: Secret(required(data, "data", "account_token")?),
        is_relink: data.flag("is_relink").unwrap_or(false),
        completed_at,
    }))
}

/// What an event of a sync says: the flag of the initial sync, and of which models it tells what.
type Finishes = (Option<bool>, Vec<ModelStatus>);

/// The account's flag stays the account's: a model enabled later may be in its initial sync
/// while the account is not.
fn sync_completed(data: &Object<'_>) -> Finishes {
    let map = data.object("sync_status");
    let models = map.map(|map| models_by_id(&map)).unwrap_or_default();
    (data.flag("is_initial_sync"), models)
}

fn models_by_id(map: &Object<'_>) -> Vec<ModelStatus> {
    // In order of ids, and of a repeated id the last, as in every object. A heap is the smallest
    // way to an order: a map is three kilobytes, and a sort five.
    let rows = map.entries().enumerate();
    let mut ids: BinaryHeap<_> = rows.map(|(place, (id, _))| Reverse((id, place))).collect();
    let mut models = Vec::with_capacity(ids.len());
    while let Some(Reverse((id, place))) = ids.pop() {
        let repeated = ids.peek().is_some_and(|Reverse((next, _))| *next == id);
        if repeated || id.is_empty() {
            continue;
        }
        if let Some(row) = map.at(place).and_then(Value::object) {
            models.push(of_model(id.to_owned(), &row));
        }
    }
    models
}

/// The model is the one that the row names. Before 2024 `sync_status` was the bare state, with
/// the model in the event's name alone: too little to act on, so no model is named.
fn model_synced(data: &Object<'_>) -> Finishes {
    let mut models = Vec::new();
    let Some(row) = data.object("sync_status") else {
        return (None, models);
    };
    if let Some(model_id) = row.filled_text("model_id") {
        let mut status = of_model(model_id, &row);
        take_synced_fields(&mut status, data);
        models.push(status);
    }
    (row.flag("is_initial_sync"), models)
}

/// They stand beside the row.
fn take_synced_fields(status: &mut ModelStatus, data: &Object<'_>) {
    if !data.has(SYNCED_FIELDS) {
        return;
    }
    match data.texts(SYNCED_FIELDS) {
        Some(fields) => status.synced_fields = fields,
        None => status.unreadable.push(String::from(SYNCED_FIELDS)),
    }
}

/// The id in the table of the model that an event of `account` calls `model`.
fn model_id(account: &Account, model: &str) -> Option<String> {
    of_event(&format!("{}.{model}", account.category)).map(String::from)
}

fn account(body: &Object<'_>) -> Result<Account, Problem> {
    let object = body.object("linked_account").unwrap_or_default();
    account_details::account(&object).ok_or_else(|| missing(&object, "linked_account", "id"))
}

/// A text that must be there and not empty, in the object that `path` names.
fn required(object: &Object<'_>, path: &str, key: &str) -> Result<String, Problem> {
    let text = object.filled_text(key);
    text.ok_or_else(|| missing(object, path, key))
}

/// The message never repeats what is there.
fn missing(object: &Object<'_>, path: &str, key: &str) -> Problem {
    let found = object.kind_of(key);
    Problem {
        message: format!("{path}.{key}: expected a text, found {found}"),
    }
}
