"""Requests by httpx, against a server on the loopback address."""

import gzip
import logging
import threading
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from merge_sync.budget import Limits
from merge_sync.client import LARGEST_BODY, HttpxClient
from merge_sync.engine import Request
from merge_sync.errors import (
    HeldBackError,
    InputError,
    NoTokenError,
    SendError,
    StoreError,
    TimedOutError,
    TooLargeError,
)
from support import ManualClock

GET = Request("a", "GET", "/api/hris/v1/employees?page_size=100")


@dataclass
class Server:
    """Answers as a test wants."""

    status: int = 200
    body: bytes = b"{}"
    headers: dict[str, str] = field(default_factory=dict)
    more: int = 0
    """So many more bytes are announced than come."""
    silent: bool = False
    hold: threading.Event = field(default_factory=threading.Event)
    """Set: what was begun may end."""
    seen: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    origin: str = ""


@pytest.fixture
def server() -> Iterator[Server]:
    script = Server()
    script.hold.set()

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            script.seen.append((self.command, self.path, dict(self.headers)))
            if script.silent:
                script.hold.wait(30)
                return
            self.send_response(script.status)
            for name, value in script.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(script.body) + script.more))
            self.end_headers()
            with suppress(ConnectionError):
                self.wfile.write(script.body)
                self.wfile.flush()
            script.hold.wait(30)

        do_GET = do_POST = _answer

        def log_message(self, format: str, *args: object) -> None: ...

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=http.serve_forever)
    thread.start()
    script.origin = f"http://127.0.0.1:{http.server_port}"
    yield script
    script.hold.set()
    http.shutdown()
    thread.join()
    http.server_close()


class Tokens:
    """Tokens of a test."""

    def __init__(self, token: str | None = "token-1") -> None:
        self.found, self.trouble = token, False

    def token(self, account: str) -> str | None:
        del account
        if self.trouble:
            raise StoreError("the disk is gone")
        return self.found


def client(
    server: Server, tokens: Tokens | None = None, limits: Limits | None = None
) -> HttpxClient:
    return HttpxClient(
        "api-key", tokens or Tokens(), origin=server.origin, clock=ManualClock(), limits=limits
    )


def test_a_request_carries_key_and_token_and_its_answer_is_read(server: Server) -> None:
    server.status, server.headers = 404, {"Retry-After": "7"}
    server.body = '{"detail": "é"}'.encode()
    with client(server) as http:
        answer = http.send(GET)
    assert (answer.status, answer.body) == (404, '{"detail": "é"}')
    assert ("retry-after", "7") in answer.headers
    method, path, headers = server.seen[0]
    assert (method, path) == ("GET", GET.target)
    assert headers["Authorization"] == "Bearer api-key"
    assert headers["X-Account-Token"] == "token-1"


def test_a_compressed_answer_is_unpacked(server: Server) -> None:
    server.body, server.headers = gzip.compress(b'{"a": 1}'), {"Content-Encoding": "gzip"}
    with client(server) as http:
        assert http.send(Request("a", "POST", "/x")).body == '{"a": 1}'


def test_a_redirect_is_an_answer_like_others(server: Server) -> None:
    server.status, server.headers = 302, {"Location": "http://elsewhere.test/"}
    with client(server) as http:
        assert http.send(GET).status == 302


@pytest.mark.parametrize(
    ("body", "read"), [(b'{"a": "\xff"}', '{"a": "\ufffd"}'), (b"{\xc3", "{\ufffd")]
)
def test_one_bad_byte_is_replaced_and_the_rest_is_read(
    server: Server, caplog: pytest.LogCaptureFixture, body: bytes, read: str
) -> None:
    server.body = body
    with client(server) as http, caplog.at_level(logging.WARNING, "merge_sync"):
        assert http.send(GET).body == read
    assert "the body of a 200 is not utf-8: what is not has become U+FFFD: a" in caplog.text


def test_an_answer_that_breaks_off_is_no_answer(server: Server) -> None:
    server.more = 1
    with client(server) as http:
        with pytest.raises(SendError) as caught:
            http.send(GET)
        assert type(caught.value) is SendError
        server.more = 0
        assert http.send(GET).status == 200


TOO_LARGE = f"^the body of a 200 is larger than {8 << 20} bytes$"


