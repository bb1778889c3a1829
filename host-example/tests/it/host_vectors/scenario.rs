//! One scenario, step by step.

use std::collections::BTreeMap;
use std::sync::Arc;

use merge_sync_host::store::{CommitError, NoteError, Store};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::expect::{different, matches, rising};
use super::values;

/// What a store did otherwise.
#[derive(Debug)]
pub struct Failed(pub String);

/// A store, empty and of its own.
pub trait Subject {
    /// Two connections to the same data.
    fn stores(&self) -> [Arc<dyn Store>; 2];

    /// What the stores take for now.
    fn set_clock(&mut self, now: i64);

    /// Close the stores, and open them again.
    fn reopen(&mut self);
}

/// Play a scenario on a store.
pub async fn play(
    scenario: &Value,
    defaults: &Value,
    subject: &mut dyn Subject,
) -> Result<(), Failed> {
    subject.set_clock(values::instant(&defaults["clock"]));
    let mut player = Player {
        defaults,
        subject,
        saved: BTreeMap::new(),
    };
    let steps = scenario["steps"].as_array().expect("steps");
    for (number, step) in steps.iter().enumerate() {
        player
            .step(step)
            .await
            .map_err(|Failed(why)| Failed(format!("step {number}: {why}")))?;
    }
    Ok(())
}

struct Player<'a> {
    defaults: &'a Value,
    subject: &'a mut dyn Subject,
    saved: BTreeMap<String, Value>,
}

impl Player<'_> {
    async fn step(&mut self, step: &Value) -> Result<(), Failed> {
        let known = |key: &str| step.get(key);
        if let Some(now) = known("clock") {
            self.subject.set_clock(values::instant(now));
        } else if known("reopen").is_some() {
            self.subject.reopen();
        } else if let Some(listed) = known("different") {
            different(&self.listed(listed))?;
        } else if let Some(listed) = known("rising") {
            rising(&self.listed(listed))?;
        } else if let Some(rivals) = known("race") {
            let found = self.race(step, rivals.as_u64().expect("a number")).await;
            matches(&step["out"], &found, "the race")?;
        } else {
            let found = match known("probe") {
                Some(probe) => self.probe(probe, step).await,
                None => call(&*self.store(step), &step["call"], &self.input(step)).await,
            };
            if let Some(expected) = known("out") {
                matches(&self.resolved(expected), &found, "it")?;
            }
            if let Some(name) = known("save") {
                let name = name.as_str().expect("a name").to_owned();
                let is_call = known("call").is_some();
                let saved = if is_call { &found["ok"] } else { &found };
                self.saved.insert(name, saved.clone());
            }
        }
        Ok(())
    }

    fn store(&self, step: &Value) -> Arc<dyn Store> {
        let [own, another] = self.subject.stores();
        if step["by"] == "another" {
            another
        } else {
            own
        }
    }

    /// The whole of what a call is given.
    fn input(&self, step: &Value) -> Value {
        values::whole(self.defaults, &step["call"], self.resolved(&step["in"]))
    }

    fn listed(&self, values: &Value) -> Vec<Value> {
        match self.resolved(values) {
            Value::Array(listed) => listed,
            other => panic!("{other} is no list"),
        }
    }

    /// Put in what was saved: `$v.notes.0.number`.
    fn resolved(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => match text.strip_prefix('$') {
                None => value.clone(),
                Some(path) => self.saved_at(path),
            },
            Value::Array(listed) => listed.iter().map(|each| self.resolved(each)).collect(),
            Value::Object(fields) => fields
                .iter()
                .map(|(key, each)| (key.clone(), self.resolved(each)))
                .collect(),
            _ => value.clone(),
        }
    }

    fn saved_at(&self, path: &str) -> Value {
        let mut keys = path.split('.');
        let mut found = &self.saved[keys.next().expect("a name")];
        for key in keys {
            found = match key.parse::<usize>() {
                Ok(index) => &found[index],
                Err(_) => &found[key],
            };
        }
        found.clone()
    }

    /// So many rivals at once, by both connections in turn.
    async fn race(&self, step: &Value, rivals: u64) -> Value {
        let input = self.input(step);
        let stores = self.subject.stores();
        let mut calls = JoinSet::new();
        for (_, store) in (0..rivals).zip(stores.iter().cycle()) {
            let (store, method, input) = (Arc::clone(store), step["call"].clone(), input.clone());
            calls.spawn(async move { call(&*store, &method, &input).await });
        }
        let ended = calls.join_all().await;
        let won = ended.iter().filter(|end| end.get("ok").is_some()).count();
        json!({ "ok": won, "stale": ended.len() - won })
    }

    async fn probe(&self, probe: &Value, step: &Value) -> Value {
        let store = self.store(step);
        let given = |key: &str| self.resolved(&step[key]);
        let limit = step["limit"].as_u64().unwrap_or(100);
        let limit = u32::try_from(limit).expect("a limit");
        let account = step["account"].as_str().unwrap_or_default();
        match probe.as_str().expect("a probe") {
            "due" => {
                let due = store.due(values::instant(&given("now")), limit).await;
                let due = due.expect("what is due");
                due.into_iter().map(|due| json!(due.account)).collect()
            }
            "next_start" => {
                let next = store.next_start(values::instant(&given("now"))).await;
                values::told(next.expect("the next start"))
            }
            "token" => {
                let token = store.token(account).await.expect("a token, or none");
                json!(token.map(|token| token.expose().to_owned()))
            }
            "notices" => {
                let after = given("after").as_i64().unwrap_or_default();
                let notices = store.notices(after, limit).await.expect("notices");
                notices.into_iter().map(values::notice).collect()
            }
            "profile" => {
                let listed = store.account(account).await.expect("an account");
                values::profile(listed.expect("an account").profile)
            }
            probe => {
                let model = step["model_id"].as_str().expect("a model");
                let rows = store.rows(account, model, "", u32::MAX).await;
                values::rows(rows.expect("rows"), probe == "counts")
            }
        }
    }
}

async fn call(store: &dyn Store, method: &Value, input: &Value) -> Value {
    match method.as_str().expect("a method") {
        "load" => {
            let loaded = store.load(input.as_str().expect("an account")).await;
            json!({ "ok": loaded.expect("it can be read").map(values::loaded) })
        }
        "keep_note" => match store.keep_note(values::note(input)).await {
            Ok(()) => json!({ "ok": null }),
            Err(NoteError::UnknownAccount) => json!({ "error": { "tag": "unknown-account" } }),
            Err(NoteError::Unavailable(problem)) => panic!("{problem}"),
        },
        "commit" => match store.commit(values::change(input)).await {
            Ok(committed) => json!({ "ok": values::committed(committed) }),
            Err(CommitError::Stale(current)) => {
                json!({ "error": { "tag": "stale", "value": { "current": current } } })
            }
            Err(CommitError::Unavailable(problem)) => panic!("{problem}"),
        },
        other => panic!("{other} is no method of a store"),
    }
}
