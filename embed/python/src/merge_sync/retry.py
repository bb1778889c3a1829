"""A request came back. Is it over, and if not, when again?"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TypeAlias

from merge_sync._json import Json, ask, expect, instant, milliseconds, read_milliseconds, whole


@dataclass(frozen=True, slots=True)
class Response:
    """The parts of a response that matter here."""

    status: int
    retry_after: str | None = None
    """`Retry-After` as sent: seconds, a fraction rounded up, or an HTTP date in any of its three
    forms; of a list the longest counts. Unreadable on a 429 or 503 it counts as a minute, and
    more than 24 hours as one hour."""
    date: str | None = None
    """`Date` as sent: the base for a `Retry-After` date."""


@dataclass(frozen=True, slots=True)
class Transport:
    """No response: refused, reset, unresolved, bad TLS."""

    message: str
    """For a log."""


@dataclass(frozen=True, slots=True)
class TimedOut:
    """No response within the time allowed."""


@dataclass(frozen=True, slots=True)
class TooLarge:
    """A response whose body is over the host's limit."""


@dataclass(frozen=True, slots=True)
class Unusable:
    """A success whose body cannot be used."""

    message: str
    """What is wrong with it, for a log."""


@dataclass(frozen=True, slots=True)
class StaleCursor:
    """A 400, 404 or 410 to a request with a cursor: Merge no longer knows it."""


@dataclass(frozen=True, slots=True)
class NoToken:
    """Nothing was sent, since no usable token of this account is stored."""


Attempt: TypeAlias = Response | Transport | TimedOut | TooLarge | Unusable | StaleCursor | NoToken
"""What a request met."""


@dataclass(frozen=True, slots=True)
class Policy:
    """Bounds on the patience."""

    base: timedelta = timedelta(seconds=1)
    """First delay after a transient failure."""
    throttled_base: timedelta = timedelta(seconds=10)
    """First delay after a 429 that names none."""
    cap: timedelta = timedelta(minutes=10)
    """No computed delay is longer."""
    max_attempts: int = 8
    """After this many attempts in a row, give up for now: `Remedy.PARK`."""


@dataclass(frozen=True, slots=True)
class Succeeded:
    """It is over: 2xx."""


@dataclass(frozen=True, slots=True)
class Again:
    """Try again."""

    after: timedelta
    """Never less than the server asked for, up to 24 hours."""
    reason: str
    """One sentence for people."""


class Remedy(StrEnum):
    """Who can end this failure."""

    REAUTHORIZE = "reauthorize"
    """Merge does not accept the API key or this account's token: the operator if other accounts
    fail too, else the end user by a relink."""
    DROP_REQUEST = "drop-request"
    """The request is wrong, or the model has no such endpoint."""
    PARK = "park"
    """Refused, or tried too often in a row: give up until the regular poll."""


@dataclass(frozen=True, slots=True)
class Stop:
    """Stop trying."""

    remedy: Remedy
    not_before: timedelta | None
    """What the server asked for, where it did: the regular poll waits for it too."""
    reason: str
    """One sentence for people."""


Decision: TypeAlias = Succeeded | Again | Stop
"""The answer."""


def decide(
    outcome: Attempt, *, attempt: int, now: datetime, seed: int, policy: Policy | None = None
) -> Decision:
    """Decide.

    `attempt` counts the attempts made in a row, this one included. `seed`, a whole number of
    64 bits, chooses the jitter: equal seeds give equal answers.
    """
    policy = Policy() if policy is None else expect(policy, Policy, "policy")
    facts = {
        "outcome": _write_attempt(outcome),
        "attempt": attempt,
        "now": instant(now, "now"),
        "seed": whole(seed, "seed"),
        "policy": {
            "base": milliseconds(policy.base, "policy.base"),
            "throttled_base": milliseconds(policy.throttled_base, "policy.throttled_base"),
            "cap": milliseconds(policy.cap, "policy.cap"),
            "max_attempts": policy.max_attempts,
        },
    }
    found = ask("retry.decide", facts)
    if found["tag"] == "succeeded":
        return Succeeded()
    value = found["value"]
    if found["tag"] == "again":
        return Again(read_milliseconds(value["after"]), value["reason"])
    not_before = value["not_before"]
    return Stop(
        Remedy(value["remedy"]),
        None if not_before is None else read_milliseconds(not_before),
        value["reason"],
    )


_TAGS: dict[type, str] = {
    Transport: "transport",
    TimedOut: "timed-out",
    TooLarge: "too-large",
    Unusable: "unusable",
    StaleCursor: "stale-cursor",
    NoToken: "no-token",
}


def _write_attempt(outcome: Attempt) -> Json:
    tag = _TAGS.get(type(outcome))
    if tag is None:
        expect(outcome, Response, "outcome")
        value = {name: getattr(outcome, name) for name in Response.__slots__}
        return {"tag": "response", "value": value}
    if isinstance(outcome, Transport | Unusable):
        return {"tag": tag, "value": {"message": outcome.message}}
    return {"tag": tag}
