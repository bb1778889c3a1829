//! The simulator as a program: it prints where it is and serves until it is stopped.

use std::error::Error;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use clap::Parser;
use merge_simulator::scenario::Scenario;
use merge_simulator::time::{HOUR, Micros, iso};
use merge_simulator::{
    CATEGORIES, Config, Faults, Merge, PoisonPlan, Poster, Server, Shared, control, lock, poison,
};
use serde_json::json;
use tokio::net::{TcpListener, TcpStream};

/// A stand-in for Merge's Unified API, on 127.0.0.1, with its own clock.
///
/// Prints one line of JSON (address, API key, signing key, accounts with their tokens) and
/// serves until SIGINT or SIGTERM. The same seed gives the same accounts, records and syncs.
#[derive(Debug, Parser)]
#[command(version, after_help = control::HELP)]
struct Args {
    /// Port to listen on; 0 takes a free one.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Decides everything that is drawn.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Play the demonstration of this seed (with --faults or without): accounts, changes, faults
    /// and relinks are its own. Clock and webhooks are left to `/_control/advance` and
    /// `/_control/deliver`, and the line of JSON also has the engine's settings and the instant at
    /// which everything is to be stored.
    #[arg(long, conflicts_with_all = ["accounts", "records", "faults_hours", "ahead_hours"])]
    demo: bool,
    /// How many accounts; they take hris, ats, ticketing, crm, accounting and filestorage in
    /// turn.
    #[arg(long, default_value_t = 3)]
    accounts: usize,
    /// About how many records each account starts with.
    #[arg(long, default_value_t = 2200)]
    records: u64,
    /// Where webhooks are posted, by plain HTTP. Without it there are none. Until somebody listens
    /// there the clock stands still: what is posted to nobody would be lost, tokens included.
    #[arg(long)]
    webhook_url: Option<String>,
    /// Turn every fault on.
    #[arg(long)]
    faults: bool,
    /// The faults end after so many hours of virtual time.
    #[arg(long, default_value_t = 60)]
    faults_hours: u32,
    /// What is wrong for good: `all`, `none`, or kinds such as `cursors-refused=404,scope-off`.
    /// Each account gets one of them; `/_control/state` says which.
    #[arg(long, default_value = "none", conflicts_with = "demo")]
    poison: String,
    /// Virtual seconds in a real one; 0 leaves the clock to `/_control/advance`.
    #[arg(long, default_value_t = 1, default_value_if("demo", "true", "0"))]
    speed: u32,
    /// Move the clock so many hours at the start, so that the initial syncs are over. Of the
    /// webhooks of that time only those that carry a token are still posted.
    #[arg(long, default_value_t = 0)]
    ahead_hours: u32,
    /// Let the clock show the real time once it is that many hours ahead, in place of January
    /// 2026. For hosts that live in real time.
    #[arg(long, conflicts_with = "demo")]
    now: bool,
    /// The API key, in place of a drawn one.
    #[arg(long)]
    api_key: Option<String>,
    /// The key that webhooks are signed with, in place of a drawn one.
    #[arg(long)]
    signing_key: Option<String>,
}

/// How often the clock moves.
const TICK: Duration = Duration::from_millis(20);

/// How often it is looked whether somebody listens to webhooks.
const LOOK: Duration = Duration::from_millis(200);

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let args = Args::parse();
    let scenario = args.demo.then_some(Scenario {
        seed: args.seed,
        faults: args.faults,
    });
    if scenario.is_some() && args.speed > 0 {
        return Err("speed: the clock of --demo moves by control requests; leave it at 0".into());
    }
    let merge: Shared = Arc::new(Mutex::new(match scenario {
        Some(scenario) => demonstration(scenario, &args),
        None => ahead(&args)?,
    }));
    let listener = TcpListener::bind(("127.0.0.1", args.port)).await?;
    let server = Server::start(merge.clone(), listener)?;
    println!("{}", greeting(&lock(&merge), &server.base_url(), scenario));

    let driver = scenario
        .is_none()
        .then(|| tokio::spawn(drive(merge, args.speed, args.webhook_url.clone())));
    stopped().await?;
    if let Some(driver) = driver {
        driver.abort();
    }
    Ok(())
}

