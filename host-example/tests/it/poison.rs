//! A healthy account beside fifty that are broken for good, over real HTTP, in virtual time: what
//! they cost it, and what they cost Merge.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use merge_simulator::{Config, Merge, Poison, Poster, Shared, lock};
use merge_sync_host::clock::{Clock as _, HOUR, MINUTE, Manual, Micros, SECOND};
use merge_sync_host::host::Host;
use merge_sync_host::store::Store;
use merge_sync_host::store::sqlite::SqliteStore;

use crate::support::{Made, NOON, Scratch, Served, host, merge, routes};

/// Accounts that are broken, each in a way of its own as far as there are ways.
const SICK: usize = 50;

/// What the healthy account holds.
const ROWS: u64 = 4_000;

/// An answer takes so long; several are under way at a time.
const TAKES: Micros = SECOND / 10;

/// Two simulated Merges behind one address, told apart by the accounts' tokens.
#[derive(Clone)]
struct Both {
    sick: Shared,
    well: Shared,
    clock: Arc<Manual>,
    waiting: Arc<AtomicI64>,
    /// When each list of a broken account was asked for.
    lists: Arc<Mutex<BTreeMap<(String, String), Vec<Micros>>>>,
}

fn config(accounts: usize, records_per_account: u64) -> Config {
    Config {
        start: NOON,
        accounts,
        categories: vec!["hris".to_owned()],
        records_per_account,
        models_at_most: Some(3),
        link_within: 0,
        sync_every: vec![24 * HOUR],
        initial_sync_at_most: SECOND,
        changes_per_hour: 0,
        realtime_per_hour: 0,
        enable_late: false,
        ..Config::new(1)
    }
}

/// Every way there is, with what a plan would have drawn for it.
fn poisons() -> Vec<Poison> {
    let drawn = Poison::drawn().iter().map(|poison| match *poison {
        Poison::ClampedOffsetCursors { .. } => Poison::ClampedOffsetCursors { clamp: 60 },
        Poison::PageSizeLimit { .. } => Poison::PageSizeLimit { rows: 30 },
        other => other,
    });
    drawn.chain([Poison::HugeBody { bytes: 9 << 20 }]).collect()
}

impl Both {
    fn new(clock: &Arc<Manual>, sick: usize) -> Self {
        let mut broken = Merge::new(config(sick, 300));
        for (number, poison) in poisons().into_iter().cycle().take(sick).enumerate() {
            assert!(broken.poison(number, None, poison, NOON), "{poison:?}");
        }
        Self {
            sick: Arc::new(Mutex::new(broken)),
            well: Arc::new(Mutex::new(Merge::new(config(0, ROWS)))),
            clock: Arc::clone(clock),
            waiting: Arc::default(),
            lists: Arc::default(),
        }
    }

    fn sides(&self) -> [&Shared; 2] {
        [&self.sick, &self.well]
    }

    /// Answer as Merge does, after the time that it takes where so many wait.
    async fn answer(self, request: Request) -> Response {
        self.waiting.fetch_add(1, Ordering::SeqCst);
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
        self.clock
            .advance(TAKES / self.waiting.load(Ordering::SeqCst).max(1));
        let headers: Vec<_> = request
            .headers()
            .iter()
            .filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)))
            .collect();
        let token = request.headers()["x-account-token"].to_str().unwrap();
        let is_well = lock(&self.well).accounts().iter().any(|a| a.token == token);
        let side = if is_well { &self.well } else { &self.sick };
        let now = self.clock.now();
        let path = request.uri().path();
        if !is_well && !path.ends_with("/sync-status") {
            let mut lists = self.lists.lock().unwrap_or_else(PoisonError::into_inner);
            let list = (token.to_owned(), path.to_owned());
            lists.entry(list).or_default().push(now);
        }
        let answer = {
            let mut merge = lock(side);
            merge.advance_to(now);
            merge.respond(merge_simulator::Request {
                method: request.method().as_str(),
                target: request.uri().path_and_query().unwrap().as_str(),
                headers: &headers,
                client: "one address",
            })
        };
        self.waiting.fetch_sub(1, Ordering::SeqCst);
        let mut response = Response::builder().status(answer.status);
        for (name, value) in answer.headers {
            response = response.header(name, value);
        }
        response.body(Body::from(answer.body)).unwrap()
    }
}

