"""The records of the engine's operations: what is loaded is written, what is kept is read."""

from merge_sync._json import Json, maybe_read_instant
from merge_sync.readiness import AccountPhase
from merge_sync.store import (
    Batch,
    Change,
    Committed,
    LoadedAccount,
    Note,
    Notice,
    Occasion,
    PutToken,
    Summary,
    Sweep,
    TokenChange,
    TokenRule,
)
from merge_sync.types import LinkState, read_account, read_row
from merge_sync.view import TroubleKind


def write_loaded_account(loaded: LoadedAccount) -> Json:
    """Write what was loaded."""
    notes = [
        {
            "number": str(note.number),
            "key": note.key,
            "text": note.text,
            "secret": None if note.secret is None else {"value": note.secret},
        }
        for note in loaded.notes
    ]
    return {"state": loaded.state, "version": loaded.version, "notes": notes}


def write_committed(committed: Committed) -> Json:
    """Write what a change did."""
    swept = committed.swept
    return {
        "version": committed.version,
        "swept": swept
        and {
            "live": str(swept.live),
            "unseen": str(swept.unseen),
            "marked": str(swept.marked),
            "held": swept.held,
        },
    }


def read_note(found: Json) -> Note:
    """Read a note to keep."""
    secret, profile = found["secret"], found["profile"]
    return Note(
        found["account"],
        found["key"],
        found["text"],
        secret and secret["value"],
        profile and read_account(profile),
        found["create"],
    )


def read_change(found: Json) -> Change:
    """Read a change to commit."""
    summary, sweep = found["summary"], found["sweep"]
    return Change(
        account=found["account"],
        expected=found["expected"],
        state=found["state"],
        consumed=tuple(map(int, found["consumed"])),
        wake_at=maybe_read_instant(found["wake_at"]),
        not_before=maybe_read_instant(found["not_before"]),
        token=_read_token(found["token"]),
        summary=Summary(
            AccountPhase(summary["phase"]),
            summary["ready"],
            summary["needed"],
            summary["trouble"] and TroubleKind(summary["trouble"]),
            LinkState(summary["link"]),
            int(summary["skipped"]),
            maybe_read_instant(summary["fresh_to"]),
        ),
        batches=tuple(map(_read_batch, found["batches"])),
        sweep=sweep
        and Sweep(
            sweep["model_id"],
            int(sweep["unseen_since"]),
            int(sweep["most_rows"]),
            sweep["most_percent"],
            sweep["limit"],
        ),
        notices=tuple(
            Notice(notice["id"], Occasion(notice["occasion"]), notice["model_id"], notice["text"])
            for notice in found["notices"]
        ),
    )


def _read_token(found: Json) -> TokenChange:
    if found["tag"] == "put":
        return PutToken(found["value"]["value"])
    return TokenRule(found["tag"])


def _read_batch(found: Json) -> Batch:
    reread = found["pass"]
    return Batch(
        found["model_id"],
        None if reread is None else int(reread),
        tuple(map(read_row, found["rows"])),
    )