/// Merge before the first account of the demonstration is linked.
fn demonstration(scenario: Scenario, args: &Args) -> Merge {
    let mut merge = scenario.merge();
    merge.set_webhook_url(args.webhook_url.clone());
    merge
}

/// Merge so many hours after its accounts were linked.
fn ahead(args: &Args) -> Result<Merge, String> {
    let mut merge = Merge::new(config(args)?);
    if args.ahead_hours > 0 {
        merge.advance_to(merge.now() + Micros::from(args.ahead_hours) * HOUR);
        merge.forget_webhooks(|delivery| delivery.event == "LinkedAccount.linked");
    }
    merge.set_keys(args.api_key.clone(), args.signing_key.clone());
    Ok(merge)
}

fn config(args: &Args) -> Result<Config, String> {
    let mut config = Config::new(args.seed);
    if args.now {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let micros = now.map_or(0, |now| now.as_micros());
        let ahead = Micros::from(args.ahead_hours) * HOUR;
        config.start = Micros::try_from(micros).unwrap_or(config.start) - ahead;
    }
    config.accounts = args.accounts;
    config.records_per_account = args.records;
    config.categories = CATEGORIES.map(str::to_owned).to_vec();
    // Nobody who starts the program wants to wait for its accounts.
    config.link_within = 0;
    config.webhook_url.clone_from(&args.webhook_url);
    if args.faults {
        config.faults = Faults::all(config.start + Micros::from(args.faults_hours) * HOUR);
    }
    config.poison = PoisonPlan {
        one_in: 1,
        ..PoisonPlan::of(poison::parse_list(&args.poison)?)
    };
    Ok(config)
}

/// The line that programs read.
fn greeting(merge: &Merge, address: &str, scenario: Option<Scenario>) -> serde_json::Value {
    let mut greeting = json!({
        "address": address,
        "api_key": merge.api_key(),
        "signing_key": merge.signing_key(),
        "accounts": merge.accounts(),
    });
    if let Some(scenario) = scenario {
        greeting["settings"] = json!(scenario.settings(merge));
        greeting["ends_at"] = json!(iso(scenario.end(merge)));
    }
    greeting
}

/// Let the virtual clock run and post what is due.
async fn drive(merge: Shared, speed: u32, receiver: Option<String>) {
    let poster = Poster::new();
    if let Some(url) = &receiver {
        listened(url).await;
    }
    let mut last = Instant::now();
    let mut ticks = tokio::time::interval(TICK);
    loop {
        ticks.tick().await;
        let passed = last.elapsed().as_micros();
        last = Instant::now();
        {
            let mut merge = lock(&merge);
            let passed = Micros::try_from(passed).unwrap_or(0) * Micros::from(speed);
            let to = merge.now() + passed;
            merge.advance_to(to);
        }
        // Posting never holds up the clock: a receiver that hangs is Merge's daily bread.
        let (poster, merge) = (poster.clone(), merge.clone());
        tokio::spawn(async move { poster.post_due(&merge).await });
    }
}

/// Wait until somebody listens where webhooks go, and say so.
async fn listened(url: &str) {
    let rest = url.strip_prefix("http://").unwrap_or(url);
    let authority = rest.split('/').next().unwrap_or(rest);
    let address = if authority.contains(':') {
        authority.to_owned()
    } else {
        format!("{authority}:80")
    };
    let mut asked = false;
    let mut looks = tokio::time::interval(LOOK);
    loop {
        looks.tick().await;
        if TcpStream::connect(&address).await.is_ok() {
            break;
        }
        if !asked {
            eprintln!("merge-simulator: nobody listens at {address} yet; no webhook is posted");
            eprintln!("merge-simulator: and the clock stands still until somebody does");
            asked = true;
        }
    }
    eprintln!("merge-simulator: webhooks go to {url}");
}

/// Wait for SIGINT or SIGTERM.
async fn stopped() -> std::io::Result<()> {
    #[cfg(unix)]
    {
        let kind = tokio::signal::unix::SignalKind::terminate();
        let mut terminate = tokio::signal::unix::signal(kind)?;
        tokio::select! {
            interrupted = tokio::signal::ctrl_c() => interrupted,
            _ = terminate.recv() => Ok(()),
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await
}
