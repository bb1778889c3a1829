//! What Merge's answers say, read here once more and by other means than the engine's.

use merge_simulator::time::{MINUTE, Micros, SECOND, parse};
use merge_simulator::{Merge, Response};
use serde_json::Value;

use super::{Heard, Oracle};
use crate::bindings::merge_sync::triggers::http::Request;

/// One model of a `/sync-status`.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub model_id: String,
    pub enabled: bool,
    /// Ready by Merge's own rule.
    pub ready: bool,
    /// The finish of a sync that brought data.
    pub finish: Option<Micros>,
    /// A finish was sent that is no instant.
    pub unreadable: bool,
    /// Something that people may have to hear of.
    pub bad: bool,
    /// A failed sync, by its start.
    pub failed: Option<Option<Micros>>,
}

/// The rows of a page, and whether it is the last.
fn rows(body: &[u8], partial_counts: bool) -> Option<(Vec<Row>, bool)> {
    let text = std::str::from_utf8(body).ok()?;
    let body: Value = serde_json::from_str(text.trim_start_matches('\u{feff}')).ok()?;
    let last = body["next"].is_null();
    let rows = body["results"].as_array()?.iter().map(|row| {
        let status = row["status"].as_str().unwrap_or_default();
        let result = row["last_sync_result"].as_str().unwrap_or_default();
        let brought = |name: &str| matches!(name, "DONE" | "PARTIALLY_SYNCED");
        let sent = row["last_sync_finished"].as_str();
        let finish = sent.and_then(instant);
        let usable = brought(status) || matches!(status, "SYNCING" | "PAUSED") && brought(result);
        Row {
            model_id: row["model_id"].as_str().unwrap_or_default().to_owned(),
            enabled: status != "DISABLED",
            ready: status == "DONE"
                || row["is_initial_sync"] == false
                || partial_counts && status == "PARTIALLY_SYNCED",
            finish: finish.filter(|_| usable),
            unreadable: sent.is_some() && finish.is_none(),
            bad: matches!(status, "FAILED" | "PAUSED" | "PARTIALLY_SYNCED"),
            failed: (status == "FAILED").then(|| row["last_sync_start"].as_str().and_then(parse)),
        }
    });
    Some((rows.collect(), last))
}

impl Oracle {
    /// A request is about to reach Merge: not before Merge itself allows one.
    pub fn requested(&mut self, merge: &Merge, request: &Request, heard: &Heard) {
        let now = merge.now();
        let patience = self.scenario.clocks_apart() + 2 * SECOND;
        let Some(watched) = self.accounts.get_mut(&request.account) else {
            return;
        };
        watched.pace.requested(&request.target);
        self.list_asked(merge, request);
        let Some(watched) = self.accounts.get_mut(&request.account) else {
            return;
        };
        let closed = watched.closed_until.filter(|until| now < until - patience);
        // A run that loaded before the demand was committed cannot know of it.
        let knew = heard.loaded_at.is_some_and(|at| at > watched.closed_at);
        if let Some(until) = closed
            && knew
        {
            let early = (until - now) / SECOND;
            let text = format!(
                "{} was asked {early} s too early: {}",
                request.account, request.target
            );
            self.violation(now, text);
        }
    }

