"""The project's settings, as short as they get."""

import os

SECRET_KEY = os.environ.get("DJANGO_SECRET_KEY", "only-for-the-example")
INSTALLED_APPS = ["django_site.syncs"]
ROOT_URLCONF = "django_site.urls"
ALLOWED_HOSTS = ["*"]
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": os.environ.get("DJANGO_DATABASE", "django.sqlite"),
        # SQLite has no locks of rows: whoever is about to write waits from the beginning.
        # For another program's lock a second is waited: a webhook is answered within five.
        "OPTIONS": {"transaction_mode": "IMMEDIATE", "timeout": 1},
    }
}
MERGE_WEBHOOK_SECRET = os.environ.get("MERGE_WEBHOOK_SECRET", "")
