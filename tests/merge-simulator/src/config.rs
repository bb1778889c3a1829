//! What a simulated Merge holds and how busy it is.

use crate::fault::Faults;
use crate::poison::PoisonPlan;
use crate::time::{HOUR, MINUTE, Micros, SECOND};

/// Everything a simulation depends on, beside what clients ask of it.
///
/// The same configuration gives the same accounts, records, syncs, faults and webhooks,
/// whenever and however often it is run.
#[derive(Debug, Clone)]
pub struct Config {
    /// Decides everything that is drawn.
    pub seed: u64,
    /// Where the virtual clock starts.
    pub start: Micros,
    /// How many accounts are linked in the beginning. They take the categories in turn.
    pub accounts: usize,
    /// Categories that accounts take in turn; those not in [`crate::CATEGORIES`] hold no model.
    pub categories: Vec<String>,
    /// About how many records with a list endpoint each account starts with. No model gets
    /// fewer than one.
    pub records_per_account: u64,
    /// All accounts are test accounts: they sync once.
    pub test_accounts: bool,
    /// The most models that an account holds: the first of its category. `None` for all.
    pub models_at_most: Option<usize>,
    /// The most rows of a page, whatever a client asks for.
    pub page_size_at_most: usize,
    /// The first accounts are linked this long after the start, evenly spread.
    pub link_within: Micros,
    /// Time from the start of one round of syncs to the next; accounts take these in turn.
    pub sync_every: Vec<Micros>,
    /// The longest sync after the initial one. Never above a third of the account's interval.
    pub sync_at_most: Micros,
    /// The longest initial sync of one model.
    pub initial_sync_at_most: Micros,
    /// Changes an hour in each third party that only syncs notice.
    pub changes_per_hour: u64,
    /// Changes an hour in each third party that reach Merge at once, outside syncs.
    pub realtime_per_hour: u64,
    /// One in this many hidden changes touches a fifth or more of a model, so that windows get
    /// more than one page. 0 for never.
    pub bulk_one_in: u64,
    /// After this instant no third party changes anything. Syncs go on.
    pub changes_until: Option<Micros>,
    /// One model of each account is disabled in the beginning, and enabled some hours later.
    pub enable_late: bool,
    /// Deletions, per thousand, that leave `modified_at` as it was. Only a full re-read finds
    /// them.
    pub unstamped_deletions: u32,
    /// Changes, per thousand, of `remote_data` alone, which leave `modified_at` as it was.
    pub remote_data_only: u32,
    /// Deletions, per thousand, after which Merge no longer lists the record at all.
    pub purged_deletions: u32,
    /// Whether a failed sync moves `last_sync_finished`. It is not documented: by default the
    /// account's number decides.
    pub failed_moves_finish: Option<bool>,
    /// Whether an initial sync that ended partial ends the initial state. It is not
    /// documented: by default the account's number decides.
    pub partial_ends_initial: Option<bool>,
    /// Whether an initial sync that failed ends the initial state; not documented either.
    pub failed_ends_initial: bool,
    /// For so long after its link `/sync-status` lists no model of an account yet.
    pub empty_status_for: Micros,
    /// Reads of `/sync-status`, per thousand, in which `last_sync_finished` is cut to whole
    /// seconds, as in the account's webhook.
    pub status_cut_to_seconds: u32,
    /// The longest wait that a 429 of the fault of that name asks for.
    pub retry_after_at_most: Micros,
    /// Requests a minute and account before a 429; `None` for no limit.
    pub rate_limit_per_minute: Option<u32>,
    /// The clock moves by up to so much with each request, so that a third party can change
    /// something between two pages of one read. 0 leaves the clock to the driver.
    pub request_takes: Micros,
    /// Also send what Merge gave up in 2024: `LinkedAccount.synced`, and a second
    /// `<Model>.synced` whose `sync_status` is a bare text.
    pub legacy_webhooks: bool,
    /// Where webhooks go. Without it none are sent. The address is part of each body, hence
    /// of each signature.
    pub webhook_url: Option<String>,
    /// What goes wrong.
    pub faults: Faults,
    /// What is wrong for good.
    pub poison: PoisonPlan,
}

impl Config {
    /// A demonstration's worth: an hris, an ats and a ticketing account, some 6,600 records.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            seed,
            start: 1_767_600_000 * SECOND,
            accounts: 3,
            categories: ["hris", "ats", "ticketing"].map(str::to_owned).to_vec(),
            records_per_account: 2200,
            test_accounts: false,
            models_at_most: None,
            page_size_at_most: 100,
            link_within: 10 * MINUTE,
            sync_every: vec![2 * HOUR, 50 * MINUTE, HOUR],
            sync_at_most: 6 * MINUTE,
            initial_sync_at_most: 25 * MINUTE,
            changes_per_hour: 30,
            realtime_per_hour: 4,
            bulk_one_in: 80,
            changes_until: None,
            enable_late: true,
            unstamped_deletions: 0,
            remote_data_only: 0,
            purged_deletions: 0,
            failed_moves_finish: None,
            partial_ends_initial: None,
            failed_ends_initial: false,
            empty_status_for: 0,
            status_cut_to_seconds: 0,
            retry_after_at_most: 90 * SECOND,
            rate_limit_per_minute: None,
            request_takes: 0,
            legacy_webhooks: false,
            webhook_url: None,
            faults: Faults::none(),
            poison: PoisonPlan::none(),
        }
    }
}
