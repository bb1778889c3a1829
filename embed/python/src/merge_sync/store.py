"""What must outlive a crash: the records that the engine keeps, and what a store does with them.

`sqlite` is a ready store. Another one implements `Store`, and `Agenda` and `Tokens` where
`scheduler` and `client` are used. One that is a `RunNoter` as well shows which runs failed.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol, TypeAlias, runtime_checkable

from merge_sync.readiness import AccountPhase
from merge_sync.types import Account, LinkState, Row
from merge_sync.view import TroubleKind


@dataclass(frozen=True, slots=True)
class Note:
    """Something to tell the account's next run, which it makes due now."""

    account: str
    key: str
    """A note replaces an earlier one of the same account and key."""
    text: str
    """Opaque."""
    secret: str | None = field(repr=False)
    """Kept with the note, encrypted if you encrypt secrets."""
    profile: Account | None
    """What Merge says the account is; `None` leaves it as it is."""
    create: bool
    """Whether an account that is not in the store is to be created."""


@dataclass(frozen=True, slots=True)
class StoredNote:
    """A note, as kept."""

    number: int
    """Larger for each later note of the account, also one that replaced another."""
    key: str
    text: str
    secret: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class LoadedAccount:
    """The latest committed state of an account, opaque to the store."""

    state: str
    """Empty where only a note created the account so far."""
    version: str
    """Equality only. Changes with every commit; not with a note."""
    notes: tuple[StoredNote, ...]
    """Notes not yet consumed, by number."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows of one model.

    A row replaces the stored one of the same account, model and id unless the stored one has a
    later `modified_at`.
    """

    model_id: str
    reread: int | None
    """The number of the model's latest full re-read, under way or not; `None` before the first
    (`pass` in the contract). The store keeps the highest with each row, also with one that it does
    not replace."""
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Sweep:
    """Mark as deleted the live rows that Merge no longer has.

    They are those whose re-read is below `unseen_since`, rows without one included. In one
    transaction with the change, after its batches, the store counts `live`, the rows not marked
    deleted, and `unseen`, those of them to be marked. Where `is_held` it marks none. Otherwise it
    marks at most `limit` of them, and answers a `Swept`.
    """

    model_id: str
    unseen_since: int
    most_rows: int
    most_percent: int
    limit: int

    def is_held(self, live: int, unseen: int) -> bool:
        """Whether so many are unseen that none is to be marked."""
        return unseen > self.most_rows and unseen * 100 > live * self.most_percent


@dataclass(frozen=True, slots=True)
class Swept:
    """What a sweep did."""

    live: int
    """Rows not marked deleted, counted before."""
    unseen: int
    """Those of them to be marked, counted before."""
    marked: int
    """Rows marked now. Fewer than `unseen` where the limit was met: another sweep follows."""
    held: bool
    """Whether it was held: then none was marked."""


class Occasion(StrEnum):
    """Something a product may want to act on."""

    BECAME_READY = "became-ready"
    """The account is ready for the first time."""
    WINDOW_COMPLETED = "window-completed"
    """A window of one model is complete."""
    CAUGHT_UP = "caught-up"
    """Every needed model has been read up to its newest finish."""
    NEEDS_ATTENTION = "needs-attention"
    """Trouble began that will not end by waiting."""
    RECOVERED = "recovered"
    """Trouble ended."""
    UNLINKED = "unlinked"
    """Merge deleted the account."""


@dataclass(frozen=True, slots=True)
class Notice:
    """To be handed to the product at least once, after the commit."""

    id: str
    """The same for every delivery of this notice."""
    occasion: Occasion
    model_id: str | None
    """`None` where the whole account is meant."""
    text: str
    """One sentence for people."""


@dataclass(frozen=True, slots=True)
class Summary:
    """What a list of accounts shows of one."""

    phase: AccountPhase
    ready: int
    needed: int
    trouble: TroubleKind | None
    """The worst kind of trouble; `None` without any."""
    link: LinkState
    skipped: int
    """Records of the latest reads that cannot be stored: no key, or no JSON object."""
    fresh_to: datetime | None
    """The oldest `merge_last_sync_finished` of the needed models, Merge's clock."""


class TokenRule(StrEnum):
    """What happens to the account's token, where no other takes its place."""

    KEEP = "keep"
    ERASE = "erase"


@dataclass(frozen=True, slots=True)
class PutToken:
    """The account's token from now on."""

    secret: str = field(repr=False)


TokenChange: TypeAlias = TokenRule | PutToken
"""What happens to the account's token."""


@dataclass(frozen=True, slots=True)
class Change:
    """One atomic change to one account."""

    account: str
    expected: str | None
    """The version that was loaded; `None` to create the account."""
    state: str
    """The new state."""
    consumed: tuple[int, ...]
    """Notes that this change has acted on."""
    wake_at: datetime | None
    """When to run this account again, your clock; at once while notes remain. `None` is only
    for a note."""
    not_before: datetime | None
    """Not before this, not even for a note, your clock."""
    token: TokenChange
    summary: Summary
    batches: tuple[Batch, ...]
    sweep: Sweep | None
    notices: tuple[Notice, ...]


@dataclass(frozen=True, slots=True)
class Committed:
    """What a change did."""

    version: str
    swept: Swept | None
    """What the sweep did; `None` where the change has none."""


class Store(Protocol):
    """Keeps accounts. Every method raises `StoreError` where it cannot do its work."""

    def keep_note(self, note: Note) -> None:
        """Keep a note: durable when it returns, and never a reason for `StaleError`.

        The account starts at once, or at its `not_before`; a start that is earlier stays. Raises
        `UnknownAccountError` where there is none and the note creates none. `engine.Engine.receive`
        calls it in a thread of its own.
        """

    def load(self, account: str) -> LoadedAccount | None:
        """Answer the account's state and notes. `None` for an unknown account."""

    def commit(self, change: Change) -> Committed:
        """Do all of the change or none of it: durable when it returns.

        The account starts next at `wake_at`, or at once while notes remain, and never before
        `not_before`. Raises `StaleError` where another version than expected is there.
        """


@dataclass(frozen=True, slots=True)
class Due:
    """An account that is to run."""

    account: str
    start: datetime
    version: str
    failed: bool = False
    """Whether its latest run that ended failed, of a store that is a `RunNoter`."""


@dataclass(frozen=True, slots=True)
class FailedRuns:
    """Runs of an account that failed in a row, up to now."""

    count: int
    since: datetime
    """Your clock."""
    text: str
    """What the latest one failed with, for a support person."""


class Agenda(Protocol):
    """Knows which account starts when."""

    def due(self, now: datetime, limit: int) -> list[Due]:
        """Answer the accounts whose start is not after `now`, the longest overdue first.

        A start more than 25 hours ahead is due as well: somebody's clock was wrong.
        """

    def next_start(self, now: datetime) -> datetime | None:
        """Answer the earliest start after `now`."""


@runtime_checkable
class RunNoter(Protocol):
    """Keeps how runs ended, for people to see.

    Of a run that the component could not carry through the state tells nothing, so that its
    account would look well. A `scheduler.Scheduler` tells an agenda that is one.
    """

    def run_ended(self, account: str, failure: str | None) -> None:
        """Note that one more run in a row failed, or with `None` that one did not.

        The account's version and start stay: the engine knows nothing of it.
        """


class Tokens(Protocol):
    """Knows the accounts' tokens."""

    def token(self, account: str) -> str | None:
        """Answer what to send as `X-Account-Token`."""
