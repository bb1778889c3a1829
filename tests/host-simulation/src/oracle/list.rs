//! What the list of one model may cost, and what people must be told of it: a read that always
//! fails comes to rest for a true reason, and no reason outlives its cause.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use merge_simulator::time::{HOUR, MINUTE, Micros, iso};
use merge_simulator::{Merge, Poison, Response};

use super::page::{Asked, Page, page};
use super::sweep::Reads;
use super::{Oracle, Watched};
use crate::bindings::exports::merge_sync::triggers::triggers::{ModelView, TroubleKind, View};
use crate::bindings::merge_sync::triggers::http::Request;

/// Trouble is shown within so long of its cause.
const SHOWN_AT_LAST: Micros = HOUR;

/// Failing answers to one read before it must rest: eight tries, and each halving of a page from
/// a hundred records to one, which is tried twice.
const TRIES: usize = 8 + 2 * 7;

/// A read at rest is tried so often in an hour.
const TRIES_AT_REST: usize = 2;

/// So many requests within an hour for one model, and so many more for each of its records, are
/// without end.
const WITHOUT_END: (usize, usize) = (80, 8);

/// A list of empty pages is read so much longer than others, before it is taken for one without an
/// end.
const EMPTY_PAGES: usize = 3;

/// A list that answers only small pages is read in so many times as many requests: it meets a stale
/// cursor, and begins again, as often as others that have so many pages.
const SMALL_PAGES: usize = 2;

/// A read whose cursors are refused so often in a row, without a page that was not there before, may
/// be given up.
const REFUSALS: usize = 8;

/// How far a read got, and how often it was refused since then.
#[derive(Debug, Default)]
struct Refused {
    cursors: BTreeSet<Option<String>>,
    times: usize,
}

/// What is known of the list of one model.
#[derive(Debug, Default)]
pub(super) struct List {
    /// Reads of everything, as Merge answered them.
    pub reads: Reads,
    /// Every request of the last hour.
    asked: VecDeque<Micros>,
    /// Failing answers of the last hour by read, those before its latest row left out.
    failed: BTreeMap<String, VecDeque<Micros>>,
    /// Reads that have not come to their end.
    refused: BTreeMap<String, Refused>,
    /// Since when people have been told that it rests.
    pub parked_since: Option<Micros>,
    /// Whether the latest answer failed.
    fails: bool,
    /// Records, each in one of its versions, that no read could bring when they came.
    pub withheld: BTreeSet<(String, Micros)>,
    /// What people must be told, since when.
    pub causes: BTreeMap<Cause, Micros>,
    /// The newest finish that nobody has read up to, and when it was served.
    pub unread: Option<(Micros, Micros)>,
    /// Whether people are told of any trouble with it.
    pub in_trouble: bool,
    /// A failed sync that was seen, since when, and for which nothing was asked yet: it may hide a
    /// good one before it.
    pub hinted_since: Option<Micros>,
}

/// What people must be told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Cause {
    /// Every answer fails.
    Fails,
    /// Records cannot be kept.
    Unkeepable,
    /// Its finish cannot be read.
    UnreadableFinish,
    /// A sweep was held.
    Held,
    /// A part of it was given up.
    GivenUp,
}

impl List {
    /// An answer came, or none.
    fn answered(&mut self, asked: &Asked, page: Option<&Page>, now: Micros) {
        let Some(page) = page else {
            // One failure may be of a run that came too late to be heard.
            if self.fails {
                self.causes.entry(Cause::Fails).or_insert(now);
            }
            self.fails = true;
            let failed = self.failed.entry(asked.read.clone()).or_default();
            failed.push_back(now);
            return;
        };
        self.fails = false;
        self.causes.remove(&Cause::Fails);
        if page.unkeepable > 0 {
            self.causes.entry(Cause::Unkeepable).or_insert(now);
        }
        if !page.keys.is_empty() {
            self.failed.remove(&asked.read);
        }
        self.reads.page(asked, page, now);
    }

    /// Whether a read may be given up, after this answer of many.
    fn is_given_up(&mut self, asked: &Asked, page: Option<&Page>, status: Option<u16>) -> bool {
        if page.is_some_and(|page| page.next.is_none()) {
            self.refused.remove(&asked.read);
            return false;
        }
        let is_refused = asked.cursor.is_some() && matches!(status, Some(400 | 404 | 410));
        if page.is_none() && !is_refused {
            return false;
        }
        let read = self.refused.entry(asked.read.clone()).or_default();
        if is_refused {
            read.times += 1;
        } else if read.cursors.insert(asked.cursor.clone()) {
            read.times = 0;
        }
        read.times >= REFUSALS
    }

