//! A host in memory: one account, a store with versions and notes, a scripted Merge.
//!
//! Whatever it asks of the engine it asks twice, natively and by text, and the answers are the same.

pub mod list;

use std::collections::BTreeMap;

use merge_sync_engine::command::{self, Command};
use merge_sync_engine::http::{Header, Request, Response, SendError};
use merge_sync_engine::log::Entry;
use merge_sync_engine::settings::Settings;
use merge_sync_engine::step::{Effect, Event, Run, Step, step};
use merge_sync_engine::store::{
    Change, Committed, LoadedAccount, Note, Notice, StoredNote, Sweep, Swept, TokenChange,
};
use merge_sync_engine::view::{Failure, Report, View, inspect};
use merge_sync_logic::types::{Account, Row, Secret, Timestamp};
use serde_json::Value;

use crate::wire;

pub const ACCOUNT: &str = "7841ee0a-5a1a-44db-bc7e-2912d8c17515";

/// `2025-11-27T` and this time of day.
#[track_caller]
pub fn at(time: &str) -> Timestamp {
    on("2025-11-27", time)
}

#[track_caller]
pub fn on(day: &str, time: &str) -> Timestamp {
    let time = if time.len() == 5 {
        format!("{time}:00")
    } else {
        time.to_string()
    };
    Timestamp::parse(&format!("{day}T{time}Z")).expect("an instant")
}

/// The host's side of one account.
pub struct Host {
    pub settings: Settings,
    pub settings_text: String,
    pub now: Timestamp,
    pub state: String,
    pub version: u64,
    pub gone: bool,
    pub notes: Vec<StoredNote>,
    pub latest_number: u64,
    pub token: Option<Secret>,
    pub wake_at: Option<Timestamp>,
    pub not_before: Option<Timestamp>,
    pub rows: BTreeMap<(String, String), (Row, u64)>,
    pub notices: Vec<Notice>,
    pub commits: Vec<Change>,
    pub requests: Vec<String>,
    pub log: Vec<Entry>,
    /// A store that marks no more rows than this in one commit.
    pub most_marks: usize,
}

/// What Merge answers to a target; a test's script.
pub type Answer = Result<Response, SendError>;

impl Host {
    pub fn new(settings: &str) -> Self {
        Self {
            settings: Settings::parse(settings).expect("settings"),
            settings_text: settings.into(),
            now: at("10:00"),
            state: String::new(),
            version: 0,
            gone: false,
            notes: Vec::new(),
            latest_number: 0,
            token: None,
            wake_at: None,
            not_before: None,
            rows: BTreeMap::new(),
            notices: Vec::new(),
            commits: Vec::new(),
            requests: Vec::new(),
            log: Vec::new(),
            most_marks: usize::MAX,
        }
    }

    /// An account linked at 10:00 by its operator.
    pub fn linked(settings: &str) -> Self {
        let mut host = Self::new(settings);
        host.link("TOKEN-1");
        host
    }

    pub fn link(&mut self, token: &str) {
        let new = command::NewAccount {
            account: account(),
            token: Some(Secret(token.into())),
            linked_at: None,
        };
        let note = command::link(&new, self.now);
        assert_eq!(wire::link(&new, self.now), note);
        self.keep(note);
    }

    pub fn keep(&mut self, note: Note) {
        self.latest_number += 1;
        self.notes.retain(|kept| kept.key != note.key);
        self.notes.push(StoredNote {
            number: self.latest_number,
            key: note.key,
            text: note.text,
            secret: note.secret,
        });
    }

    pub fn load(&self) -> LoadedAccount {
        LoadedAccount {
            state: self.state.clone(),
            version: self.version.to_string(),
            notes: self.notes.clone(),
        }
    }

