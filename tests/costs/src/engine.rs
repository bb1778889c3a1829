//! The engine's component over a host in memory: one account, and a Merge in which every model is
//! done and nothing changes.

use std::fmt;

use anyhow::{Result, anyhow, bail};
use wasmtime::component::{Component, HasSelf, Linker};
use wasmtime::{Config, Engine as Wasmtime, Store};

use self::generated::SyncEngine;
use self::generated::exports::{
    self,
    merge_sync::triggers::{signature, triggers},
};
use self::generated::merge_sync::triggers::{clock, http, log, settings, store, types};
use crate::inputs::Signed;
use crate::merge;

mod generated {
    wasmtime::component::bindgen!({ path: "../../wit", world: "sync-engine" });
}

/// The account of the usual webhook.
pub const ACCOUNT: &str = "c7d1e0aa-3f0b-4be5-8a3d-0f6a4a6b9c21";

/// More than any call takes.
const FULL: u64 = 1 << 50;

/// What a call took.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Spent {
    /// Instructions of WebAssembly, as wasmtime counts them.
    pub fuel: u64,
    /// Requests to Merge.
    pub requests: u64,
    /// Commits to the store.
    pub commits: u64,
    /// Rows in them.
    pub rows: u64,
}

/// An instance, and the host it has.
pub struct Engine {
    store: Store<Outside>,
    engine: SyncEngine,
}

#[derive(Debug, Default)]
struct Outside {
    now: i64,
    pages: u32,
    state: String,
    version: u32,
    notes: Vec<store::StoredNote>,
    spent: Spent,
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine").finish_non_exhaustive()
    }
}

impl Engine {
    /// An instance of `dist/merge-sync-engine.wasm` whose clock stands at `now`, in microseconds
    /// since 1970, and whose Merge has so many full pages of each of eight models.
    ///
    /// # Errors
    ///
    /// There is none, or of another version.
    pub fn load(now: i64, pages: u32) -> Result<Self> {
        let mut config = Config::new();
        config.consume_fuel(true);
        let wasmtime = Wasmtime::new(&config)?;
        let component = Component::from_file(&wasmtime, crate::dist("merge-sync-engine.wasm"))?;
        let mut linker = Linker::new(&wasmtime);
        SyncEngine::add_to_linker::<_, HasSelf<Outside>>(&mut linker, |outside| outside)?;
        let outside = Outside {
            now,
            pages,
            ..Outside::default()
        };
        let mut store = Store::new(&wasmtime, outside);
        store.set_fuel(FULL)?;
        let engine = SyncEngine::instantiate(&mut store, &component, &linker)?;
        Ok(Self { store, engine })
    }

    /// Move the clock.
    pub fn set_now(&mut self, now: i64) {
        self.store.data_mut().now = now;
    }

    /// The state that was committed last.
    pub fn state(&self) -> &str {
        &self.store.data().state
    }

    /// Take in a webhook.
    ///
    /// # Errors
    ///
    /// It is refused.
    pub fn receive(&mut self, delivery: &Signed) -> Result<Spent> {
        let delivery = signature::SignedBody {
            body: delivery.body.clone(),
            signatures: vec![delivery.signature.clone()],
            keys: vec![delivery.key.clone()],
        };
        self.call(|engine, store| {
            let receipt = engine.call_receive(store, &delivery)?;
            match receipt.reply.status {
                200 => Ok(()),
                _ => bail!("answered {} {}", receipt.reply.status, receipt.reply.body),
            }
        })
    }

    /// Link the account.
    ///
    /// # Errors
    ///
    /// The engine's.
    pub fn link(&mut self) -> Result<Spent> {
        let account = triggers::NewAccount {
            account: exports::merge_sync::triggers::types::Account {
                id: ACCOUNT.to_owned(),
                category: "hris".to_owned(),
                integration: String::new(),
                integration_slug: String::new(),
                end_user_origin_id: String::new(),
                organization_name: String::new(),
                link_status: String::new(),
                account_type: String::new(),
                is_duplicate: None,
            },
            token: Some("an-example-token".to_owned()),
            linked_at: None,
        };
        self.call(|engine, store| {
            let linked = engine.call_link(store, &account)?;
            linked.map_err(|failure| anyhow!("{failure:?}"))
        })
    }

    /// Run the account.
    ///
    /// # Errors
    ///
    /// The engine's.
    pub fn run(&mut self) -> Result<Spent> {
        self.call(|engine, store| {
            let ran = engine.call_run(store, &ACCOUNT.to_owned())?;
            ran.map(drop).map_err(|failure| anyhow!("{failure:?}"))
        })
    }

    fn call(
        &mut self,
        what: impl FnOnce(&triggers::Guest, &mut Store<Outside>) -> Result<()>,
    ) -> Result<Spent> {
        self.store.set_fuel(FULL)?;
        self.store.data_mut().spent = Spent::default();
        what(self.engine.merge_sync_triggers_triggers(), &mut self.store)?;
        let fuel = FULL - self.store.get_fuel()?;
        Ok(Spent {
            fuel,
            ..self.store.data().spent
        })
    }
}

impl types::Host for Outside {}

impl http::Host for Outside {
    fn send(&mut self, request: http::Request) -> Result<http::Response, http::SendError> {
        self.spent.requests += 1;
        Ok(http::Response {
            status: 200,
            headers: Vec::new(),
            body: merge::answer(&request.target, self.pages),
        })
    }
}

impl store::Host for Outside {
    fn keep_note(&mut self, note: store::Note) -> Result<(), store::NoteError> {
        self.notes.retain(|kept| kept.key != note.key);
        let number = self.notes.last().map_or(0, |kept| kept.number) + 1;
        self.notes.push(store::StoredNote {
            number,
            key: note.key,
            text: note.text,
            secret: note.secret,
        });
        Ok(())
    }

    fn load(&mut self, _: String) -> Result<Option<store::LoadedAccount>, types::Problem> {
        Ok(Some(store::LoadedAccount {
            state: self.state.clone(),
            version: self.version.to_string(),
            notes: self.notes.clone(),
        }))
    }

    fn commit(&mut self, change: store::Change) -> Result<store::Committed, store::CommitError> {
        self.spent.commits += 1;
        let rows = change.batches.iter().map(|batch| batch.rows.len() as u64);
        self.spent.rows += rows.sum::<u64>();
        self.version += 1;
        self.state = change.state;
        self.notes
            .retain(|note| !change.consumed.contains(&note.number));
        Ok(store::Committed {
            version: self.version.to_string(),
            swept: None,
        })
    }
}

impl settings::Host for Outside {
    fn load(&mut self) -> String {
        r#"{"run_limits": {"pages": 100000, "requests": 100000}, "requests_per_minute": 100000}"#
            .to_owned()
    }
}

impl clock::Host for Outside {
    fn now(&mut self) -> i64 {
        self.now
    }
}

impl log::Host for Outside {
    fn event(&mut self, _: log::Level, _: String, _: String) {}
}
