//! A healthy account beside fifty that are broken for good, over real HTTP, in virtual time: what
//! they cost it, and what they cost Merge.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use merge_simulator::{Config, Merge, Poison, Poster, Shared, lock};
use merge_sync_host::bindings::exports::merge_sync::triggers::triggers::TroubleKind;
use merge_sync_host::clock::{Clock as _, HOUR, MINUTE, Manual, Micros, SECOND};
use merge_sync_host::host::{Host, Setup};
use merge_sync_host::secret::Secret;
use merge_sync_host::store::Store;
use merge_sync_host::store::sqlite::SqliteStore;

use crate::support::{Made, NOON, Scratch, Served, merge, routes, setup};

/// Accounts that are broken, each in a way of its own as far as there are ways.
const SICK: usize = 50;

/// What the healthy account holds.
const ROWS: u64 = 4_000;

/// An answer takes so long; several are under way at a time.
const TAKES: Micros = SECOND / 10;

/// A read that is parked may be tried so often within any hour.
const TRIES: u64 = 2;

/// The broken accounts of which there is a second one go well for so long.
const SOUND: Micros = 30 * MINUTE;

/// What rests by then is watched for [`WATCHED`], and counted every [`COUNTED`].
const AT_REST: Micros = 2 * HOUR;
const WATCHED: Micros = 3 * HOUR;
const COUNTED: Micros = 5 * MINUTE;

/// What is wrong with an account, and since when.
type Sick = (Poison, Micros);

/// Two simulated Merges behind one address, told apart by the accounts' tokens.
#[derive(Clone)]
struct Both {
    sick: Shared,
    well: Shared,
    clock: Arc<Manual>,
    waiting: Arc<AtomicI64>,
}

fn config(seed: u64, accounts: usize, records_per_account: u64) -> Config {
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
        ..Config::new(seed)
    }
}

