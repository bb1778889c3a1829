//! One page of one model: the request for it, and how the response changes the document.

mod complete;
mod context;
mod failed;
mod look;

use alloc::string::String;

use merge_sync_logic::page::{self, Contents};
use merge_sync_logic::retry::AttemptOutcome;
use merge_sync_logic::types::Row;
use merge_sync_logic::window::{self, Endpoint, Listed, Rule};

use self::context::PageContext;
use self::look::{are_outside, is_empty, median, page_of};
use super::next::{Next, Taken};
use crate::account::document::{Document, Model};
use crate::account::slot::{Bounds, Kind, Page, Slot, SlotOutcome};
use crate::context::Context;
use crate::contract::log::{Entry, Level};
use crate::contract::store::Batch;
use crate::decide::failure;
use crate::ground::url;
use crate::plan::{crash, hold, windows};

/// Path and query of the next page. Begins the read if it has not begun yet. `None` if no list
/// endpoint of the model is known.
pub fn target(
    document: &mut Document,
    model_id: &str,
    kind: Kind,
    context: &Context<'_>,
) -> Option<String> {
    let (settings, now) = (context.settings, context.now);
    let Endpoint::Listed(endpoint) = settings.endpoint(model_id) else {
        return None;
    };
    let most_rows = crash::most_rows(document);
    let model = document.models.get_mut(model_id)?;
    windows::begin(model, kind, settings, now)?;
    let page_size = model.page_size.asked(settings.page_size).min(most_rows);
    let part = asked_part(model, kind, &endpoint)?;
    let mut query = window::query(part.after, part.before);
    let extras = [Some(endpoint.always), settings.query_extra(model_id)];
    for extra in extras
        .into_iter()
        .flatten()
        .filter(|extra| !extra.is_empty())
    {
        query.push('&');
        query.push_str(extra);
    }
    let cursor = model.slot(kind)?.paging.cursor.as_deref();
    Some(url::page(&endpoint.path, &query, page_size, cursor))
}

/// Process the outcome of a request for a page.
pub fn answered(
    document: &mut Document,
    model_id: &str,
    kind: Kind,
    answer: Result<String, AttemptOutcome>,
    context: &mut Context<'_>,
) -> Next {
    let context = &mut PageContext {
        model_id,
        kind,
        settings: context.settings,
        now: context.now,
        log: context.log,
    };
    let taken = match answer {
        Ok(body) => take_page(document, &body, context).map_err(failure::unusable),
        Err(outcome) => Err(outcome),
    };
    let taken = taken.unwrap_or_else(|outcome| failed::failed(document, outcome, context));
    let ends = hold::is_held_up(document, context.now) || document.poll_wanted;
    if taken.sweep.is_none() && ends {
        Next::Stop(taken)
    } else {
        Next::GoOn(taken)
    }
}

/// The bounds to put into the request: none if this list does not support bounds or ignores them.
fn asked_part(model: &Model, kind: Kind, endpoint: &Listed) -> Option<Bounds> {
    let slot = model.slot(kind)?;
    Some(if endpoint.filtered && !model.ignores_bounds {
        slot.part()
    } else {
        Bounds::NONE
    })
}

