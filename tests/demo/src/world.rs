//! Merge and the host in one process, with nothing between them but HTTP, and the time that
//! both live in.

use std::path::Path;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::{Context as _, bail};
use merge_simulator::scenario::Scenario;
use merge_simulator::{Handle, Poster, Server, Shared, lock};
use merge_sync_host::budget::Limits;
use merge_sync_host::clock::{Clock as _, Micros};
use merge_sync_host::component::Component;
use merge_sync_host::host::{Host, Setup, slots};
use merge_sync_host::http;
use merge_sync_host::merge_http::Origin;
use merge_sync_host::secret::Secret;
use merge_sync_host::store::sqlite::{Options, SqliteStore};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

use crate::clock::Virtual;

/// Runs at a time: one for each account.
const CONCURRENCY: u32 = 3;

/// A host that runs so often without a moment passing never ends.
const ROUNDS: u32 = 1_000;

/// While the host runs, webhooks that came due are looked for this often, in real time.
const LOOK: Duration = Duration::from_millis(10);

/// Both sides, and the driver between them.
#[derive(Debug)]
pub(crate) struct World {
    pub merge: Shared,
    pub host: Arc<Host>,
    clock: Arc<Virtual>,
    moved: watch::Receiver<Micros>,
    poster: Poster,
    /// When the host is to be called again, its clock.
    wake: Option<Micros>,
    /// How often it was called since time last moved.
    rounds: u32,
    /// Stops Merge when dropped.
    _merge_server: Handle,
    host_server: JoinHandle<()>,
}

impl World {
    /// Start both servers. Nothing happens before the first [`step`](Self::step).
    pub(crate) async fn start(
        scenario: Scenario,
        merge: Shared,
        wasm: &Path,
        database: &Path,
    ) -> anyhow::Result<Self> {
        let listen = async || {
            TcpListener::bind(("127.0.0.1", 0))
                .await
                .context("cannot listen on the loopback address")
        };
        let (api, webhooks) = (listen().await?, listen().await?);
        let url = format!("http://{}/api/webhooks/merge", webhooks.local_addr()?);
        let (api_key, signing_key, settings) = {
            let mut merge = lock(&merge);
            merge.set_webhook_url(Some(url));
            (
                Secret::new(merge.api_key()),
                Secret::new(merge.signing_key()),
                scenario.settings(&merge),
            )
        };
        let merge_server = Server::start(Arc::clone(&merge), api)?;
        let clock = Arc::new(Virtual::of(Arc::clone(&merge)));
        let store = SqliteStore::open(database, Options::default(), clock.clone())?;
        let host = Host::new(Setup {
            clock: clock.clone(),
            store: Arc::new(store),
            component: Component::load(wasm, None, slots(CONCURRENCY).total())?,
            origin: Origin {
                base_url: merge_server.base_url(),
                api_key,
            },
            webhook_keys: vec![signing_key],
            settings,
            // Nobody moves the clock while a request waits for room.
            limits: Limits {
                patience: 0,
                ..Limits::default()
            },
            concurrency: CONCURRENCY,
            support: None,
        })
        .await?;
        let router = http::public(Arc::clone(&host));
        let host_server = tokio::spawn(async move {
            // It serves until it is aborted, with the world.
            let _ = axum::serve(webhooks, router).await;
        });
        Ok(Self {
            merge,
            host,
            moved: clock.movements(),
            clock,
            poster: Poster::new(),
            wake: None,
            rounds: 0,
            _merge_server: merge_server,
            host_server,
        })
    }

    /// Merge's clock.
    pub(crate) fn now(&self) -> Micros {
        lock(&self.merge).now()
    }

    /// When something is to happen next, Merge's clock; `None` if nothing ever will.
    pub(crate) fn next(&self) -> Option<Micros> {
        let merge = lock(&self.merge);
        let wake = self.wake.map(|wake| wake - merge.host_skew());
        [merge.next_event_at(), merge.next_delivery_at(), wake]
            .into_iter()
            .flatten()
            .min()
            .map(|at| at.max(merge.now()))
    }

    /// Let it be `at`, and let happen what happens until then: in Merge, then on the way, then
    /// in the host. Things take their time, so that it may be later afterwards.
    ///
    /// # Errors
    ///
    /// The store does not answer, or the host goes round in circles.
    pub(crate) async fn step(&mut self, at: Micros) -> anyhow::Result<()> {
        let posts = {
            let mut merge = lock(&self.merge);
            if at > merge.now() {
                self.rounds = 0;
            }
            merge.advance_to(at);
            merge
                .next_delivery_at()
                .is_some_and(|due| due <= merge.now())
        };
        if posts {
            self.poster.post_due(&self.merge).await;
        }
        let due = self.wake.is_some_and(|wake| wake <= self.clock.now());
        if posts || due {
            self.run().await?;
        }
        Ok(())
    }

    /// Let the host run what is due. Its requests take time, and webhooks that come due
    /// meanwhile are posted meanwhile.
    async fn run(&mut self) -> anyhow::Result<()> {
        self.rounds += 1;
        if self.rounds > ROUNDS {
            bail!("the host ran {ROUNDS} times in a row and asked to be run again at once");
        }
        let started = self.now();
        let mut posts = JoinSet::new();
        let mut posted = false;
        self.moved.mark_unchanged();
        let mut looks = tokio::time::interval(LOOK);
        let next = {
            let mut run = pin!(self.host.run_due(self.clock.now()));
            loop {
                tokio::select! {
                    next = &mut run => break next,
                    // The host looked at its clock. (The sender lives as long as the clock.)
                    Ok(()) = self.moved.changed() => {
                        posted |= post_due(&self.merge, &self.poster, &mut posts);
                    }
                    // While it waits for a slow answer it does not look.
                    _ = looks.tick() => posted |= post_due(&self.merge, &self.poster, &mut posts),
                    Some(_) = posts.join_next() => {}
                }
            }
        };
        posts.join_all().await;
        if self.now() > started {
            self.rounds = 0;
        }
        self.wake = next.context("the store does not answer")?;
        if posted {
            // A note of theirs may have come too late for what the host just said.
            self.wake = Some(self.clock.now());
        }
        Ok(())
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.host_server.abort();
    }
}

/// Begin to post what is due, if anything is.
fn post_due(merge: &Shared, poster: &Poster, posts: &mut JoinSet<()>) -> bool {
    let due = {
        let merge = lock(merge);
        merge
            .next_delivery_at()
            .is_some_and(|due| due <= merge.now())
    };
    if due {
        let (merge, poster) = (Arc::clone(merge), poster.clone());
        posts.spawn(async move {
            poster.post_due(&merge).await;
        });
    }
    due
}

/// A Merge that several parties drive.
pub(crate) fn shared(scenario: Scenario) -> Shared {
    Arc::new(Mutex::new(scenario.merge()))
}
