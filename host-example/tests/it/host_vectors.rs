//! The scenarios of `tests/host-vectors`, against the store and the webhook route of this host:
//! every language runs them against its own.

mod expect;
mod mistaken;
mod scenario;
mod values;
mod webhook;

use std::path::Path;
use std::sync::Arc;

use merge_sync_host::store::Store;
use merge_sync_host::store::sqlite::SqliteStore;
use serde_json::Value;

use crate::support::Scratch;
use mistaken::{MISTAKES, Mistaken};
use scenario::{Failed, Subject, play};

fn read(name: &str) -> Value {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/host-vectors");
    let text = std::fs::read_to_string(folder.join(name)).expect("a file of scenarios");
    serde_json::from_str(&text).expect("JSON")
}

/// Every scenario of a store, and what they leave out.
fn scenarios() -> (Value, Vec<Value>) {
    let kinds = [
        "notes", "notices", "rows", "starts", "sweeps", "tokens", "versions",
    ];
    let all = kinds
        .iter()
        .flat_map(|kind| match read(&format!("store-{kind}.json")) {
            Value::Array(vectors) => vectors,
            other => panic!("{other}"),
        });
    (read("defaults.json"), all.collect())
}

/// A store in a file, opened twice.
#[derive(Debug)]
struct Sqlite {
    scratch: Scratch,
    store: Arc<SqliteStore>,
    another: Arc<SqliteStore>,
}

impl Sqlite {
    fn new() -> Self {
        let scratch = Scratch::new();
        Self {
            store: scratch.store(),
            another: scratch.store(),
            scratch,
        }
    }
}

impl Subject for Sqlite {
    fn stores(&self) -> [Arc<dyn Store>; 2] {
        [
            Arc::clone(&self.store) as Arc<dyn Store>,
            Arc::clone(&self.another) as Arc<dyn Store>,
        ]
    }

    fn set_clock(&mut self, now: i64) {
        self.scratch.clock.set(now);
    }

    fn reopen(&mut self) {
        self.store = self.scratch.store();
        self.another = self.scratch.store();
    }
}

#[tokio::test]
async fn the_store_passes_every_scenario() {
    let (defaults, scenarios) = scenarios();
    assert!(scenarios.len() >= 44, "{}", scenarios.len());
    for scenario in &scenarios {
        if let Err(Failed(why)) = play(scenario, &defaults, &mut Sqlite::new()).await {
            panic!("{}: {why}: {}", scenario["id"], scenario["note"]);
        }
    }
}

#[tokio::test]
async fn each_planted_mistake_is_found() {
    let (defaults, scenarios) = scenarios();
    for mistake in MISTAKES {
        let mut is_found = false;
        for scenario in &scenarios {
            let mut subject = Mistaken::new(mistake);
            is_found = play(scenario, &defaults, &mut subject).await.is_err();
            if is_found {
                break;
            }
        }
        assert!(is_found, "{mistake:?} was not found");
    }
}

#[tokio::test]
async fn without_a_mistake_nothing_is_found() {
    let (defaults, scenarios) = scenarios();
    for scenario in &scenarios {
        let played = play(scenario, &defaults, &mut Mistaken::sound()).await;
        assert!(played.is_ok(), "{}: {played:?}", scenario["id"]);
    }
}
