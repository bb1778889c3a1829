//! What one seed decides before anything happens: accounts, data, hosts, settings, faults, and
//! when they end.

use std::collections::BTreeSet;

use merge_simulator::time::{DAY, HOUR, MINUTE, Micros, SECOND};
use merge_simulator::{CATEGORIES, Config, Dice, FaultKind, Faults, Merge, Poison};
use serde_json::{Map, Value, json};

use crate::mishap::{Mishap, Rates};
use crate::poison;

/// How window bounds are chosen, as the settings name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Rule {
    /// From the previous finish, less the overlap, to the new one.
    Contiguous,
    /// From the previous finish, less the overlap, without an end.
    OpenEnded,
    /// From the start of the previous fetch to the new finish: the published rule.
    FetchStart,
}

impl Rule {
    /// The name in the settings and on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Contiguous => "contiguous",
            Self::OpenEnded => "open-ended",
            Self::FetchStart => "fetch-start",
        }
    }
}

/// What is asked of a run beside its seed: a failing seed is made smaller by these.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// The window rule.
    pub rule: Rule,
    /// Kinds of faults that are off.
    pub without: BTreeSet<String>,
    /// What may be wrong for good; everything where it is not said.
    pub poison: Option<Vec<Poison>>,
    /// Faults and changes end after so many hours, if that is sooner than drawn.
    pub hours: Option<u32>,
    /// At most so many accounts.
    pub accounts: Option<usize>,
    /// At most so many hosts.
    pub hosts: Option<usize>,
}

impl Wanted {
    /// Everything as drawn.
    #[must_use]
    pub fn all(rule: Rule) -> Self {
        Self {
            rule,
            without: BTreeSet::new(),
            poison: None,
            hours: None,
            accounts: None,
            hosts: None,
        }
    }
}

/// One run, before it starts.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// Decides everything that is drawn.
    pub seed: u64,
    /// What Merge holds and does.
    pub config: Config,
    /// How many hosts share the store.
    pub hosts: usize,
    /// The settings document of all of them.
    pub settings: String,
    /// Requests of an account within a minute, as the settings say.
    pub requests_per_minute: usize,
    /// How often each model is read whole; `None` in three of four seeds, in which nothing
    /// brings back what a window missed.
    pub reread: Option<Micros>,
    /// The shortest and the longest time between two regular polls.
    pub poll: (Micros, Micros),
    /// How often what goes wrong.
    pub rates: Rates,
    /// Faults and changes end here, Merge's clock.
    pub quiet_from: Micros,
    /// Everything must be stored here, Merge's clock.
    pub end: Micros,
    /// Whether it was made smaller than the seed alone would make it.
    pub reduced: bool,
}

/// A standard run takes so long at the least.
const AT_LEAST: Micros = 4 * DAY;

/// Beyond a good sync of each model, hosts are given so long to catch up.
const GRACE: Micros = HOUR;

/// What two sweeps wait for that are held, one after the other.
const HELD_TWICE: Micros = 15 * HOUR;

/// The longest time that a row stays out of sight: less than the overlap.
const LATE_AT_MOST: Micros = 4 * MINUTE;

impl Scenario {
    /// What `seed` decides.
    #[must_use]
    pub fn draw(seed: u64, wanted: &Wanted) -> Self {
        let mut dice = Dice::new(seed, "scenario", 0);
        let rates = Rates::draw(&mut dice, &wanted.without);
        let rereads = seed.is_multiple_of(4) || poison::needs_full_reads(wanted.poison.as_deref());
        let mut config = config(seed, &mut dice);
        config.poison = poison::plan(wanted.poison.as_deref(), rereads);
        let reread = rereads.then(|| HOUR * dice.between(6, 20));
        if rereads {
            // What no window can show.
            config.unstamped_deletions = 300;
            config.remote_data_only = 150;
            config.purged_deletions = 100;
        }
        let hosts = if dice.per_mille(750) { 2 } else { 3 };
        let poll = poll(&mut dice);
        config.accounts = config
            .accounts
            .min(wanted.accounts.unwrap_or(usize::MAX))
            .max(1);
        let probe = Merge::new(config.clone());
        let requests_per_minute = requests_per_minute(seed);
        let drawn = settings(&probe, wanted.rule, reread, poll, &mut dice);
        let settings = with_requests_per_minute(drawn, requests_per_minute);

        let extra = HOUR * dice.between(0, 8);
        let tail = probe.longest_interval()
            + GRACE.max(poll.map_or(0, |(_, longest)| longest))
            + reread.map_or(0, |interval| interval + HELD_TWICE);
        let busy = match wanted.hours {
            Some(hours) => HOUR * Micros::from(hours),
            None => (AT_LEAST + extra - tail).max(2 * DAY),
        };
        let quiet_from = config.start + busy;
        config.changes_until = Some(quiet_from);
        config.faults = Faults {
            rates: rates.merge.clone(),
            until: Some(quiet_from),
            at_least: 1,
            slow_millis: 1,
            late_at_most: LATE_AT_MOST,
            ..Faults::none()
        };
        Self {
            seed,
            config,
            hosts: hosts.min(wanted.hosts.unwrap_or(usize::MAX)).max(1),
            settings,
            requests_per_minute: requests_per_minute.unwrap_or(100),
            reread,
            poll: poll.unwrap_or((5 * MINUTE, HOUR)),
            rates,
            quiet_from,
            end: quiet_from + tail,
            reduced: *wanted != Wanted::all(wanted.rule),
        }
    }

