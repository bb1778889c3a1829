"""Every vector again, through the typed functions: what goes in and what comes out is the same.

The vectors' JSON is turned into this package's values by the code below, which knows nothing of
the package's own conversion, and the answers are turned back. Left out are inputs that no typed
value can be made of; which they are is asserted.
"""

from collections.abc import Callable
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

import pytest

from merge_sync import cadence, meta, page, readiness, retry, signature, webhook, window
from merge_sync.errors import InputError
from merge_sync.types import ModelStatus, State, SyncState, UnknownState
from merge_sync_driver import vectors
from support import VECTORS

LONGEST = timedelta.max // timedelta(milliseconds=1)


class UntypedError(Exception):
    """No typed value can be made of it."""


def _instant(text: str | None) -> datetime | None:
    if text is None:
        return None
    if not isinstance(text, str):
        raise UntypedError
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise UntypedError from None
    # The contract reads an instant without a zone as UTC; in Python somebody says so.
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found


def _sure(text: str | None) -> datetime:
    found = _instant(text)
    if found is None:
        raise UntypedError
    return found


def _span(value: object) -> timedelta:
    if isinstance(value, str):
        value = int(value)
    if not isinstance(value, int) or not 0 <= value <= LONGEST:
        raise UntypedError
    return timedelta(milliseconds=value)


def _state(found: dict[str, Any] | None) -> State | None:
    if found is None:
        return None
    if found["tag"] == "unknown":
        return UnknownState(**found["value"])
    try:
        return SyncState(found["tag"])
    except ValueError:
        raise UntypedError from None


INSTANTS = ("last_sync_start", "next_sync_start", "last_sync_finished", "data_fresh_as_of")


def _status(found: dict[str, Any]) -> ModelStatus:
    given = dict(found)
    for name in ("status", "last_sync_result"):
        given[name] = _state(given.get(name))
    for name in INSTANTS:
        given[name] = _instant(given.get(name))
    return ModelStatus(**given)


def _progress(found: dict[str, Any]) -> window.Progress:
    return window.Progress(**{name: _instant(text) for name, text in found.items()})


def _evaluate(given: dict[str, Any]) -> object:
    given = {**given, "statuses": [_status(status) for status in given["statuses"]]}
    statuses = given.pop("statuses")
    return readiness.evaluate(
        statuses, **{**given, "partial": readiness.PartialPolicy(given["partial"])}
    )


def _next_window(given: dict[str, Any]) -> object:
    plan = window.next(
        _status(given.pop("status")),
        _progress(given.pop("progress")),
        rule=window.Rule(given.pop("rule")),
        overlap=_span(given.pop("overlap")),
        **given,
    )
    return Tagged("fetch" if isinstance(plan, window.Span) else "skip", plan)


def _advance(given: dict[str, Any]) -> object:
    span = dict(given.pop("span"))
    return window.advance(
        _progress(given.pop("progress")),
        window.Span(
            _instant(span.pop("after", None)),
            _instant(span.pop("before", None)),
            _sure(span.pop("watermark", None)),
            **span,
        ),
        started_at=_sure(given.pop("started_at", None)),
        ended_at=_sure(given.pop("ended_at", None)),
        **given,
    )


def _locate(given: dict[str, Any]) -> object:
    found = window.locate(**given)
    return Tagged("listed", found) if isinstance(found, window.Listed) else Tagged(found.value)


def _next_poll(given: dict[str, Any]) -> object:
    policy = dict(given.pop("policy"))
    net = _span(policy.pop("safety_net"))
    paces = {
        name: cadence.Interval(_span(pace["shortest"]), _span(pace["longest"]))
        for name, pace in policy.items()
    }
    if len(paces) != 5:
        raise UntypedError
    return cadence.next(
        [_status(status) for status in given.pop("statuses")],
        linked_at=_sure(given.pop("linked_at")),
        now=_sure(given.pop("now")),
        seed=_seed(given.pop("seed")),
        policy=cadence.Policy(**paces, safety_net=net),
        **given,
    )


def _seed(value: int | str) -> int:
    try:
        return int(value)
    except ValueError:
        raise UntypedError from None


def _decide(given: dict[str, Any]) -> object:
    policy = dict(given.pop("policy"))
    most = policy.pop("max_attempts")
    outcome = given.pop("outcome")
    kinds: dict[str, Callable[..., retry.Attempt]] = {
        "response": retry.Response,
        "transport": retry.Transport,
        "timed-out": retry.TimedOut,
        "too-large": retry.TooLarge,
        "unusable": retry.Unusable,
        "stale-cursor": retry.StaleCursor,
        "no-token": retry.NoToken,
    }
    decision = retry.decide(
        kinds[outcome["tag"]](**outcome.get("value", {})),
        now=_sure(given.pop("now")),
        seed=_seed(given.pop("seed")),
        policy=retry.Policy(**{n: _span(v) for n, v in policy.items()}, max_attempts=most),
        **given,
    )
    match decision:
        case retry.Succeeded():
            return Tagged("succeeded")
        case retry.Again():
            return Tagged("again", decision)
        case retry.Stop():
            return Tagged("stop", decision)


