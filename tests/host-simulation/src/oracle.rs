//! The judge. It knows what Merge holds and held, sees every request, commit, notice and log
//! line, and shares no code with the engine: it does not ask whether the engine kept to its
//! rules but whether anybody was harmed.

mod commit;
mod end;
mod fresh;
mod list;
mod pace;
mod page;
mod status;
mod sweep;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use merge_simulator::time::{MINUTE, Micros, iso};
use merge_simulator::{Delivery, Merge, Poisoned, Verdict};

use crate::bindings::exports::merge_sync::triggers::triggers::{Command, View};
use crate::bindings::merge_sync::triggers::store::{LoadedAccount, Note};
use crate::host::Host;
use crate::port::Line;
use crate::scenario::Scenario;
use crate::store::Store;
use status::Row;

/// So many violations of one run are put into words.
const MOST_WORDS: usize = 20;

/// What one call was told, so far as it matters here.
#[derive(Debug, Default)]
pub struct Heard {
    /// When it last loaded the account, Merge's clock.
    loaded_at: Option<Micros>,
    /// The numbers of the notes that it loaded before its first request.
    notes: BTreeSet<u64>,
    /// Whether it has sent a request.
    sent: bool,
    /// Whether its note is durable.
    pub kept: bool,
    /// Whether the store does not know the account that its note is about.
    pub unknown: bool,
    /// The pages of a `/sync-status` that is not complete yet.
    pages: Vec<Row>,
    /// The latest complete `/sync-status` that it was served.
    status: Option<Vec<Row>>,
    /// Until when Merge asked it to stay away.
    closed_until: Option<Micros>,
}

impl Heard {
    /// The call loaded an account.
    pub fn loaded(&mut self, now: Micros, loaded: &LoadedAccount) {
        self.loaded_at = Some(now);
        if !self.sent {
            self.notes
                .extend(loaded.notes.iter().map(|note| note.number));
        }
    }
}

/// What is known of one account.
#[derive(Debug, Default)]
struct Watched {
    number: usize,
    /// Whether some answer of Merge's said that the account is ready.
    said_ready: bool,
    /// Models that were ready in some answer: they stay so.
    ready_models: BTreeSet<String>,
    /// Since when the account has been ready in Merge, and nothing stood in the way of seeing it.
    ready_since: Option<Micros>,
    /// Whether the engine ever said ready.
    was_ready: bool,
    /// The latest committed `/sync-status`.
    status: Vec<Row>,
    /// When each finish was first served, by model and whole second: some answers cut it.
    finishes: BTreeMap<(String, Micros), Micros>,
    /// Models that were said to be ready and to have a finish in one answer: they are to be read.
    ready_to_read: BTreeSet<String>,
    /// Finishes whose window was completed, by model and whole second.
    windows: BTreeSet<(String, Micros)>,
    /// The newest watermark seen by model.
    watermarks: BTreeMap<String, Micros>,
    /// A committed demand of Merge's to stay away until then.
    closed_until: Option<Micros>,
    /// When that was committed.
    closed_at: Micros,
    /// A note that no run has acted on, since when.
    wanted_since: Option<Micros>,
    /// Whether it was deleted in Merge.
    was_deleted: bool,
    /// When Merge last gave a reason for trouble.
    bad_at: Option<Micros>,
    /// Whether an operator paused it.
    paused: bool,
    /// The latest committed `not-before`, the clock of whoever committed.
    not_before: Option<Micros>,
    /// Notices that the product was given.
    delivered: BTreeSet<String>,
    /// Notices that were committed.
    announced: BTreeSet<String>,
    /// Failed syncs that were seen, by model and start.
    failures: BTreeSet<(String, Option<Micros>)>,
    /// The lists of its models.
    lists: BTreeMap<String, list::List>,
    /// When each status was last answered.
    statuses: BTreeMap<u16, Micros>,
    /// When an answer was last lost on its way.
    unreached_at: Option<Micros>,
    /// When something last gave reason for trouble that is no bad answer.
    reason_at: Option<Micros>,
    /// When something happened after which requests may be made again.
    disturbed_at: VecDeque<Micros>,
    /// What is wrong with it for good.
    poisons: Vec<Poisoned>,
    pace: pace::Pace,
}

