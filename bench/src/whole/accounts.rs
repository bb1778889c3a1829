//! Stores with many accounts at rest.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use merge_sync_bench::note;
use merge_sync_costs::engine::Engine;
use merge_sync_engine::receive;
use merge_sync_host::clock::{Clock as _, HOUR, Micros, System};
use merge_sync_host::secret::Secret;
use merge_sync_host::store::sqlite::{Options, SqliteStore};
use merge_sync_host::store::{Change, Note, Profile, Store as _, Summary, TokenChange};
use merge_sync_logic::signature::SignedBody;
use merge_sync_logic::types;
use serde_json::Value;
use tokio::task::JoinSet;

use super::SIGNING_KEY;
use super::client::Client;
use super::load::Webhook;

/// So long none of the accounts may run, whatever webhooks come: what is measured is taking them
/// in.
const REST: Micros = 20 * HOUR;

/// Changes that are under way at a time.
const AT_ONCE: u32 = 256;

/// The id of an account.
pub fn id(number: u32) -> String {
    format!("c7d1e0aa-3f0b-4be5-8a3d-{number:012}")
}

/// Open, or create, the store in this file.
pub fn open(file: &Path) -> Result<Arc<SqliteStore>> {
    Ok(Arc::new(SqliteStore::open(
        file,
        Options::default(),
        Arc::new(System),
    )?))
}

/// The state of an account that was read in full an hour ago, as the engine left it.
pub fn state_at_rest() -> Result<String> {
    let mut engine = Engine::load(System.now().saturating_sub(HOUR), 1)?;
    engine.link()?;
    engine.run()?;
    Ok(engine.state().to_owned())
}

/// Wait until the counter of this name has reached so much.
pub async fn wait_for(client: &mut Client, counter: &str, count: u64) -> Result<()> {
    /// A look at a counter takes a server some time, too.
    const LOOK: Duration = Duration::from_millis(5);
    const LOOKS: u32 = 60_000;
    for _ in 0..LOOKS {
        let (_, body) = client.get("/healthz").await?;
        let health: Value = serde_json::from_slice(&body)?;
        if health["counters"][counter].as_u64() >= Some(count) {
            return Ok(());
        }
        tokio::time::sleep(LOOK).await;
    }
    bail!("{counter}: never came to {count}")
}

/// Put accounts into the store, each with this state, a token, and nothing to do.
pub async fn fill(store: &Arc<SqliteStore>, accounts: u32, state: &str) -> Result<()> {
    let mut filling = JoinSet::new();
    for number in 0..accounts {
        if filling.len() >= AT_ONCE as usize
            && let Some(filled) = filling.join_next().await
        {
            filled??;
        }
        let (store, state) = (Arc::clone(store), state.to_owned());
        filling.spawn(async move { put(&store, number, state).await });
    }
    while let Some(filled) = filling.join_next().await {
        filled??;
    }
    Ok(())
}

async fn put(store: &SqliteStore, number: u32, state: String) -> Result<()> {
    let account = id(number);
    let link = Note {
        account: account.clone(),
        key: "linked".to_owned(),
        text: String::new(),
        secret: None,
        profile: Some(Profile {
            id: account.clone(),
            category: "hris".to_owned(),
            integration: "Nordic Payroll".to_owned(),
            integration_slug: "nordic-payroll".to_owned(),
            end_user_origin_id: format!("customer-{number}"),
            organization_name: format!("Customer {number} Ltd"),
            link_status: "COMPLETE".to_owned(),
            account_type: "PRODUCTION".to_owned(),
            is_duplicate: Some(false),
        }),
        create: true,
    };
    kept(store.keep_note(link).await)?;
    let later = System.now().saturating_add(REST);
    let rest = Change {
        wake_at: Some(later),
        not_before: Some(later),
        token: TokenChange::Put(Secret::new("an-example-token")),
        ..change(account, "0".to_owned(), state, vec![1])
    };
    commit(store, rest).await
}

/// One after which nothing is to be done and nothing stands in the way.
fn change(account: String, version: String, state: String, consumed: Vec<u64>) -> Change {
    Change {
        account,
        expected: Some(version),
        state,
        consumed,
        wake_at: None,
        not_before: None,
        token: TokenChange::Keep,
        summary: Summary::default(),
        batches: Vec::new(),
        sweep: None,
        notices: Vec::new(),
    }
}

async fn commit(store: &SqliteStore, change: Change) -> Result<()> {
    let committed = store.commit(change).await;
    ensure!(committed.is_ok(), "not committed: {committed:?}");
    Ok(())
}

/// Make accounts due, as a webhook does: the next run of each polls.
pub async fn make_due(store: &SqliteStore, webhooks: &[Webhook]) -> Result<()> {
    for webhook in webhooks {
        let received = receive::receive(&SignedBody {
            body: String::from_utf8(webhook.body.to_vec())?,
            signatures: vec![webhook.signature.clone()],
            keys: vec![types::Secret(SIGNING_KEY.to_owned())],
        });
        let note = received.note.context("the webhook left no note")?;
        let account = note.account.clone();
        // Nothing holds the account back any more.
        let loaded = store.load(&account).await?.context("no such account")?;
        let numbers = loaded.notes.iter().map(|note| note.number).collect();
        commit(
            store,
            change(account, loaded.version, loaded.state, numbers),
        )
        .await?;
        kept(store.keep_note(note::of_the_store(note)).await)?;
    }
    Ok(())
}

fn kept(kept: Result<(), merge_sync_host::store::NoteError>) -> Result<()> {
    ensure!(kept.is_ok(), "not kept: {kept:?}");
    Ok(())
}
