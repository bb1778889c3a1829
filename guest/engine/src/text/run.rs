//! The text form of a run between two steps, for hosts that drive the engine by text.
//!
//! Opaque like the document, which is part of it, and with a version of its own: a run lasts
//! seconds, so that a version that another one wrote is refused rather than read. It never
//! holds a secret: a token goes from its note to its change within one step.

use alloc::boxed::Box;
use alloc::string::String;

use merge_sync_logic::types::{ModelStatus, Problem, Timestamp};

use crate::account::codec::read::{Found, Malformed, parse, small};
use crate::account::codec::write::Writer;
use crate::account::codec::{self, model, slot, trouble};
use crate::account::document::{Document, Model};
use crate::account::slot::Kind;
use crate::request::Asked;
use crate::request::reading::Reading;
use crate::run::{AfterCommit, Run, Stage, Tally};

/// What this version writes and reads.
const VERSION: u64 = 1;

/// What the instants of a reading's rows are written as differences to.
const BASE: Timestamp = Timestamp::EPOCH;

/// The text of `run`.
pub fn encode(run: &Run) -> String {
    let mut out = Writer::default();
    out.begin('{');
    out.key("v").unsigned(VERSION);
    out.key("account").text(&run.account);
    write_stage(out.key("stage"), &run.stage);
    match &run.stage {
        Stage::Idle => {}
        Stage::Asking(document, _) | Stage::Committing(document, _) => {
            codec::write_document(out.key("document"), document);
        }
    }
    out.string("version", &run.version);
    if let Some(number) = run.lease {
        out.key("claim").unsigned(number);
    }
    out.optional("started_at", run.started_at);
    out.number("requests", run.requests.into());
    out.number("pages", run.pages.into());
    out.number("overtaken", run.overtaken.into());
    out.flag("polled", run.polled);
    write_tally(out.key("done"), run.done);
    write_tally(out.key("pending"), run.pending);
    if let Some(trouble) = &run.trouble {
        trouble::write(out.key("trouble"), trouble);
    }
    out.optional("wake_at", run.wake_at);
    out.end('}');
    out.into_text()
}

/// The reverse of [`encode`].
pub fn decode(text: &str) -> Result<Run, Problem> {
    let read = || read_run(&Found::root(&parse(text)?));
    read().map_err(|malformed| Problem {
        message: alloc::format!("run: {malformed}"),
    })
}

fn read_run(root: &Found<'_, '_>) -> Result<Run, Malformed> {
    let version = root.get("v");
    if version.unsigned()? != VERSION {
        return Err(version.refuse("a run of this version of the component (1)"));
    }
    let mut run = Run::new(root.get("account").text()?);
    run.stage = read_stage(&root.get("stage"), &root.get("document"))?;
    run.version = root.text_or_empty("version")?;
    run.lease = root.get("claim").if_present(Found::unsigned)?;
    run.started_at = root.optional_instant("started_at")?;
    run.requests = root.small_count("requests")?;
    run.pages = root.small_count("pages")?;
    run.overtaken = root.small_count("overtaken")?;
    run.polled = root.flag("polled")?;
    run.done = read_tally(&root.get("done"))?;
    run.pending = read_tally(&root.get("pending"))?;
    run.trouble = root.get("trouble").if_present(trouble::read)?;
    run.wake_at = root.optional_instant("wake_at")?;
    Ok(run)
}

/// `[name, what belongs to it ..]`.
fn write_stage(out: &mut Writer, stage: &Stage) {
    out.begin('[');
    match stage {
        Stage::Idle => out.item().text("idle"),
        Stage::Asking(_, asked) => write_asked(out, asked),
        Stage::Committing(_, then) => {
            out.item().text("committing");
            write_then(out, then);
        }
    }
    out.end(']');
}

/// As items of the stage.
fn write_asked(out: &mut Writer, asked: &Asked) {
    match asked {
        Asked::Poll(reading) => {
            out.item().text("polling");
            write_reading(out.item(), reading);
        }
        Asked::Issues => out.item().text("issues"),
        Asked::Details => out.item().text("details"),
        Asked::Page(model_id, kind) => {
            out.item().text("fetching");
            out.item().text(model_id);
            out.item().text(kind_name(*kind));
        }
    }
}

