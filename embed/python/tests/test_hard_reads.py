"""What is read although a part of it cannot be, and what is not deleted although it is missing."""

import sqlite3
from contextlib import closing

from hosts import Host
from merge_sync.engine import (
    ApproveDeletions,
    Command,
    HeldSweep,
    ModelView,
    Request,
    RereadModel,
    Response,
    TroubleKind,
)
from merge_sync.errors import TooLargeError
from merge_sync.types import LinkState
from support import ACCOUNT, employee, linked_body, webhook_body

MODEL = "hris.Employee"


def model(host: Host) -> ModelView:
    (found,) = host.engine.inspect(ACCOUNT).models
    return found


def deleted(host: Host) -> int:
    with closing(sqlite3.connect(host.file)) as sql:
        found: int = sql.execute("SELECT count(*) FROM records WHERE deleted").fetchone()[0]
        return found


def summary(host: Host) -> tuple[str | None, str, int]:
    with closing(sqlite3.connect(host.file)) as sql:
        found = sql.execute("SELECT trouble, link, skipped FROM linked_accounts").fetchone()
        trouble, link, skipped = found
        return trouble, link, skipped


def missing(host: Host) -> HeldSweep:
    """Read two rows, and then none of them again."""
    host.receive(linked_body())
    assert host.engine.run(ACCOUNT).rows == 2
    host.merge.rows = []
    host.clock.forward(hours=1)
    host.engine.request(ACCOUNT, RereadModel(MODEL))
    host.engine.run(ACCOUNT)
    held = model(host).held_sweep
    assert held is not None
    return held


def test_an_empty_reread_deletes_nothing_and_is_shown(host: Host) -> None:
    held = missing(host)
    assert (held.unseen, held.live) == (2, 2)
    assert deleted(host) == 0
    view = host.engine.inspect(ACCOUNT)
    found = view.models[0].trouble or view.trouble
    assert found is not None
    assert found.kind == TroubleKind.HELD_SWEEP
    assert summary(host)[0] == "held-sweep"


def test_a_held_sweep_that_is_approved_deletes(host: Host) -> None:
    held = missing(host)
    host.engine.request(ACCOUNT, ApproveDeletions(MODEL, held.reread + 1))
    host.engine.run(ACCOUNT)
    assert deleted(host) == 0, "another re-read is not the one that was held"
    host.engine.request(ACCOUNT, ApproveDeletions(MODEL, held.reread))
    assert deleted(host) == 2
    host.clock.forward(minutes=1)
    host.engine.run(ACCOUNT)
    assert model(host).held_sweep is None
    assert summary(host)[0] is None


def test_pages_that_are_too_large_are_asked_for_in_smaller_ones(host: Host) -> None:
    def large(request: Request) -> Response | None:
        if "page_size=100" in request.target and "/employees" in request.target:
            raise TooLargeError("the body of a 200 is larger than 8388608 bytes")
        return None

    host.receive(linked_body())
    host.merge.trouble = large
    for _ in range(10):
        host.engine.run(ACCOUNT)
        host.clock.forward(minutes=10)
    assert host.rows() == ["ada", "bob"]
    assert any("page_size=50" in request.target for request in host.merge.requests)
    assert 1 <= model(host).page_size <= 100


def test_records_that_cannot_be_stored_are_counted_and_shown(host: Host) -> None:
    host.merge.rows = [employee("ada"), {"remote_id": "7", "first_name": "Bob"}]
    host.receive(linked_body())
    host.engine.run(ACCOUNT)
    assert host.rows() == ["ada"]
    assert (model(host).without_key, model(host).unreadable_records) == (1, 0)
    assert summary(host) == ("no-key", "active", 1)


def test_an_account_that_was_unlinked_is_not_shown_as_ready(host: Host) -> None:
    host.receive(linked_body())
    host.engine.run(ACCOUNT)
    assert host.engine.inspect(ACCOUNT).link == LinkState.ACTIVE
    host.engine.request(ACCOUNT, Command.UNLINK)
    host.receive(webhook_body("LinkedAccount.deleted"))
    assert host.engine.inspect(ACCOUNT).link == LinkState.UNLINKED
    assert summary(host)[1] == "unlinked"
