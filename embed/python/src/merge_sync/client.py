"""Requests to Merge by `httpx` (install `merge-sync[httpx]`).

Here, and nowhere else, the origin, the API key and the account's token are put on a request.
"""

import ipaddress
import logging
import math
import time
from datetime import timedelta
from types import TracebackType
from typing import Self

import httpx

from merge_sync._version import __version__
from merge_sync.budget import Admission, Budget, Ending, Limits, is_failing
from merge_sync.engine import Clock, Request, Response, SystemClock
from merge_sync.errors import (
    HeldBackError,
    InputError,
    NoTokenError,
    SendError,
    TimedOutError,
    TooLargeError,
)
from merge_sync.store import Tokens

LOGGER = logging.getLogger("merge_sync")

ORIGIN = "https://api.merge.dev"

LARGEST_BODY = 8 << 20
"""A body beyond this, decompressed, is refused: the engine then asks for fewer records. It takes
many times its size in the component's memory."""

# Together under the 30 seconds that a request may take: to connect, to the first byte, to the
# last read that begins, and for that read.
_CONNECT, _ANSWER, _READ, _DEADLINE = 4.0, 20.0, 5.0, 24.0

_MILLISECOND = timedelta(milliseconds=1)


class HttpxClient:
    """Sends the engine's requests, and may be shared by threads."""

    def __init__(
        self,
        api_key: str,
        tokens: Tokens,
        *,
        origin: str = ORIGIN,
        limits: Limits | None = None,
        clock: Clock | None = None,
    ) -> None:
        """Take the accounts' tokens from `tokens`, which is usually the store."""
        if not api_key or not api_key.isascii() or not api_key.isprintable():
            raise InputError("api_key: expected a text that fits a header")
        url = httpx.URL(origin)
        if url.scheme not in ("http", "https") or not url.host or url.path not in ("", "/"):
            raise InputError(f"origin: `{origin}` is not an origin like {ORIGIN}")
        self._origin = origin.rstrip("/")
        self._authorization = f"Bearer {api_key}"
        self._tokens = tokens
        self._clock = clock or SystemClock()
        self._budget = Budget(limits)
        self._client = httpx.Client(
            follow_redirects=False,
            trust_env=not _is_loopback(url.host),
            headers={"User-Agent": f"merge-sync/{__version__}"},
        )

    def send(self, request: Request) -> Response:
        """Make one attempt. See `engine.Http`."""
        token = self._token(request.account)
        # Anything but a path could name another host, and it would be given the key.
        if request.method not in ("GET", "POST") or not request.target.startswith("/"):
            raise SendError("the request is not a GET or POST of a path")
        admitted = self._budget.admit(request.account, self._clock.now())
        if not isinstance(admitted, Admission):
            raise HeldBackError(math.ceil(admitted / _MILLISECOND))
        ending: int | Ending = Ending.NO_ANSWER
        try:
            timeouts = {"connect": _CONNECT, "pool": _CONNECT, "write": _CONNECT, "read": _ANSWER}
            sent = self._client.build_request(
                request.method,
                self._origin + request.target,
                headers={"Authorization": self._authorization, "X-Account-Token": token},
                extensions={"timeout": timeouts},
            )
            deadline = time.monotonic() + _DEADLINE
            answer = self._client.send(sent, stream=True)
            ending = answer.status_code
            timeouts["read"] = _READ
            return _read(answer, request.account, deadline)
        except (httpx.TimeoutException, TimedOutError) as error:
            # A status that was heard before the time was over counts as it is.
            if ending == Ending.NO_ANSWER or not is_failing(ending):
                ending = Ending.TIMED_OUT
            raise TimedOutError(str(error) or type(error).__name__) from error
        except httpx.HTTPError as error:
            raise SendError(str(error) or type(error).__name__) from error
        finally:
            self._budget.settle(admitted, ending, self._clock.now())

    def close(self) -> None:
        """Close its connections."""
        self._client.close()

    def __enter__(self) -> Self:
        """Answer itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close its connections."""
        self.close()

    def _token(self, account: str) -> str:
        token = self._tokens.token(account)
        if not token or not token.isascii() or not token.isprintable():
            raise NoTokenError(f"account: no token for `{account}`")
        return token


def _read(answer: httpx.Response, account: str, deadline: float) -> Response:
    body, status = bytearray(), answer.status_code
    try:
        # Of a compressed body the length is not known before it was read.
        announced = answer.headers.get("content-length", "")
        if announced.isdecimal() and int(announced) > LARGEST_BODY:
            raise _too_large(status)
        for part in answer.iter_bytes():
            body += part
            if len(body) > LARGEST_BODY:
                raise _too_large(status)
            if time.monotonic() > deadline:
                raise TimedOutError("timed out in the body")
    finally:
        answer.close()
    try:
        text = body.decode()
    except UnicodeDecodeError:
        # One bad byte in one record is no reason to read none of a page.
        LOGGER.warning(
            "the body of a %s is not utf-8: what is not has become U+FFFD: %s", status, account
        )
        text = body.decode(errors="replace")
    headers = tuple((name.lower(), value) for name, value in answer.headers.multi_items())
    return Response(status, headers, text)


def _too_large(status: int) -> TooLargeError:
    return TooLargeError(f"the body of a {status} is larger than {LARGEST_BODY} bytes")


def _is_loopback(host: str) -> bool:
    """Whether no proxy has any business in between."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
