//! Accounts come, lose their credentials, come back and go.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::Merge;
use crate::catalog::{self, compose};
use crate::config::Config;
use crate::dice::Dice;
use crate::poison;
use crate::time::{HOUR, Micros, SECOND};
use crate::world::account::{Account, Link};
use crate::world::change::some_id;
use crate::world::event::Event;
use crate::world::model::{Model, Phase};
use crate::world::record::{Record, Truth};

/// An account whose third party is filled and of which Merge knows nothing yet.
pub(crate) fn new_account(config: &Config, number: usize, now: Micros) -> Account {
    let turn = config
        .categories
        .get(number % config.categories.len().max(1));
    let category = turn.map_or("hris", String::as_str).to_owned();
    let end_user = EndUser {
        origin_id: format!("org_{}_{category}", 100 + number),
        organization: format!("Example Organization {}", number + 1),
        email: None,
    };
    account_of(config, number, now, category, end_user)
}

/// Whose account it is.
#[derive(Debug, Clone)]
pub(crate) struct EndUser {
    pub origin_id: String,
    pub organization: String,
    pub email: Option<String>,
}

fn account_of(
    config: &Config,
    number: usize,
    now: Micros,
    category: String,
    end_user: EndUser,
) -> Account {
    let stream = |label| Dice::new(config.seed, label, number as u64);
    let mut dice = stream("account");
    let every = config
        .sync_every
        .get(number % config.sync_every.len().max(1));
    let held = config.models_at_most.unwrap_or(usize::MAX);
    let specs = catalog::models(&category).take(held);
    let mut models: Vec<Model> = specs.map(Model::new).collect();
    fill(&mut models, config.records_per_account, &mut dice, now);
    if config.enable_late && models.len() > 2 {
        // Never the first, which is the one people look at.
        let late = 1 + dice.index(models.len() - 1);
        models[late].enabled = false;
    }
    let mut account = Account {
        id: dice.uuid(),
        token: dice.secret(54),
        origin_id: end_user.origin_id,
        organization: end_user.organization,
        email: end_user.email,
        is_test: config.test_accounts,
        receivers: Vec::new(),
        category,
        link: Link::Pending,
        completed_at: now,
        sync_every: every.copied().unwrap_or(HOUR).max(10 * SECOND),
        round: 0,
        busy: 0,
        failed_moves_finish: config
            .failed_moves_finish
            .unwrap_or(!number.is_multiple_of(2)),
        partial_ends_initial: config
            .partial_ends_initial
            .unwrap_or(number.is_multiple_of(2)),
        models,
        issues: Vec::new(),
        dice,
        fault_dice: stream("faults"),
        webhook_dice: stream("webhooks"),
        answer_dice: stream("answers"),
        poison_dice: stream("poisons"),
        doses: Vec::new(),
        minute: (Micros::MIN, 0),
        held: None,
    };
    account.doses.extend(poison::draw(config, number, &account));
    account
}

/// What the third party holds on the day of linking.
fn fill(models: &mut [Model], records: u64, dice: &mut Dice, now: Micros) {
    let listed = models.iter().filter(|model| model.spec.path.is_some());
    let total: u64 = listed.map(|model| model.spec.weight).sum();
    for model in models.iter_mut() {
        let share = (records * model.spec.weight).checked_div(total);
        for _ in 0..share.unwrap_or(0).max(1) {
            add(model, Map::new(), dice);
        }
    }
    // Only now does every reference find what it refers to.
    for number in 0..models.len() {
        for record in 0..models[number].records.len() {
            let all = &*models;
            let ids = |model: &str, dice: &mut Dice| some_id(all, model, dice);
            let fields = compose(models[number].spec, dice, now, &ids);
            models[number].records[record].truth.fields = Arc::new(fields);
        }
    }
}

/// A record comes into being in the third party.
pub(crate) fn add(model: &mut Model, fields: Map<String, Value>, dice: &mut Dice) -> usize {
    let number = model.records.len();
    model.records.push(Record {
        id: dice.uuid(),
        key: String::new(),
        remote_id: format!("{}", 19_200_000 + number),
        truth: Truth {
            fields: Arc::new(fields),
            deleted: false,
            raw: 0,
        },
        created_at: 0,
        versions: Vec::new(),
    });
    model.dirty.insert(number);
    number
}

impl Merge {
    /// Add an account that is linked at once. Returns its number.
    pub fn link_new(&mut self) -> usize {
        let number = self.accounts.len();
        self.join(new_account(&self.config, number, self.now))
    }

