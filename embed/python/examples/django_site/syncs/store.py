"""The store over Django's database: any that Django knows, each method one transaction."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, TypeVar

from django.db import DatabaseError, close_old_connections, transaction
from django.db.models import Q

from django_site.syncs.models import LinkedAccount, Note, Notice, Outbox, Record
from merge_sync import store as sync
from merge_sync.engine import Clock
from merge_sync.errors import StaleError, StoreError, UnknownAccountError
from merge_sync.types import Row

T = TypeVar("T")

AT_A_TIME = 500
"""Rows that are looked up together: some databases take no more than 999 values."""


def _atomic(work: Callable[[], T]) -> T:
    # Threads outside of Django's requests keep their connections, also broken ones.
    close_old_connections()
    try:
        with transaction.atomic():
            return work()
    except DatabaseError as error:
        raise StoreError(f"database: {error}") from error


class DjangoStore:
    """Keeps accounts in Django's database. Threads may share it: Django gives each a connection."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def keep_note(self, note: sync.Note) -> None:
        """See `store.Store`."""

        def work() -> None:
            if note.create:
                LinkedAccount.objects.get_or_create(id=note.account)
            account = _locked(note.account)
            if account is None:
                raise UnknownAccountError(f"account: nobody linked `{note.account}`")
            now = self._clock.now()
            start = max(account.not_before or now, now)
            account.start_at = min(account.start_at or start, start)
            account.last_note += 1
            if note.profile is not None:
                account.category = note.profile.category or account.category
                account.organization_name = (
                    note.profile.organization_name or account.organization_name
                )
            account.save()
            Note.objects.update_or_create(
                account=account,
                key=note.key,
                defaults={"number": account.last_note, "text": note.text, "secret": note.secret},
            )

        _atomic(work)

    def load(self, account: str) -> sync.LoadedAccount | None:
        """See `store.Store`."""

        def work() -> sync.LoadedAccount | None:
            # Locked, so that state and notes are of one moment.
            found = _locked(account)
            if found is None:
                return None
            notes = found.notes.order_by("number").values_list("number", "key", "text", "secret")
            return sync.LoadedAccount(
                found.state, str(found.version), tuple(sync.StoredNote(*note) for note in notes)
            )

        return _atomic(work)

    def commit(self, change: sync.Change) -> sync.Committed:
        """See `store.Store`."""
        return _atomic(lambda: self._commit(change))

    def _commit(self, change: sync.Change) -> sync.Committed:
        account = _expected(change)
        account.notes.filter(number__in=change.consumed).delete()
        _set_token(account, change.token)
        for batch in change.batches:
            _store_rows(account, batch)
        swept = None if change.sweep is None else _sweep(account, change.sweep)
        start = self._clock.now() if account.notes.exists() else change.wake_at
        account.start_at = start and max(start, change.not_before or start)
        account.not_before = change.not_before
        account.state, account.version = change.state, account.version + 1
        account.phase, account.trouble = change.summary.phase, change.summary.trouble
        account.link, account.skipped = change.summary.link, change.summary.skipped
        account.save()
        _add_notices(account, change.notices)
        return sync.Committed(str(account.version), swept)

    def due(self, now: datetime, limit: int) -> list[sync.Due]:
        """See `store.Agenda`."""
        late = Q(start_at__lte=now) | Q(start_at__gt=now + timedelta(hours=25))
        found = LinkedAccount.objects.filter(late).order_by("start_at", "id")[:limit]
        return _atomic(
            lambda: [sync.Due(each.id, each.start_at, str(each.version)) for each in found]
        )

    def next_start(self, now: datetime) -> datetime | None:
        """See `store.Agenda`."""
        starts = LinkedAccount.objects.filter(start_at__gt=now).order_by("start_at")
        found: datetime | None = _atomic(lambda: starts.values_list("start_at", flat=True).first())
        return found

    def notices(self, after: int = 0, limit: int = 100) -> list[tuple[int, str, sync.Notice]]:
        """Answer what happened after number `after`: number, account and notice, in order.

        A product that keeps the last number it acted on gets each at least once.
        """
        found = Notice.objects.filter(sequence__gt=after).order_by("sequence")[:limit]
        return _atomic(
            lambda: [
                (
                    each.sequence,
                    each.account_id,
                    sync.Notice(each.id, sync.Occasion(each.occasion), each.model_id, each.text),
                )
                for each in found
            ]
        )

    def token(self, account: str) -> str | None:
        """See `store.Tokens`."""
        tokens = LinkedAccount.objects.filter(id=account).values_list("token", flat=True)
        found: str | None = _atomic(tokens.first)
        return found


