"""What the decisions share: accounts, the states of syncs, what Merge says of a model, records."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias

from merge_sync._json import (
    Json,
    expect,
    maybe_instant,
    maybe_read_instant,
    read_instant,
    texts,
)


@dataclass(frozen=True, slots=True)
class Account:
    """A linked account, as far as the source names it. An empty text is "not said"."""

    id: str
    """Merge's id of the linked account."""
    category: str = ""
    """`hris`, `ats`, `crm`, `accounting`, `ticketing`, `filestorage`, ..."""
    integration: str = ""
    """Display name of the integration, for example `Azure DevOps`."""
    integration_slug: str = ""
    end_user_origin_id: str = ""
    """The product's own id for its customer. May be empty, and is not unique."""
    organization_name: str = ""
    """The customer's name."""
    link_status: str = ""
    """State of the link, not of any sync: `COMPLETE`, `RELINK_NEEDED`, ..."""
    account_type: str = ""
    """`PRODUCTION` or `TEST`. A test account syncs once, and then only by hand."""
    is_duplicate: bool | None = None
    """Whether Merge takes it for a second link of the same customer's system; `None` where not
    said, as for test accounts."""


class LinkState(StrEnum):
    """Whether Merge still has access to the customer's system."""

    ACTIVE = "active"
    """As far as is known."""
    RELINK_NEEDED = "relink-needed"
    """Merge needs the end user to link the account again. Its data stays readable."""
    UNLINKED = "unlinked"
    """Merge deleted the account, or an operator unlinked it. Its rows are kept."""


class SyncState(StrEnum):
    """The state of one model's sync, as `/sync-status` and webhooks name it."""

    SYNCING = "syncing"
    """Running or queued."""
    DONE = "done"
    """The last sync finished with nothing missing."""
    PARTIALLY_SYNCED = "partially-synced"
    """The last sync finished; at least one field could not be read."""
    FAILED = "failed"
    """The last sync read nothing."""
    DISABLED = "disabled"
    """The model, or its scope, is switched off."""
    PAUSED = "paused"
    """Merge stopped syncing this account until it sees traffic or a relink."""


@dataclass(frozen=True, slots=True)
class UnknownState:
    """A state that Merge may send and this version does not know. Says nothing by itself."""

    text: str
    """As Merge sent it."""


State: TypeAlias = SyncState | UnknownState
"""A known state, or another one."""


@dataclass(frozen=True, slots=True)
class ModelStatus:
    """What Merge says of one model: a row of `/sync-status`, or what a webhook carries of it."""

    model_id: str
    model_name: str = ""
    """Name for people; empty where not sent."""
    status: State | None = None
    """Merge's current state. `None` where the source carries only a result."""
    is_initial_sync: bool | None = None
    """Whether Merge still counts this as the model's initial sync."""
    last_sync_start: datetime | None = None
    """Start of the latest attempt, Merge's clock."""
    next_sync_start: datetime | None = None
    """Planned start of the next attempt, Merge's clock."""
    last_sync_result: State | None = None
    """How the latest finished attempt ended."""
    last_sync_finished: datetime | None = None
    """When the latest finished attempt ended, Merge's clock. It may belong to an earlier attempt
    than `last_sync_start`."""
    status_reason: str = ""
    """Why a running sync takes long; empty where not sent."""
    data_fresh_as_of: datetime | None = None
    """Up to when Merge vouches for its data, Merge's clock."""
    synced_fields: tuple[str, ...] = ()
    """The fields that a partial sync brought, as Merge names them; empty where not sent."""
    unreadable: tuple[str, ...] = ()
    """Fields above that were sent and could not be read, by Merge's names, in order and once each.
    They count as absent, but not as "there is nothing"."""


@dataclass(frozen=True, slots=True)
class Row:
    """A record of a common model."""

    id: str
    """The record's key within its model: Merge's id of the record; for a model without one
    (`ats.Tag`) the JSON array `["<remote_id>","<name>"]`, null where absent."""
    remote_id: str | None
    """The third party's id; `None` where not sent."""
    modified_at: datetime | None
    """When Merge last changed its copy, Merge's clock."""
    deleted: bool
    """Whether the third party deleted it."""
    json: str
    """The record: the very text that Merge sent for it."""


_STATES = {state.value: state for state in SyncState}


def read_account(found: Json) -> Account:
    """Read an account."""
    return Account(
        found["id"],
        found["category"],
        found["integration"],
        found["integration_slug"],
        found["end_user_origin_id"],
        found["organization_name"],
        found["link_status"],
        found["account_type"],
        found["is_duplicate"],
    )


def write_account(account: Account, field: str) -> Json:
    """Write an account."""
    expect(account, Account, field)
    return {name: getattr(account, name) for name in Account.__slots__}


def read_state(found: Json) -> State:
    """Read a state."""
    return _STATES.get(found["tag"]) or UnknownState(found["value"]["text"])


def write_state(state: State | None, field: str) -> Json | None:
    """Write a state that may be absent."""
    match state:
        case None:
            return None
        case UnknownState(text):
            return {"tag": "unknown", "value": {"text": text}}
        case SyncState():
            return {"tag": state.value}
    return {"tag": expect(state, SyncState, field)}


def read_model_status(found: Json) -> ModelStatus:
    """Read what Merge says of one model."""
    # A webhook names up to forty of them, and most fields are absent: no call for those.
    status, result = found["status"], found["last_sync_result"]
    start, following = found["last_sync_start"], found["next_sync_start"]
    finished, fresh = found["last_sync_finished"], found["data_fresh_as_of"]
    return ModelStatus(
        found["model_id"],
        found["model_name"],
        status and read_state(status),
        found["is_initial_sync"],
        start and read_instant(start),
        following and read_instant(following),
        result and read_state(result),
        finished and read_instant(finished),
        found["status_reason"],
        fresh and read_instant(fresh),
        tuple(found["synced_fields"]),
        tuple(found["unreadable"]),
    )


def write_model_status(status: ModelStatus, field: str) -> Json:
    """Write what Merge says of one model."""
    expect(status, ModelStatus, field)
    return {
        "model_id": status.model_id,
        "model_name": status.model_name,
        "status": write_state(status.status, f"{field}.status"),
        "is_initial_sync": status.is_initial_sync,
        "last_sync_start": maybe_instant(status.last_sync_start, f"{field}.last_sync_start"),
        "next_sync_start": maybe_instant(status.next_sync_start, f"{field}.next_sync_start"),
        "last_sync_result": write_state(status.last_sync_result, f"{field}.last_sync_result"),
        "last_sync_finished": maybe_instant(
            status.last_sync_finished, f"{field}.last_sync_finished"
        ),
        "status_reason": status.status_reason,
        "data_fresh_as_of": maybe_instant(status.data_fresh_as_of, f"{field}.data_fresh_as_of"),
        "synced_fields": texts(status.synced_fields, f"{field}.synced_fields"),
        "unreadable": texts(status.unreadable, f"{field}.unreadable"),
    }


def read_row(found: Json) -> Row:
    """Read a record."""
    return Row(
        found["id"],
        found["remote_id"],
        maybe_read_instant(found["modified_at"]),
        found["deleted"],
        found["json"],
    )
