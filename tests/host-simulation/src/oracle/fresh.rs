//! Once everything has passed that passes, what Merge says is finished is read soon, whatever is
//! wrong with other models and other accounts for good.

use merge_simulator::time::{HOUR, MINUTE, Micros, iso};
use merge_simulator::{Merge, Poison};

use super::status::second;
use super::{Oracle, Watched};
use crate::bindings::exports::merge_sync::triggers::triggers::View;
use crate::bindings::merge_sync::triggers::http::Request;

/// Waits that began with the last fault are over after so long.
const SETTLED: Micros = HOUR + 10 * MINUTE;

/// A finish that was served is read up to within so long.
const READ_AT_LAST: Micros = 15 * MINUTE;

impl Oracle {
    /// An answer did not come in time, or its client could not take it.
    pub fn not_answered(&mut self, merge: &Merge, request: &Request) {
        let now = merge.now();
        if let Some(watched) = self.accounts.get_mut(&request.account) {
            watched.unreached_at = Some(now);
            watched.bad_at = Some(now);
        }
        self.list_answered(merge, request, None);
    }

    /// What the product is shown of how far each model is read.
    pub(super) fn read_up_to(&mut self, account: &str, view: &View) {
        let Some(watched) = self.accounts.get_mut(account) else {
            return;
        };
        for model in &view.models {
            let list = watched.lists.entry(model.status.model_id.clone());
            let list = list.or_default();
            let read = model.progress.merge_last_sync_finished;
            if let (Some((finish, _)), Some(read)) = (list.unread, read)
                && second(finish) <= second(read)
            {
                list.unread = None;
            }
        }
    }

    /// Records that no read brings: what changes beside them may bring them into reach, and only
    /// a full re-read then has a reason to look.
    pub(super) fn watch_withheld(&mut self, merge: &Merge) {
        for (account, watched) in &mut self.accounts {
            watched.note_withheld(merge, account, None);
        }
    }

    /// A finish that nobody reads up to?
    pub(super) fn watch_freshness(&mut self, now: Micros) {
        let settled = self.scenario.quiet_from + SETTLED;
        if now < settled {
            return;
        }
        let mut late = Vec::new();
        for (account, watched) in &mut self.accounts {
            let excused = watched.excused_until().max(self.dark_until).max(settled);
            if watched.paused || !watched.was_ready || watched.was_deleted {
                continue;
            }
            let Watched { lists, poisons, .. } = watched;
            for (model, list) in lists {
                let owed = poisons
                    .iter()
                    .filter(|poisoned| poisoned.model_id.as_ref().is_none_or(|id| id == model))
                    .all(|poisoned| is_harmless(poisoned.poison));
                let Some((finish, served_at)) = list.unread.filter(|_| owed) else {
                    continue;
                };
                if now - served_at.max(excused) > READ_AT_LAST {
                    list.unread = None;
                    late.push(format!(
                        "{model} of {account} is not read up to {}, served at {}",
                        iso(finish),
                        iso(served_at)
                    ));
                }
            }
        }
        for text in late {
            self.violation(now, text);
        }
    }
}

impl Watched {
    /// Records that no read brings now, of one model or of all.
    pub(super) fn note_withheld(&mut self, merge: &Merge, account: &str, only: Option<&str>) {
        for poisoned in &self.poisons {
            let by_reach = matches!(
                poisoned.poison,
                Poison::ClampedOffsetCursors { .. }
                    | Poison::CursorsRefused { .. }
                    | Poison::RepeatedPages
                    | Poison::UnreadableNext
                    | Poison::BrokenRecord
                    | Poison::BrokenJson
                    | Poison::RecordSpoils
            );
            let Some(model) = poisoned.model_id.as_deref().filter(|_| by_reach) else {
                continue;
            };
            if only.is_some_and(|only| only != model) {
                continue;
            }
            let list = self.lists.entry(model.to_owned()).or_default();
            let marks = merge.marks(account, model).filter(|mark| !mark.served);
            list.withheld
                .extend(marks.map(|mark| (mark.id.to_owned(), mark.modified_at)));
        }
    }
}

/// Whether a list with it is read as one without.
fn is_harmless(poison: Poison) -> bool {
    matches!(
        poison,
        Poison::Instants { .. }
            | Poison::ByteOrderMark
            | Poison::CategoryNull
            | Poison::ResolvedIssues
            | Poison::NulCharacters
            | Poison::FieldOff
            | Poison::RecordsWithoutId
            | Poison::BrokenRecord
            | Poison::BrokenJson
            | Poison::RecordSpoils
            | Poison::LastPageNamesItself
            | Poison::PageSizeLimit { .. }
            | Poison::ShrunkenFullReads
            | Poison::NarrowedSelectiveSync
            | Poison::EmptyFullReads
    )
}