struct World {
    both: Both,
    scratch: Scratch,
    store: Arc<SqliteStore>,
    host: Arc<Host>,
    poster: Poster,
    _merge: Served,
    _routes: Served,
}

impl World {
    async fn new(sick: usize) -> Self {
        let scratch = Scratch::new();
        let both = Both::new(&scratch.clock, sick);
        let answering = both.clone();
        let merge = merge(move |request| answering.clone().answer(request)).await;
        let store = scratch.store();
        let host = host(Made {
            merge: merge.url(""),
            store: store.clone(),
            clock: Arc::clone(&scratch.clock),
            concurrency: 8,
        })
        .await;
        let routes = routes(&host).await;
        for side in both.sides() {
            lock(side).set_webhook_url(Some(routes.url("/api/webhooks/merge/")));
        }
        Self {
            both,
            scratch,
            store,
            host,
            poster: Poster::new(),
            _merge: merge,
            _routes: routes,
        }
    }

    /// Let happen what happens until `end`, or until `done`.
    async fn until(&self, end: Micros, done: impl AsyncFn() -> bool) {
        let (mut rounds, mut before) = (0, NOON);
        loop {
            let now = self.scratch.clock.now();
            rounds = if now > before { 0 } else { rounds + 1 };
            before = now;
            assert!(rounds < 1_000, "the host goes round in circles");
            let mut next = end;
            for side in self.both.sides() {
                let due = {
                    let mut merge = lock(side);
                    merge.advance_to(now);
                    merge.next_delivery_at().is_some_and(|due| due <= now)
                };
                if due {
                    self.poster.post_due(side).await;
                }
                let merge = lock(side);
                for soon in [merge.next_event_at(), merge.next_delivery_at()] {
                    next = next.min(soon.unwrap_or(end));
                }
            }
            let wake = self.host.run_due(now).await.unwrap();
            next = next.min(wake.unwrap_or(end));
            if done().await || self.scratch.clock.now() >= end {
                return;
            }
            self.scratch.clock.set(next.max(self.scratch.clock.now()));
        }
    }

    /// Link the healthy account, and say how long it takes until all of it is stored.
    async fn healthy(&self) -> Micros {
        let linked = self.scratch.clock.now();
        let (account, expected) = {
            let mut merge = lock(&self.both.well);
            merge.advance_to(linked);
            let number = merge.link_new();
            (merge.accounts()[number].id.clone(), ROWS)
        };
        let stored = async || {
            let mut all = Vec::new();
            for model in ["hris.Employee", "hris.Employment", "hris.Company"] {
                all.extend(self.store.rows(&account, model, "", 9_999).await.unwrap());
            }
            all
        };
        let complete = async || stored().await.len() as u64 >= expected - 10;
        self.until(linked + HOUR, &complete).await;
        assert!(complete().await, "{} rows", stored().await.len());
        let last = stored().await.iter().map(|row| row.first_seen).max();
        last.unwrap() - linked
    }
}

#[tokio::test]
async fn fifty_broken_accounts_cost_a_healthy_one_little_and_merge_two_requests_an_hour() {
    let alone = World::new(0).await.healthy().await;

    let together = World::new(SICK).await.healthy().await;
    assert!(
        together <= alone + MINUTE,
        "alone {alone}, begun together {together}"
    );

    let world = World::new(SICK).await;
    world.until(NOON + 10 * MINUTE, async || false).await;
    let later = world.healthy().await;
    assert!(later <= 2 * alone, "alone {alone}, begun later {later}");

    world.until(NOON + 5 * HOUR, async || false).await;
    let stats = lock(&world.both.sick).stats();
    assert_eq!(stats.breaker_trips, 0);
    let lists = world.both.lists.lock().unwrap();
    assert!(lists.len() > SICK);
    for ((token, path), asked) in lists.iter() {
        for hour in 2..5 {
            let from = NOON + hour * HOUR;
            let count = asked.iter().filter(|at| (from..from + HOUR).contains(*at));
            let poisoned = lock(&world.both.sick);
            let owner = poisoned
                .accounts()
                .into_iter()
                .position(|a| a.token == *token);
            assert!(
                count.clone().count() <= 2,
                "{} of {path} of account {owner:?} ({:?}) in hour {hour}",
                count.count(),
                owner.and_then(|owner| poisoned.poisoned().get(owner).cloned())
            );
        }
    }
}
