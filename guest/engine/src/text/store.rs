//! The records of `wit/store.wit`: what was loaded is read, what is to be kept is written.

use alloc::string::String;

use merge_sync_logic::json::read::Input;
use merge_sync_logic::json::types::{
    account_phase_name, link_state_name, write_account, write_row,
};
use merge_sync_logic::json::write::{self, Object};
use merge_sync_logic::types::{Problem, Secret};

use crate::contract::store::{
    Batch, Change, Committed, LoadedAccount, Note, Notice, StoredNote, Summary, Sweep, Swept,
    TokenChange,
};
use crate::ground::trouble;

/// Read the latest committed state of an account.
pub(super) fn read_loaded_account(input: Input<'_, '_>) -> Result<LoadedAccount, Problem> {
    let mut fields = input.object()?;
    let loaded = LoadedAccount {
        state: fields.take("state").text()?,
        version: fields.take("version").text()?,
        notes: fields.take("notes").list(read_stored_note)?,
    };
    fields.finish()?;
    Ok(loaded)
}

fn read_stored_note(input: Input<'_, '_>) -> Result<StoredNote, Problem> {
    let mut fields = input.object()?;
    let note = StoredNote {
        number: fields.take("number").u64()?,
        key: fields.take("key").text()?,
        text: fields.take("text").text()?,
        secret: fields.take("secret").optional(read_secret)?,
    };
    fields.finish()?;
    Ok(note)
}

fn read_secret(input: Input<'_, '_>) -> Result<Secret, Problem> {
    input.only_text("value").map(Secret)
}

/// Read what a change did.
pub(super) fn read_committed(input: Input<'_, '_>) -> Result<Committed, Problem> {
    let mut fields = input.object()?;
    let committed = Committed {
        version: fields.take("version").text()?,
        swept: fields.take("swept").optional(read_swept)?,
    };
    fields.finish()?;
    Ok(committed)
}

fn read_swept(input: Input<'_, '_>) -> Result<Swept, Problem> {
    let mut fields = input.object()?;
    let swept = Swept {
        live: fields.take("live").u64()?,
        unseen: fields.take("unseen").u64()?,
        marked: fields.take("marked").u64()?,
        held: fields.take("held").boolean()?,
    };
    fields.finish()?;
    Ok(swept)
}

/// Write a note to keep.
pub(super) fn write_note(out: &mut String, note: &Note) {
    Object::open(out)
        .text("account", &note.account)
        .text("key", &note.key)
        .text("text", &note.text)
        .optional("secret", note.secret.as_ref(), write_secret)
        .optional("profile", note.profile.as_ref(), write_account)
        .boolean("create", note.create)
        .close();
}

fn write_secret(out: &mut String, secret: &Secret) {
    Object::open(out)
        .field("value", secret, write::secret)
        .close();
}

/// Write a change to commit.
pub(super) fn write_change(out: &mut String, change: &Change) {
    Object::open(out)
        .text("account", &change.account)
        .optional("expected", change.expected.as_deref(), write::text)
        .text("state", &change.state)
        .list("consumed", &change.consumed, write::number)
        .optional("wake_at", change.wake_at.as_ref(), write::timestamp)
        .optional("not_before", change.not_before.as_ref(), write::timestamp)
        .field("token", &change.token, write_token_change)
        .field("summary", &change.summary, write_summary)
        .list("batches", &change.batches, write_batch)
        .optional("sweep", change.sweep.as_ref(), write_sweep)
        .list("notices", &change.notices, write_notice)
        .close();
}

fn write_token_change(out: &mut String, change: &TokenChange) {
    match change {
        TokenChange::Keep => write::bare(out, "keep"),
        TokenChange::Put(secret) => write::tagged(out, "put", secret, write_secret),
        TokenChange::Erase => write::bare(out, "erase"),
    }
}

fn write_summary(out: &mut String, summary: &Summary) {
    Object::open(out)
        .name("phase", account_phase_name(summary.phase))
        .number("ready", summary.ready.into())
        .number("needed", summary.needed.into())
        .optional("trouble", summary.trouble.as_ref(), |out, kind| {
            write::name(out, trouble::name(*kind));
        })
        .name("link", link_state_name(summary.link))
        .number("skipped", summary.skipped)
        .optional("fresh_to", summary.fresh_to.as_ref(), write::timestamp)
        .close();
}

fn write_batch(out: &mut String, batch: &Batch) {
    Object::open(out)
        .text("model_id", &batch.model_id)
        .optional("pass", batch.pass.as_ref(), write::number)
        .list("rows", &batch.rows, write_row)
        .close();
}

fn write_sweep(out: &mut String, sweep: &Sweep) {
    Object::open(out)
        .text("model_id", &sweep.model_id)
        .number("unseen_since", sweep.unseen_since)
        .number("most_rows", sweep.most_rows)
        .number("most_percent", sweep.most_percent.into())
        .number("limit", sweep.limit.into())
        .close();
}

fn write_notice(out: &mut String, notice: &Notice) {
    Object::open(out)
        .text("id", &notice.id)
        .name("occasion", notice.occasion.name())
        .optional("model_id", notice.model_id.as_deref(), write::text)
        .text("text", &notice.text)
        .close();
}
