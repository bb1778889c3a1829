//! One page of one model: what to ask for, and what its answer changes.

mod complete;
mod failed;

use alloc::string::String;
use alloc::vec::Vec;

use merge_sync_logic::page::{self, Contents};
use merge_sync_logic::types::{Milliseconds, Row, Timestamp};
use merge_sync_logic::window::{self, Endpoint, Listed, Rule};

use crate::crash;
use crate::document::{Document, Model};
use crate::log::{Entry, Level};
use crate::settings::Settings;
use crate::slot::{Bounds, Cut, Kind, Page, Reread, Slot, Turned};
use crate::store::{Batch, Notice, Sweep};
use crate::url;

pub use failed::failed;

/// What a page asks the store to do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Taken {
    /// Its rows.
    pub batch: Option<Batch>,
    /// The sweep that the full re-read leads to which it completed.
    pub sweep: Option<Sweep>,
    /// Whether it completed a window.
    pub window: bool,
    /// What it completed, for the product.
    pub notices: Vec<Notice>,
}

/// What a page or a failure of it is taken in with.
pub struct Context<'a> {
    /// The model.
    pub model_id: &'a str,
    /// Which of its reads.
    pub kind: Kind,
    /// How the operator wants it done.
    pub settings: &'a Settings,
    /// The host's clock.
    pub now: Timestamp,
    /// To log.
    pub log: &'a mut Vec<Entry>,
}

/// A row further outside its part's bounds than this was not chosen by them.
const OUTSIDE: Milliseconds = Milliseconds(1_000);

