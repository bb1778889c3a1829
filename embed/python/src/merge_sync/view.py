"""What people see of an account, and what they may ask for."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from merge_sync._json import Json, expect, maybe_read_instant, read_instant, whole
from merge_sync.readiness import AccountReadiness, read_account_readiness
from merge_sync.types import Account, LinkState, ModelStatus, read_account, read_model_status
from merge_sync.window import Progress, Span, read_progress, read_span


class TroubleKind(StrEnum):
    """What kind of trouble."""

    REAUTHORIZE = "reauthorize"
    DROP_REQUEST = "drop-request"
    PARK = "park"
    RETRYING = "retrying"
    """A failure that is being retried."""
    INITIAL_SYNC = "initial-sync"
    """Merge's initial sync of some needed model ended badly."""
    HELD_SWEEP = "held-sweep"
    """A full re-read found so many records missing that none was marked deleted. Ends with a second
    full re-read that agrees, or with `ApproveDeletions`."""
    INCOMPLETE = "incomplete"
    """Some records cannot be read: part of a list was given up. Ends with the next complete full
    re-read."""
    UNREADABLE = "unreadable"
    """A field of `/sync-status` cannot be read, so it is not known whether there is something
    new."""
    NO_KEY = "no-key"
    """Records without a key, or that are not JSON, cannot be stored."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """Trouble with one account."""

    kind: TroubleKind
    since: datetime
    text: str
    """One sentence for people."""


@dataclass(frozen=True, slots=True)
class Report:
    """What one run did."""

    polled: bool
    """Whether `/sync-status` was read."""
    windows: int
    """Windows completed."""
    rows: int
    """Rows committed."""
    wake_at: datetime | None
    """When to run again; as committed to the store."""
    trouble: Trouble | None


@dataclass(frozen=True, slots=True)
class HeldSweep:
    """A full re-read found so many records missing that none was marked deleted."""

    reread: int
    """The number of the first full re-read that found them missing (`pass` in the contract)."""
    unseen: int
    """Live records that it did not find."""
    live: int
    """Live records."""


@dataclass(frozen=True, slots=True)
class ModelView:
    """One model, for a page or a support person."""

    status: ModelStatus
    progress: Progress
    window: Span | None
    """The window being read, if any."""
    trouble: Trouble | None
    """What is wrong with this model alone."""
    held_sweep: HeldSweep | None
    """A sweep that waits for a second full re-read or for approval."""
    page_size: int
    """Rows a page, as its next request asks for them: 1 to 100."""
    without_key: int
    """Records of its latest read that have no key (see `types.Row.id`)."""
    unreadable_records: int
    """Records of its latest read that are not JSON objects."""


@dataclass(frozen=True, slots=True)
class View:
    """One account, for a page or a support person."""

    account: Account
    linked_at: datetime
    readiness: AccountReadiness
    models: tuple[ModelView, ...]
    trouble: Trouble | None
    issues: tuple[str, ...]
    """Merge's newest issue texts, newest first, at most five."""
    paused: bool
    link: LinkState
    wake_at: datetime | None


class Command(StrEnum):
    """What an operator can ask for."""

    POLL = "poll"
    """Read `/sync-status` now."""
    REREAD = "reread"
    """Read every model whole, now."""
    PAUSE = "pause"
    """Do nothing until `resume`. Webhooks are still taken in."""
    RESUME = "resume"
    UNLINK = "unlink"
    """Forget the account: its token is erased, its rows are kept. Notes that were kept before do
    not bring it back."""
    RESET = "reset"
    """Start over from an empty state. Rows and token are kept."""


@dataclass(frozen=True, slots=True)
class RereadModel:
    """Read this model whole, now."""

    model_id: str


@dataclass(frozen=True, slots=True)
class ApproveDeletions:
    """Carry out a held sweep: the records that a full re-read did not find are deleted."""

    model_id: str
    reread: int
    """As in `HeldSweep`: an approval of another re-read does nothing."""


def write_command(command: Command | RereadModel | ApproveDeletions) -> Json:
    """Write what an operator asks for."""
    match command:
        case RereadModel(model_id):
            return {"tag": "reread-model", "value": model_id}
        case ApproveDeletions(model_id, reread):
            value = {"model_id": model_id, "pass": whole(reread, "command.reread")}
            return {"tag": "approve-deletions", "value": value}
    return {"tag": expect(command, str, "command")}


def _read_trouble(found: Json | None) -> Trouble | None:
    if found is None:
        return None
    return Trouble(TroubleKind(found["kind"]), read_instant(found["since"]), found["text"])


def _read_held_sweep(found: Json) -> HeldSweep:
    return HeldSweep(int(found["pass"]), int(found["unseen"]), int(found["live"]))


def read_report(found: Json) -> Report:
    """Read what a run did."""
    return Report(
        found["polled"],
        found["windows"],
        int(found["rows"]),
        maybe_read_instant(found["wake_at"]),
        _read_trouble(found["trouble"]),
    )


def read_view(found: Json) -> View:
    """Read what people see of an account."""
    models = tuple(
        ModelView(
            read_model_status(model["status"]),
            read_progress(model["progress"]),
            model["window"] and read_span(model["window"]),
            _read_trouble(model["trouble"]),
            model["held_sweep"] and _read_held_sweep(model["held_sweep"]),
            model["page_size"],
            int(model["without_key"]),
            int(model["unreadable_records"]),
        )
        for model in found["models"]
    )
    return View(
        account=read_account(found["account"]),
        linked_at=read_instant(found["linked_at"]),
        readiness=read_account_readiness(found["readiness"]),
        models=models,
        trouble=_read_trouble(found["trouble"]),
        issues=tuple(found["issues"]),
        paused=found["paused"],
        link=LinkState(found["link"]),
        wake_at=maybe_read_instant(found["wake_at"]),
    )
