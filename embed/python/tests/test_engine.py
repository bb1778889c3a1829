"""The engine over a scripted Merge and a real SQLite file."""

import json
import logging
import sqlite3
from contextlib import closing

import pytest

from hosts import Host
from merge_sync.engine import Command, Engine, Request, Response, TroubleKind
from merge_sync.errors import (
    HeldBackError,
    InputError,
    NoTokenError,
    SendError,
    SettingsError,
    StaleError,
    StateError,
    StoreError,
    TimedOutError,
    TooLargeError,
    UnknownAccountError,
)
from merge_sync.readiness import AccountPhase
from merge_sync.sqlite import SqliteStore
from merge_sync.store import Change, Committed, LoadedAccount, Note, Occasion
from merge_sync.types import Account
from merge_sync.webhook import NOT_DURABLE, Reply
from support import (
    ACCOUNT,
    KEY,
    employee,
    linked_body,
    respond,
    sign,
    webhook_body,
)

RECEIVED = Reply(200, '{"received": true}')


def test_a_webhook_links_an_account_and_a_run_reads_it(host: Host) -> None:
    assert host.receive(linked_body()) == RECEIVED
    assert host.noted == ["noted"]
    assert [due.account for due in host.store.due(host.clock.now(), 10)] == [ACCOUNT]
    report = host.engine.run(ACCOUNT)
    assert (report.polled, report.windows, report.rows, report.trouble) == (True, 1, 2, None)
    assert host.rows() == ["ada", "bob"]
    assert host.store.token(ACCOUNT) == "token-1"
    assert report.wake_at is not None
    assert report.wake_at > host.clock.now()
    assert host.store.due(host.clock.now(), 10) == []
    assert host.store.next_start(host.clock.now()) == report.wake_at
    occasions = [notice.occasion for _, _, notice in host.store.notices()]
    assert Occasion.BECAME_READY in occasions
    assert Occasion.CAUGHT_UP in occasions


def test_the_next_window_begins_where_the_last_one_ended(host: Host) -> None:
    host.receive(linked_body())
    host.engine.run(ACCOUNT)
    host.clock.forward(hours=2)
    host.merge.finished = "2026-03-01T13:58:00Z"
    host.merge.rows = [employee("cy", "2026-03-01T13:00:00Z")]
    host.engine.run(ACCOUNT)
    assert host.rows() == ["ada", "bob", "cy"]
    target = host.merge.requests[-1].target
    assert "modified_after=2026-03-01T11:53:00Z" in target
    assert "modified_before=2026-03-01T13:58:01Z" in target


def test_an_account_can_be_linked_by_its_token(host: Host) -> None:
    host.engine.link(Account(ACCOUNT, "hris", organization_name="Example"), "token-7")
    host.engine.run(ACCOUNT)
    assert host.store.token(ACCOUNT) == "token-7"
    view = host.engine.inspect(ACCOUNT)
    assert view.account.organization_name == "Example"
    assert view.readiness.phase == AccountPhase.READY
    assert [model.status.model_id for model in view.models] == ["hris.Employee"]
    assert view.models[0].progress.merge_last_sync_finished is not None


def test_what_is_asked_out_of_turn_is_done(host: Host) -> None:
    host.receive(linked_body())
    host.engine.run(ACCOUNT)
    asked = len(host.merge.requests)
    host.clock.forward(minutes=1)
    host.engine.request(ACCOUNT, Command.POLL)
    assert [due.account for due in host.store.due(host.clock.now(), 10)] == [ACCOUNT]
    assert host.engine.run(ACCOUNT).polled
    assert len(host.merge.requests) > asked
    host.engine.request(ACCOUNT, Command.PAUSE)
    assert host.engine.inspect(ACCOUNT).paused
    assert not host.engine.run(ACCOUNT).polled
    host.engine.request(ACCOUNT, Command.UNLINK)
    assert host.store.token(ACCOUNT) is None
    assert host.rows() == ["ada", "bob"]


def test_a_wrong_signature_leaves_nothing(host: Host) -> None:
    body = linked_body()
    refused = Reply(401, '{"error": "Invalid signature"}')
    assert host.engine.receive(body, [sign(body, "another")]) == refused
    assert host.engine.receive(b"\xff", [sign(b"\xff")]) == refused
    assert host.engine.receive(body, []) == Reply(401, '{"error": "Missing signature"}')
    assert host.noted == []
    assert host.store.load(ACCOUNT) is None


