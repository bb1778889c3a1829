//! The text form of a note: a JSON object, written and read by the engine alone.

use alloc::string::{String, ToString};

use super::account;
use super::read::{self, Found, Malformed};
use super::write::Writer;
use crate::ground::note::{Linked, Message, Subject};

/// The text of `message`. A token is never part of it.
pub(crate) fn print(message: &Message) -> String {
    let mut out = Writer::default();
    out.begin('{');
    out.string("event", &message.event);
    out.string("delivery_id", &message.delivery_id);
    account::write(out.key("account"), &message.account);
    match &message.subject {
        Subject::Poll => out.key("poll").unsigned(1),
        Subject::Hint => out.key("hint").unsigned(1),
        Subject::Changed(model_id) => out.key("changed").text(model_id),
        Subject::Linked(linked) => {
            out.key("linked").begin('{');
            out.flag("replaces", linked.replaces);
            out.optional("at", linked.at);
            out.optional("completed_at", linked.completed_at);
            out.end('}');
        }
        Subject::Unlinked => out.key("unlinked").unsigned(1),
        Subject::Issue => out.key("issue").unsigned(1),
    }
    out.end('}');
    out.into_text()
}

/// The reverse of [`print`]; `None` for anything else.
pub(crate) fn parse(text: &str) -> Option<Message> {
    let root = read::parse(text).ok()?;
    message(&Found::root(&root)).ok()
}

fn message(found: &Found<'_, '_>) -> Result<Message, Malformed> {
    Ok(Message {
        event: found.text_or_empty("event")?,
        delivery_id: found.text_or_empty("delivery_id")?,
        account: account::read(&found.get("account"))?,
        subject: subject(found)?,
    })
}

fn subject(found: &Found<'_, '_>) -> Result<Subject, Malformed> {
    if let Some(model_id) = found.get("changed").if_present(|found| found.text())? {
        return Ok(Subject::Changed(model_id.to_string()));
    }
    if let Some(linked) = found.get("linked").if_present(linked)? {
        return Ok(Subject::Linked(linked));
    }
    // An older version wrote the issue's text here.
    if found.get("issue").if_present(|_| Ok(()))?.is_some() {
        return Ok(Subject::Issue);
    }
    if found.flag("unlinked")? {
        return Ok(Subject::Unlinked);
    }
    if found.flag("poll")? {
        return Ok(Subject::Poll);
    }
    if found.flag("hint")? {
        return Ok(Subject::Hint);
    }
    Err(found.refuse("something to act on"))
}

fn linked(found: &Found<'_, '_>) -> Result<Linked, Malformed> {
    Ok(Linked {
        replaces: found.flag("replaces")?,
        at: found.optional_instant("at")?,
        completed_at: found.optional_instant("completed_at")?,
    })
}

#[cfg(test)]
mod tests {
    use merge_sync_logic::types::{Account, Timestamp};

    use super::{parse, print};
    use crate::ground::note::{Linked, Message, Subject};

    /// Every subject, one after the other: a new one does not compile until it has its place here.
    fn next(subject: Option<&Subject>) -> Option<Subject> {
        match subject {
            None => Some(Subject::Poll),
            Some(Subject::Poll) => Some(Subject::Hint),
            Some(Subject::Hint) => Some(Subject::Changed("hris.Employee".into())),
            Some(Subject::Changed(_)) => Some(Subject::Linked(Linked {
                replaces: true,
                at: Some(Timestamp(1)),
                completed_at: Some(Timestamp(2)),
            })),
            Some(Subject::Linked(_)) => Some(Subject::Unlinked),
            Some(Subject::Unlinked) => Some(Subject::Issue),
            Some(Subject::Issue) => None,
        }
    }

    #[test]
    fn every_subject_is_read_as_it_was_written() {
        let mut subject = next(None);
        while let Some(written) = subject {
            let message = Message {
                event: "Employee.changed".into(),
                delivery_id: "d".into(),
                account: Account {
                    id: "a".into(),
                    ..Account::default()
                },
                subject: written.clone(),
            };
            assert_eq!(parse(&print(&message)), Some(message));
            subject = next(Some(&written));
        }
    }
}
