"""May the product use this account's data yet?"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from merge_sync._json import Json, ask, expect, texts
from merge_sync.errors import InputError
from merge_sync.types import ModelStatus, read_model_status, write_model_status


class PartialPolicy(StrEnum):
    """What to do with a model whose initial sync ended incomplete."""

    STRICT = "strict"
    """Wait: only `DONE`, or the end of the initial sync, is ready."""
    ACCEPT_PARTIAL = "accept-partial"
    """Take `PARTIALLY_SYNCED` as ready."""


class Phase(StrEnum):
    """Where one model stands."""

    DISABLED = "disabled"
    """Switched off."""
    SYNCING = "syncing"
    """Its initial sync is running, or has not been heard of."""
    READY = "ready"
    """Its data may be read."""
    NEEDS_ATTENTION = "needs-attention"
    """Its initial sync ended failed, paused, or partial under `strict`."""


class AccountPhase(StrEnum):
    """Where the account stands."""

    UNKNOWN = "unknown"
    """No complete read yet, or Merge names no enabled model."""
    SYNCING = "syncing"
    """At least one needed model is syncing."""
    NEEDS_ATTENTION = "needs-attention"
    """No needed model is syncing and at least one needs attention."""
    READY = "ready"
    """Every needed model is ready."""


@dataclass(frozen=True, slots=True)
class ModelReadiness:
    """One model."""

    model_id: str
    phase: Phase
    reason: str
    """One sentence for people."""


@dataclass(frozen=True, slots=True)
class AccountReadiness:
    """The answer."""

    phase: AccountPhase
    needed: int
    """Needed models."""
    ready: int
    """Needed models that are ready."""
    attention: int
    """Needed models that need attention, also while others sync."""
    models: tuple[ModelReadiness, ...]
    """Every model listed or required, in model-id order."""


@dataclass(frozen=True, slots=True)
class StatusPage:
    """A parsed `/sync-status` body, one page."""

    statuses: tuple[ModelStatus, ...]
    next: str | None
    """The `cursor` of the next page; `None` on the last."""


def parse_status(body: str) -> StatusPage:
    """Read one page of `GET /api/{category}/v1/sync-status`.

    Raises `InputError` where it is none.
    """
    found = ask("readiness.parse-status", {"body": expect(body, str, "body")})
    return StatusPage(tuple(map(read_model_status, found["statuses"])), found["next"])


def evaluate(
    statuses: Iterable[ModelStatus],
    *,
    complete: bool,
    required: Iterable[str] = (),
    partial: PartialPolicy = PartialPolicy.STRICT,
    ready_before: Iterable[str] = (),
    was_ready: bool = False,
) -> AccountReadiness:
    """Decide.

    `statuses` is the latest row of each model, and `complete` says whether it covers all pages
    of a `/sync-status` read: rows that came by webhook alone never make an account ready.
    `required` are the models the product needs; empty means every enabled one. `ready_before`
    are the models found ready before, which stay ready; `was_ready` says whether the account
    was found ready before with `required` empty.
    """
    found = ask(
        "readiness.evaluate",
        {
            "statuses": write_statuses(statuses),
            "complete": complete,
            "required": texts(required, "required"),
            "partial": partial,
            "ready_before": texts(ready_before, "ready_before"),
            "was_ready": was_ready,
        },
    )
    return read_account_readiness(found)


def write_statuses(statuses: Iterable[ModelStatus]) -> list[Json]:
    """Write the rows of several models."""
    if not isinstance(statuses, Iterable):
        raise InputError(f"statuses: expected a list, found {type(statuses).__name__}")
    return [
        write_model_status(status, f"statuses[{number}]") for number, status in enumerate(statuses)
    ]


def read_account_readiness(found: Json) -> AccountReadiness:
    """Read where an account stands."""
    models = tuple(
        ModelReadiness(model["model_id"], Phase(model["phase"]), model["reason"])
        for model in found["models"]
    )
    return AccountReadiness(
        AccountPhase(found["phase"]), found["needed"], found["ready"], found["attention"], models
    )
