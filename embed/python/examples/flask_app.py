"""Flask: the decisions alone. Your own jobs and database do the rest.

Run it with `flask --app flask_app:from_environment run`.
"""

import os
from collections.abc import Callable

from flask import Flask, Response, request

from merge_sync import webhook
from merge_sync.signature import HEADER

Keep = Callable[[str, webhook.Accepted], None]
"""Makes what a delivery says durable, under its id: the same delivery may come twice."""


def create_app(keys: list[str], keep: Keep) -> Flask:
    """Make the application."""
    app = Flask(__name__)

    # With a slash and without: Merge never sends again what was answered 404.
    @app.post("/api/webhooks/merge", strict_slashes=False)
    def receive() -> Response:
        # The raw body, never a parsed one: the signature is over its bytes.
        handled = webhook.handle(request.get_data(), request.headers.getlist(HEADER), keys)
        reply = handled.reply
        match handled.outcome:
            case webhook.Accepted() as accepted:
                try:
                    keep(accepted.authentic.delivery_id, accepted)
                except OSError as error:
                    app.logger.error("webhook not taken in: %s", error)  # noqa: TRY400
                    reply = webhook.NOT_DURABLE
            case webhook.Malformed(problem=problem):
                app.logger.warning("webhook not understood: %s", problem)
            case refused:
                app.logger.warning("webhook refused: %s", refused.reason)
        return Response(reply.body, reply.status, mimetype="application/json")

    return app


def from_environment() -> Flask:
    """Make the application that a server runs: it only says what it would keep."""
    return create_app(
        [os.environ["MERGE_WEBHOOK_SECRET"]],
        lambda delivery, accepted: print(delivery, accepted.name),
    )