    /// Merge answered.
    pub fn served(
        &mut self,
        merge: &Merge,
        request: &Request,
        response: &Response,
        heard: &mut Heard,
    ) {
        heard.sent = true;
        let now = merge.now();
        self.list_answered(merge, request, Some(response));
        let partial_counts = self.partial_counts;
        let Some(watched) = self.accounts.get_mut(&request.account) else {
            return;
        };
        let good = response.status == 200 && response.cut_after.is_none();
        watched.pace.answered(good);
        watched.statuses.insert(response.status, now);
        if response.cut_after.is_some() {
            watched.unreached_at = Some(now);
        }
        if !good {
            watched.bad_at = Some(now);
        }
        if response.status == 429 {
            heard.closed_until = demand(response).map(|wait| now + wait);
        }
        if request.target.contains("/account-details") && says_relink(&response.body) {
            watched.reason_at = Some(now);
        }
        if !request.target.contains("/sync-status") {
            return;
        }
        // Whatever came of it, somebody looked.
        if heard.loaded_at > watched.wanted_since {
            watched.wanted_since = None;
        }
        if !good {
            return;
        }
        let Some((page, last)) = rows(&response.body, partial_counts) else {
            return;
        };
        if !request.target.contains("cursor=") {
            heard.pages.clear();
        }
        heard.pages.extend(page);
        if !last {
            return;
        }
        let rows = std::mem::take(&mut heard.pages);
        let listed: Vec<&str> = merge.listed_models(watched.number).collect();
        for row in &rows {
            if row.ready && row.enabled {
                watched.ready_models.insert(row.model_id.clone());
            }
            if row.bad {
                watched.bad_at = Some(now);
            }
            let list = watched.lists.entry(row.model_id.clone()).or_default();
            if let Some(start) = row.failed {
                let is_new = watched.failures.insert((row.model_id.clone(), start));
                let is_read = watched.watermarks.contains_key(&row.model_id);
                if is_new && is_read && listed.contains(&row.model_id.as_str()) {
                    list.hinted_since.get_or_insert(now);
                }
            }
            if let Some(finish) = row.finish {
                if row.ready {
                    watched.ready_to_read.insert(row.model_id.clone());
                }
                let key = (row.model_id.clone(), second(finish));
                // Nobody may have looked at the account since.
                let is_read = watched.windows.contains(&key);
                let served_at = *watched.finishes.entry(key).or_insert(now);
                let read = watched.watermarks.get(&row.model_id);
                let owed = row.enabled
                    && row.ready
                    && !is_read
                    && listed.contains(&row.model_id.as_str())
                    && read.is_none_or(|read| second(*read) < second(finish));
                list.unread = Some((finish, served_at)).filter(|_| owed);
            }
        }
        let mut needed = rows.iter().filter(|row| row.enabled).peekable();
        watched.said_ready |= needed.peek().is_some()
            && needed.all(|row| watched.ready_models.contains(&row.model_id));
        heard.status = Some(rows);
    }
}

/// The whole second that an instant is in.
pub(super) fn second(at: Micros) -> Micros {
    at - at.rem_euclid(SECOND)
}

/// An instant in any form that is one.
fn instant(text: &str) -> Option<Micros> {
    let with_colon = |text: &str| {
        let at = text.len().checked_sub(2)?;
        let (hours, minutes) = (text.get(..at)?, text.get(at..)?);
        parse(&format!("{hours}:{minutes}"))
    };
    parse(text).or_else(|| with_colon(text))
}

/// How long Merge asks to be left alone: seconds, or a date that counts from its own clock.
fn demand(response: &Response) -> Option<Micros> {
    let text = response.header("retry-after")?;
    if let Ok(seconds) = text.parse::<i64>() {
        return Some(seconds * SECOND);
    }
    // Dates of the simulated Merge are a whole number of seconds after its own `Date`, which is
    // cut: at least a minute is told apart from nothing.
    let of = |text: &str| {
        let clock = text.get(17..25)?;
        let mut parts = clock.split(':').map(|part| part.parse::<i64>().ok());
        Some(parts.next()?? * 60 * MINUTE + parts.next()?? * MINUTE + parts.next()?? * SECOND)
    };
    let apart = of(text)? - of(response.header("date")?)?;
    Some(apart.rem_euclid(24 * 60 * MINUTE))
}

/// Whether Merge says that the end user has to link the account again.
fn says_relink(body: &[u8]) -> bool {
    let text = String::from_utf8_lossy(body);
    serde_json::from_str::<serde_json::Value>(text.trim_start_matches('\u{feff}'))
        .is_ok_and(|details| details["status"] == "RELINK_NEEDED")
}