    /// All of the change or none of it.
    pub fn commit(&mut self, change: &Change) -> Result<Committed, ()> {
        if self.gone || change.expected.as_deref() != Some(&*self.version.to_string()) {
            return Err(());
        }
        self.version += 1;
        self.state.clone_from(&change.state);
        self.notes
            .retain(|note| !change.consumed.contains(&note.number));
        self.wake_at = change.wake_at;
        self.not_before = change.not_before;
        match &change.token {
            TokenChange::Keep => {}
            TokenChange::Put(secret) => self.token = Some(secret.clone()),
            TokenChange::Erase => self.token = None,
        }
        for batch in &change.batches {
            for row in &batch.rows {
                self.store_row(&batch.model_id, batch.pass.unwrap_or(0), row);
            }
        }
        let swept = change.sweep.as_ref().map(|sweep| self.sweep(sweep));
        self.notices.extend(change.notices.iter().cloned());
        self.commits.push(change.clone());
        Ok(Committed {
            version: self.version.to_string(),
            swept,
        })
    }

    fn store_row(&mut self, model_id: &str, pass: u64, row: &Row) {
        let key = (model_id.to_string(), row.id.clone());
        let pass = self
            .rows
            .get(&key)
            .map_or(pass, |(_, seen)| pass.max(*seen));
        match self.rows.get_mut(&key) {
            Some((known, seen)) if known.modified_at > row.modified_at => *seen = pass,
            _ => drop(self.rows.insert(key, (row.clone(), pass))),
        }
    }

    /// As `store.sweep` has it.
    fn sweep(&mut self, sweep: &Sweep) -> Swept {
        let live = self
            .rows
            .iter_mut()
            .filter(|((model, _), (row, _))| *model == sweep.model_id && !row.deleted)
            .map(|(_, row)| row);
        let mut live: Vec<_> = live.collect();
        let all = u64::try_from(live.len()).expect("a count");
        live.retain(|(_, seen)| *seen < sweep.unseen_since);
        let unseen = u64::try_from(live.len()).expect("a count");
        let held = unseen > sweep.most_rows && unseen * 100 > all * u64::from(sweep.most_percent);
        let limit = if held { 0 } else { sweep.limit };
        let mut marked = 0;
        for (row, _) in live
            .into_iter()
            .take(limit.try_into().expect("a count"))
            .take(self.most_marks)
        {
            row.deleted = true;
            marked += 1;
        }
        Swept {
            live: all,
            unseen,
            marked,
            held,
        }
    }

    /// One run, every request answered by `merge`.
    #[track_caller]
    pub fn run(&mut self, mut merge: impl FnMut(&str) -> Answer) -> Result<Report, Failure> {
        self.drive(|_, effect| match effect {
            Effect::Send(request) => Some(answer(merge(&request.target))),
            Effect::Commit(_) | Effect::Finished(_) => None,
        })
    }

    /// One run; `script` may answer any effect itself, after changing the host as it likes.
    #[track_caller]
    pub fn drive(
        &mut self,
        mut script: impl FnMut(&mut Self, &Effect) -> Option<Event>,
    ) -> Result<Report, Failure> {
        let mut run = Run::new(ACCOUNT);
        let mut run_text = Value::Null;
        let mut event = Event::Started(self.load());
        for _ in 0..1_000 {
            let (next_text, output) = wire::step(&run_text, &self.settings_text, self.now, &event);
            run_text = next_text;
            let Step {
                run: next,
                effect,
                log,
            } = step(run, &self.settings, self.now, event);
            run = next;
            assert_eq!(wire::effect_and_log(&output), (effect.clone(), log.clone()));
            self.log.extend(log);
            if let Effect::Send(Request { target, .. }) = &effect {
                self.requests.push(target.clone());
            }
            event = match (script(self, &effect), effect) {
                (_, Effect::Finished(report)) => return report,
                (Some(event), _) => event,
                (None, Effect::Commit(change)) => match self.commit(&change) {
                    Ok(committed) => Event::Committed(committed),
                    Err(()) if self.gone => Event::Stale(None),
                    Err(()) => Event::Stale(Some(self.load())),
                },
                (None, Effect::Send(request)) => panic!("unanswered: {}", request.target),
            };
        }
        panic!("the run does not end");
    }

    #[track_caller]
    pub fn request(&mut self, command: Command) {
        let loaded = self.load();
        let change =
            command::request(ACCOUNT, &loaded, command.clone(), &self.settings, self.now).unwrap();
        let by_text = wire::request(&loaded, command, &self.settings_text, self.now);
        assert_eq!(by_text.as_ref(), Ok(&change));
        self.commit(&change).expect("nobody else commits");
    }

