"""Every example takes in a webhook, and those with an engine read what it announced."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

import celery_app
import fastapi_app
import flask_app
from merge_sync import webhook
from merge_sync.engine import Clock, Engine
from merge_sync.scheduler import Scheduler
from merge_sync.signature import HEADER
from merge_sync.sqlite import SqliteStore
from merge_sync.store import Swept
from merge_sync.testing import Subject, check_store
from merge_sync.types import Row
from stores import CHANGE, batch, commit, row, sweep
from support import ACCOUNT, KEY, ManualClock, ScriptedMerge, employee, linked_body, sign

PATH = "/api/webhooks/merge"
RECEIVED = {"received": True}
INVALID = {"error": "Invalid signature"}


def test_fastapi(tmp_path: Path) -> None:
    merge, clock = ScriptedMerge(rows=[employee("ada")]), ManualClock()
    engine, scheduler = fastapi_app.assemble(tmp_path / "store.sqlite", KEY, merge, clock)
    app = fastapi_app.create_app(engine, scheduler)
    body = linked_body()
    with TestClient(app) as client:
        assert client.get(f"/api/accounts/{ACCOUNT}/readiness").status_code == 404
        refused = client.post(PATH, content=body, headers={HEADER: sign(body, "another")})
        assert (refused.status_code, refused.json()) == (401, INVALID)
        two = client.post(PATH, content=body, headers=[(HEADER, sign(body)), (HEADER, sign(body))])
        assert two.status_code == 401
        for path in (PATH, f"{PATH}/"):
            answer = client.post(
                path, content=body, headers={HEADER: sign(body)}, follow_redirects=False
            )
            assert (answer.status_code, answer.json()) == (200, RECEIVED)
    # Stopped: what its thread did not get to is done now.
    engine.run(ACCOUNT)
    with TestClient(fastapi_app.create_app(engine, _fresh(engine, tmp_path, clock))) as client:
        found = client.get(f"/api/accounts/{ACCOUNT}/readiness").json()
    assert (found["phase"], found["ready"], found["needed"]) == ("ready", 1, 1)


def _fresh(engine: Engine, folder: Path, clock: ManualClock) -> Scheduler:
    return Scheduler(engine, SqliteStore(folder / "store.sqlite", clock), clock=clock)


def test_flask() -> None:
    kept: dict[str, str] = {}

    def keep(delivery: str, accepted: webhook.Accepted) -> None:
        if accepted.name == "LinkedAccount.deleted":
            raise OSError("the disk is full")
        kept[delivery] = accepted.name

    client = flask_app.create_app([KEY], keep).test_client()
    body = linked_body()
    for path in (PATH, f"{PATH}/"):
        answer = client.post(path, data=body, headers={HEADER: sign(body)})
        assert (answer.status_code, answer.get_json()) == (200, RECEIVED)
    assert list(kept.values()) == ["LinkedAccount.linked"]
    assert client.post(PATH, data=body, headers={HEADER: sign(b"")}).status_code == 401
    marked = b"\xef\xbb\xbf{}"
    assert client.post(PATH, data=marked, headers={HEADER: sign(marked)}).status_code == 200
    gone = body.replace(b"LinkedAccount.linked", b"LinkedAccount.deleted")
    again = client.post(PATH, data=gone, headers={HEADER: sign(gone)})
    assert (again.status_code, again.get_json()) == (500, {"error": "Processing error"})
    assert len(kept) == 1


def test_celery(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    merge, clock = ScriptedMerge(rows=[employee("ada")]), ManualClock()
    parts = celery_app.Parts(tmp_path / "store.sqlite", KEY, merge, clock)
    monkeypatch.setattr(celery_app, "parts", lambda: parts)
    celery_app.app.conf.update(task_always_eager=True, task_eager_propagates=True)
    beat = celery_app.app.conf.beat_schedule["run what is due"]
    task = celery_app.app.tasks[beat["task"]]
    assert task.delay().get() is None
    body = linked_body()
    assert parts.engine.receive(body, [sign(body)]).status == 200
    found = task.delay().get()
    assert found is not None
    assert merge.requests[-1].target.startswith("/api/hris/v1/employees")
    assert parts.engine.inspect(ACCOUNT).readiness.phase == "ready"


@pytest.fixture
def django_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    import django  # noqa: PLC0415 (set up with the settings below)
    from django.core.management import call_command  # noqa: PLC0415

    monkeypatch.setenv("DJANGO_SETTINGS_MODULE", "django_site.settings")
    monkeypatch.setenv("DJANGO_DATABASE", str(tmp_path / "django.sqlite"))
    django.setup()
    call_command("migrate", verbosity=0)
    yield
    from django.db import connections  # noqa: PLC0415

    connections.close_all()


@pytest.mark.usefixtures("django_database")
def test_django(monkeypatch: pytest.MonkeyPatch) -> None:
    from django.core.management import call_command  # noqa: PLC0415
    from django.test import Client  # noqa: PLC0415

    from django_site.syncs import models, parts  # noqa: PLC0415
    from django_site.syncs.store import DjangoStore  # noqa: PLC0415

    call_command("makemigrations", "syncs", check=True, dry_run=True, verbosity=0)
    merge, clock = ScriptedMerge(rows=[employee("ada"), employee("bob")]), ManualClock()
    store = DjangoStore(clock)
    engine = Engine(store, merge, (KEY,), clock=clock)
    monkeypatch.setattr(parts, "engine", lambda: engine)
    client, body = Client(), linked_body()

    def post(*signatures: str, path: str = PATH) -> int:
        headers = {HEADER: ",".join(signatures)} if signatures else {}
        answer = client.post(path, body, content_type="application/json", headers=headers)
        found: int = answer.status_code
        return found

    assert [post(), post(sign(b"")), post(sign(body), sign(body))] == [401, 401, 401]
    assert not models.LinkedAccount.objects.exists()
    assert [post(sign(body)), post(sign(body), path=f"{PATH}/")] == [200, 200]
    assert [due.account for due in store.due(clock.now(), 5)] == [ACCOUNT]
    assert engine.run(ACCOUNT).rows == 2
    names = models.Record.objects.filter(deleted=False).values_list("merge_id", flat=True)
    assert sorted(names) == ["ada", "bob"]
    assert store.token(ACCOUNT) == "token-1"
    assert store.next_start(clock.now()) is not None
    assert store.due(clock.now(), 5) == []
    assert models.Notice.objects.filter(occasion="became-ready").count() == 1
    # A row that is not later replaces what is stored, and one that is earlier does not.
    clock.forward(hours=2)
    merge.finished = "2026-03-01T13:58:00Z"
    merge.rows = [employee("ada", "2026-03-01T11:00:00Z"), employee("bob", "2026-03-01T13:00:00Z")]
    engine.run(ACCOUNT)
    found = dict(models.Record.objects.values_list("merge_id", "modified_at"))
    assert [found[name].hour for name in ("ada", "bob")] == [11, 13]
    assert found["ada"].minute == 55


@pytest.mark.usefixtures("django_database")
def test_the_store_over_django_sweeps_as_the_contract_says() -> None:
    from django_site.syncs import models  # noqa: PLC0415
    from django_site.syncs.store import DjangoStore  # noqa: PLC0415

    store = DjangoStore(ManualClock())
    seen = [(range(2), None), (range(2, 30), 1), (range(2, 26), 2)]
    for numbers, reread in seen:
        commit(store, batch(*(row(str(number)) for number in numbers), reread=reread))
    assert commit(store, replace(CHANGE, sweep=sweep(2))) == Swept(30, 6, 0, held=True)
    part = sweep(2, rows=6, limit=4)
    assert commit(store, replace(CHANGE, sweep=part)) == Swept(30, 6, 4, held=False)
    assert commit(store, replace(CHANGE, sweep=part)) == Swept(26, 2, 2, held=False)
    marked = models.Record.objects.filter(deleted=True).values_list("merge_id", flat=True)
    assert sorted(marked) == ["0", "1", "26", "27", "28", "29"]


@pytest.mark.usefixtures("django_database")
def test_the_store_over_django_passes_every_scenario() -> None:
    from django_site.syncs import models  # noqa: PLC0415
    from django_site.syncs.store import DjangoStore  # noqa: PLC0415

    def rows(account: str, model_id: str) -> list[Row]:
        found = models.Record.objects.filter(account=account, model_id=model_id)
        columns = ("merge_id", "remote_id", "modified_at", "deleted", "json")
        return [Row(*values) for values in found.values_list(*columns)]

    def empty(clock: Clock) -> Subject:
        for model in (models.Notice, models.Record, models.Note, models.LinkedAccount):
            model.objects.all().delete()
        store = DjangoStore(clock)
        return Subject(store, rows, notices=lambda after, limit: store.notices(after or 0, limit))

    # Of a profile the example keeps two fields.
    assert check_store(empty) == ["profile-empty-replaces-nothing", "store-reopened"]
