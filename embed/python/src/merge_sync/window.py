"""Which records are new?

A fetch reads the records of one model that Merge modified in a window of time. Windows of one
model tile the time axis: nothing between two of them is skipped.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TypeAlias

from merge_sync._json import (
    Json,
    ask,
    expect,
    instant,
    maybe_instant,
    maybe_read_instant,
    milliseconds,
    read_instant,
)
from merge_sync.types import ModelStatus, write_model_status


class Rule(StrEnum):
    """How the bounds are chosen."""

    CONTIGUOUS = "contiguous"
    """From the previous watermark, less the overlap, to just past `last_sync_finished`."""
    OPEN_ENDED = "open-ended"
    """As `CONTIGUOUS`, with no upper bound."""
    FETCH_START = "fetch-start"
    """From the start of the previous fetch to `last_sync_finished`. LOSES every record modified
    between a window's end and the fetch that read it. For comparison with the published guide."""


@dataclass(frozen=True, slots=True)
class Progress:
    """What to keep for each model of each account."""

    last_synced_at: datetime | None = None
    """When the latest completed fetch started, your clock."""
    merge_last_sync_finished: datetime | None = None
    """The `last_sync_finished` that the latest completed fetch was for."""
    last_fetched_at: datetime | None = None
    """When the latest completed fetch ended, your clock."""


@dataclass(frozen=True, slots=True)
class Span:
    """A window to read."""

    after: datetime | None
    """`modified_after`. `None` reads from the beginning."""
    before: datetime | None
    """`modified_before`. `None` reads to the end. Safe for a read of one page alone: with cursors
    by offset, a row that changes while the pages are read leaves the window and shifts the others,
    so that unchanged rows are never served. Where the first page names a next one, start again
    without this bound."""
    watermark: datetime
    """What `advance` stores as `merge_last_sync_finished` once every page is stored."""
    query: str
    """The same bounds as a query string, percent-encoded, ready to send."""


class SkipReason(StrEnum):
    """Why there is nothing to read."""

    DISABLED = "disabled"
    """The model is switched off."""
    INITIAL_SYNC_INCOMPLETE = "initial-sync-incomplete"
    """The initial sync is not complete."""
    FAILED = "failed"
    """The latest sync failed: its finish time says nothing."""
    NOTHING_FINISHED = "nothing-finished"
    """No sync that brought data has finished."""
    NOT_NEWER = "not-newer"
    """This finish was fetched already: a duplicate, a late or an early delivery."""


@dataclass(frozen=True, slots=True)
class Skip:
    """Nothing to read."""

    reason: SkipReason


Plan: TypeAlias = Span | Skip
"""What to do: read a window, or nothing."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A model that can be listed."""

    path: str
    """For example `/api/hris/v1/employees`."""
    filtered: bool
    """Whether the endpoint knows `modified_after`. Where not, read it whole."""
    key: tuple[str, ...]
    """The fields of a record that together are its key: `id`, or `remote_id` and `name`."""
    always: str
    """Parameters to send with every request, for example `include_cancelled=true`; mostly
    empty."""


class NotListed(StrEnum):
    """A model that is not fetched."""

    UNLISTED = "unlisted"
    """It has no list endpoint: it counts for readiness and is not fetched."""
    UNMAPPED = "unmapped"
    """This version does not know it: reported, never guessed."""


Endpoint: TypeAlias = Listed | NotListed
"""Where a model's records are read."""

OVERLAP = timedelta(minutes=5)
"""How far a window usually reaches back into the one before it."""


def next(
    status: ModelStatus,
    progress: Progress,
    *,
    ready: bool,
    rule: Rule = Rule.CONTIGUOUS,
    overlap: timedelta = OVERLAP,
) -> Plan:
    """Decide.

    `ready` says whether this model's data may be read: the model is ready, and so is the
    account where you wait for all of it.
    """
    facts = {
        "status": write_model_status(status, "status"),
        "progress": _write_progress(progress),
        "ready": ready,
        "rule": rule,
        "overlap": milliseconds(overlap, "overlap"),
    }
    found = ask("window.next", facts)
    if found["tag"] == "fetch":
        return read_span(found["value"])
    return Skip(SkipReason(found["value"]["reason"]))


def advance(
    progress: Progress, span: Span, *, started_at: datetime, ended_at: datetime
) -> Progress:
    """Answer what to store after a fetch whose every page is stored.

    Never moves `merge_last_sync_finished` back.
    """
    expect(span, Span, "span")
    facts = {
        "progress": _write_progress(progress),
        "span": {
            "after": maybe_instant(span.after, "span.after"),
            "before": maybe_instant(span.before, "span.before"),
            "watermark": instant(span.watermark, "span.watermark"),
            "query": span.query,
        },
        "started_at": instant(started_at, "started_at"),
        "ended_at": instant(ended_at, "ended_at"),
    }
    return read_progress(ask("window.advance", facts))


def locate(model_id: str) -> Endpoint:
    """Look a model up, by its id or one of its aliases."""
    found = ask("window.locate", {"model_id": expect(model_id, str, "model_id")})
    if found["tag"] == "listed":
        value = found["value"]
        return Listed(value["path"], value["filtered"], tuple(value["key"]), value["always"])
    return NotListed(found["tag"])


def read_span(found: Json) -> Span:
    """Read a window."""
    return Span(
        maybe_read_instant(found["after"]),
        maybe_read_instant(found["before"]),
        read_instant(found["watermark"]),
        found["query"],
    )


def read_progress(found: Json) -> Progress:
    """Read what is kept for a model."""
    return Progress(
        maybe_read_instant(found["last_synced_at"]),
        maybe_read_instant(found["merge_last_sync_finished"]),
        maybe_read_instant(found["last_fetched_at"]),
    )


def _write_progress(progress: Progress) -> Json:
    expect(progress, Progress, "progress")
    return {
        name: maybe_instant(getattr(progress, name), f"progress.{name}")
        for name in Progress.__slots__
    }
