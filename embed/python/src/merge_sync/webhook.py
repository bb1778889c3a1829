"""What did Merge just tell us, and what do we answer?"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

from merge_sync._component import shared
from merge_sync._json import Json, loads, maybe_read_instant
from merge_sync.errors import ComponentError
from merge_sync.signature import (
    Authentic,
    Refusal,
    Refused,
    read_authentic,
    read_refused,
    signed_body,
)
from merge_sync.types import Account, ModelStatus, read_account, read_model_status


@dataclass(frozen=True, slots=True)
class Linked:
    """`LinkedAccount.linked`: the only event that carries the account token."""

    account: Account
    account_token: str = field(repr=False)
    """The secret to send as `X-Account-Token`."""
    is_relink: bool
    """Whether the end user authenticated an account that was linked before."""
    completed_at: datetime | None
    """When the end user completed this link, Merge's clock; `None` where not sent. Deliveries come
    in any order: of two links, the token of the one completed later is the one that counts."""


@dataclass(frozen=True, slots=True)
class Synced:
    """`LinkedAccount.sync_completed` or `<Model>.synced`, or a hint to poll.

    A hint, without a model, is any other event that names a linked account
    (`LinkedAccount.synced`, `employee.updated`, events unknown today). Names of events compare
    without regard to case.
    """

    account: Account
    is_initial_sync: bool | None
    """The account's flag in `sync_completed`, the model's in `<Model>.synced`."""
    models: tuple[ModelStatus, ...]
    """One entry a model named, in model-id order. Empty where the payload names no model well
    enough to act on: then poll."""


@dataclass(frozen=True, slots=True)
class RecordChanged:
    """`<Model>.added`, `.changed` or `.removed`."""

    account: Account
    model_id: str | None
    """`None` where the event's model is not in the endpoint table."""
    record_id: str | None
    """Merge's id of the record; `None` where not sent."""


@dataclass(frozen=True, slots=True)
class IssueChanged:
    """`Issue.*`, a hint.

    It may tell of an issue that is solved: what is wrong now is what `/issues` says.
    """

    account: Account | None
    description: str
    """Merge's words for people or, without any, the first of its details; may be empty."""


@dataclass(frozen=True, slots=True)
class Unlinked:
    """`LinkedAccount.deleted`."""

    account: Account


@dataclass(frozen=True, slots=True)
class Ignored:
    """An event that asks nothing of us.

    It names no account, is what came of a request of your own (`AsyncPassthrough.*`), or is
    Merge's test ping.
    """

    reason: str
    """Why, for a log."""


Event: TypeAlias = Linked | Synced | RecordChanged | IssueChanged | Unlinked | Ignored
"""What a verified body says."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """A trusted body and what it says."""

    authentic: Authentic
    name: str
    """Merge's name of the event, for example `Employee.synced`; empty for the ping."""
    event: Event


@dataclass(frozen=True, slots=True)
class Malformed:
    """A trusted body that is not a Merge webhook."""

    authentic: Authentic
    problem: str
    """What and where, for a log."""


Outcome: TypeAlias = Accepted | Refused | Malformed
"""What came of a delivery."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What to send back."""

    status: int
    """200, 401 or 500."""
    body: str
    """A JSON document."""


@dataclass(frozen=True, slots=True)
class Handling:
    """A delivery, handled."""

    reply: Reply
    """The reply once the outcome is durable. Where it cannot be made so within five seconds,
    answer `NOT_DURABLE` instead, so that Merge sends it again."""
    outcome: Outcome


NOT_DURABLE = Reply(500, '{"error": "Processing error"}')
"""The reply where what a webhook says could not be kept."""

NOT_TEXT = Reply(401, '{"error": "Invalid signature"}')
"""The reply to a body that is not UTF-8: no signature of Merge's is over such a body."""


def handle(body: bytes, signatures: Iterable[str], keys: Iterable[str]) -> Handling:
    """Verify the raw body of a request, then parse it, then choose the reply.

    `signatures` are all values of the header `X-Merge-Webhook-Signature`, in order; `keys` the
    signing keys to try, newest first.
    """
    text = signed_body(body, signatures, keys)
    if text is None:
        return Handling(NOT_TEXT, Refused(Refusal.MISMATCH))
    found = loads(shared().call("webhook.handle", text))
    return Handling(read_reply(found["reply"]), _read_outcome(found["outcome"]))


def read_reply(found: Json) -> Reply:
    """Read a reply."""
    return Reply(found["status"], found["body"])


def _read_outcome(found: Json) -> Outcome:
    value = found["value"]
    match found["tag"]:
        case "accepted":
            return Accepted(
                read_authentic(value["authentic"]), value["name"], _read_event(value["event"])
            )
        case "refused":
            return read_refused(value)
        case _:
            return Malformed(read_authentic(value["authentic"]), value["problem"]["message"])


def _read_event(found: Json) -> Event:
    tag, value = found["tag"], found["value"]
    if tag == "ignored":
        return Ignored(value["reason"])
    if tag == "issue-changed":
        account = value["account"]
        return IssueChanged(account and read_account(account), value["description"])
    account = read_account(value["account"])
    match tag:
        case "linked":
            completed = maybe_read_instant(value["completed_at"])
            return Linked(account, value["account_token"], value["is_relink"], completed)
        case "synced":
            models = tuple(map(read_model_status, value["models"]))
            return Synced(account, value["is_initial_sync"], models)
        case "record-changed":
            return RecordChanged(account, value["model_id"], value["record_id"])
        case "unlinked":
            return Unlinked(account)
        case _:
            raise ComponentError(f"webhook.handle: the component knows an event `{tag}`")
