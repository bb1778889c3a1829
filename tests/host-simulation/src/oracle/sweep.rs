//! What may be marked as deleted: what reads of everything did not return, and much of it only
//! where two of them, hours apart, agree.

use std::collections::{BTreeMap, BTreeSet};

use merge_simulator::Merge;
use merge_simulator::time::{HOUR, Micros, iso};

use super::Oracle;
use super::page::{Asked, Page};
use crate::bindings::merge_sync::triggers::store::{Change, Swept};
use crate::scenario::SKEW;
use crate::store::Effects;

/// Two reads of everything that agree are so far apart.
const APART: Micros = 6 * HOUR - 2 * SKEW;

/// More rows than this, and more than a tenth, are not believed to be gone at once.
const FEW: u64 = 2;

/// Reads of one model.
#[derive(Debug, Default)]
pub(super) struct Reads {
    /// Reads of everything under way, by the cursor of their next page.
    under_way: BTreeMap<String, Read>,
    /// Those that came to their end, oldest first.
    complete: Vec<Read>,
    /// When each read of everything began that was read in parts, oldest first.
    in_parts: Vec<Micros>,
    /// When each record was last served, by whatever read.
    served: BTreeMap<String, Micros>,
    /// The passes whose deletions an operator approved.
    approved: BTreeSet<u64>,
    /// The latest sweep that was held, since when.
    pub held_since: Option<Micros>,
}

/// A read of everything.
#[derive(Debug, Clone, Default)]
struct Read {
    began: Micros,
    keys: BTreeSet<String>,
    /// Whether it returned records that no store can keep: any row may be one of them.
    is_spoilt: bool,
}

impl Reads {
    /// Merge served a page.
    pub fn page(&mut self, asked: &Asked, page: &Page, now: Micros) {
        let served = page.keys.iter().map(|key| (key.clone(), now));
        self.served.extend(served);
        if asked.is_first_part && asked.cursor.is_none() {
            self.in_parts.push(now);
        }
        if !asked.is_whole {
            return;
        }
        let mut read = match &asked.cursor {
            None => Read {
                began: now,
                keys: BTreeSet::new(),
                is_spoilt: false,
            },
            Some(cursor) => match self.under_way.get(cursor) {
                Some(read) => read.clone(),
                None => return,
            },
        };
        read.keys.extend(page.keys.iter().cloned());
        read.is_spoilt |= page.unkeepable > 0;
        match &page.next {
            Some(next) if Some(next) != asked.cursor.as_ref() => {
                self.under_way.insert(next.clone(), read);
            }
            _ => self.complete.push(read),
        }
    }

    /// An operator agreed.
    pub fn approve(&mut self, pass: u64) {
        self.approved.insert(pass);
    }

    /// Whether what Merge returned allows to mark the row as deleted; `much` is whether so many
    /// rows are marked that one read alone is not believed.
    fn allow(&self, id: &str, much: bool, now: Micros) -> bool {
        let lacking = |read: &&Read| !read.is_spoilt && !read.keys.contains(id);
        if !self.approved.is_empty() {
            return true;
        }
        if !much {
            return self.complete.last().as_ref().is_some_and(lacking);
        }
        let seen_at = self.served.get(id).copied().unwrap_or(Micros::MIN);
        if now - seen_at.max(now - 2 * APART) < APART {
            return false;
        }
        // Reads in parts tell what they served, and nothing of what they did not.
        let whole = self.complete.iter().filter(lacking).map(|read| read.began);
        let began = || whole.clone().chain(self.in_parts.iter().copied());
        let latest_whole = self.complete.last();
        let latest = began().max();
        let is_lacked = latest_whole.is_none_or(|read| {
            Some(read.began) < latest || lacking(&read) && !read.keys.is_empty()
        });
        let agrees =
            |began: Micros| began > seen_at && latest.is_some_and(|latest| latest - began >= APART);
        is_lacked && began().any(agrees)
    }
}

impl Oracle {
    /// A commit marked rows as deleted, or would not.
    pub(super) fn check_sweep(
        &mut self,
        merge: &Merge,
        change: &Change,
        swept: Option<&Swept>,
        effects: &Effects,
    ) {
        let (Some(sweep), Some(swept)) = (&change.sweep, swept) else {
            return;
        };
        let now = merge.now();
        let (account, model) = (&change.account, &sweep.model_id);
        let Some(watched) = self.accounts.get_mut(account) else {
            return;
        };
        let list = watched.lists.entry(model.clone()).or_default();
        if swept.held {
            list.reads.held_since = Some(now);
            list.causes.entry(super::list::Cause::Held).or_insert(now);
            watched.reason_at = Some(now);
            return;
        }
        list.reads.held_since = None;
        list.causes.remove(&super::list::Cause::Held);
        let much = swept.marked > FEW && swept.marked * 10 > swept.live;
        let live: BTreeSet<&str> = merge
            .marks(account, model)
            .filter(|mark| !mark.deleted)
            .map(|mark| mark.id)
            .collect();
        let wrong: Vec<String> = effects
            .swept
            .iter()
            .map(|(_, id)| id)
            .filter(|id| much || live.contains(id.as_str()))
            .filter(|id| !list.reads.allow(id, much, now))
            .cloned()
            .collect();
        for (_, id) in &effects.swept {
            if live.contains(id.as_str()) && !wrong.contains(id) {
                let key = (account.clone(), model.clone(), id.clone());
                self.pardoned.insert(key);
            }
        }
        if !wrong.is_empty() {
            let began: Vec<String> = self.began(account, model);
            self.violation(
                now,
                format!(
                    "{} of {} rows of {model}, {account}, were swept, and the reads of {} do not \
                     tell that they are gone: {}",
                    swept.marked,
                    swept.live,
                    began.join(", "),
                    wrong.join(", ")
                ),
            );
        }
    }

    fn began(&self, account: &str, model: &str) -> Vec<String> {
        let list = self.accounts.get(account);
        let list = list.and_then(|watched| watched.lists.get(model));
        let reads = list.into_iter().flat_map(|list| &list.reads.complete);
        reads.rev().take(3).map(|read| iso(read.began)).collect()
    }
}
