"""Webhooks in."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from django_site.syncs import parts
from merge_sync.signature import HEADER


@csrf_exempt  # type: ignore[untyped-decorator]
@require_POST  # type: ignore[untyped-decorator]
def webhook(request: HttpRequest) -> HttpResponse:
    """Take in a delivery."""
    # The raw body, never a parsed one. Django joins two headers of one name with a comma, which
    # no signature contains: two of them are refused, as they should be.
    found = request.headers.get(HEADER)
    reply = parts.engine().receive(request.body, [] if found is None else [found])
    return HttpResponse(reply.body, status=reply.status, content_type="application/json")
