"""When do we ask Merge again?"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from merge_sync._json import Json, ask, expect, instant, milliseconds, read_milliseconds, whole
from merge_sync.readiness import write_statuses
from merge_sync.types import ModelStatus


@dataclass(frozen=True, slots=True)
class Interval:
    """A range of delays. `longest` is at least `shortest`; where not, `shortest` counts."""

    shortest: timedelta
    longest: timedelta


@dataclass(frozen=True, slots=True)
class Policy:
    """How often is often enough."""

    initial_fast: Interval = Interval(timedelta(seconds=15), timedelta(seconds=30))
    """Initial sync, first three minutes."""
    initial_slow: Interval = Interval(timedelta(minutes=1), timedelta(minutes=5))
    """Initial sync after that, growing from the first to the second."""
    frequent: Interval = Interval(timedelta(minutes=5), timedelta(minutes=10))
    """Merge syncs more often than hourly."""
    standard: Interval = Interval(timedelta(minutes=30), timedelta(minutes=60))
    """Merge syncs hourly or less often."""
    unhinted: Interval = Interval(timedelta(minutes=54), timedelta(minutes=60))
    """Nothing tells how often Merge syncs."""
    safety_net: timedelta = timedelta(hours=24)
    """No answer is longer, whatever the intervals say."""


class Pace(StrEnum):
    """Which interval the answer is from."""

    INITIAL_FAST = "initial-fast"
    INITIAL_SLOW = "initial-slow"
    FREQUENT = "frequent"
    STANDARD = "standard"
    UNHINTED = "unhinted"


@dataclass(frozen=True, slots=True)
class NextPoll:
    """The answer."""

    after: timedelta
    pace: Pace


def next(
    statuses: Iterable[ModelStatus],
    *,
    initial: bool,
    linked_at: datetime,
    now: datetime,
    seed: int,
    policy: Policy | None = None,
) -> NextPoll:
    """Decide.

    `initial` says whether some needed model's initial sync is still running. `seed`, a whole
    number of 64 bits, spreads accounts over each interval: equal seeds give equal answers.
    """
    policy = Policy() if policy is None else expect(policy, Policy, "policy")
    intervals = [name for name in Policy.__slots__ if name != "safety_net"]
    written: Json = {
        name: _write_interval(getattr(policy, name), f"policy.{name}") for name in intervals
    }
    written["safety_net"] = milliseconds(policy.safety_net, "policy.safety_net")
    facts = {
        "statuses": write_statuses(statuses),
        "initial": initial,
        "linked_at": instant(linked_at, "linked_at"),
        "now": instant(now, "now"),
        "seed": whole(seed, "seed"),
        "policy": written,
    }
    found = ask("cadence.next", facts)
    return NextPoll(read_milliseconds(found["after"]), Pace(found["pace"]))


def _write_interval(interval: Interval, field: str) -> Json:
    expect(interval, Interval, field)
    return {
        "shortest": milliseconds(interval.shortest, f"{field}.shortest"),
        "longest": milliseconds(interval.longest, f"{field}.longest"),
    }
