"""A rival of `cargo xtask bench`: a webhook as a Python handler takes it in, verified and read.

Reads lines of four words, `typed OPERATION FILE CALLS`, and answers each with the nanoseconds that
the calls took. The file holds `body`, `signatures` and `keys`.
"""

import base64
import hashlib
import hmac
import json
import sys
import time


def verify(body: bytes, signature: str, key: bytes) -> bool:
    """Compare what Merge sent with the HMAC of the raw body."""
    digest = hmac.new(key, body, hashlib.sha256).digest()
    return hmac.compare_digest(base64.urlsafe_b64encode(digest).decode(), signature)


def handle(body: bytes, signature: str, key: bytes) -> tuple[int, dict]:
    """Verify, read, and pick out what a product acts on."""
    if not verify(body, signature, key):
        return 401, {"error": "Invalid signature"}
    payload = json.loads(body)
    account = payload["linked_account"]
    event = payload["hook"]["event"]
    finished = {}
    if event == "LinkedAccount.sync_completed":
        for model, row in payload["data"]["sync_status"].items():
            finished[model] = (row["last_sync_result"], row["last_sync_finished"])
    return 200, {"account": account["id"], "event": event, "finished": finished}


def main() -> None:
    """Answer until there are no more lines."""
    for line in sys.stdin:
        _, operation, file, calls = line.split()
        with open(file, encoding="utf-8") as opened:
            delivery = json.load(opened)
        body = delivery["body"].encode()
        signature = delivery["signatures"][0]
        key = delivery["keys"][0].encode()
        call = handle if operation == "webhook.handle" else verify
        assert call(body, signature, key) is True or call(body, signature, key)[0] == 200
        started = time.perf_counter_ns()
        for _ in range(int(calls)):
            call(body, signature, key)
        print(time.perf_counter_ns() - started, flush=True)


main()
