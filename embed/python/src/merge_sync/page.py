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
    without_key: int
    """Records left out because they have no key (see `types.Row.id`)."""
    unreadable: int
    """Records left out because they are not JSON objects."""


def parse(model_id: str, body: str) -> Contents:
    """Read one page of the list endpoint of `model_id`.

    A record that cannot be stored is left out and counted, wherever the rest of the page can be
    read: show the counts to somebody. A byte-order mark before the body is skipped. Raises
    `InputError` where the body is no page.
    """
    facts = {
        "model_id": expect(model_id, str, "model_id"),
        "body": expect(body, str, "body"),
    }
    found = ask("page.parse", facts)
    return Contents(
        tuple(map(read_row, found["rows"])),
        found["next"],
        found["without_key"],
        found["unreadable"],
    )
