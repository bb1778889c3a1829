from django.apps.registry import Apps
from django.db import migrations, models


def number(apps: Apps, _: object) -> None:
    last = 0
    for last, notice in enumerate(apps.get_model("syncs", "Notice").objects.order_by("id"), 1):
        notice.sequence = last
        notice.save()
    apps.get_model("syncs", "Outbox").objects.create(id=1, last=last)


class Migration(migrations.Migration):
    dependencies = [
        ("syncs", "0003_no_trouble_is_null"),
    ]

    operations = [
        migrations.AddField(
            model_name="record",
            name="remote_id",
            field=models.TextField(null=True),
        ),
        migrations.CreateModel(
            name="Outbox",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("last", models.BigIntegerField(default=0)),
            ],
        ),
        migrations.AddField(
            model_name="notice",
            name="sequence",
            field=models.BigIntegerField(null=True),
        ),
        migrations.RunPython(number, migrations.RunPython.noop),
        migrations.AlterField(
            model_name="notice",
            name="sequence",
            field=models.BigIntegerField(unique=True),
        ),
    ]
