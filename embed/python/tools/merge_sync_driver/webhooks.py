"""An endpoint for webhooks, by Python's own HTTP server."""

import contextlib
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from merge_sync.signature import HEADER
from merge_sync.webhook import Reply


@contextlib.contextmanager
def serving(receive: Callable[[bytes, list[str]], Reply]) -> Iterator[str]:
    """Serve on a free port of the loopback address; answer the URL to post to."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            """Answer a delivery."""
            body = self.rfile.read(int(self.headers["Content-Length"]))
            reply = receive(body, self.headers.get_all(HEADER) or [])
            answer = reply.body.encode()
            self.send_response(reply.status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/api/webhooks/merge"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
