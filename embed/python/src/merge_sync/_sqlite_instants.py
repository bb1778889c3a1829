"""Instants as the tables of the SQLite store have them: microseconds since 1970."""

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def micros(at: datetime) -> int:
    """Answer an instant as the tables have it."""
    return (at - _EPOCH) // _MICROSECOND


def maybe_micros(at: datetime | None) -> int | None:
    """Answer an instant as the tables have it, where there is one."""
    return None if at is None else micros(at)


def instant(since: int) -> datetime:
    """Answer the instant that the tables have."""
    return _EPOCH + timedelta(microseconds=since)