def _delivery(given: dict[str, Any]) -> dict[str, Any]:
    return {**given, "body": given["body"].encode()}


def _verify(given: dict[str, Any]) -> object:
    found = signature.verify(**_delivery(given))
    return Tagged("authentic" if isinstance(found, signature.Authentic) else "refused", found)


def _handle(given: dict[str, Any]) -> object:
    return webhook.handle(**_delivery(given))


FUNCTIONS: dict[str, Callable[[dict[str, Any]], object]] = {
    "cadence.next": _next_poll,
    "meta.version": lambda given: meta.version(**given),
    "page.parse": lambda given: page.parse(**given),
    "readiness.evaluate": _evaluate,
    "readiness.parse-status": lambda given: readiness.parse_status(**given),
    "retry.decide": _decide,
    "signature.verify": _verify,
    "webhook.handle": _handle,
    "window.advance": _advance,
    "window.locate": _locate,
    "window.next": _next_window,
}


class Tagged:
    """A case of a variant."""

    def __init__(self, tag: str, value: object = None) -> None:
        self.tag, self.value = tag, value


VARIANTS = (
    webhook.Accepted,
    webhook.Malformed,
    webhook.Linked,
    webhook.Synced,
    webhook.RecordChanged,
    webhook.IssueChanged,
    webhook.Unlinked,
    webhook.Ignored,
    signature.Refused,
)


def _back(value: object, *, inside: bool = True) -> Any:
    """Write a value of this package in the contract's form."""
    match value:
        case Tagged():
            rest = {} if value.value is None else {"value": _back(value.value, inside=False)}
            return {"tag": value.tag, **rest}
        case SyncState():
            return {"tag": value.value}
        case UnknownState():
            return {"tag": "unknown", "value": {"text": value.text}}
        case StrEnum():
            return value.value
        case datetime():
            assert value.utcoffset() == timedelta()
            return value.isoformat().replace("+00:00", "Z")
        case timedelta():
            whole = value // timedelta(milliseconds=1)
            return whole if whole <= 1 << 53 else str(whole)
        case tuple():
            return [_back(each) for each in value]
    if is_dataclass(value):
        names = [each.name for each in fields(value)]
        found = {name: _back(getattr(value, name)) for name in names}
        if isinstance(value, webhook.Malformed):
            found["problem"] = {"message": value.problem}
        if inside and isinstance(value, VARIANTS):
            return {"tag": _tag(type(value).__name__), "value": found}
        return found
    return value


def _tag(name: str) -> str:
    return "".join(f"-{c.lower()}" if c.isupper() else c for c in name).removeprefix("-")


def _answer(vector: dict[str, Any]) -> Any:
    try:
        # What is no argument of the function cannot be passed to it.
        found = FUNCTIONS[vector["operation"]](dict(vector["input"]))
    except InputError as error:
        return {"error": str(error)}
    return _back(found)


ALL = list(vectors.read(VECTORS))
GOOD = [vector for vector in ALL if "error" not in vector["output"]]
BAD = [vector for vector in ALL if "error" in vector["output"]]


@pytest.mark.parametrize("vector", GOOD, ids=[vector["id"] for vector in GOOD])
def test_good_input(vector: dict[str, Any]) -> None:
    try:
        found = _answer(vector)
    except UntypedError:
        assert vector["id"] in UNTYPED
    else:
        assert found == vector["output"]
        assert vector["id"] not in UNTYPED


# An argument that is missing there has a default here.
OPTIONAL = {"evaluate-error-missing-list"}


@pytest.mark.parametrize("vector", BAD, ids=[vector["id"] for vector in BAD])
def test_bad_input(vector: dict[str, Any]) -> None:
    """What can be said at all is refused, and in the contract's words where it says them."""
    try:
        found = _answer(vector)
    except (UntypedError, TypeError, KeyError, ValueError, AttributeError):
        # No such value, or no such argument: Python itself, or its type checker, refuses.
        return
    assert (set(found) == {"error"}) != (vector["id"] in OPTIONAL)


# Spans beyond what a `timedelta` holds, some two million years.
UNTYPED = {
    "cadence-2-to-the-53",
    "cadence-beyond-2-to-the-53",
    "cadence-2-to-the-64",
    "retry-draw-whole-range",
    "window-huge-overlap",
}
