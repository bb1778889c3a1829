"""The project's one route."""

from django.urls import path

from django_site.syncs.views import webhook

urlpatterns = [path("api/webhooks/merge", webhook)]