    /// The stream of random numbers called `label`.
    #[must_use]
    pub fn dice(&self, label: &str, index: u64) -> Dice {
        Dice::new(self.seed, label, index)
    }

    /// Whether the kind is on at all.
    #[must_use]
    pub fn has(&self, kind: Mishap) -> bool {
        self.rates.of(kind) > 0
    }

    /// The longest time by which two hosts' clocks differ.
    #[must_use]
    pub fn clocks_apart(&self) -> Micros {
        if self.has(Mishap::ClockDrift) {
            2 * SKEW
        } else {
            0
        }
    }
}

/// A host's clock is never further off than this.
pub const SKEW: Micros = 2 * MINUTE;

fn config(seed: u64, dice: &mut Dice) -> Config {
    let mut config = Config::new(seed);
    config.accounts = if dice.per_mille(750) { 2 } else { 3 };
    let first = dice.index(CATEGORIES.len());
    config.categories = (0..config.accounts)
        .map(|number| CATEGORIES[(first + number) % CATEGORIES.len()].to_owned())
        .collect();
    config.models_at_most = usize::try_from(dice.between(2, 4)).ok();
    config.records_per_account = u64::try_from(dice.between(15, 50)).unwrap_or(15);
    config.page_size_at_most = usize::try_from(dice.between(3, 12)).unwrap_or(3);
    config.link_within = 20 * MINUTE;
    config.sync_every = (0..config.accounts).map(|_| interval(dice)).collect();
    config.sync_at_most = MINUTE * dice.between(2, 20);
    config.initial_sync_at_most = MINUTE * dice.between(5, 120);
    config.changes_per_hour = u64::try_from(dice.between(1, 6)).unwrap_or(1);
    config.realtime_per_hour = if dice.per_mille(700) { 0 } else { 1 };
    config.bulk_one_in = 30;
    config.enable_late = dice.per_mille(500);
    config.failed_ends_initial = dice.per_mille(300);
    config.empty_status_for = if dice.per_mille(400) {
        SECOND * dice.between(5, 90)
    } else {
        0
    };
    config.status_cut_to_seconds = if dice.per_mille(400) { 300 } else { 0 };
    config.retry_after_at_most = *dice.pick(&[90 * SECOND, 5 * MINUTE, 40 * MINUTE]);
    config.legacy_webhooks = dice.per_mille(100);
    // The address is part of each body and of nothing else: nobody listens there.
    config.webhook_url = Some("http://localhost/api/webhooks/merge".to_owned());
    config
}

/// How often Merge syncs: now and then in minutes, mostly in hours.
fn interval(dice: &mut Dice) -> Micros {
    match dice.below(20) {
        0 => MINUTE * dice.between(25, 60),
        1..=4 => MINUTE * dice.between(60, 150),
        5..=13 => MINUTE * dice.between(150, 420),
        _ => MINUTE * dice.between(420, 900),
    }
}

/// The time between two regular polls; `None` leaves it to the defaults.
fn poll(dice: &mut Dice) -> Option<(Micros, Micros)> {
    let hours = dice.between(1, 3);
    dice.per_mille(800)
        .then_some((HOUR * hours, 2 * HOUR * hours))
}

/// A limit that an account reaches, in one seed of three; `None` leaves it to the default. Drawn
/// apart, so that all else of a seed is as it was without.
fn requests_per_minute(seed: u64) -> Option<usize> {
    let mut dice = Dice::new(seed, "requests per minute", 0);
    let limit = usize::try_from(dice.between(8, 40)).ok();
    limit.filter(|_| dice.per_mille(333))
}

fn with_requests_per_minute(settings: Value, limit: Option<usize>) -> String {
    let mut settings = settings;
    if let Some(limit) = limit {
        settings["requests_per_minute"] = json!(limit);
    }
    settings.to_string()
}

fn settings(
    merge: &Merge,
    rule: Rule,
    reread: Option<Micros>,
    poll: Option<(Micros, Micros)>,
    dice: &mut Dice,
) -> Value {
    let mut settings = json!({
        "rule": rule.name(),
        "full_reread_ms": reread.unwrap_or(0) / 1_000,
        "gate": if dice.per_mille(500) { "account" } else { "model" },
        "partial": if dice.per_mille(700) { "strict" } else { "accept-partial" },
    });
    if let Some((shortest, longest)) = poll {
        let interval = json!({ "shortest": shortest / 1_000, "longest": longest / 1_000 });
        settings["cadence"] =
            json!({ "frequent": interval, "standard": interval, "unhinted": interval });
    }
    if dice.per_mille(300) {
        // Runs that end in the middle of everything.
        settings["run_limits"] = json!({
            "pages": dice.between(1, 6),
            "requests": dice.between(2, 8),
            "duration_ms": dice.between(5, 20) * 1_000,
        });
    }
    if dice.per_mille(500) {
        settings["retry"] = json!({ "cap": dice.between(20, 120) * 1_000 });
    }
    if reread.is_some() {
        let accounts = 0..merge.accounts().len();
        let models = accounts.flat_map(|number| merge.listed_models(number));
        let extra: Map<String, Value> = models
            .map(|model| (model.to_owned(), json!("include_remote_data=true")))
            .collect();
        settings["query_extra"] = Value::Object(extra);
    }
    settings
}

/// The faults of Merge's own that a run counts, by name.
#[must_use]
pub fn merge_faults(merge: &Merge) -> Vec<(&'static str, u64)> {
    let stats = merge.stats();
    let kinds = FaultKind::ALL.into_iter().map(FaultKind::name);
    kinds
        .filter_map(|name| Some((name, *stats.faults.get(name)?)))
        .collect()
}