/// Process the body of a successful response.
///
/// # Errors
///
/// If the body is unusable, the reason. The document is then unchanged.
fn take_page(
    document: &mut Document,
    body: &str,
    context: &mut PageContext<'_>,
) -> Result<Taken, String> {
    let (model_id, kind) = (context.model_id, context.kind);
    let read = page::parse_records(model_id, body);
    let (contents, cut_off) = read.map_err(|problem| problem.message)?;
    let gone = || String::from("the model is gone");
    let Endpoint::Listed(endpoint) = context.settings.endpoint(model_id) else {
        return Err(gone());
    };
    warn_of_skipped(&document.account.id, &contents, context);
    let most_rows = crash::most_rows(document);
    let model = document.models.get_mut(model_id).ok_or_else(gone)?;
    let part = asked_part(model, kind, &endpoint).ok_or_else(gone)?;
    let pass = (model.pass > 0).then_some(model.pass);
    let most = context.settings.page_size;
    let asked = model.page_size.asked(most);
    model.page_size.grow(most);
    let resized = model.page_size.asked(most) != asked;
    model.has_undated |= contents.rows.iter().any(|row| row.modified_at.is_none());
    let is_endless =
        kind != Kind::Reread && model.missing.is_some_and(|missing| missing.gap.is_endless);
    let slot = model.slot_mut(kind).ok_or_else(gone)?;
    let parts = slot.parts.len();
    if slot.loops > 0 || asked < most {
        slot.cut = median(&contents.rows).or(slot.cut);
    }
    let page = page_of(slot, &contents, cut_off.is_some(), asked.min(most_rows));
    slot.count(&page);
    // Every page after the first one is progress; a first page only if no earlier try got this far.
    let advances = slot.paging.cursor.is_some();
    let got_further = advances || slot.got_further();
    let result = if is_endless && is_empty(&contents) && contents.next.is_some() {
        PageResult::Slot(slot.end_at_empty())
    } else {
        apply_page(slot, page, &contents.rows, part, context)
    };
    if resized {
        slot.largest = 0;
    }
    let got_further = got_further || slot.parts.len() != parts;
    let nothing_fits = contents.rows.is_empty() && !is_empty(&contents);
    model
        .patience
        .of_mut(kind)
        .succeeded(advances || !contents.rows.is_empty(), got_further);
    if nothing_fits {
        model.skipped.note(&contents, context.now);
    }
    document.last_served = model_id.into();
    let mut taken = match result {
        PageResult::Slot(SlotOutcome::More) => Taken::default(),
        PageResult::Slot(SlotOutcome::Complete) => complete::complete(document, context),
        PageResult::Slot(SlotOutcome::Loop(why)) => failed::looped(document, why, context),
        PageResult::BoundsIgnored => {
            read_whole(document, context);
            Taken::default()
        }
    };
    taken.batch = Some(Batch {
        model_id: model_id.into(),
        pass,
        rows: contents.rows,
    });
    Ok(taken)
}

/// The result of a page: a change of its slot, or a finding about the whole list.
enum PageResult {
    /// What became of the slot.
    Slot(SlotOutcome),
    /// Most of its rows lie outside the bounds that were asked for.
    BoundsIgnored,
}

fn apply_page(
    slot: &mut Slot,
    page: Page,
    rows: &[Row],
    part: Bounds,
    context: &PageContext<'_>,
) -> PageResult {
    if are_outside(rows, part) {
        return PageResult::BoundsIgnored;
    }
    let published = context.settings.rule == Rule::FetchStart;
    if !published && part.before.is_some() && slot.outgrows_its_bound(&page) {
        let unbounded = Bounds {
            before: None,
            ..slot.bounds
        };
        slot.widen(unbounded);
        return PageResult::Slot(SlotOutcome::More);
    }
    PageResult::Slot(slot.take_page(page))
}

/// Merge ignores the bounds of this list, so read it without bounds until the next full re-read is
/// complete. If full re-reads are switched on, the next one is due now.
fn read_whole(document: &mut Document, context: &mut PageContext<'_>) {
    context.log.push(
        Entry::new(Level::Warn, "merge ignores bounds: the list is read whole")
            .text("account", &document.account.id)
            .text("model", context.model_id),
    );
    let Some(model) = document.models.get_mut(context.model_id) else {
        return;
    };
    model.ignores_bounds = true;
    model.reread_at = model.reread_at.map(|_| context.now);
    for kind in [Kind::Window, Kind::Hint, Kind::Reread] {
        if let Some(slot) = model.slot_mut(kind) {
            slot.widen(Bounds::NONE);
        }
    }
}

fn warn_of_skipped(account: &str, contents: &Contents, context: &mut PageContext<'_>) {
    let reasons = [
        (contents.without_key, "records without a key are skipped"),
        (
            contents.unreadable,
            "records that cannot be read are skipped",
        ),
    ];
    for (records, what) in reasons {
        if records > 0 {
            context.log.push(
                Entry::new(Level::Warn, what)
                    .text("account", account)
                    .text("model", context.model_id)
                    .number("records", records.into()),
            );
        }
    }
}

#[cfg(test)]
mod tests;