    /// Add an account of that category for an end user, linked at once.
    pub(crate) fn link_as(&mut self, category: &str, end_user: EndUser, test: bool) -> usize {
        let number = self.accounts.len();
        let category = category.to_owned();
        let mut account = account_of(&self.config, number, self.now, category, end_user);
        account.is_test |= test;
        self.join(account)
    }

    fn join(&mut self, account: Account) -> usize {
        let number = self.accounts.len();
        self.accounts.push(account);
        if let Some(dose) = self.accounts[number].doses.first() {
            self.plan_strike(number, 0, dose.from);
        }
        self.link(number);
        number
    }

    pub(crate) fn link(&mut self, number: usize) {
        let now = self.now;
        let Some(account) = self.accounts.get_mut(number) else {
            return;
        };
        if account.link != Link::Pending {
            return;
        }
        account.link = Link::Complete;
        account.completed_at = now;
        let token = account.token.clone();
        for (model, held) in account.models.iter().enumerate() {
            if !held.enabled {
                let at = now + account.dice.between(6 * HOUR, 18 * HOUR);
                self.queue.plan(
                    at,
                    Event::Enable {
                        account: number,
                        model,
                    },
                );
            }
        }
        let data = json!({ "account_token": token, "is_relink": false });
        self.emit(number, "LinkedAccount.linked", &data);
        self.queue
            .plan(now + 2 * SECOND, Event::Round { account: number });
        self.queue
            .plan(now, Event::HiddenChange { account: number });
        self.queue
            .plan(now, Event::RealtimeChange { account: number });
    }

    /// The third party stops accepting Merge's credentials: syncs fail until a relink.
    pub fn require_relink(&mut self, number: usize) {
        if let Some(account) = self.accounts.get_mut(number)
            && account.link == Link::Complete
        {
            account.link = Link::RelinkNeeded;
        }
    }

    /// The end user links the same account again: its id stays, its token changes, its issues
    /// end, and a round of syncs begins.
    pub fn relink(&mut self, number: usize) {
        let now = self.now;
        let Some(account) = self.accounts.get_mut(number) else {
            return;
        };
        if account.link == Link::Pending {
            return;
        }
        account.link = Link::Complete;
        account.completed_at = now;
        account.token = account.dice.secret(54);
        let token = account.token.clone();
        let data = json!({ "account_token": token, "is_relink": true });
        self.emit(number, "LinkedAccount.linked", &data);
        self.resolve_all(number);
        self.begin_round(number, true);
    }

    /// The account is deleted: its token is dead from now on.
    pub fn unlink(&mut self, number: usize) {
        let Some(account) = self.accounts.get_mut(number) else {
            return;
        };
        if !account.is_linked() {
            return;
        }
        account.link = Link::Deleted;
        account.busy = 0;
        for model in &mut account.models {
            model.phase = Phase::Idle;
        }
        self.emit(number, "LinkedAccount.deleted", &json!({}));
    }

    /// Whether every enabled model of the account has its initial sync behind it, as a client
    /// that judges by `status == DONE` or `is_initial_sync == false` would find.
    #[must_use]
    pub fn initial_syncs_over(&self, number: usize) -> bool {
        self.accounts.get(number).is_some_and(|account| {
            let mut enabled = account.models.iter().filter(|model| model.enabled);
            account.is_linked() && enabled.all(|model| model.status() == "DONE" || !model.initial)
        })
    }

    /// The longest time, without faults, from a change in a third party until a sync that
    /// carries it has finished: how long the quiet time at the end of a run must be, beside
    /// what the consumer itself needs.
    #[must_use]
    pub fn longest_interval(&self) -> Micros {
        let turns = |model: &Model| i64::try_from(model.spec.every).unwrap_or(1);
        let longest = |account: &Account| {
            let turns = account.models.iter().map(turns).max().unwrap_or(1);
            // A round, its spread and the sync itself.
            account.sync_every * turns + account.sync_every / 20 + self.config.sync_at_most
        };
        self.accounts.iter().map(longest).max().unwrap_or(0)
    }

    /// Switch a model on or off. One that comes on starts with an initial sync.
    pub fn enable(&mut self, number: usize, model: usize, on: bool) {
        let Some(account) = self.accounts.get_mut(number) else {
            return;
        };
        let linked = account.is_linked();
        let Some(held) = account.models.get_mut(model) else {
            return;
        };
        if held.enabled == on {
            return;
        }
        held.enabled = on;
        if on && linked {
            self.begin_round_of(number, &[model]);
        }
    }
}
