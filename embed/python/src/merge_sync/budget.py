"""How many requests may be made: a budget for each account, and one that guards them all.

Merge counts the requests of each account by the minute, and blocks an address that was given
more than 20 failing answers within ten seconds. A request in flight counts as if it had failed.
"""

import threading
from collections import deque
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits."""

    requests_per_minute: int = 100
    """Requests of one account within a minute; Merge's smallest plan has 100."""
    failing_answers: int = 15
    """Failing answers within ten seconds, and requests in flight, of all accounts together."""


_WINDOW = timedelta(seconds=61)
"""Merge's minute, and a second for what lies between our sending and its counting."""

_GUARD = timedelta(seconds=10)
"""How long a failing answer counts."""

_IN_FLIGHT = timedelta(milliseconds=250)
"""When to ask again where only requests in flight stand in the way."""

_TIDY_ABOVE = 1024
_FAILING = 400
_THROTTLED = 429


class Budget:
    """The budgets of one program. May be shared by threads."""

    def __init__(self, limits: Limits | None = None) -> None:
        """Make budgets from which nothing has been taken."""
        self._limits = limits or Limits()
        self._lock = threading.Lock()
        self._sent: dict[str, deque[datetime]] = {}
        self._failed: deque[datetime] = deque()
        self._in_flight = 0
        self._tidy_at = _TIDY_ABOVE

    def admit(self, account: str, now: datetime) -> timedelta | None:
        """Take one request out of both budgets, to be settled; or answer how long to wait."""
        with self._lock:
            wait = max(self._guard_room(now), self._account_room(account, now))
            if wait:
                return wait
            self._in_flight += 1
            self._sent.setdefault(account, deque()).append(now)
            return None

    def settle(self, status: int | None, now: datetime) -> None:
        """Note how an admitted request ended; `None` where no answer arrived."""
        with self._lock:
            self._in_flight -= 1
            if status is not None and status >= _FAILING and status != _THROTTLED:
                self._failed.append(now)

    def _guard_room(self, now: datetime) -> timedelta:
        _expire(self._failed, now, _GUARD)
        limit = self._limits.failing_answers
        if len(self._failed) + self._in_flight < limit:
            return timedelta()
        return self._failed[0] + _GUARD - now if len(self._failed) >= limit else _IN_FLIGHT

    def _account_room(self, account: str, now: datetime) -> timedelta:
        if len(self._sent) > self._tidy_at:
            for known in list(self._sent):
                _expire(self._sent[known], now, _WINDOW)
                if not self._sent[known]:
                    del self._sent[known]
            self._tidy_at = max(_TIDY_ABOVE, 2 * len(self._sent))
        sent = self._sent.get(account)
        if sent is None:
            return timedelta()
        _expire(sent, now, _WINDOW)
        if len(sent) < self._limits.requests_per_minute:
            return timedelta()
        return sent[0] + _WINDOW - now


def _expire(instants: deque[datetime], now: datetime, window: timedelta) -> None:
    """Drop what is `window` old, and what lies in the future: the clock was set back."""
    kept = [at for at in instants if at <= now and now - at < window]
    if len(kept) != len(instants):
        instants.clear()
        instants.extend(kept)
