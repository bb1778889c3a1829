"""A rival of `cargo xtask bench`: a webhook as a Flask application takes it in, stored durably.

Reads the signing key from `MERGE_WEBHOOK_SECRET` and writes to the SQLite file `RIVAL_DATABASE`.

Fastest with 32 connections kept alive, where a commit waits for a disk:

    gunicorn --workers 1 --worker-class gthread --threads 32 flask_webhook:app

A second worker adds a processor, but the two wait for each other's commits by sleeping; it pays
only where a commit is cheap. Workers of the class `sync` close the connection after each answer.
"""

import base64
import fcntl
import hashlib
import hmac
import os
import sqlite3
import threading

from flask import Flask, Response, jsonify, request

SECRET = os.environ["MERGE_WEBHOOK_SECRET"].encode()

app = Flask(__name__)


def connect(path: str) -> sqlite3.Connection:
    """Open the database so that a commit survives a loss of power."""
    # Without an isolation level each statement commits by itself.
    database = sqlite3.connect(path, timeout=5, isolation_level=None, check_same_thread=False)
    # Workers start at once, and of two that turn a new file to WAL SQLite refuses one unwaited.
    with open(f"{path}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = FULL")
    # Nothing in a delivery tells it from another, so there is no key but its number.
    database.execute(
        """
        CREATE TABLE IF NOT EXISTS webhooks (
            id INTEGER PRIMARY KEY,
            account TEXT NOT NULL,
            event TEXT,
            body TEXT NOT NULL
        )
        """
    )
    return database


# One connection for each worker, which imports this after the fork. SQLite has one writer at a time
# anyway, and threads that wait for a lock are woken at once, where SQLite's busy handler sleeps.
database = connect(os.environ["RIVAL_DATABASE"])
writing = threading.Lock()


def is_authentic(body: bytes, signature: str) -> bool:
    """Compare what Merge sent with the HMAC of the raw body, as Merge's guide shows."""
    digest = hmac.new(SECRET, body, hashlib.sha256).digest()
    expected = base64.urlsafe_b64encode(digest)
    # As bytes: a header may hold characters that `compare_digest` refuses in text.
    return hmac.compare_digest(expected, signature.encode())


@app.post("/api/webhooks/merge")
def merge_webhook() -> Response | tuple[Response, int]:
    """Verify, read, store, and only then say that it was received."""
    body = request.get_data()
    signature = request.headers.get("X-Merge-Webhook-Signature")
    if signature is None:
        return jsonify(error="Missing signature"), 401
    if not is_authentic(body, signature):
        return jsonify(error="Invalid signature"), 401
    payload = request.get_json()
    account = payload["linked_account"]["id"]
    # The test message of Merge's dashboard has no event.
    event = payload["hook"].get("event")
    with writing:
        database.execute(
            "INSERT INTO webhooks (account, event, body) VALUES (?, ?, ?)",
            (account, event, body.decode()),
        )
    return jsonify(received=True)
