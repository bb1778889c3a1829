//! What a poison does to an account's data when its time comes, and what it does to texts.

use serde_json::{Value, json};

use crate::Merge;
use crate::poison::Poison;
use crate::time::{HOUR, MINUTE, Micros};
use crate::world::account::{Account, Link};
use crate::world::event::Event;
use crate::world::issue::Issue;
use crate::world::record::{Row, Version};

/// Between two rounds of issues that are resolved at once.
const ISSUES_EVERY: Micros = 3 * HOUR;

/// What stands for the broken value until the page is written.
const BROKEN: &str = "\u{1}broken\u{1}";

/// What stands there instead of an instant.
const NO_INSTANT: &str = "27/11/2026 10:00";

/// An instant that no host lives to see.
const FAR_AHEAD: &str = "2999-01-01T00:00:00Z";

/// An issue of the account as a whole, as opposed to one of its models.
const NO_MODEL: usize = usize::MAX;

impl Merge {
    /// Plan what the dose does at its instant, where it does anything then.
    pub(crate) fn plan_strike(&mut self, account: usize, dose: usize, from: Micros) {
        let at = from.max(self.now);
        self.queue.plan(at, Event::Strike { account, dose });
    }

    /// A dose begins to act.
    pub(crate) fn strike(&mut self, number: usize, dose: usize) {
        let now = self.now;
        let Some(account) = self.accounts.get(number) else {
            return;
        };
        let Some(taken) = account.doses.get(dose).copied() else {
            return;
        };
        let models = (0..account.models.len()).filter(|model| taken.touches(*model));
        let models: Vec<usize> = models.collect();
        if account.link == Link::Pending && taken.poison.strikes() {
            self.plan_strike(number, dose, now + MINUTE);
            return;
        }
        match taken.poison {
            Poison::RelinkNeeded => self.require_relink(number),
            Poison::ScopeOff => {
                for model in models {
                    self.enable(number, model, false);
                }
            }
            Poison::ShrunkenFullReads => {
                for model in models {
                    let gone = self.purge(number, model, |_| true);
                    self.appear(number, model, gone / 6);
                }
            }
            Poison::NarrowedSelectiveSync => {
                for model in models {
                    self.purge(number, model, |record| !record.is_multiple_of(10));
                }
            }
            Poison::ResolvedIssues => {
                self.trouble_in_passing(number);
                let next = now + ISSUES_EVERY;
                if self.config.changes_until.is_none_or(|until| next < until) {
                    self.plan_strike(number, dose, next);
                }
            }
            _ => {}
        }
    }

    /// Take every poison away, with what holds the account back.
    pub(crate) fn heal(&mut self, number: usize) {
        let Some(account) = self.accounts.get_mut(number) else {
            return;
        };
        let doses = std::mem::take(&mut account.doses);
        let models = account.models.len();
        let needs_relink = account.link == Link::RelinkNeeded;
        let now = self.now;
        for dose in doses.iter().filter(|dose| dose.from <= now) {
            match dose.poison {
                Poison::RelinkNeeded if needs_relink => self.relink(number),
                Poison::ScopeOff => {
                    for model in (0..models).filter(|model| dose.touches(*model)) {
                        self.enable(number, model, true);
                    }
                }
                _ => {}
            }
        }
    }

    /// Records vanish from Merge without a trace. Returns how many.
    fn purge(&mut self, number: usize, model: usize, which: impl Fn(usize) -> bool) -> usize {
        let now = self.now;
        let held = &mut self.accounts[number].models[model];
        let mut gone = 0;
        for (at, record) in held.records.iter_mut().enumerate() {
            let Some(last) = record.versions.last().filter(|last| !last.purged) else {
                continue;
            };
            if !which(at) {
                continue;
            }
            let version = Version {
                truth: last.truth.clone(),
                modified_at: last.modified_at,
                visible_at: now,
                purged: true,
            };
            record.truth.deleted = true;
            record.versions.push(version);
            gone += 1;
        }
        gone
    }

    /// Records come into being and into Merge at once.
    fn appear(&mut self, number: usize, model: usize, count: usize) {
        for _ in 0..count {
            let now = self.now;
            let account = &mut self.accounts[number];
            let record = account.with_poison_dice(|account| account.create(model, now));
            self.copy(number, model, record);
        }
    }

    /// Change the records with these numbers at once, with their webhooks.
    pub(crate) fn disturb(&mut self, number: usize, model: usize, records: &[usize]) {
        let now = self.now;
        if self.config.changes_until.is_some_and(|until| now >= until) {
            return;
        }
        for &record in records {
            let account = &mut self.accounts[number];
            if account.link != Link::Complete || !account.models[model].enabled {
                return;
            }
            account.with_poison_dice(|account| account.update_one(model, record, now));
            self.write_at_once(number, model, record);
        }
    }

    /// One issue that stays, without a description; one that is resolved as soon as it is there;
    /// one that is muted.
    fn trouble_in_passing(&mut self, number: usize) {
        let now = self.now;
        let account = &mut self.accounts[number];
        let known = account
            .issues
            .iter()
            .position(|issue| issue.model == NO_MODEL);
        let first = known.unwrap_or(account.issues.len());
        if known.is_none() {
            let offline = "The third party was offline";
            for (description, muted) in [(None, false), (Some(offline), false), (Some("x"), true)] {
                let issue = Issue {
                    id: account.poison_dice.uuid(),
                    model: NO_MODEL,
                    ongoing: true,
                    muted,
                    description: description.map(str::to_owned),
                    first: now,
                    last: now,
                };
                account.issues.push(issue);
            }
            self.emit_issue(number, first, "Issue.new");
        }
        self.accounts[number].issues[first + 1].last = now;
        self.emit_issue(number, first + 1, "Issue.new");
        self.accounts[number].issues[first + 1].ongoing = false;
        self.emit_issue(number, first + 1, "Issue.resolved");
        self.emit_issue(number, first + 2, "Issue.muted");
    }
}

