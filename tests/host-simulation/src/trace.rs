//! What happened in one run, a line an event, each with its virtual time.

use std::fmt::Write as _;

use merge_simulator::Response;
use merge_simulator::time::{Micros, iso};

use crate::bindings::merge_sync::triggers::http::Request;
use crate::bindings::merge_sync::triggers::store::{Change, Committed, Note};
use crate::engine::{Done, Task};
use crate::errand::Errand;
use crate::port::Line;

/// Lines, or nothing where nobody wants them.
#[derive(Debug, Default)]
pub struct Trace(Option<Vec<String>>);

impl Trace {
    /// Keeps lines.
    #[must_use]
    pub fn kept() -> Self {
        Self(Some(Vec::new()))
    }

    /// The lines.
    #[must_use]
    pub fn into_lines(self) -> Vec<String> {
        self.0.unwrap_or_default()
    }

    fn line(&mut self, now: Micros, text: impl FnOnce() -> String) {
        if let Some(lines) = &mut self.0 {
            lines.push(format!("{:<27} {}", iso(now), text()));
        }
    }

    pub(crate) fn call(&mut self, now: Micros, id: u64, host: usize, task: &Task) {
        self.line(now, || match task {
            Task::Receive(_) => format!("#{id} host {host} takes in a webhook"),
            Task::Run(account) => format!("#{id} host {host} runs {account}"),
            Task::Link(new) => format!("#{id} host {host} links {}", new.account.id),
            Task::Request(account, command) => {
                format!("#{id} host {host} is asked to {command:?} {account}")
            }
            Task::Inspect(account) => format!("#{id} host {host} inspects {account}"),
        });
    }

    pub(crate) fn log(&mut self, now: Micros, id: u64, line: &Line) {
        self.line(now, || {
            format!("#{id}   {}: {} {}", line.level, line.message, line.fields)
        });
    }

    pub(crate) fn note(&mut self, now: Micros, id: u64, note: &Note) {
        self.line(now, || {
            format!("#{id}   note {} of {}", note.key, note.account)
        });
    }

    pub(crate) fn commit(&mut self, now: Micros, id: u64, change: &Change, done: &Committed) {
        self.line(now, || {
            let mut text = format!("#{id}   commit of version {}", done.version);
            if !change.consumed.is_empty() {
                let _ = write!(text, ", notes {:?}", change.consumed);
            }
            for batch in &change.batches {
                let ids: Vec<&str> = batch.rows.iter().map(|row| row.id.as_str()).collect();
                let _ = write!(text, ", {} {}", batch.model_id, ids.join(" "));
            }
            if let Some(sweep) = &change.sweep {
                let _ = write!(text, ", sweep {} {:?}", sweep.model_id, done.swept);
            }
            for notice in &change.notices {
                let _ = write!(text, ", notice {}", notice.id);
            }
            let wake = change.wake_at.map_or_else(|| "-".to_owned(), iso);
            let until = change.not_before.map_or_else(|| "-".to_owned(), iso);
            let _ = write!(text, ", wakes {wake}, not before {until}");
            text
        });
    }

    pub(crate) fn stale(&mut self, now: Micros, id: u64) {
        self.line(now, || format!("#{id}   commit came too late"));
    }

    pub(crate) fn request(&mut self, now: Micros, id: u64, request: &Request, got: &Response) {
        self.line(now, || {
            let cut = if got.cut_after.is_some() { ", cut" } else { "" };
            format!("#{id}   {} -> {}{cut}", request.target, got.status)
        });
    }

    pub(crate) fn ended(&mut self, now: Micros, id: u64, done: &Done) {
        self.line(now, || match done {
            Done::Received(reply) => format!("#{id} answered {}", reply.status),
            Done::Ran(Ok(report)) => format!(
                "#{id} ended: polled {}, {} windows, {} rows",
                report.polled, report.windows, report.rows
            ),
            Done::Ran(Err(failure)) => format!("#{id} failed: {failure:?}"),
            Done::Obeyed(obeyed) => format!("#{id} ended: {obeyed:?}"),
            Done::Inspected(_) => format!("#{id} ended"),
        });
    }

    pub(crate) fn died(&mut self, now: Micros, id: u64) {
        self.line(now, || format!("#{id} ended with its host"));
    }

    pub(crate) fn errand(&mut self, now: Micros, errand: &Errand) {
        self.line(now, || format!("{errand:?}"));
    }

    pub(crate) fn violation(&mut self, now: Micros, text: &str) {
        self.line(now, || format!("VIOLATION {text}"));
    }
}
