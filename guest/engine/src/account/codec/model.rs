//! A model as an array: `[id, name, row, instants, flags, pass, rest]`.
//!
//! `name` is null where it is what stands behind the id's dot. `row` is three characters, state,
//! initial flag and result, or null where Merge does not list the model. `instants` are the
//! differences each to the one before, the first to the account's `linked_at`. `rest` is an
//! object of what a model at rest does not have. Nulls and empty things at the end are left out.

use alloc::string::String;
use alloc::vec::Vec;

use merge_sync_logic::types::{ModelStatus, SyncState, Timestamp};

use super::instants::{apart, difference};
use super::read::{Found, Malformed};
use super::write::{Writer, packed};
use super::{reads, slot};
use crate::account::document::Model;
use crate::account::slot::Reread;

const READY: u64 = 1;
const HINT_DUE: u64 = 2;
const UNMAPPED_REPORTED: u64 = 4;
const IGNORES_BOUNDS: u64 = 8;
const TOLD_HELD_SWEEP: u64 = 16;
const TOLD_INCOMPLETE: u64 = 32;
const TOLD_UNREADABLE: u64 = 64;
const TOLD_NO_KEY: u64 = 128;
const HAS_UNDATED: u64 = 256;

/// How many instants a model has.
const INSTANTS: usize = 11;

pub(crate) fn write(out: &mut Writer, model_id: &str, model: &Model, base: Timestamp) {
    let status = model.status.as_ref();
    out.begin('[');
    out.item().text(model_id);
    match status {
        Some(row) if row.model_name != implied_name(model_id) => out.item().text(&row.model_name),
        _ => out.item().null(),
    }
    match status {
        Some(row) => out.item().text(&row_code(row)),
        None => out.item().null(),
    }
    write_instants(out.item(), &instants(model), base);
    let flags = [
        (model.ready, READY),
        (model.hint_due, HINT_DUE),
        (model.unmapped_reported, UNMAPPED_REPORTED),
        (model.ignores_bounds, IGNORES_BOUNDS),
        (model.told.held_sweep, TOLD_HELD_SWEEP),
        (model.told.incomplete, TOLD_INCOMPLETE),
        (model.told.unreadable, TOLD_UNREADABLE),
        (model.told.no_key, TOLD_NO_KEY),
        (model.has_undated, HAS_UNDATED),
    ];
    out.item().unsigned(packed(&flags));
    out.item().unsigned(model.pass);
    if has_rest(model) {
        write_rest(out.item(), model);
    }
    out.end(']');
}

pub(crate) fn read(found: &Found<'_, '_>, base: Timestamp) -> Result<(String, Model), Malformed> {
    let model_id = found.at(0).owned_text()?;
    let mut model = Model::default();
    let instants = read_instants(&found.at(3), base)?;
    let rest = found.at(6);
    let mut instants = instants.into_iter();
    let mut next = || instants.next().flatten();
    let (start, next_start, finished, fresh) = (next(), next(), next(), next());
    model.status = found.at(2).if_present(|code| {
        let (state, is_initial_sync, result) = read_row_code(code, &rest)?;
        Ok(ModelStatus {
            model_id: model_id.clone(),
            model_name: found
                .at(1)
                .optional_text()?
                .unwrap_or_else(|| implied_name(&model_id).into()),
            status: state,
            is_initial_sync,
            last_sync_start: start,
            next_sync_start: next_start,
            last_sync_result: result,
            last_sync_finished: finished,
            status_reason: rest.text_or_empty("reason")?,
            data_fresh_as_of: fresh,
            synced_fields: rest.texts("synced_fields")?,
            unreadable: rest.texts("unreadable_fields")?,
        })
    })?;
    model.progress.merge_last_sync_finished = next();
    model.progress.last_synced_at = next();
    model.progress.last_fetched_at = next();
    model.hint_mark = next();
    model.last_hint_at = next();
    model.failure_seen = next();
    model.reread_at = next();
    let flags = found.at(4).count()?;
    model.ready = flags & READY != 0;
    model.hint_due = flags & HINT_DUE != 0;
    model.unmapped_reported = flags & UNMAPPED_REPORTED != 0;
    model.ignores_bounds = flags & IGNORES_BOUNDS != 0;
    model.told.held_sweep = flags & TOLD_HELD_SWEEP != 0;
    model.told.incomplete = flags & TOLD_INCOMPLETE != 0;
    model.told.unreadable = flags & TOLD_UNREADABLE != 0;
    model.told.no_key = flags & TOLD_NO_KEY != 0;
    model.has_undated = flags & HAS_UNDATED != 0;
    model.pass = found.at(5).count()?;
    reads::read(&mut model, &rest)?;
    model.window = rest.get("window").if_present(slot::read)?;
    model.hint = rest.get("hint").if_present(slot::read)?;
    let pass = model.pass;
    model.reread = rest.get("reread").if_present(|found| {
        Ok(Reread {
            slot: slot::read(found)?,
            pass,
        })
    })?;
    Ok((model_id, model))
}

/// What Merge calls the model in most categories.
fn implied_name(model_id: &str) -> &str {
    model_id.split_once('.').map_or(model_id, |(_, name)| name)
}