/// Path and query of the next page; begins the read where it has not begun. `None` where the
/// model cannot be listed.
pub fn target(
    document: &mut Document,
    model_id: &str,
    kind: Kind,
    settings: &Settings,
    now: Timestamp,
) -> Option<String> {
    let Endpoint::Listed(endpoint) = settings.endpoint(model_id) else {
        return None;
    };
    let most_rows = crash::most_rows(document);
    let model = document.models.get_mut(model_id)?;
    begin(model, kind, settings, now)?;
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

/// The bounds that Merge is asked for: none where it knows none, or ignores them.
fn asked_part(model: &Model, kind: Kind, endpoint: &Listed) -> Option<Bounds> {
    let slot = model.slot(kind)?;
    Some(if endpoint.filtered && !model.ignores_bounds {
        slot.part()
    } else {
        Bounds::NONE
    })
}

/// Take in a page that was answered with success.
///
/// # Errors
///
/// What is wrong with the body; then nothing has changed.
pub fn take_page(
    document: &mut Document,
    body: &str,
    context: &mut Context<'_>,
) -> Result<Taken, String> {
    let (model_id, kind) = (context.model_id, context.kind);
    let contents = page::parse(model_id, body).map_err(|problem| problem.message)?;
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
    let slot = model.slot_mut(kind).ok_or_else(gone)?;
    let parts = slot.parts.len();
    if slot.loops > 0 || asked < most {
        slot.cut = median(&contents.rows).or(slot.cut);
    }
    let page = page_of(slot, &contents, asked.min(most_rows));
    slot.count(&page);
    // Behind the first page every page is where none was before.
    let advances = slot.paging.cursor.is_some();
    let got_further = advances || slot.got_further();
    let turned = turn(slot, page, &contents.rows, part, context);
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
    document.turn = model_id.into();
    let mut taken = match turned {
        Turn::To(Turned::More) => Taken::default(),
        Turn::To(Turned::Complete) => complete::complete(document, context),
        Turn::To(Turned::Loop(why)) => failed::looped(document, why, context),
        Turn::BoundsIgnored => {
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

/// What a page did to its slot, or what it says of the whole list.
enum Turn {
    To(Turned),
    /// Most of its rows lie outside the bounds that were asked for.
    BoundsIgnored,
}

fn turn(slot: &mut Slot, page: Page, rows: &[Row], part: Bounds, context: &Context<'_>) -> Turn {
    if are_outside(rows, part) {
        return Turn::BoundsIgnored;
    }
    let published = context.settings.rule == Rule::FetchStart;
    if !published && part.before.is_some() && slot.outgrows_its_bound(&page) {
        let unbounded = Bounds {
            before: None,
            ..slot.bounds
        };
        slot.widen(unbounded);
        return Turn::To(Turned::More);
    }
    Turn::To(slot.turn_page(page))
}

fn page_of(slot: &Slot, contents: &Contents, asked: u32) -> Page {
    Page {
        asked,
        without_key: contents.without_key,
        unreadable: contents.unreadable,
        stored: u32::try_from(contents.rows.len()).unwrap_or(u32::MAX),
        // Two tries are compared only where a part has an upper bound.
        keys: if slot.is_split && slot.part().before.is_some() {
            hash(&contents.rows)
        } else {
            0
        },
        newest: contents.rows.iter().filter_map(|row| row.modified_at).max(),
        next: contents.next.clone(),
    }
}

fn is_empty(contents: &Contents) -> bool {
    contents.rows.is_empty() && contents.without_key == 0 && contents.unreadable == 0
}

/// The wrapping sum of each key's FNV-1a hash: the same in whatever order they are served.
fn hash(rows: &[Row]) -> u64 {
    rows.iter().fold(0, |sum: u64, row| {
        sum.wrapping_add(
            row.id
                .bytes()
                .fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
                    (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
                }),
        )
    })
}

/// Whether more than half of the rows lie clearly outside the bounds.
fn are_outside(rows: &[Row], part: Bounds) -> bool {
    let is_outside = |row: &&Row| {
        row.modified_at.is_some_and(|at| {
            part.after.is_some_and(|after| at < after.minus(OUTSIDE))
                || part.before.is_some_and(|before| at > before.plus(OUTSIDE))
        })
    };
    rows.iter().filter(is_outside).count() > rows.len().checked_div(2).unwrap_or(0)
}

/// The median `modified_at`. By counting: a page has a hundred rows, and a sort is five kilobytes
/// of component.
fn median(rows: &[Row]) -> Option<Cut> {
    let instants = || rows.iter().filter_map(|row| row.modified_at);
    let half = instants().count().checked_div(2)?;
    let at = instants().find(|at| {
        let earlier = instants().filter(|other| other < at).count();
        let equal = instants().filter(|other| other == at).count();
        (earlier..earlier.saturating_add(equal)).contains(&half)
    })?;
    Some(Cut {
        at,
        is_alone: instants().all(|other| other == at),
    })
}

/// Merge does not look at the bounds of this list: read it whole until a full re-read is complete,
/// which is due now.
fn read_whole(document: &mut Document, context: &mut Context<'_>) {
    context.log.push(
        Entry::new(
            Level::Warn,
            "the list ignores its bounds and is read whole until a full re-read is complete",
        )
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

fn warn_of_skipped(account: &str, contents: &Contents, context: &mut Context<'_>) {
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

/// Begin the read where it has not begun.
fn begin(model: &mut Model, kind: Kind, settings: &Settings, now: Timestamp) -> Option<()> {
    match kind {
        Kind::Window => {}
        Kind::Hint if model.hint.is_some() => {}
        Kind::Hint => {
            let finished = model.progress.merge_last_sync_finished?;
            let from = model.hint_mark.map_or(finished, |mark| mark.max(finished));
            let bounds = Bounds {
                after: Some(from.minus(settings.overlap)),
                before: None,
            };
            let mut slot = Slot::new(bounds, finished, now);
            slot.loops = model.patience.of(Kind::Hint).loops;
            model.hint = Some(slot);
            model.hint_due = false;
            model.last_hint_at = Some(now);
        }
        Kind::Reread if model.reread.is_some() => {}
        Kind::Reread => {
            let finished = model.progress.merge_last_sync_finished?;
            model.pass = next_pass(model.pass, now);
            let slot = Slot::new(Bounds::NONE, finished, now);
            model.reread = Some(Reread {
                slot,
                pass: model.pass,
            });
        }
    }
    Some(())
}

/// Larger than any pass before it, also one that a lost state no longer tells of: the seconds
/// since 1970, or the next number where the clock was set back.
fn next_pass(latest: u64, now: Timestamp) -> u64 {
    let seconds = now.since(Timestamp::EPOCH).0 / 1_000;
    latest.saturating_add(1).max(seconds)
}

#[cfg(test)]
mod tests;