/// As [`config`], but something happens all the time: a sync that finishes calls for a read, and so
/// does a webhook of a single record.
fn busy(seed: u64, accounts: usize, records_per_account: u64) -> Config {
    Config {
        sync_every: vec![HOUR / 2],
        changes_per_hour: 6,
        realtime_per_hour: 6,
        ..config(seed, accounts, records_per_account)
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

/// Fifty that are broken from the beginning, every kind among them.
fn broken() -> Vec<Sick> {
    let kinds = poisons();
    assert!(kinds.len() <= SICK);
    let all = kinds.into_iter().cycle().take(SICK);
    all.map(|poison| (poison, NOON)).collect()
}

/// The same, but those of a kind that is there already go well at first, so that more than the
/// first read of a model comes to rest. The kinds that rest are the last ones.
fn broken_sooner_or_later() -> Vec<Sick> {
    let kinds = poisons();
    let later = kinds.iter().rev().map(|poison| (*poison, NOON + SOUND));
    let all = kinds.iter().map(|poison| (*poison, NOON)).chain(later);
    let all: Vec<_> = all.take(SICK).collect();
    assert!(kinds.len() < all.len());
    all
}

impl Both {
    fn new(clock: &Arc<Manual>, sick: &[Sick], config: fn(u64, usize, u64) -> Config) -> Self {
        let mut broken = Merge::new(config(1, sick.len(), 300));
        for (number, (poison, from)) in sick.iter().enumerate() {
            assert!(broken.poison(number, None, *poison, *from), "{poison:?}");
        }
        Self {
            sick: Arc::new(Mutex::new(broken)),
            well: Arc::new(Mutex::new(Merge::new(config(2, 0, ROWS)))),
            clock: Arc::clone(clock),
            waiting: Arc::default(),
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
        let token = request.headers()["x-account-token"].to_str().unwrap();
        let is_well = lock(&self.well).accounts().iter().any(|a| a.token == token);
        let side = if is_well { &self.well } else { &self.sick };
        let now = self.clock.now();
        let answer = {
            let mut merge = lock(side);
            merge.advance_to(now);
            // To the host it is one organization with one key.
            let key = format!("Bearer {}", merge.api_key());
            let headers = [("authorization", &*key), ("x-account-token", token)];
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
    async fn new(sick: &[Sick], config: fn(u64, usize, u64) -> Config) -> Self {
        let scratch = Scratch::new();
        let both = Both::new(&scratch.clock, sick, config);
        let answering = both.clone();
        let merge = merge(move |request| answering.clone().answer(request)).await;
        let store = scratch.store();
        let made = setup(Made {
            merge: merge.url(""),
            store: store.clone(),
            clock: Arc::clone(&scratch.clock),
            concurrency: 8,
        });
        let keys = both
            .sides()
            .map(|side| Secret::new(lock(side).signing_key()));
        let host = Host::new(Setup {
            webhook_keys: keys.to_vec(),
            ..made
        })
        .await
        .unwrap();
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

    /// Which models of the broken accounts are parked, and since when.
    async fn parked(&self) -> BTreeMap<(String, String), Micros> {
        let accounts = lock(&self.both.sick).accounts();
        let mut parked = BTreeMap::new();
        for account in accounts {
            let view = self.host.triggers().inspect(account.id.clone(), Vec::new());
            for model in view.await.unwrap().models {
                if let Some(trouble) = model.trouble
                    && trouble.kind == TroubleKind::Park
                {
                    let read = (account.id.clone(), model.status.model_id);
                    parked.insert(read, trouble.since);
                }
            }
        }
        parked
    }

    /// How often each account's lists were asked for, as Merge counted it.
    fn asked(&self) -> BTreeMap<String, BTreeMap<&'static str, u64>> {
        lock(&self.both.sick).stats().list_requests
    }
}

#[tokio::test]
async fn fifty_broken_accounts_cost_a_healthy_one_little() {
    let alone = World::new(&[], config).await.healthy().await;

    let together = World::new(&broken(), config).await.healthy().await;
    assert!(
        together <= alone + MINUTE,
        "alone {alone}, begun together {together}"
    );

    let world = World::new(&broken(), config).await;
    world.until(NOON + 10 * MINUTE, async || false).await;
    let later = world.healthy().await;
    assert!(later <= 2 * alone, "alone {alone}, begun later {later}");

    let stats = lock(&world.both.sick).stats();
    assert_eq!(stats.breaker_trips, 0);
}

#[tokio::test]
async fn a_parked_read_costs_two_requests_an_hour_whatever_is_wrong_with_it() {
    let world = World::new(&broken_sooner_or_later(), busy).await;
    let begun = NOON + AT_REST;
    world.until(begun, async || false).await;
    let mut counts = vec![world.asked()];
    for end in (1..=WATCHED / COUNTED).map(|nth| begun + nth * COUNTED) {
        world.until(end, async || false).await;
        counts.push(world.asked());
    }
    let mut parked = world.parked().await;
    parked.retain(|_, since| *since <= begun);
    let sick = lock(&world.both.sick).poisoned();
    let mut rested = Vec::new();
    for (account, model) in parked.keys() {
        let poisoned = sick.iter().find(|poisoned| poisoned.account == *account);
        let kind = poisoned.map(|poisoned| (poisoned.poison, poisoned.from));
        let asked: Vec<u64> = counts.iter().map(|c| c[account][&**model]).collect();
        let hour = usize::try_from(HOUR / COUNTED).unwrap();
        let most = asked
            .windows(hour + 1)
            .map(|hour| hour[hour.len() - 1] - hour[0]);
        let most = most.max().unwrap();
        assert!(
            most <= TRIES,
            "{model} of {account} is parked for {kind:?} and was asked for {most} times in an hour"
        );
        assert!(
            asked[0] < asked[asked.len() - 1],
            "{model} of {account} is never tried again"
        );
        rested.extend(kind);
    }
    for refused in [403, 500].map(|status| Poison::ListRefused { status }) {
        for from in [NOON, NOON + SOUND] {
            assert!(
                rested.contains(&(refused, from)),
                "{refused:?} {from}: {rested:?}"
            );
        }
    }
    assert_eq!(lock(&world.both.sick).stats().breaker_trips, 0);
}
