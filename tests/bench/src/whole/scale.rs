//! What many accounts in the store cost: at the start, in memory, for each webhook and each
//! account that is due.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use hyper::StatusCode;

use super::accounts::{fill, id, make_due, open, state_at_rest, wait_for};
use super::client::Client;
use super::load::{ROUTE, Webhook, load, webhooks};
use super::{API_KEY, Setting, merge, runtime, serve};
use crate::figure::Figures;

/// Accounts that are due, and others that get webhooks.
const BUSY: u32 = 100;

/// Rounds until the same accounts are due again: none polls twice within ten seconds.
const TURNS: u32 = 9;

/// Few connections: what each webhook costs shows, not how they share a commit.
const CONNECTIONS: usize = 8;

/// What the other stores are compared with.
pub const BASE: &str = "1,000 accounts";

/// How many accounts, and what that is called.
const SIZES: [(u32, &str); 3] = [
    (1_000, BASE),
    (10_000, "10,000 accounts"),
    (100_000, "100,000 accounts"),
];

/// For the report.
const LARGEST: (u32, &str) = (1_000_000, "1,000,000 accounts");

/// A store of that size, and webhooks for some of its accounts.
struct Sized {
    name: &'static str,
    file: PathBuf,
    /// For each round's accounts.
    due: Vec<Arc<[Webhook]>>,
    others: Arc<[Webhook]>,
}

/// Measure them; the largest only where it is wanted.
pub fn measure(
    setting: &Setting,
    largest: bool,
    figures: &mut Figures,
    done: &dyn Fn(&str),
) -> Result<()> {
    let runtime = runtime()?;
    runtime.block_on(async {
        let scratch = setting.scratch()?;
        let folder = scratch.path();
        let state = state_at_rest()?;
        let merge = format!("http://{}", merge::start().await?);
        let mut stores = Vec::new();
        for (accounts, name) in SIZES.into_iter().chain(largest.then_some(LARGEST)) {
            done(name);
            let file = folder.join(format!("{accounts}.sqlite"));
            fill(&open(&file)?, accounts, &state).await?;
            // Evenly spread: those that are used lie on as many pages as they can.
            let every = accounts / BUSY;
            stores.push(Sized {
                name,
                file,
                due: (1..=TURNS)
                    .map(|turn| webhooks((0..BUSY).map(|nth| id(nth * every + turn))))
                    .collect::<Result<_>>()?,
                others: webhooks((0..BUSY).map(|nth| id(nth * every)))?,
            });
        }
        for store in &stores {
            // Machine code is made at the first start.
            drop(serve(&store.file, &merge, API_KEY)?);
        }
        for round in 0..setting.rounds {
            for store in &stores {
                done(store.name);
                let due = store.due.iter().cycle().nth(round as usize);
                measure_one(setting, &merge, store, due.context("accounts")?, figures).await?;
            }
        }
        Ok(())
    })
}

async fn measure_one(
    setting: &Setting,
    merge: &str,
    store: &Sized,
    due: &[Webhook],
    figures: &mut Figures,
) -> Result<()> {
    let server = serve(&store.file, merge, API_KEY)?;
    let mut client = Client::new(server.address);
    let first = store.others.first().context("a webhook")?;
    post(&mut client, first).await?;
    let ready = server.started.elapsed();
    let mut enter = |measure, unit, value| figures.enter(measure, unit, store.name, value);
    enter(
        "first webhook",
        "ms after the start",
        ready.as_secs_f64() * 1e3,
    );
    enter("memory, idle", "MB", server.usage().memory as f64 / 1e6);

    // Behind its back: it looks when the next webhook comes.
    make_due(&*open(&store.file)?, due).await?;
    let before = server.usage();
    post(&mut client, first).await?;
    wait_for(&mut client, "polls", u64::from(BUSY)).await?;
    let after = server.usage();
    let spent = after.processor.saturating_sub(before.processor);
    enter("due account", "us of processor", each(spent, BUSY as usize));

    let answers = load(server.address, &store.others, CONNECTIONS, setting.turn).await?;
    let spent = server.usage().processor.saturating_sub(after.processor);
    enter("webhook", "us of processor", each(spent, answers.count()));
    enter("webhook p50", "ms", answers.within(500));
    enter("memory, busy", "MB", server.usage().memory as f64 / 1e6);
    drop(server);
    let disk = fs::metadata(&store.file)?.len();
    enter("disk", "MB", disk as f64 / 1e6);
    Ok(())
}

async fn post(client: &mut Client, webhook: &Webhook) -> Result<()> {
    let (status, _) = client
        .post(ROUTE, webhook.body.clone(), &webhook.signature)
        .await?;
    ensure!(status == StatusCode::OK, "a webhook was answered {status}");
    Ok(())
}

fn each(time: Duration, count: usize) -> f64 {
    time.as_secs_f64() * 1e6 / count as f64
}