    #[track_caller]
    pub fn view(&self) -> View {
        let loaded = self.load();
        let view = inspect(ACCOUNT, &loaded, &[], &self.settings, self.now).expect("a view");
        let by_text = wire::inspect(&loaded, &[], &self.settings_text, self.now).expect("a view");
        wire::check_view(&by_text, &view);
        view
    }

    /// When the host starts the next run.
    pub fn due_at(&self) -> Option<Timestamp> {
        let wake = if self.notes.is_empty() {
            self.wake_at
        } else {
            Some(self.now)
        };
        wake.map(|wake| self.not_before.map_or(wake, |until| wake.max(until)))
    }

    /// Let the clock jump to the next run.
    #[track_caller]
    pub fn sleep(&mut self) {
        let due = self.due_at().expect("a wake-up");
        self.now = self.now.max(due);
    }

    pub fn take_requests(&mut self) -> Vec<String> {
        std::mem::take(&mut self.requests)
    }
}

pub fn answer(answer: Answer) -> Event {
    match answer {
        Ok(response) => Event::Response(response),
        Err(error) => Event::SendError(error),
    }
}

pub fn account() -> Account {
    Account {
        id: ACCOUNT.into(),
        category: "hris".into(),
        integration: "Example HRIS".into(),
        ..Account::default()
    }
}

pub fn ok(body: &str) -> Answer {
    Ok(Response {
        status: 200,
        headers: Vec::new(),
        body: body.into(),
    })
}

pub fn status(status: u16) -> Answer {
    Ok(Response {
        status,
        headers: Vec::new(),
        body: "{\"detail\":\"no\"}".into(),
    })
}

pub fn throttled(seconds: u32) -> Answer {
    let header = Header {
        name: "retry-after".into(),
        value: seconds.to_string(),
    };
    Ok(Response {
        status: 429,
        headers: vec![header],
        body: String::new(),
    })
}

/// A `/sync-status` body of models that finished at these times of day: `DONE`.
pub fn done(models: &[(&str, &str)]) -> String {
    let rows: Vec<String> = models
        .iter()
        .map(|(id, time)| row(id, "DONE", Some(time)))
        .collect();
    format!(r#"{{"next":null,"results":[{}]}}"#, rows.join(","))
}

pub fn row(model_id: &str, state: &str, finished: Option<&str>) -> String {
    let finished = finished.map_or("null".into(), |time| format!("\"{}\"", at(time)));
    let initial = state == "SYNCING" && finished == "null";
    let result = if state == "SYNCING" {
        "null".into()
    } else {
        format!("\"{state}\"")
    };
    format!(
        r#"{{"model_id":"{model_id}","model_name":"X","status":"{state}","is_initial_sync":{initial},"last_sync_result":{result},"last_sync_finished":{finished},"last_sync_start":null,"next_sync_start":null}}"#
    )
}

/// A page of records, each an id and the time of day at which it was modified.
pub fn page(records: &[(&str, &str)], next: Option<&str>) -> String {
    let rows: Vec<String> = records
        .iter()
        .map(|(id, time)| format!(r#"{{"id":"{id}","modified_at":"{}"}}"#, at(time)))
        .collect();
    let next = next.map_or("null".into(), |next| format!("\"{next}\""));
    format!(r#"{{"next":{next},"results":[{}]}}"#, rows.join(","))
}

/// An `/account-details` body.
pub fn details(link_status: &str) -> String {
    format!(r#"{{"id":"{ACCOUNT}","category":"hris","status":"{link_status}"}}"#)
}

/// A Merge whose only model, employees, finished at `finished` and holds nothing.
pub fn quiet(finished: &str) -> impl FnMut(&str) -> Answer {
    let status = done(&[("hris.Employee", finished)]);
    move |target| {
        if target.contains("/sync-status") {
            ok(&status)
        } else if target.contains("/account-details") {
            ok(&details("COMPLETE"))
        } else {
            ok(&page(&[], None))
        }
    }
}