def test_a_webhook_for_nobody_is_answered_and_logged(
    host: Host, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR, "merge_sync"):
        assert host.receive(webhook_body("Employee.synced")) == RECEIVED
    assert "webhook for an account that nobody linked" in caplog.text
    assert ACCOUNT in caplog.text
    assert host.noted == []


def test_nothing_secret_is_logged_or_shown(host: Host, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, "merge_sync"):
        host.receive(linked_body("a-secret-token"))
        host.engine.run(ACCOUNT)
    assert "LinkedAccount.linked" in caplog.text
    assert "a-secret-token" not in caplog.text
    loaded = host.store.load(ACCOUNT)
    assert "a-secret-token" not in repr(loaded)
    assert KEY not in repr(host.engine)


@pytest.mark.parametrize(
    ("error", "kind", "text"),
    [
        (SendError("connection reset"), TroubleKind.RETRYING, "could not be reached"),
        (TimedOutError("late"), TroubleKind.RETRYING, "did not answer in time"),
        (TooLargeError("large"), TroubleKind.RETRYING, "larger than"),
        (NoTokenError("none"), TroubleKind.REAUTHORIZE, "Nothing was sent to Merge"),
    ],
)
def test_a_request_that_fails_is_trouble_and_its_cause_is_true(
    host: Host, error: Exception, kind: TroubleKind, text: str
) -> None:
    def fail(_: Request) -> Response | None:
        raise error

    host.receive(linked_body())
    host.merge.trouble = fail
    report = host.engine.run(ACCOUNT)
    assert report.trouble is not None
    assert report.trouble.kind == kind
    assert text in report.trouble.text
    host.merge.trouble = None
    host.clock.forward(hours=2)
    assert host.engine.run(ACCOUNT).trouble is None
    assert host.rows() == ["ada", "bob"]


def test_a_store_that_knows_no_token_now_ends_the_run(host: Host) -> None:
    def fail(_: Request) -> Response | None:
        raise StoreError("the disk is gone")

    host.receive(linked_body())
    host.merge.trouble = fail
    with pytest.raises(StoreError, match="the disk is gone"):
        host.engine.run(ACCOUNT)
    host.merge.trouble = None
    assert host.engine.run(ACCOUNT).trouble is None


def test_a_request_held_back_is_no_failure(host: Host) -> None:
    def hold(_: Request) -> Response | None:
        raise HeldBackError(3_000)

    host.receive(linked_body())
    host.merge.trouble = hold
    report = host.engine.run(ACCOUNT)
    assert report.trouble is None
    assert len(host.merge.requests) == 1
    host.merge.trouble = None
    host.clock.forward(minutes=1)
    assert host.engine.run(ACCOUNT).rows == 2


def test_a_server_is_not_asked_sooner_than_it_wants(host: Host) -> None:
    host.receive(linked_body())
    host.merge.trouble = lambda _: Response(
        429, (("retry-after", "90"), ("date", "Sun, 01 Mar 2026 12:00:00 GMT")), "{}"
    )
    host.engine.run(ACCOUNT)
    start = host.store.next_start(host.clock.now())
    assert start is not None
    assert (start - host.clock.now()).total_seconds() >= 90


class Broken:
    """A store that fails where a test wants it to."""

    def __init__(self, store: SqliteStore) -> None:
        self.store = store
        self.notes: Exception | None = None
        self.commits: list[Exception] = []

    def keep_note(self, note: Note) -> None:
        if self.notes:
            raise self.notes
        self.store.keep_note(note)

    def load(self, account: str) -> LoadedAccount | None:
        return self.store.load(account)

    def commit(self, change: Change) -> Committed:
        if self.commits:
            raise self.commits.pop()
        return self.store.commit(change)


def broken(host: Host) -> tuple[Broken, Engine]:
    store = Broken(host.store)
    return store, Engine(store, host.merge, (KEY,), clock=host.clock)