fn read_stage(found: &Found<'_, '_>, document: &Found<'_, '_>) -> Result<Stage, Malformed> {
    let asked = match found.at(0).text()? {
        "idle" => return Ok(Stage::Idle),
        "committing" => {
            let then = read_then(found)?;
            return Ok(Stage::Committing(read_document(document)?, then));
        }
        "polling" => Asked::Poll(read_reading(&found.at(1))?),
        "issues" => Asked::Issues,
        "details" => Asked::Details,
        "fetching" => Asked::Page(found.at(1).owned_text()?, read_kind(&found.at(2))?),
        _ => return Err(found.at(0).refuse("the name of a stage")),
    };
    Ok(Stage::Asking(read_document(document)?, asked))
}

fn read_document(found: &Found<'_, '_>) -> Result<Box<Document>, Malformed> {
    codec::read_document(found).map(Box::new)
}

/// As items of the stage.
fn write_then(out: &mut Writer, then: &AfterCommit) {
    match then {
        AfterCommit::Leased(number) => {
            out.item().text("claimed");
            out.item().unsigned(*number);
        }
        AfterCommit::GoOn => out.item().text("go-on"),
        AfterCommit::Swept(model_id) => {
            out.item().text("swept");
            out.item().text(model_id);
        }
        AfterCommit::Finish => out.item().text("finish"),
    }
}

fn read_then(stage: &Found<'_, '_>) -> Result<AfterCommit, Malformed> {
    Ok(match stage.at(1).text()? {
        "claimed" => AfterCommit::Leased(stage.at(2).unsigned()?),
        "go-on" => AfterCommit::GoOn,
        "swept" => AfterCommit::Swept(stage.at(2).owned_text()?),
        "finish" => AfterCommit::Finish,
        _ => return Err(stage.at(1).refuse("what comes after a commit")),
    })
}

/// The rows in the form of models that have nothing but their row.
fn write_reading(out: &mut Writer, reading: &Reading) {
    out.begin('{');
    out.key("rows").begin('[');
    for row in &reading.rows {
        let model = Model {
            status: Some(row.clone()),
            ..Model::default()
        };
        model::write(out.item(), &row.model_id, &model, BASE);
    }
    out.end(']');
    slot::write_paging(out, &reading.paging);
    out.end('}');
}

fn read_reading(found: &Found<'_, '_>) -> Result<Reading, Malformed> {
    Ok(Reading {
        rows: found.get("rows").each(read_row)?,
        paging: slot::read_paging(found)?,
    })
}

fn read_row(found: &Found<'_, '_>) -> Result<ModelStatus, Malformed> {
    let (_, model) = model::read(found, BASE)?;
    model.status.ok_or_else(|| found.refuse("a row"))
}

fn kind_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Window => "window",
        Kind::Hint => "hint",
        Kind::Reread => "reread",
    }
}

fn read_kind(found: &Found<'_, '_>) -> Result<Kind, Malformed> {
    let kinds = [Kind::Window, Kind::Hint, Kind::Reread];
    let text = found.text()?;
    let kind = kinds.into_iter().find(|kind| kind_name(*kind) == text);
    kind.ok_or_else(|| found.refuse("`window`, `hint` or `reread`"))
}

/// `[polls, windows, rows]`.
fn write_tally(out: &mut Writer, tally: Tally) {
    out.begin('[');
    out.item().unsigned(tally.polls.into());
    out.item().unsigned(tally.windows.into());
    out.item().unsigned(tally.rows);
    out.end(']');
}

fn read_tally(found: &Found<'_, '_>) -> Result<Tally, Malformed> {
    let mut counts = [0; 3];
    found.numbers(&mut counts)?;
    let [polls, windows, rows] = counts;
    Ok(Tally {
        polls: small(polls),
        windows: small(windows),
        rows,
    })
}

#[cfg(test)]
mod tests;
