"""Between Python's values and the JSON of the component.

What the component checks is not checked here: it names the field at fault better. Checked is
only what JSON has no form for.
"""

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from json.encoder import encode_basestring
from typing import Any, TypeVar

from merge_sync._component import shared
from merge_sync.errors import InputError

Json = dict[str, Any]
"""An object of the component's answer. Its shape is that of the contract."""

T = TypeVar("T")

_encoder = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))
quoted = encode_basestring
"""Write one text. Of the encoder's own ways to write a list, this is a third of the cost."""
loads = json.loads


def ask(operation: str, facts: Json) -> Any:  # noqa: ANN401 (of any shape)
    """Do an operation, and answer its parsed output."""
    try:
        text = _encoder.encode(facts)
    except (TypeError, ValueError, RecursionError) as error:
        raise InputError(f"{operation}: {error}") from None
    return loads(shared().call(operation, text))


def expect(value: object, kind: type[T], field: str) -> T:
    """Answer `value`, which must be a `kind`."""
    if not isinstance(value, kind):
        raise InputError(f"{field}: expected {kind.__name__}, found {type(value).__name__}")
    return value


def texts(values: Iterable[str], field: str) -> list[str]:
    """Answer a list of texts. A single text is a list of its letters only by accident."""
    if isinstance(values, str | bytes) or not isinstance(values, Iterable):
        raise InputError(f"{field}: expected a list of texts, found {type(values).__name__}")
    found = list(values)
    for number, value in enumerate(found):
        expect(value, str, f"{field}[{number}]")
    return found


def instant(value: datetime, field: str) -> str:
    """Write an instant, which must say its zone."""
    expect(value, datetime, field)
    if value.utcoffset() is None:
        raise InputError(
            f"{field}: {value.isoformat()} has no time zone; expected one, such as UTC"
        )
    try:
        return value.astimezone(UTC).isoformat()
    except OverflowError:
        raise InputError(
            f"{field}: {value.isoformat()} is outside the years 1 to 9999 in UTC"
        ) from None


def maybe_instant(value: datetime | None, field: str) -> str | None:
    """Write an instant that may be absent."""
    return None if value is None else instant(value, field)


read_instant = datetime.fromisoformat
"""Read an instant of the component, in UTC."""


def maybe_read_instant(text: str | None) -> datetime | None:
    """Read an instant that may be absent."""
    return None if text is None else datetime.fromisoformat(text)


_MILLISECOND = timedelta(milliseconds=1)


def milliseconds(value: timedelta, field: str) -> int:
    """Write a span: whole milliseconds, not negative."""
    expect(value, timedelta, field)
    whole, rest = divmod(value, _MILLISECOND)
    if whole < 0 or rest:
        raise InputError(f"{field}: {value} is not a span of whole milliseconds from 0")
    return whole


def read_milliseconds(value: int | str) -> timedelta:
    """Read a span."""
    return timedelta(milliseconds=int(value))


def whole(value: int, field: str) -> int | str:
    """Write a whole number of 64 bits."""
    if isinstance(value, bool):
        raise InputError(f"{field}: expected int, found bool")
    return str(expect(value, int, field))