def test_a_webhook_that_cannot_be_kept_is_to_come_again(host: Host) -> None:
    store, engine = broken(host)
    store.notes = StoreError("the disk is full")
    body = linked_body()
    assert engine.receive(body, [sign(body)]) == NOT_DURABLE
    store.notes = None
    assert engine.receive(body, [sign(body)]) == RECEIVED


def test_a_store_that_fails_ends_the_run_and_not_the_account(host: Host) -> None:
    store, engine = broken(host)
    host.receive(linked_body())
    store.commits = [StoreError("the disk is full")]
    with pytest.raises(StoreError, match="the disk is full"):
        engine.run(ACCOUNT)
    assert engine.run(ACCOUNT).rows == 2


def test_a_run_that_lost_a_race_loads_again(host: Host) -> None:
    store, engine = broken(host)
    host.receive(linked_body())
    store.commits = [StaleError("0")]
    assert engine.run(ACCOUNT).rows == 2
    store.commits = [StaleError("1"), StaleError("1")]
    engine.request(ACCOUNT, Command.POLL)
    assert store.commits == []


def test_nobody_is_unknown(host: Host) -> None:
    for ask in (
        lambda: host.engine.run("nobody"),
        lambda: host.engine.inspect("nobody"),
        lambda: host.engine.request("nobody", Command.POLL),
    ):
        with pytest.raises(UnknownAccountError, match="nobody linked `nobody`"):
            ask()


def test_settings_are_checked_before_anything_uses_them(host: Host) -> None:
    with pytest.raises(SettingsError, match=r"^settings: .*loose"):
        Engine(host.store, host.merge, (KEY,), settings=json.dumps({"rule": "loose"}))
    with pytest.raises(SettingsError, match=r"^settings: "):
        Engine(host.store, host.merge, (KEY,), settings="no json")
    with pytest.raises(InputError, match="webhook_keys: expected a list of texts, found str"):
        Engine(host.store, host.merge, KEY)  # type: ignore[arg-type]


def test_an_empty_signing_key_is_refused_before_anything_uses_it(host: Host) -> None:
    with pytest.raises(InputError, match=r"webhook_keys\[1\]: it is empty"):
        Engine(host.store, host.merge, (KEY, ""))


def test_a_state_of_somebody_else_is_left_as_it_is(host: Host) -> None:
    host.receive(linked_body())
    host.engine.run(ACCOUNT)
    with closing(sqlite3.connect(host.file)) as sql, sql:
        sql.execute("UPDATE linked_accounts SET state = 'scrambled'")
    host.clock.forward(hours=2)
    with pytest.raises(StateError, match=r"^state: "):
        host.engine.run(ACCOUNT)
    with pytest.raises(StateError, match=r"^state: "):
        host.engine.inspect(ACCOUNT)
    loaded = host.store.load(ACCOUNT)
    assert loaded is not None
    assert loaded.state == "scrambled"
    host.engine.request(ACCOUNT, Command.RESET)
    # The state alone knew the account's category: the next link says it again.
    host.engine.link(Account(ACCOUNT, "hris"))
    assert host.engine.run(ACCOUNT).rows == 2


def test_an_unknown_command_is_refused(host: Host) -> None:
    host.receive(linked_body())
    host.engine.run(ACCOUNT)
    with pytest.raises(InputError, match=r"command\.tag: `dance` is not one of"):
        host.engine.request(ACCOUNT, "dance")  # type: ignore[arg-type]


def test_a_clock_without_a_zone_is_refused_and_changes_nothing(host: Host) -> None:
    host.receive(linked_body())
    before = host.store.load(ACCOUNT)
    aware = host.clock.at
    host.clock.at = aware.replace(tzinfo=None)
    with pytest.raises(InputError, match=r"now: .* has no time zone"):
        host.engine.run(ACCOUNT)
    host.clock.at = aware
    assert host.store.load(ACCOUNT) == before


def test_a_page_that_is_none_is_tried_again(host: Host) -> None:
    host.receive(linked_body())
    host.merge.trouble = lambda _: respond({"results": "none"})
    report = host.engine.run(ACCOUNT)
    assert report.trouble is not None
    host.merge.trouble = None
    host.clock.forward(hours=2)
    assert host.engine.run(ACCOUNT).rows == 2
