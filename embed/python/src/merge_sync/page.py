"""What does a page of records hold?"""

from dataclasses import dataclass

from merge_sync._json import ask, expect
from merge_sync.types import Row, read_row


@dataclass(frozen=True, slots=True)
class Contents:
    """A page."""

    rows: tuple[Row, ...]
    """In Merge's order."""
    next: str | None
    """The `cursor` of the next page, also where Merge sent a URL; `None` on the last."""


def parse(body: str) -> Contents:
    """Read one page of a list endpoint.

    Raises `InputError` where it is none; a row without an id makes the page none.
    """
    found = ask("page.parse", {"body": expect(body, str, "body")})
    return Contents(tuple(map(read_row, found["rows"])), found["next"])
