//! The simulated service as a whole: its clock and what it holds.

use std::collections::BTreeMap;

use crate::api::breaker::Breaker;
use crate::api::linking::LinkSession;
use crate::api::page::Key;
use crate::config::Config;
use crate::dice::Dice;
use crate::fault::{FaultKind, FaultPlan, Faults};
use crate::outbox::{Delivery, Outbox};
use crate::stats::Stats;
use crate::time::{HOUR, Micros};
use crate::world::account::Account;
use crate::world::event::{Event, Queue};
use crate::world::link::new_account;

/// A stand-in for Merge. Pure: no clock, no randomness and no I/O but what is passed in.
///
/// A driver does four things, in any order as long as time never goes back:
///
/// - it moves the clock: [`Merge::next_event_at`], [`Merge::advance_to`];
/// - it carries requests: [`Merge::respond`];
/// - it posts webhooks: [`Merge::next_delivery_at`], [`Merge::take_due`], [`Merge::delivered`];
/// - at the end it compares: [`Merge::verdict`].
///
/// Everything that happens follows from the [`Config`] and from these calls.
#[derive(Debug)]
pub struct Merge {
    pub(crate) config: Config,
    pub(crate) now: Micros,
    pub(crate) queue: Queue,
    pub(crate) accounts: Vec<Account>,
    pub(crate) outbox: Outbox,
    pub(crate) plan: FaultPlan,
    pub(crate) breaker: Breaker,
    pub(crate) stats: Stats,
    pub(crate) api_key: String,
    pub(crate) signing_key: String,
    pub(crate) hook_id: String,
    /// Keys and tokens that are made later.
    pub(crate) secrets: Dice,
    /// Keys that were generated, by name.
    pub(crate) keys: BTreeMap<String, String>,
    pub(crate) sessions: Vec<LinkSession>,
    /// The audit trail.
    pub(crate) trail: Vec<(Key, serde_json::Value)>,
    /// Real time that passed while the clock stood still; only the guard against failing clients
    /// knows it.
    pub(crate) standstill: Micros,
    pub(crate) skew: Micros,
    pub(crate) skew_dice: Dice,
    /// Faults of answers that belong to no account.
    pub(crate) answer_dice: Dice,
}

/// What a client needs to know of an account.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct AccountView {
    /// The linked account's id.
    pub id: String,
    /// The account token; a relink changes it.
    pub token: String,
    /// One of [`crate::CATEGORIES`].
    pub category: String,
    /// `COMPLETE`, `INCOMPLETE` (not linked yet), `RELINK_NEEDED` or `DELETED`.
    pub status: String,
}

impl Merge {
    /// A Merge whose accounts are about to be linked.
    #[must_use]
    pub fn new(config: Config) -> Self {
        let seed = config.seed;
        let mut secrets = Dice::new(seed, "secrets", 0);
        let mut skew_dice = Dice::new(seed, "skew", 0);
        let mut plan_dice = Dice::new(seed, "plan", 0);
        let mut queue = Queue::default();
        let mut plan = FaultPlan::new(config.faults.clone(), config.start, &mut plan_dice);
        plan_skews(&config, &mut plan, &mut queue, &mut skew_dice);
        let accounts: Vec<Account> = (0..config.accounts)
            .map(|number| new_account(&config, number, config.start))
            .collect();
        for account in 0..accounts.len() {
            let parts = i64::try_from(accounts.len()).unwrap_or(1).max(1);
            let step = config.link_within / parts;
            let at = config.start + step * i64::try_from(account).unwrap_or(0);
            queue.plan(at, Event::Link { account });
        }
        for (number, account) in accounts.iter().enumerate() {
            for (dose, taken) in account.doses.iter().enumerate() {
                let at = taken.from.max(config.start);
                let account = number;
                queue.plan(at, Event::Strike { account, dose });
            }
        }
        Self {
            now: config.start,
            queue,
            accounts,
            outbox: Outbox::default(),
            plan,
            breaker: Breaker::default(),
            stats: Stats::default(),
            api_key: format!("test_{}", secrets.secret(40)),
            signing_key: secrets.secret(64),
            hook_id: secrets.uuid(),
            secrets,
            keys: BTreeMap::new(),
            sessions: Vec::new(),
            trail: Vec::new(),
            standstill: 0,
            skew: 0,
            skew_dice,
            answer_dice: Dice::new(seed, "answers", u64::MAX),
            config,
        }
    }

    /// Merge's clock.
    #[must_use]
    pub fn now(&self) -> Micros {
        self.now
    }

    /// Real time passes while the clock stands still. A client that was blocked for failing
    /// answers would otherwise be blocked until somebody moves the clock.
    pub fn stand_still(&mut self, span: Micros) {
        self.standstill += span.max(0);
    }

    /// How far the host's clock is ahead of Merge's now; negative where it is behind. Always 0
    /// unless the clock-skew fault is on: a driver adds it to the time that it gives the host.
    #[must_use]
    pub fn host_skew(&self) -> Micros {
        self.skew
    }

    /// When something happens next inside Merge; `None` when nothing ever will.
    /// Webhooks that wait have their own: [`Merge::next_delivery_at`].
    #[must_use]
    pub fn next_event_at(&self) -> Option<Micros> {
        self.queue.next_at()
    }

