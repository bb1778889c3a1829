"""The project's one route."""

from django.urls import re_path

from django_site.syncs.views import webhook

# With a slash and without: Merge never sends again what was answered 404.
urlpatterns = [re_path("^api/webhooks/merge/?$", webhook)]