/// In the order in which each is likely to be near the one before.
fn instants(model: &Model) -> [Option<Timestamp>; INSTANTS] {
    let row = model.status.as_ref();
    [
        row.and_then(|row| row.last_sync_start),
        row.and_then(|row| row.next_sync_start),
        row.and_then(|row| row.last_sync_finished),
        row.and_then(|row| row.data_fresh_as_of),
        model.progress.merge_last_sync_finished,
        model.progress.last_synced_at,
        model.progress.last_fetched_at,
        model.hint_mark,
        model.last_hint_at,
        model.failure_seen,
        model.reread_at,
    ]
}

fn write_instants(out: &mut Writer, instants: &[Option<Timestamp>], base: Timestamp) {
    let last = instants.iter().rposition(Option::is_some);
    let kept = last.map_or(0, |last| last.saturating_add(1));
    let mut base = base;
    out.begin('[');
    for instant in instants.iter().take(kept) {
        match instant {
            Some(instant) => {
                out.item().signed(difference(*instant, base));
                base = *instant;
            }
            None => out.item().null(),
        }
    }
    out.end(']');
}

fn read_instants(
    found: &Found<'_, '_>,
    base: Timestamp,
) -> Result<Vec<Option<Timestamp>>, Malformed> {
    let mut base = base;
    found.each(|item| {
        let instant = item
            .if_present(Found::signed)?
            .map(|difference| apart(base, difference));
        base = instant.unwrap_or(base);
        Ok(instant)
    })
}

/// Three characters: state, initial flag, result.
fn row_code(row: &ModelStatus) -> String {
    let initial = match row.is_initial_sync {
        Some(true) => 'i',
        Some(false) => 'l',
        None => '-',
    };
    let letters = [
        row.status.as_ref().map_or('-', state_letter),
        initial,
        row.last_sync_result.as_ref().map_or('-', state_letter),
    ];
    letters.into_iter().collect()
}

type Row = (Option<SyncState>, Option<bool>, Option<SyncState>);

fn read_row_code(found: &Found<'_, '_>, rest: &Found<'_, '_>) -> Result<Row, Malformed> {
    let mut letters = found.text()?.chars();
    let mut letter = || letters.next().ok_or_else(|| found.refuse("three letters"));
    let (state, initial, result) = (letter()?, letter()?, letter()?);
    let is_initial_sync = match initial {
        'i' => Some(true),
        'l' => Some(false),
        '-' => None,
        _ => return Err(found.refuse("`i`, `l` or `-`")),
    };
    let state = read_state(state, found, rest, "state")?;
    let result = read_state(result, found, rest, "result")?;
    Ok((state, is_initial_sync, result))
}

fn state_letter(state: &SyncState) -> char {
    match state {
        SyncState::Syncing => 'S',
        SyncState::Done => 'D',
        SyncState::PartiallySynced => 'P',
        SyncState::Failed => 'F',
        SyncState::Disabled => 'X',
        SyncState::Paused => 'H',
        SyncState::Unknown(_) => '?',
    }
}

fn read_state(
    letter: char,
    code: &Found<'_, '_>,
    rest: &Found<'_, '_>,
    text: &'static str,
) -> Result<Option<SyncState>, Malformed> {
    Ok(Some(match letter {
        '-' => return Ok(None),
        'S' => SyncState::Syncing,
        'D' => SyncState::Done,
        'P' => SyncState::PartiallySynced,
        'F' => SyncState::Failed,
        'X' => SyncState::Disabled,
        'H' => SyncState::Paused,
        '?' => SyncState::Unknown(rest.text_or_empty(text)?),
        _ => return Err(code.refuse("a letter for a state")),
    }))
}

fn unknown(state: Option<&SyncState>) -> &str {
    match state {
        Some(SyncState::Unknown(text)) => text,
        _ => "",
    }
}

fn has_rest(model: &Model) -> bool {
    let row = model.status.as_ref();
    reads::are_kept(model)
        || model.window.is_some()
        || model.hint.is_some()
        || model.reread.is_some()
        || row.is_some_and(|row| {
            let state = unknown(row.status.as_ref());
            let result = unknown(row.last_sync_result.as_ref());
            let texts = [&row.status_reason, state, result];
            let lists = [&row.synced_fields, &row.unreadable];
            texts.iter().any(|text| !text.is_empty()) || lists.iter().any(|list| !list.is_empty())
        })
}

fn write_rest(out: &mut Writer, model: &Model) {
    out.begin('{');
    if let Some(row) = &model.status {
        out.string("state", unknown(row.status.as_ref()));
        out.string("result", unknown(row.last_sync_result.as_ref()));
        out.string("reason", &row.status_reason);
        out.texts("synced_fields", &row.synced_fields);
        out.texts("unreadable_fields", &row.unreadable);
    }
    reads::write(out, model);
    if let Some(window) = &model.window {
        slot::write(out.key("window"), window);
    }
    if let Some(hint) = &model.hint {
        slot::write(out.key("hint"), hint);
    }
    if let Some(reread) = &model.reread {
        slot::write(out.key("reread"), &reread.slot);
    }
    out.end('}');
}
