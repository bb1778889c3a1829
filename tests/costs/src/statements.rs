//! Statements that the reference host has SQLite execute: for a webhook, a page, and a poll
//! without news.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Result, ensure};
use axum::Router;
use axum::extract::Request;
use merge_sync_costs::engine::ACCOUNT;
use merge_sync_costs::inputs::{Signed, signed_for};
use merge_sync_costs::{dist, merge};
use merge_sync_host::bindings::exports::merge_sync::triggers::{triggers, types};
use merge_sync_host::budget::Limits;
use merge_sync_host::clock::{Clock as _, HOUR, Manual, Micros};
use merge_sync_host::component::Component;
use merge_sync_host::host::{Host, Setup, slots};
use merge_sync_host::http::webhook;
use merge_sync_host::merge_http::Origin;
use merge_sync_host::secret::Secret;
use merge_sync_host::store::sqlite::{Options, SqliteStore};
use tokio::net::TcpListener;

use crate::baseline::Costs;

/// 2026-03-18T08:10:00Z.
const NOW: Micros = 1_773_821_400_000_000;

/// Models in the account.
const MODELS: u64 = 8;

/// Statements of all stores of this program.
static EXECUTED: AtomicU64 = AtomicU64::new(0);

/// Count them.
pub fn count(costs: &mut Costs) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let signed = signed_for(ACCOUNT)?;
        let account = Account::linked(1, &signed).await?;
        let first = account.run().await?;
        let mut enter = |name: &str, count| {
            costs.insert(format!("{name}: SQL statements"), count);
        };
        enter("the first run of 8 models", first);
        let more = Account::linked(2, &signed).await?.run().await?;
        enter("a page of 100 records", (more - first) / MODELS);
        enter("a webhook received", account.receive(&signed).await?);
        account.clock.set(NOW + 24 * HOUR);
        enter("a poll without news", account.run().await?);
        Ok(())
    })
}

/// An account of a host of its own.
struct Account {
    host: Arc<Host>,
    clock: Arc<Manual>,
    /// It goes when this does.
    _folder: tempfile::TempDir,
}

impl Account {
    /// With so many pages of each model in Merge.
    async fn linked(pages: u32, signed: &Signed) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let clock = Arc::new(Manual::at(NOW));
        let merge = merge(pages).await?;
        let host = host(folder.path(), &clock, merge, &signed.key).await?;
        host.triggers().link(account()).await?;
        Ok(Self {
            host,
            clock,
            _folder: folder,
        })
    }

    /// Do what is due, and say how many statements that took.
    async fn run(&self) -> Result<u64> {
        let before = EXECUTED.load(Ordering::Relaxed);
        let requests = self.host.counters().requests.get();
        self.host.run_due(self.clock.now()).await?;
        ensure!(
            self.host.counters().requests.get() > requests,
            "the run asked merge for nothing"
        );
        Ok(EXECUTED.load(Ordering::Relaxed) - before)
    }

    async fn receive(&self, signed: &Signed) -> Result<u64> {
        let before = EXECUTED.load(Ordering::Relaxed);
        let signatures = vec![signed.signature.clone()];
        let body = signed.body.clone().into_bytes();
        let reply = webhook::receive(&self.host, signatures, Ok(body.into())).await;
        ensure!(
            reply.status == 200,
            "a webhook was answered {}",
            reply.status
        );
        Ok(EXECUTED.load(Ordering::Relaxed) - before)
    }
}

async fn host(
    folder: &Path,
    clock: &Arc<Manual>,
    merge: SocketAddr,
    key: &str,
) -> Result<Arc<Host>> {
    let counted = Options {
        trace: Some(|_| {
            EXECUTED.fetch_add(1, Ordering::Relaxed);
        }),
        ..Options::default()
    };
    let store = SqliteStore::open(&folder.join("store.sqlite"), counted, clock.clone())?;
    let wasm = dist("merge-sync-engine.wasm");
    Host::new(Setup {
        clock: clock.clone(),
        store: Arc::new(store),
        component: Component::load(&wasm, None, slots(1).total())?,
        origin: Origin {
            base_url: format!("http://{merge}"),
            api_key: Secret::new("an-example-api-key"),
        },
        webhook_keys: vec![Secret::new(key)],
        settings: "{}".to_owned(),
        // The clock stands still during a run.
        limits: Limits {
            patience: 0,
            ..Limits::default()
        },
        concurrency: 1,
        support: None,
    })
    .await
}

async fn merge(pages: u32) -> Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let router = Router::new().fallback(async move |request: Request| {
        let target = request.uri().path_and_query();
        merge::answer(target.map_or("", |target| target.as_str()), pages)
    });
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(address)
}

fn account() -> triggers::NewAccount {
    triggers::NewAccount {
        account: types::Account {
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
    }
}