impl Poison {
    /// Whether it does something to the account at its instant.
    fn strikes(self) -> bool {
        matches!(
            self,
            Self::RelinkNeeded
                | Self::ScopeOff
                | Self::ShrunkenFullReads
                | Self::NarrowedSelectiveSync
                | Self::ResolvedIssues
        )
    }

    /// Whether the record of that number is the broken one, where this breaks one. `len` is how
    /// many there are.
    pub(crate) fn breaks(self, record: usize, len: usize) -> bool {
        let broken = matches!(
            self,
            Self::BrokenRecord | Self::BrokenJson | Self::RecordSpoils
        );
        broken && record == len.saturating_sub(1).min(1)
    }

    /// Whether the record of that number has no id, where this takes some away.
    pub(crate) fn strips(self, record: usize) -> bool {
        self == Self::RecordsWithoutId && record % 20 == 3
    }

    /// The broken value as it goes out.
    pub(crate) fn broken_value(self) -> Option<&'static str> {
        match self {
            Self::BrokenRecord | Self::RecordSpoils => Some("NaN"),
            Self::BrokenJson => Some("None"),
            _ => None,
        }
    }
}

impl Account {
    /// Let `change` draw from the stream that is kept for poisons.
    pub(crate) fn with_poison_dice<T>(&mut self, change: impl FnOnce(&mut Self) -> T) -> T {
        std::mem::swap(&mut self.dice, &mut self.poison_dice);
        let result = change(self);
        std::mem::swap(&mut self.dice, &mut self.poison_dice);
        result
    }

    /// The row of a record as a list serves it: with everything that poison does to it, but for
    /// broken JSON.
    pub(crate) fn row_tree(&self, model: usize, record: usize, row: Row<'_>, now: Micros) -> Value {
        let mut tree = row.to_value();
        for poison in self.poisons_of(model, now) {
            self.spoil_row(poison, model, record, &mut tree);
        }
        tree
    }

    fn spoil_row(&self, poison: Poison, model: usize, record: usize, tree: &mut Value) {
        match poison {
            Poison::Instants { form } => form.spread(tree),
            Poison::NulCharacters
                if record.is_multiple_of(3) && self.models[model].spec.has_id() =>
            {
                let first = self.models[model].spec.fields.first();
                let fields = ["remote_id"]
                    .into_iter()
                    .chain(first.map(|(name, _)| *name));
                for field in fields {
                    if let Some(Value::String(text)) = tree.get_mut(field) {
                        text.push('\0');
                    }
                }
            }
            Poison::FieldOff => {
                if let Some(field) = self.field_off(model) {
                    tree[field] = Value::Null;
                }
            }
            _ if poison.strips(record) => {
                if let Some(fields) = tree.as_object_mut() {
                    fields.remove("id");
                }
            }
            _ => {}
        }
    }

    /// The field whose scope may be switched off.
    pub(crate) fn field_off(&self, model: usize) -> Option<&'static str> {
        let spec = self.models.get(model)?.spec;
        let (name, _) = spec.fields.last().filter(|_| spec.has_id())?;
        Some(name)
    }

    /// Mark the broken record of a page; see [`break_body`].
    pub(crate) fn break_row(&self, model: usize, record: usize, now: Micros, tree: &mut Value) {
        let len = self.models[model].records.len();
        if self
            .poisons_of(model, now)
            .any(|poison| poison.breaks(record, len))
        {
            tree["field_mappings"] = json!(BROKEN);
        }
    }

    /// What poison does to the status of a model, in `/sync-status` and in webhooks.
    pub(crate) fn spoil_status(&self, model: usize, now: Micros, status: &mut Value) {
        for poison in self.poisons_of(model, now) {
            match poison {
                Poison::Instants { form } => form.spread(status),
                Poison::UnreadableFinish if !status["last_sync_finished"].is_null() => {
                    status["last_sync_finished"] = json!(NO_INSTANT);
                }
                Poison::FutureFinish if !status["last_sync_finished"].is_null() => {
                    status["last_sync_finished"] = json!(FAR_AHEAD);
                }
                Poison::NamelessRow => status["model_id"] = json!(7),
                _ => {}
            }
        }
    }

    /// What poison does to an answer or a webhook that names the account.
    pub(crate) fn spoil_details(&self, now: Micros, webhook: bool, details: &mut Value) {
        for poison in self.poisons(now) {
            match poison {
                Poison::Instants { form } => form.spread(details),
                Poison::NulCharacters => {
                    let name = format!("{}\0", self.organization);
                    details["end_user_organization_name"] = json!(name);
                }
                Poison::CategoryNull if webhook => details["category"] = Value::Null,
                _ => {}
            }
        }
    }
}

/// Put the broken value in its place.
pub(crate) fn break_body(body: Vec<u8>, poison: Poison) -> Vec<u8> {
    let (Some(value), Ok(mark)) = (poison.broken_value(), serde_json::to_string(BROKEN)) else {
        return body;
    };
    let text = String::from_utf8_lossy(&body);
    text.replace(&mark, value).into_bytes()
}