    /// Move the clock to `to`, and let everything happen that is planned until then, `to`
    /// included. An instant in the past changes nothing.
    pub fn advance_to(&mut self, to: Micros) {
        while let Some((at, event)) = self.queue.take(to) {
            self.now = self.now.max(at);
            self.happen(event);
        }
        self.now = self.now.max(to);
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Link { account } => self.link(account),
            Event::Round { account } => self.round(account),
            Event::SyncStart { account, model } => self.sync_start(account, model),
            Event::Copy {
                account,
                model,
                record,
            } => self.copy(account, model, record),
            Event::SyncEnd { account, model } => self.sync_end(account, model),
            Event::Resume { account, model } => self.resume(account, model),
            Event::Enable { account, model } => self.enable(account, model, true),
            Event::HiddenChange { account } => self.hidden_change(account),
            Event::RealtimeChange { account } => self.realtime_change(account),
            Event::RequireRelink { account } => self.require_relink(account),
            Event::Relink { account } => self.relink(account),
            Event::Strike { account, dose } => self.strike(account, dose),
            Event::Skew => self.move_host_clock(),
        }
    }

    fn move_host_clock(&mut self) {
        if self.plan.faults.is_on(FaultKind::ClockSkew, self.now) {
            let most = self.plan.faults.skew_at_most;
            self.skew = self.skew_dice.between(-most, most);
            self.plan.count(FaultKind::ClockSkew);
        } else {
            self.skew = 0;
        }
    }

    /// The key that clients send as `Authorization: Bearer`.
    #[must_use]
    pub fn api_key(&self) -> &str {
        &self.api_key
    }

    /// The key that webhooks are signed with.
    #[must_use]
    pub fn signing_key(&self) -> &str {
        &self.signing_key
    }

    /// Take these keys in place of those that were drawn. Webhooks that wait are signed anew.
    pub fn set_keys(&mut self, api_key: Option<String>, signing_key: Option<String>) {
        self.api_key = api_key.unwrap_or_else(|| self.api_key.clone());
        if let Some(key) = signing_key {
            self.outbox.sign_anew(&key);
            self.signing_key = key;
        }
    }

    /// Drop the webhooks that wait and are none of `kept`.
    pub fn forget_webhooks(&mut self, kept: impl Fn(&Delivery) -> bool) {
        self.outbox.retain(kept);
    }

    /// All accounts, in the order of their numbers.
    #[must_use]
    pub fn accounts(&self) -> Vec<AccountView> {
        self.accounts.iter().map(view).collect()
    }

    /// Where webhooks go from now on; `None` for nowhere.
    pub fn set_webhook_url(&mut self, url: Option<String>) {
        self.config.webhook_url = url;
    }

    /// No third party changes anything after this instant.
    pub fn set_changes_until(&mut self, until: Option<Micros>) {
        self.config.changes_until = until;
    }

    /// Replace the faults from now on. Those that are guaranteed are laid down anew.
    pub fn set_faults(&mut self, faults: Faults) {
        let happened = std::mem::take(&mut self.plan.happened);
        let mut dice = Dice::new(self.config.seed, "plan", self.stats.requests);
        self.plan = FaultPlan::new(faults, self.now, &mut dice);
        self.plan.happened = happened;
        self.skew = 0;
        plan_skews(
            &self.config,
            &mut self.plan,
            &mut self.queue,
            &mut self.skew_dice,
        );
    }

    /// Make the next `count` occasions of the kind faulty, whatever its rate and time.
    /// The clock's skew has no occasions and takes no notice.
    pub fn force(&mut self, kind: FaultKind, count: u32) {
        self.plan.force(kind, count);
    }

    /// What was counted so far.
    #[must_use]
    pub fn stats(&self) -> Stats {
        let happened = self
            .plan
            .happened
            .iter()
            .map(|(kind, count)| (kind.name(), *count));
        Stats {
            faults: happened.collect(),
            ..self.stats.clone()
        }
    }

    /// The webhooks that wait, in the order in which they are due.
    pub fn waiting(&self) -> impl Iterator<Item = &Delivery> {
        self.outbox.waiting()
    }
}

/// The host's clock moves at the times laid down, every few hours beside, and back at the end.
fn plan_skews(config: &Config, plan: &mut FaultPlan, queue: &mut Queue, dice: &mut Dice) {
    if !plan.faults.rates.contains_key(&FaultKind::ClockSkew) {
        return;
    }
    for at in plan.skew_times() {
        queue.plan(at, Event::Skew);
    }
    if let Some(until) = plan.faults.until {
        let mut at = plan.faults.from.unwrap_or(config.start);
        while at < until {
            queue.plan(at, Event::Skew);
            at += dice.between(4 * HOUR, 9 * HOUR);
        }
        queue.plan(until, Event::Skew);
    }
}

fn view(account: &Account) -> AccountView {
    let deleted = account.link == crate::world::account::Link::Deleted;
    AccountView {
        id: account.id.clone(),
        token: account.token.clone(),
        category: account.category.clone(),
        status: if deleted {
            "DELETED"
        } else {
            account.link_status()
        }
        .to_owned(),
    }
}