def test_a_body_of_eight_megabytes_is_read_and_a_larger_one_is_not(server: Server) -> None:
    for headers, packed in (({}, bytes), ({"Content-Encoding": "gzip"}, gzip.compress)):
        server.headers = headers
        with client(server) as http:
            server.body = packed(b" " * LARGEST_BODY)
            assert len(http.send(GET).body) == LARGEST_BODY
            server.body = packed(b" " * (LARGEST_BODY + 1))
            with pytest.raises(TooLargeError, match=TOO_LARGE):
                http.send(GET)


def test_a_body_that_is_announced_as_too_large_is_not_waited_for(server: Server) -> None:
    server.body, server.more = b" ", LARGEST_BODY
    with client(server) as http, pytest.raises(TooLargeError, match=TOO_LARGE):
        http.send(GET)


@pytest.mark.parametrize("part", ["_ANSWER", "_READ"])
def test_an_answer_that_takes_too_long_is_told_apart(
    server: Server, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    monkeypatch.setattr(f"merge_sync.client.{part}", 0.05)
    server.silent, server.more = part == "_ANSWER", 1
    server.hold.clear()
    limits = Limits(failing_share=0)
    with client(server, limits=limits) as http:
        with pytest.raises(TimedOutError):
            http.send(GET)
        # Its account now has the share of those that fail, which is none here.
        with pytest.raises(HeldBackError):
            http.send(GET)
        server.hold.set()


def test_a_body_that_trickles_in_ends_in_time(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("merge_sync.client._DEADLINE", -1.0)
    with client(server) as http, pytest.raises(TimedOutError, match="timed out in the body"):
        http.send(GET)


def test_nobody_there_is_no_answer() -> None:
    http = HttpxClient("k", Tokens(), origin="http://127.0.0.1:1")
    with closing(http), pytest.raises(SendError, match="refused"):
        http.send(GET)


@pytest.mark.parametrize(
    "request_",
    [
        Request("a", "DELETE", "/x"),
        Request("a", "GET", "@elsewhere.test/"),
        Request("a", "GET", ""),
    ],
)
def test_nothing_but_a_path_is_sent(server: Server, request_: Request) -> None:
    with client(server) as http, pytest.raises(SendError, match="not a GET or POST of a path"):
        http.send(request_)
    assert server.seen == []


@pytest.mark.parametrize("token", [None, "", "two\nlines", "é"])
def test_without_a_token_nothing_is_sent(server: Server, token: str | None) -> None:
    with client(server, Tokens(token)) as http, pytest.raises(NoTokenError):
        http.send(GET)
    assert server.seen == []


def test_a_store_that_fails_is_no_failure_of_merge(server: Server) -> None:
    tokens = Tokens()
    tokens.trouble = True
    with client(server, tokens) as http, pytest.raises(StoreError, match="the disk is gone"):
        http.send(GET)
    assert server.seen == []


def test_accounts_that_fail_leave_room_for_others(server: Server) -> None:
    server.status = 502
    with client(server) as http:
        for number in range(6):
            http.send(Request(str(number), "GET", "/x"))
        for number in range(5):
            http.send(Request(str(number), "GET", "/x"))
        with pytest.raises(HeldBackError) as caught:
            http.send(Request("5", "GET", "/x"))
        assert caught.value.after_ms == 10_000
        http.send(Request("another", "GET", "/x"))


def test_failing_answers_hold_up_everybody(server: Server) -> None:
    server.status = 500
    with client(server, limits=Limits(failing_answers=2)) as http:
        http.send(GET)
        http.send(Request("b", "GET", "/x"))
        with pytest.raises(HeldBackError) as caught:
            http.send(Request("c", "GET", "/x"))
        assert caught.value.after_ms == 10_000


@pytest.mark.parametrize("origin", ["api.merge.dev", "ftp://x", "https://x/path", "https://"])
def test_an_origin_that_is_none_is_refused(origin: str) -> None:
    with pytest.raises(InputError, match="origin: "):
        HttpxClient("k", Tokens(), origin=origin)


@pytest.mark.parametrize("key", ["", "two\nlines"])
def test_a_key_that_fits_no_header_is_refused_and_not_quoted(key: str) -> None:
    with pytest.raises(InputError, match=r"^api_key: expected a text that fits a header$"):
        HttpxClient(key, Tokens())
