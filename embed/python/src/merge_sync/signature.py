"""Did Merge send this body?"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from merge_sync._component import shared
from merge_sync._json import Json, loads, quoted, texts
from merge_sync.errors import InputError

HEADER = "X-Merge-Webhook-Signature"
"""The header that carries the signature."""


@dataclass(frozen=True, slots=True)
class Authentic:
    """The body is Merge's."""

    key_index: int
    """Index in `keys` of the key that matched."""
    delivery_id: str
    """A stable name for this delivery: two deliveries of the same bytes share it."""


class Refusal(StrEnum):
    """Why a body was refused."""

    MISSING_SIGNATURE = "missing-signature"
    """No signature header."""
    AMBIGUOUS_SIGNATURE = "ambiguous-signature"
    """More than one signature header."""
    MALFORMED_SIGNATURE = "malformed-signature"
    """The header is not base64url of 32 bytes."""
    MISMATCH = "mismatch"
    """No key produces this signature."""
    NO_KEY = "no-key"
    """No key was passed, or an empty one: not the sender's fault."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The body was refused: do not look inside it."""

    reason: Refusal


Verdict: TypeAlias = Authentic | Refused
"""The answer."""


def verify(body: bytes, signatures: Iterable[str], keys: Iterable[str]) -> Verdict:
    """Verify the raw body of a request.

    `signatures` are all values of the header `X-Merge-Webhook-Signature`, in order; `keys` the
    signing keys to try, newest first.
    """
    text = signed_body(body, signatures, keys)
    if text is None:
        return Refused(Refusal.MISMATCH)
    found = loads(shared().call("signature.verify", text))
    value = found["value"]
    return read_authentic(value) if found["tag"] == "authentic" else read_refused(value)


def signed_body(body: bytes, signatures: Iterable[str], keys: Iterable[str]) -> str | None:
    """Write a delivery as text. `None` where the body is not UTF-8: nobody repairs it."""
    if isinstance(body, bytearray | memoryview):
        body = bytes(body)
    if not isinstance(body, bytes):
        raise InputError(
            f"body: expected the raw bytes of the request, found {type(body).__name__}"
        )
    given, known = texts(signatures, "signatures"), texts(keys, "keys")
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return None
    signed, tried = ",".join(map(quoted, given)), ",".join(map(quoted, known))
    return f'{{"body":{quoted(text)},"signatures":[{signed}],"keys":[{tried}]}}'


def read_authentic(found: Json) -> Authentic:
    """Read what names a delivery."""
    return Authentic(found["key_index"], found["delivery_id"])


def read_refused(found: Json) -> Refused:
    """Read a refusal."""
    return Refused(Refusal(found["reason"]))