def _locked(account: str) -> Any:  # noqa: ANN401 (Django's models carry no types)
    return LinkedAccount.objects.select_for_update().filter(id=account).first()


def _expected(change: sync.Change) -> Any:  # noqa: ANN401
    """Answer the account at the version that the change expects, locked."""
    account = _locked(change.account)
    if account is None and change.expected is None:
        # Two may have found that there is none.
        account, is_new = LinkedAccount.objects.get_or_create(id=change.account)
        if is_new:
            return account
        account = _locked(change.account)
    current = None if account is None else str(account.version)
    if account is None or current != change.expected:
        raise StaleError(current)
    return account


def _add_notices(account: Any, notices: tuple[sync.Notice, ...]) -> None:  # noqa: ANN401
    """Give notices their numbers under a row that stays locked until the commit.

    A column that counts by itself gives a number before the commit: one that is committed late
    would never be seen by a product that has read on.
    """
    if not notices:
        return
    Outbox.objects.get_or_create(id=1)
    outbox = Outbox.objects.select_for_update().get(id=1)
    for notice in notices:
        _, is_new = Notice.objects.get_or_create(
            id=notice.id,
            defaults={
                "sequence": outbox.last + 1,
                "account": account,
                "occasion": notice.occasion,
                "model_id": notice.model_id,
                "text": notice.text,
            },
        )
        outbox.last += is_new
    outbox.save()


def _set_token(account: Any, change: sync.TokenChange) -> None:  # noqa: ANN401
    if isinstance(change, sync.PutToken):
        account.token = change.secret
    elif change == sync.TokenRule.ERASE:
        # A note that came meanwhile may bring another token: that one is not erased.
        if account.token is not None:
            account.notes.filter(secret=account.token).update(secret=None)
        account.token = None


def _store_rows(account: Any, batch: sync.Batch) -> None:  # noqa: ANN401
    for first in range(0, len(batch.rows), AT_A_TIME):
        rows = batch.rows[first : first + AT_A_TIME]
        known = Record.objects.filter(
            account=account, model_id=batch.model_id, merge_id__in=[row.id for row in rows]
        )
        records = {record.merge_id: record for record in known}
        for row in rows:
            if row.id not in records:
                records[row.id] = Record(account=account, model_id=batch.model_id, merge_id=row.id)
            _set_row(records[row.id], row, batch.reread)
        Record.objects.bulk_create([each for each in records.values() if each.pk is None])
        for record in known:
            record.save()


def _set_row(record: Any, row: Row, reread: int | None) -> None:  # noqa: ANN401
    if reread is not None:
        record.reread = max(reread, record.reread or 0)
    later = record.modified_at and row.modified_at and record.modified_at > row.modified_at
    if not later:
        record.remote_id, record.modified_at = row.remote_id, row.modified_at
        record.deleted, record.json = row.deleted, row.json


def _sweep(account: Any, sweep: sync.Sweep) -> sync.Swept:  # noqa: ANN401
    live = Record.objects.filter(account=account, model_id=sweep.model_id, deleted=False)
    unseen = live.filter(Q(reread=None) | Q(reread__lt=sweep.unseen_since))
    counts = live.count(), unseen.count()
    if sweep.is_held(*counts):
        return sync.Swept(*counts, marked=0, held=True)
    some = unseen.values_list("pk", flat=True)[: sweep.limit]
    marked = Record.objects.filter(pk__in=list(some)).update(deleted=True)
    return sync.Swept(*counts, marked=marked, held=False)
