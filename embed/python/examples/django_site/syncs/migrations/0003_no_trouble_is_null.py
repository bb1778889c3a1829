from django.apps.registry import Apps
from django.db import migrations, models


def empty_is_null(apps: Apps, _: object) -> None:
    accounts = apps.get_model("syncs", "LinkedAccount").objects
    accounts.filter(trouble="").update(trouble=None)


class Migration(migrations.Migration):
    dependencies = [
        ("syncs", "0002_counts_and_link"),
    ]

    operations = [
        migrations.AlterField(
            model_name="linkedaccount",
            name="trouble",
            field=models.TextField(null=True),
        ),
        migrations.RunPython(empty_is_null, migrations.RunPython.noop),
    ]
