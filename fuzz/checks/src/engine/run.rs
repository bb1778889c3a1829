//! One run under way, natively and by text at once.

use merge_sync_engine::http::Response;
use merge_sync_engine::settings::Settings;
use merge_sync_engine::step::{Effect, Event, Run, step};
use merge_sync_engine::store::{Change, LoadedAccount};
use merge_sync_engine::view::Failure;
use merge_sync_logic::page::parse_records;
use merge_sync_logic::retry::{ResponseFacts, server_wait};
use merge_sync_logic::types::Timestamp;
use serde_json::Value;

use super::store::{ACCOUNT, check_change, check_no_secret};
use super::wire;

/// How a run is to be called.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Call<'a> {
    pub(crate) settings: &'a Settings,
    pub(crate) settings_text: &'a str,
    pub(crate) now: Timestamp,
}

/// A run, and what it asked for last.
#[derive(Debug)]
pub(crate) struct Running {
    run: Run,
    text: Value,
    pub(crate) effect: Effect,
    /// The version that the run was told of last.
    version: String,
    /// Notes that it may consume: those loaded before its first request.
    loaded: Vec<u64>,
    requests: u32,
    /// Until when the server said to stay away, in answer to this run, which has not committed it.
    pub(crate) demanded: Option<Timestamp>,
    pub(crate) is_over: bool,
}

impl Running {
    /// Begins a run.
    pub(crate) fn start(call: Call<'_>, loaded: LoadedAccount) -> Self {
        let mut running = Self {
            run: Run::new(ACCOUNT),
            text: Value::Null,
            effect: Effect::Finished(Err(Failure::State(wire::problem("not started")))),
            version: String::new(),
            loaded: Vec::new(),
            requests: 0,
            demanded: None,
            is_over: false,
        };
        running.step(call, Event::Started(loaded));
        running
    }

    /// One step, in both forms. Whatever answers the latest effect is taken; anything else ends
    /// the run with a failure, and so does everything after its end.
    pub(crate) fn step(&mut self, call: Call<'_>, event: Event) {
        let fits = self.fits(&event);
        self.learn(&event, call.now);
        let page = page_of(&self.effect, &event);
        let (next, by_text) = wire::step(&self.text, call.settings_text, call.now, &event);
        let stepped = step(self.run.clone(), call.settings, call.now, event);
        wire::check_same(&by_text, &stepped);
        check_no_secret(&next.to_string());
        check_no_secret(&format!("{:?}", stepped.log));
        self.run = stepped.run;
        self.text = next;
        self.effect = stepped.effect;
        match &self.effect {
            Effect::Finished(report) => {
                check_no_secret(&format!("{report:?}"));
                self.is_over = true;
            }
            Effect::Send(request) => {
                assert_eq!((&*request.account, &*request.method), (ACCOUNT, "GET"));
                assert!(request.target.starts_with('/'));
                check_no_secret(&request.target);
                self.requests += 1;
            }
            Effect::Commit(change) => self.check_commit(change, page.as_deref()),
        }
        let failed = matches!(self.effect, Effect::Finished(Err(Failure::State(_))));
        assert!(
            fits || failed,
            "an event that answers nothing was taken: {:?}",
            self.effect
        );
    }

    fn fits(&self, event: &Event) -> bool {
        if self.is_over {
            return false;
        }
        match (&self.effect, event) {
            (Effect::Send(_), Event::Response(_) | Event::SendError(_)) => true,
            (Effect::Commit(_), Event::Committed(_) | Event::Stale(_) | Event::Unavailable(_)) => {
                true
            }
            (Effect::Finished(_), Event::Started(_)) => self.text.is_null(),
            (_, _) => false,
        }
    }

    fn learn(&mut self, event: &Event, now: Timestamp) {
        match event {
            // Merge counts an account's requests: the account's next run waits, not only this.
            Event::Response(response) if self.is_asking() && response.status == 429 => {
                let wait = server_wait(&response_facts(response), now);
                self.demanded = wait.map(|wait| now.plus(wait));
            }
            Event::Started(loaded) | Event::Stale(Some(loaded)) => {
                self.version.clone_from(&loaded.version);
                // What was derived from the old state is discarded, this too.
                self.demanded = None;
                if self.requests == 0 {
                    self.loaded
                        .extend(loaded.notes.iter().map(|note| note.number));
                }
            }
            Event::Committed(committed) => self.version.clone_from(&committed.version),
            _ => {}
        }
    }

    fn is_asking(&self) -> bool {
        !self.is_over && matches!(self.effect, Effect::Send(_))
    }

    fn check_commit(&self, change: &Change, page: Option<&str>) {
        check_change(change);
        assert_eq!(
            change.expected.as_ref(),
            Some(&self.version),
            "not what was loaded"
        );
        let loaded = change
            .consumed
            .iter()
            .all(|number| self.loaded.contains(number));
        assert!(loaded, "a note was consumed that nobody loaded");
        let rows: Vec<_> = change
            .batches
            .iter()
            .flat_map(|batch| &batch.rows)
            .collect();
        let model_id = change.batches.first().map(|batch| &*batch.model_id);
        let sent = model_id
            .zip(page)
            .and_then(|(model_id, body)| parse_records(model_id, body).ok());
        let sent: Vec<_> = sent.iter().flat_map(|(page, _)| &page.rows).collect();
        // A page that is not taken, a circle for one, is not taken in part.
        assert!(rows.is_empty() || rows == sent, "a page was taken in part");
    }
}

fn response_facts(response: &Response) -> ResponseFacts {
    let header = |name: &str| {
        let found = response.headers.iter().find(|header| header.name == name);
        found.map(|header| header.value.clone())
    };
    ResponseFacts {
        status: response.status,
        retry_after: header("retry-after"),
        date: header("date"),
    }
}

/// The body of a page of records, where `event` brings one.
fn page_of(effect: &Effect, event: &Event) -> Option<String> {
    let Effect::Send(request) = effect else {
        return None;
    };
    let Event::Response(Response { body, .. }) = event else {
        return None;
    };
    let other = ["/sync-status", "/issues", "/account-details"];
    let other = other.iter().any(|name| request.target.contains(name));
    (!other).then(|| body.clone())
}
