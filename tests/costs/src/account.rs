//! One account through the engine by text, as hosts in other languages drive it: what a webhook, a
//! first run and a poll without news cost.

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};

use crate::baseline::Costs;
use crate::fuel::Metered;
use merge_sync_costs::engine::ACCOUNT;
use merge_sync_costs::inputs::signed;
use merge_sync_costs::merge;

/// A host in memory.
struct Host {
    component: Metered,
    now: &'static str,
    state: String,
    version: u32,
    notes: Vec<Value>,
}

/// What one run cost.
#[derive(Default)]
struct Run {
    fuel: u64,
}

/// Count them.
pub fn count(costs: &mut Costs) -> Result<()> {
    let mut host = Host {
        component: Metered::load("merge-sync-text.wasm")?,
        now: "2026-03-18T08:10:00Z",
        state: String::new(),
        version: 0,
        notes: Vec::new(),
    };
    let delivery = signed()?.into_iter().next().context("a webhook")?;
    let delivery = json!({
        "body": delivery.body, "signatures": [delivery.signature], "keys": [delivery.key],
    });
    let (_, fuel) = host
        .component
        .ask("engine.receive", &delivery.to_string())?;
    costs.insert("a webhook received: fuel by text".to_owned(), fuel);
    let account = json!({
        "id": ACCOUNT, "category": "hris", "integration": "", "integration_slug": "",
        "end_user_origin_id": "", "organization_name": "", "link_status": "", "account_type": "", "is_duplicate": null,
    });
    let new = json!({"account": account, "token": "an-example-token", "linked_at": null});
    let account = json!({"account": new, "now": host.now});
    let (note, _) = host.component.ask("engine.link", &account.to_string())?;
    host.keep(&note)?;
    let first = host.run()?;
    first.enter("the first run of 8 models", costs);
    // A day later nothing is new, and one poll says so.
    host.now = "2026-03-19T12:00:00Z";
    host.run()?.enter("a poll without news", costs);
    Ok(())
}

impl Host {
    fn keep(&mut self, note: &str) -> Result<()> {
        let note: Value = serde_json::from_str(note)?;
        let number = self.notes.len() + 1;
        self.notes.push(json!({
            "number": number, "key": note["key"], "text": note["text"], "secret": note["secret"],
        }));
        Ok(())
    }

    fn loaded(&self) -> Value {
        json!({"state": self.state, "version": self.version.to_string(), "notes": self.notes})
    }

    fn run(&mut self) -> Result<Run> {
        let mut cost = Run::default();
        let mut run = Value::Null;
        let mut event = json!({"tag": "started", "value": self.loaded()});
        loop {
            let input = json!({
                "account": ACCOUNT, "run": run, "settings": "{}", "now": self.now, "event": event,
            });
            let (answer, fuel) = self.component.ask("engine.step", &input.to_string())?;
            cost.fuel += fuel;
            let mut answer: Value = serde_json::from_str(&answer)?;
            run = answer["run"].take();
            let effect = &answer["effect"];
            event = match effect["tag"].as_str() {
                Some("send") => respond(&effect["value"]),
                Some("commit") => self.commit(&effect["value"]),
                Some("finished") => return Ok(cost),
                _ => bail!("the run ended in {effect}"),
            };
        }
    }

    fn commit(&mut self, change: &Value) -> Value {
        self.version += 1;
        change["state"]
            .as_str()
            .unwrap_or_default()
            .clone_into(&mut self.state);
        self.notes.clear();
        json!({"tag": "committed", "value": {"version": self.version.to_string(), "swept": null}})
    }
}

impl Run {
    fn enter(&self, name: &str, costs: &mut Costs) {
        costs.insert(format!("{name}: fuel by text"), self.fuel);
    }
}

fn respond(request: &Value) -> Value {
    let target = request["target"].as_str().unwrap_or_default();
    let body = merge::answer(target, 1);
    json!({"tag": "response", "value": {"status": 200, "headers": [], "body": body}})
}
