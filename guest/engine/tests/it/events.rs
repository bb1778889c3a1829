//! Which note each event leaves.

use std::mem::discriminant;

use merge_sync_engine::receive::receive;
use merge_sync_logic::webhook::{Event, Outcome, handle};

use crate::webhooks::{signed, webhook};

/// The name of an event, its data, and how the key of its note begins; `None` for no note.
type Example = (&'static str, &'static str, Option<&'static str>);

/// An example of every event, one after the other: a new one does not compile until it has its
/// place here.
fn next(event: Option<&Event>) -> Option<Example> {
    let finished =
        r#"{"sync_status":{"hris.Employee":{"last_sync_finished":"2025-11-27T10:00:00Z"}}}"#;
    match event {
        None => {
            let token = r#"{"account_token":"T"}"#;
            Some(("LinkedAccount.linked", token, Some("linked:")))
        }
        Some(Event::Linked(_)) => Some(("LinkedAccount.sync_completed", finished, Some("poll"))),
        Some(Event::Synced(_)) => Some(("Employee.changed", "{}", Some("changed:hris.Employee"))),
        Some(Event::RecordChanged(_)) => Some(("Issue.new", "{}", Some("issue"))),
        Some(Event::IssueChanged(_)) => Some(("LinkedAccount.deleted", "{}", Some("unlinked"))),
        Some(Event::Unlinked(_)) => Some(("AsyncPassthrough.resolved", "{}", None)),
        Some(Event::Ignored(_)) => None,
    }
}

#[test]
fn every_event_leaves_the_note_that_is_said_of_it() {
    let mut seen = Vec::new();
    let mut example = next(None);
    while let Some((name, data, key)) = example {
        let delivery = signed(&webhook(name, data));
        let Outcome::Accepted(accepted) = handle(&delivery).outcome else {
            panic!("{name} is not accepted");
        };
        let kind = discriminant(&accepted.event);
        assert!(
            !seen.contains(&kind),
            "{name} is read as {:?}",
            accepted.event
        );
        seen.push(kind);
        let note = receive(&delivery).note;
        match (&note, key) {
            (Some(note), Some(key)) => assert!(note.key.starts_with(key), "{name}: {note:?}"),
            (note, key) => assert!(note.is_none() && key.is_none(), "{name}: {note:?}"),
        }
        example = next(Some(&accepted.event));
    }
}