    /// What `/sync-status` said of the model was kept.
    pub fn status_kept(&mut self, is_unreadable: bool, now: Micros) {
        if !is_unreadable {
            self.causes.remove(&Cause::UnreadableFinish);
        } else if !self.in_trouble {
            self.causes.entry(Cause::UnreadableFinish).or_insert(now);
        }
    }

    fn forget(&mut self, now: Micros) {
        let is_old = |at: &Micros| now - *at >= HOUR;
        while self.asked.front().is_some_and(is_old) {
            self.asked.pop_front();
        }
        self.failed.retain(|_, failed| {
            while failed.front().is_some_and(is_old) {
                failed.pop_front();
            }
            !failed.is_empty()
        });
    }
}

impl Oracle {
    /// A request for a page is about to reach Merge.
    pub(super) fn list_asked(&mut self, merge: &Merge, request: &Request) {
        let now = merge.now();
        let Some((watched, model)) = self.list_of(merge, request) else {
            return;
        };
        let mut most =
            WITHOUT_END.0 + WITHOUT_END.1 * merge.marks(&request.account, &model).count();
        let kinds = watched.poisons.iter().map(|poisoned| poisoned.poison);
        let longest = kinds.map(|poison| match poison {
            Poison::EmptyPagesForever => EMPTY_PAGES,
            Poison::PageSizeLimit { .. } => SMALL_PAGES,
            _ => 1,
        });
        most *= longest.max().unwrap_or(1);
        let disturbed = watched.disturbed_since(now - HOUR);
        let list = watched.lists.entry(model.clone()).or_default();
        list.forget(now);
        list.hinted_since = None;
        list.asked.push_back(now);
        let asked = list.asked.len();
        if asked > most + 4 * disturbed {
            list.asked.clear();
            let account = &request.account;
            self.violation(
                now,
                format!("{model} of {account} was asked for {asked} times within an hour"),
            );
        }
    }

    /// Merge answered a request for a page, or the answer was lost on its way.
    pub(super) fn list_answered(
        &mut self,
        merge: &Merge,
        request: &Request,
        response: Option<&Response>,
    ) {
        let now = merge.now();
        let Some((watched, model)) = self.list_of(merge, request) else {
            return;
        };
        let disturbed = watched.disturbed_since(now - HOUR);
        let asked = Asked::of(&request.target);
        let page = response.and_then(|response| page(&model, response));
        if page.is_some() {
            watched.pace.advanced();
        }
        watched.note_withheld(merge, &request.account, Some(&model));
        let is_emptied = page
            .as_ref()
            .is_some_and(|page| watched.is_first_read_emptied(&model, &asked, page));
        let status = response.map(|response| response.status);
        let list = watched.lists.entry(model.clone()).or_default();
        if list.is_given_up(&asked, page.as_ref(), status) || is_emptied {
            // No window has a reason to ask for it again.
            let marks = merge.marks(&request.account, &model);
            let versions = marks.map(|mark| (mark.id.to_owned(), mark.modified_at));
            list.withheld.extend(versions);
        }
        list.forget(now);
        list.answered(&asked, page.as_ref(), now);
        let failed = list.failed.get(&asked.read).map_or(0, VecDeque::len);
        let at_rest = list.parked_since.is_some_and(|since| now - since > HOUR);
        let most = if at_rest { TRIES_AT_REST } else { TRIES };
        if failed > most + 2 * disturbed {
            list.failed.clear();
            let how = if at_rest { "at rest" } else { "for no row" };
            self.violation(
                now,
                format!(
                    "{model} of {} was tried {failed} times within an hour {how}: {}",
                    request.account, asked.read
                ),
            );
        } else if at_rest && disturbed == 0 {
            self.most_at_rest = self.most_at_rest.max(failed as u64);
        }
    }

    fn list_of(&mut self, merge: &Merge, request: &Request) -> Option<(&mut Watched, String)> {
        let path = request.target.split('?').next()?;
        let model = merge.model_of(&request.account, path.rsplit('/').next()?)?;
        let watched = self.accounts.get_mut(&request.account)?;
        Some((watched, model.to_owned()))
    }

