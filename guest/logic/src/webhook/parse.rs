//! What a verified body says.
//!
//! Strict about three things, without which an event cannot be acted on: its name, its
//! account, and the token of a link. Whatever else is missing or odd is `None`.

use alloc::borrow::{Cow, ToOwned};
use alloc::collections::BinaryHeap;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::cmp::Reverse;

use super::{Event, Ignored, IssueChanged, Linked, RecordChanged, Synced, Unlinked};
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
    let name = required(&body, "hook", "event")?;
    let event = event(&name, &body)?;
    Ok((name, event))
}

/// The button "Send test" of Merge's dashboard posts a `response` and no `hook`.
fn is_test_ping(body: &Object<'_>) -> bool {
    !body.has("hook") && body.text("response").is_some()
}

/// The names compare without regard to case. An event that is not known, or brings nothing that
/// could be acted on, is a hint to look at the account that it names.
fn event(name: &str, body: &Object<'_>) -> Result<Event, Problem> {
    // One without a point has no subject that means anything.
    let (subject, verb) = name.rsplit_once('.').unwrap_or((name, ""));
    let is = |known: &str| verb.eq_ignore_ascii_case(known);
    if subject.eq_ignore_ascii_case("LinkedAccount") {
        return if is("linked") {
            linked(body)
        } else if is("sync_completed") {
            sync_completed(body)
        } else if is("deleted") {
            let account = account(body)?;
            Ok(Event::Unlinked(Unlinked { account }))
        } else {
            Ok(hint(name, body))
        };
    }
    if subject.eq_ignore_ascii_case("Issue") {
        return Ok(issue_changed(body));
    }
    if is_of_a_request(subject) {
        return Ok(ignored(name));
    }
    // The model's name is Merge's own and open.
    if subject.is_empty() {
        Ok(hint(name, body))
    } else if is("synced") {
        model_synced(body)
    } else if ["added", "changed", "removed"].into_iter().any(is) {
        record_changed(subject, body)
    } else {
        Ok(hint(name, body))
    }
}

/// Whether it tells what came of a request that the product made itself: of no sync.
fn is_of_a_request(subject: &str) -> bool {
    let begins = |with: &str| {
        let start = subject.get(..with.len());
        start.is_some_and(|start| start.eq_ignore_ascii_case(with))
    };
    begins("Async") || begins("Passthrough")
}

fn hint(name: &str, body: &Object<'_>) -> Event {
    account(body).map_or_else(
        |_| ignored(name),
        |account| {
            Event::Synced(Synced {
                account,
                is_initial_sync: None,
                models: Vec::new(),
            })
        },
    )
}

fn ignored(name: &str) -> Event {
    let reason = format!("{} is not an event to act on", quoted(name));
    Event::Ignored(Ignored { reason })
}

fn linked(body: &Object<'_>) -> Result<Event, Problem> {
    let account = account(body)?;
    let account_token = Secret(required(body, "data", "account_token")?);
    let is_relink = data(body).flag("is_relink").unwrap_or(false);
    let completed_at = body
        .object("linked_account")
        .and_then(|account| account.instant("completed_at"));
    Ok(Event::Linked(Linked {
        account,
        account_token,
        is_relink,
        completed_at,
    }))
}

/// The account's flag stays the account's: a model enabled later may be in its initial sync
/// while the account is not.
fn sync_completed(body: &Object<'_>) -> Result<Event, Problem> {
    let account = account(body)?;
    let data = data(body);
    let models = data
        .object("sync_status")
        .map(|map| models_by_id(&map))
        .unwrap_or_default();
    Ok(Event::Synced(Synced {
        account,
        is_initial_sync: data.flag("is_initial_sync"),
        models,
    }))
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
fn model_synced(body: &Object<'_>) -> Result<Event, Problem> {
    let account = account(body)?;
    let data = data(body);
    let Some(row) = data.object("sync_status") else {
        return Ok(Event::Synced(Synced {
            account,
            is_initial_sync: None,
            models: Vec::new(),
        }));
    };
    let mut models = Vec::new();
    if let Some(model_id) = row.filled_text("model_id") {
        let mut status = of_model(model_id, &row);
        take_synced_fields(&mut status, &data);
        models.push(status);
    }
    Ok(Event::Synced(Synced {
        account,
        is_initial_sync: row.flag("is_initial_sync"),
        models,
    }))
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

fn record_changed(model: &str, body: &Object<'_>) -> Result<Event, Problem> {
    let account = account(body)?;
    let model_id = model_id(&account, model);
    let record_id = data(body).filled_text("id");
    Ok(Event::RecordChanged(RecordChanged {
        account,
        model_id,
        record_id,
    }))
}

/// The id in the table of the model that an event of `account` calls `model`.
fn model_id(account: &Account, model: &str) -> Option<String> {
    of_event(&format!("{}.{model}", account.category)).map(String::from)
}

/// An issue may be of the organization, with no account.
fn issue_changed(body: &Object<'_>) -> Event {
    let description = issues::description(&data(body)).unwrap_or_default();
    Event::IssueChanged(IssueChanged {
        account: account(body).ok(),
        description,
    })
}

fn account(body: &Object<'_>) -> Result<Account, Problem> {
    let object = body.object("linked_account").unwrap_or_default();
    account_details::account(&object).ok_or_else(|| missing(&object, "linked_account", "id"))
}

fn data<'b, 'a>(body: &'b Object<'a>) -> Cow<'b, Object<'a>> {
    body.object("data").unwrap_or_default()
}

/// A text that must be there and not empty. The message never repeats what is.
fn required(body: &Object<'_>, parent: &str, key: &str) -> Result<String, Problem> {
    let object = body.object(parent).unwrap_or_default();
    let text = object.filled_text(key);
    text.ok_or_else(|| missing(&object, parent, key))
}

fn missing(object: &Object<'_>, parent: &str, key: &str) -> Problem {
    let found = object.kind_of(key);
    Problem {
        message: format!("{parent}.{key}: expected a text, found {found}"),
    }
}
