"""The tables: accounts, what they are to be told, and their records."""

from typing import Any, ClassVar

from django.db import models


class LinkedAccount(models.Model):
    """One linked account."""

    id = models.TextField(primary_key=True)
    category = models.TextField(default="")
    organization_name = models.TextField(default="")
    token = models.TextField(null=True)
    state = models.TextField(default="")
    version = models.BigIntegerField(default=0)
    last_note = models.BigIntegerField(default=0)
    not_before = models.DateTimeField(null=True)
    start_at = models.DateTimeField(null=True, db_index=True)
    phase = models.TextField(default="")
    trouble = models.TextField(null=True)
    link = models.TextField(default="")
    skipped = models.BigIntegerField(default=0)


class Note(models.Model):
    """Something to tell an account's next run."""

    account = models.ForeignKey(LinkedAccount, models.CASCADE, related_name="notes")
    key = models.TextField()
    number = models.BigIntegerField()
    text = models.TextField()
    secret = models.TextField(null=True)

    class Meta:
        """One note a key."""

        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["account", "key"], name="one_note_a_key")
        ]


class Record(models.Model):
    """A record of Merge's: this is what your product reads."""

    account = models.ForeignKey(LinkedAccount, models.CASCADE, related_name="records")
    model_id = models.TextField()
    merge_id = models.TextField()
    remote_id = models.TextField(null=True)
    modified_at = models.DateTimeField(null=True)
    deleted = models.BooleanField()
    reread = models.BigIntegerField(null=True)
    json = models.TextField()

    class Meta:
        """One record an id; the live ones by the re-read that saw them last."""

        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(
                fields=["account", "model_id", "merge_id"], name="one_record_an_id"
            )
        ]
        indexes: ClassVar[list[Any]] = [
            models.Index(
                fields=["account", "model_id", "reread"],
                name="live_by_reread",
                condition=models.Q(deleted=False),
            )
        ]


class Notice(models.Model):
    """What happened, for the product."""

    id = models.TextField(primary_key=True)
    sequence = models.BigIntegerField(unique=True)
    account = models.ForeignKey(LinkedAccount, models.CASCADE, related_name="notices")
    occasion = models.TextField()
    model_id = models.TextField(null=True)
    text = models.TextField()


class Outbox(models.Model):
    """The number of the latest notice. There is one row."""

    last = models.BigIntegerField(default=0)