    /// What the product is shown of each model, and why.
    pub(super) fn check_trouble(&mut self, merge: &Merge, account: &str, view: &View) {
        let now = merge.now();
        let mut wrong = Vec::new();
        let Some(watched) = self.accounts.get_mut(account) else {
            return;
        };
        let account_trouble = view.trouble.as_ref();
        for model in &view.models {
            let id = &model.status.model_id;
            let list = watched.lists.entry(id.clone()).or_default();
            list.shown(model, account_trouble.is_some(), now);
        }
        // A model rests as it is while the account cannot be asked for.
        let models = view.models.iter().filter(|_| account_trouble.is_none());
        let troubles = models.filter_map(|model| {
            let trouble = model.trouble.as_ref()?;
            Some((model.status.model_id.as_str(), trouble))
        });
        let troubles = troubles.chain(account_trouble.map(|trouble| ("", trouble)));
        for (model, trouble) in troubles {
            if let Some(why) = watched.untrue(&trouble.text, now) {
                wrong.push(format!("{account} {model}: {why}: {}", trouble.text));
            }
        }
        for text in wrong {
            self.violation(now, text);
        }
    }

    /// A cause of trouble that people are not told of?
    pub(super) fn watch_trouble(&mut self, now: Micros) {
        let mut late = Vec::new();
        for (account, watched) in &mut self.accounts {
            let excused = watched.excused_until().max(self.dark_until);
            if watched.paused || watched.was_deleted {
                continue;
            }
            for (model, list) in &mut watched.lists {
                list.causes.retain(|cause, since| {
                    let is_late = now - (*since).max(excused) > SHOWN_AT_LAST + 5 * MINUTE;
                    if is_late {
                        late.push(format!(
                            "{model} of {account}: nobody is told of {cause:?} since {}",
                            iso(*since)
                        ));
                    }
                    !is_late
                });
            }
        }
        for text in late {
            self.violation(now, text);
        }
    }
}

impl List {
    /// People see this of the model.
    fn shown(&mut self, model: &ModelView, account_in_trouble: bool, now: Micros) {
        let kind = model.trouble.as_ref().map(|trouble| trouble.kind);
        self.in_trouble = kind.is_some();
        self.parked_since = match kind {
            Some(TroubleKind::Park | TroubleKind::Reauthorize) => {
                Some(self.parked_since.unwrap_or(now))
            }
            _ => None,
        };
        let is_told = kind == Some(TroubleKind::Incomplete);
        self.causes.retain(|cause, since| {
            if *cause == Cause::GivenUp && !is_told && (kind.is_some() || account_in_trouble) {
                // Something worse is shown first.
                *since = now;
            }
            let is_shown = match cause {
                Cause::Fails => kind.is_some() || account_in_trouble,
                Cause::Unkeepable => model.without_key + model.unreadable_records > 0,
                Cause::UnreadableFinish => kind.is_some(),
                Cause::Held => model.held_sweep.is_some(),
                Cause::GivenUp => is_told,
            };
            !is_shown
        });
    }
}

impl Watched {
    /// Whether this is the first window of a model, which has no bounds, on a list that answers such
    /// reads with nothing: nobody can tell it from a list without a record.
    fn is_first_read_emptied(&self, model: &str, asked: &Asked, page: &Page) -> bool {
        let mut poisons = self.poisons.iter();
        asked.is_whole
            && page.keys.is_empty()
            && poisons.any(|poisoned| {
                poisoned.poison == Poison::EmptyFullReads
                    && poisoned.model_id.as_deref() == Some(model)
            })
            && !self.windows.iter().any(|(known, _)| known == model)
    }

    /// Why a text is not true; `None` where it may be.
    fn untrue(&self, text: &str, now: Micros) -> Option<String> {
        let lately = |at: &Micros| now - *at <= 26 * HOUR;
        let mut words = text.split(|sign: char| !sign.is_ascii_alphanumeric());
        let mut before = "";
        let unseen = words.find_map(|word| {
            let status: Option<u16> = word.parse().ok().filter(|_| before == "status");
            before = word;
            status.filter(|status| !self.statuses.get(status).is_some_and(lately))
        });
        if let Some(status) = unseen {
            return Some(format!("Merge never answered {status}"));
        }
        let unreached = text.contains("could not be reached");
        if unreached && !self.unreached_at.as_ref().is_some_and(lately) {
            return Some("Merge was reached".to_owned());
        }
        None
    }

    /// How often something happened since then after which a request may be made again.
    pub(super) fn disturbed_since(&mut self, since: Micros) -> usize {
        while self.disturbed_at.front().is_some_and(|at| *at < since) {
            self.disturbed_at.pop_front();
        }
        self.disturbed_at.len()
    }
}