/// The judge of one run.
#[derive(Debug)]
pub struct Oracle {
    accounts: BTreeMap<String, Watched>,
    secrets: Vec<String>,
    scenario: Scenario,
    violations: Vec<String>,
    /// How many there were, also those that were not put into words.
    pub violated: u64,
    /// What Merge's ledger says at the end.
    pub verdict: Verdict,
    /// Since when no host has been up, or some account could not be asked for.
    dark_until: Micros,
    /// Records that something stored was said to include, and that were not stored.
    pub gaps: u64,
    /// Whether the settings take a partial initial sync for a complete one.
    partial_counts: bool,
    /// The longest time from ready in Merge to ready here.
    pub slowest_ready: Micros,
    /// The most requests of an account, in per cent of what it may send.
    pub most_requests: u64,
    /// The most requests of an account within a minute, in per cent of the setting.
    pub fullest_minute: u64,
    /// The most requests within an hour of one read that is at rest.
    pub most_at_rest: u64,
    /// Models that are at rest in the end.
    pub parked: u64,
    /// Rows that live and were marked as deleted, with good reason: by account, model and id.
    pardoned: BTreeSet<(String, String, String)>,
    /// The time, as far as it has come.
    now: Micros,
    /// When it last looked at what takes an hour or so.
    looked_at: Micros,
}

impl Oracle {
    /// Nothing has happened yet.
    #[must_use]
    pub fn new(scenario: &Scenario, merge: &Merge) -> Self {
        let views = merge.accounts();
        let mut secrets = vec![merge.api_key().to_owned(), merge.signing_key().to_owned()];
        secrets.extend(views.iter().map(|view| view.token.clone()));
        let poisoned = merge.poisoned();
        let watched = |number, id: &str| Watched {
            number,
            poisons: poisoned
                .iter()
                .filter(|poisoned| poisoned.account == id)
                .cloned()
                .collect(),
            ..Watched::default()
        };
        let accounts = views.into_iter().enumerate();
        Self {
            accounts: accounts
                .map(|(number, view)| {
                    let watched = watched(number, &view.id);
                    (view.id, watched)
                })
                .collect(),
            secrets,
            scenario: scenario.clone(),
            violations: Vec::new(),
            violated: 0,
            verdict: Verdict::default(),
            dark_until: 0,
            gaps: 0,
            partial_counts: scenario.settings.contains("accept-partial"),
            slowest_ready: 0,
            most_requests: 0,
            fullest_minute: 0,
            most_at_rest: 0,
            parked: 0,
            pardoned: BTreeSet::new(),
            now: 0,
            looked_at: 0,
        }
    }

    /// Whether people may have to be told of something that is wrong with the account.
    #[must_use]
    pub fn waits_for_words(&self, account: &str) -> bool {
        let watched = self.accounts.get(account);
        watched.is_some_and(|watched| {
            let mut lists = watched.lists.values();
            !watched.poisons.is_empty() || lists.any(|list| !list.causes.is_empty())
        })
    }

    /// Something is wrong.
    pub fn violation(&mut self, now: Micros, text: String) {
        self.violated += 1;
        if self.violations.len() < MOST_WORDS {
            self.violations.push(format!("{} {text}", iso(now)));
        }
    }

    /// What is wrong, in words, with its virtual time.
    #[must_use]
    pub fn violations(&self) -> &[String] {
        &self.violations
    }

    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_content(&self) -> bool {
        self.violated == 0 && self.verdict.is_clean()
    }

    /// The account was linked again: it has another token.
    pub fn relinked(&mut self, account: &str, now: Micros, token: String) {
        self.secrets.push(token);
        if let Some(watched) = self.accounts.get_mut(account) {
            watched.ready_since = None;
            watched.wanted_since = None;
            watched.pace.disturbed(4);
            watched.disturbed_at.extend([now; 4]);
        }
        self.dark_until = self.dark_until.max(now);
    }

    /// The account was deleted in Merge.
    pub fn unlinked(&mut self, account: &str) {
        if let Some(watched) = self.accounts.get_mut(account) {
            watched.was_deleted = true;
            watched.ready_since = None;
            watched.wanted_since = None;
        }
    }

