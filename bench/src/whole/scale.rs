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

/// Accounts that are due in a round.
const DUE: u32 = 50;

/// Rounds until the same accounts are due again: none polls twice within ten seconds.
const TURNS: u32 = 9;

/// About how many others get webhooks, where there are so many.
const CALLED: u32 = 10_000;

/// Few connections: what each webhook costs shows, not how they share a commit.
const CONNECTIONS: usize = 8;

/// A store of that size, and webhooks for some of its accounts.
struct Sized {
    name: String,
    file: PathBuf,
    /// For each round's accounts.
    due: Vec<Arc<[Webhook]>>,
    others: Arc<[Webhook]>,
}

/// What a store of so many accounts is called.
pub fn named(accounts: u32) -> String {
    let digits = accounts.to_string();
    let groups: Vec<_> = digits.as_bytes().rchunks(3).rev().collect();
    format!("{} accounts", String::from_utf8_lossy(&groups.join(&b',')))
}

/// Measure stores of these sizes.
pub fn measure(
    setting: &Setting,
    sizes: &[u32],
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
        for &accounts in sizes {
            let name = named(accounts);
            done(&name);
            let file = folder.join(format!("{accounts}.sqlite"));
            fill(&open(&file)?, accounts, &state).await?;
            // Evenly spread: those that are used lie on as many pages as they can.
            let every = accounts / DUE;
            let is_never_due = |number: &u32| !(1..=TURNS).contains(&(number % every));
            let called = (0..accounts).step_by((accounts / CALLED).max(1) as usize);
            stores.push(Sized {
                name,
                file,
                due: (1..=TURNS)
                    .map(|turn| webhooks((0..DUE).map(|nth| id(nth * every + turn))))
                    .collect::<Result<_>>()?,
                others: webhooks(called.filter(is_never_due).map(id))?,
            });
        }
        for store in &stores {
            // Machine code is made at the first start.
            drop(serve(&store.file, &merge, API_KEY)?);
        }
        for round in 0..setting.rounds {
            for store in &stores {
                done(&store.name);
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
    let mut enter = |measure, unit, value| figures.enter(measure, unit, &store.name, value);
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
    wait_for(&mut Client::admin(server.admin), "polls", u64::from(DUE)).await?;
    let after = server.usage();
    let spent = after.processor.saturating_sub(before.processor);
    enter("due account", "us of processor", each(spent, DUE as usize));

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

#[cfg(test)]
mod tests {
    use super::named;

    #[test]
    fn thousands_are_told_apart() {
        assert_eq!(named(1_000), "1,000 accounts");
        assert_eq!(named(250_000), "250,000 accounts");
        assert_eq!(named(1_000_000), "1,000,000 accounts");
    }
}