    /// An operator asked for something.
    pub fn asked(&mut self, account: &str, command: &Command, now: Micros) {
        if let Some(watched) = self.accounts.get_mut(account) {
            watched.pace.asked(command);
            watched.disturbed_at.extend([now; 4]);
            if let Command::ApproveDeletions(approval) = command {
                let list = watched.lists.entry(approval.model_id.clone()).or_default();
                list.reads.approve(approval.pass);
            }
            watched.paused = match command {
                Command::Pause => true,
                Command::Resume => false,
                _ => watched.paused,
            };
            watched.ready_since = None;
            watched.wanted_since = None;
        }
        self.dark_until = self.dark_until.max(now);
    }

    /// A note is durable.
    pub fn kept(&mut self, note: &Note, now: Micros) {
        if let Some(watched) = self.accounts.get_mut(&note.account) {
            watched.pace.noted(&note.key, now);
            if note.key == "poll" && watched.wanted_since.is_none() {
                watched.wanted_since = Some(now);
            }
        }
    }

    /// Merge was answered: 200 only for what is durable or cannot be acted on, 401 only for what
    /// is not Merge's.
    pub fn replied(&mut self, merge: &Merge, delivery: &Delivery, status: u16, heard: &Heard) {
        let genuine =
            merge_simulator::sign(merge.signing_key(), &delivery.body) == delivery.signature;
        let known = self.accounts.contains_key(&delivery.account_id);
        let carries_nothing = delivery.event.starts_with("LinkedAccount.sync")
            && delivery.event != "LinkedAccount.sync_completed";
        let right = match status {
            401 => !genuine,
            200 if !genuine => false,
            200 => heard.kept || carries_nothing || !known || heard.unknown,
            // The store may have kept it, and its answer been lost.
            500 => genuine,
            _ => false,
        };
        if !right {
            self.violation(
                merge.now(),
                format!(
                    "{} of {} was answered {status}; kept: {}, genuine: {genuine}",
                    delivery.event, delivery.account_id, heard.kept
                ),
            );
        }
    }

    /// A line of the log: no secret may be in it.
    pub fn logged(&mut self, line: &Line) {
        let leaks = |text: &str| {
            self.secrets
                .iter()
                .any(|secret| text.contains(secret.as_str()))
        };
        if leaks(&line.message) || leaks(&line.fields) {
            self.violation(0, format!("a secret was logged: {}", line.message));
        }
    }

    /// What the product sees after a run: a watermark never moves back, and everything up to it is
    /// stored.
    pub fn inspected(&mut self, merge: &Merge, store: &Store, account: &str, view: &View) {
        let now = merge.now();
        let mut risen = Vec::new();
        let Some(watched) = self.accounts.get_mut(account) else {
            return;
        };
        let mut back = Vec::new();
        for model in &view.models {
            let id = &model.status.model_id;
            let seen = model.progress.merge_last_sync_finished;
            let newest = watched.watermarks.get(id).copied();
            match (seen, newest) {
                (Some(seen), Some(newest)) if seen < newest => {
                    back.push(format!(
                        "{id} of {account} moved back from {} to {}",
                        iso(newest),
                        iso(seen)
                    ));
                }
                (None, Some(_)) => back.push(format!("{id} of {account} lost its watermark")),
                (Some(seen), _) => {
                    if newest < Some(seen) {
                        risen.push((id.clone(), seen));
                    }
                    watched.watermarks.insert(id.clone(), seen);
                }
                (None, None) => {}
            }
        }
        for text in back {
            self.violation(now, text);
        }
        self.check_trouble(merge, account, view);
        self.read_up_to(account, view);
        let entry = store.account(account);
        for (model, finish) in risen {
            if let Some(entry) = entry {
                self.check_stored(merge, entry, account, &model, finish, "a watermark at");
            }
        }
    }

    /// Time has passed: what must not take long is looked at.
    pub fn time_passed(&mut self, merge: &Merge, store: &Store, hosts: &[Host]) {
        let now = merge.now();
        self.now = now;
        if hosts.iter().all(|host| !host.alive) {
            self.dark_until = now;
        }
        self.watch_readiness(merge, store);
        self.watch_notes(now, store);
        if now >= self.looked_at + MINUTE {
            self.looked_at = now;
            for view in merge.accounts() {
                if let Some(watched) = self.accounts.get_mut(&view.id)
                    && view.status == "RELINK_NEEDED"
                {
                    watched.reason_at = Some(now);
                }
            }
            self.watch_withheld(merge);
            self.watch_trouble(now);
            self.watch_failures(now, store);
            self.watch_freshness(now);
        }
    }
}
