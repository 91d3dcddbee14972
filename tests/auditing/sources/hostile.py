"""A web server that does what it should not, by the path that it is asked for."""

from __future__ import annotations

import gzip
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

__all__ = ["MODEL", "Server", "serving"]

MODEL = b"\x80\x04}\x94\x8c\x01a\x94K\x01s."
PAGE = b"<!DOCTYPE html><html><title>Sign in</title></html>"


class Server(ThreadingHTTPServer):
    """The server, and what it was asked for."""

    daemon_threads = True

    def __init__(self, *, elsewhere: str = "") -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.scheme = "http"
        self.elsewhere = elsewhere
        self.asked: list[tuple[str, str | None]] = []
        self.over = threading.Event()

    def url(self, path: str, *, user: str = "") -> str:
        return f"{self.scheme}://{user}127.0.0.1:{self.server_address[1]}/{path}"

    def secure(self, context: ssl.SSLContext) -> None:
        self.socket = context.wrap_socket(self.socket, server_side=True)
        self.scheme = "https"

    def handle_error(self, request: object, client_address: object) -> None:
        """Whoever does not like the answer goes away."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def do_GET(self) -> None:
        self.server.asked.append((self.path, self.headers.get("Authorization")))
        what = self.path.lstrip("/").partition("?")[0].removesuffix(".pkl").replace("-", "_")
        # A client may have had enough at any time.
        with suppress(OSError):
            getattr(self, what, self.nothing)()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass

    def answer(self, body: bytes, *, status: int = 200, **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", headers.pop("length", str(len(body))))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def legitimate(self) -> None:
        self.answer(MODEL)

    def nothing(self) -> None:
        self.answer(b"no such thing", status=404)

    def forbidden(self) -> None:
        self.answer(b"", status=403)

    def broken(self) -> None:
        self.answer(b"", status=500)

    def sign_in(self) -> None:
        self.answer(PAGE, Content_Type="text/html")

    def zipped(self) -> None:
        self.answer(gzip.compress(MODEL), Content_Encoding="gzip")

    def longer(self) -> None:
        self.answer(MODEL, length=str(len(MODEL) + 100))
        self.close_connection = True

    def shorter(self) -> None:
        self.answer(MODEL, length=str(len(MODEL) - 3))
        self.close_connection = True

    def negative(self) -> None:
        self.answer(MODEL, length="-5")
        self.close_connection = True

    def huge(self) -> None:
        self.answer(b"", length=str(1 << 60))

    def without_length(self) -> None:
        self.send_response(200)
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(MODEL)
        self.close_connection = True

    def chunked(self) -> None:
        self.start_chunks()
        for byte in MODEL:
            self.chunk(bytes([byte]))
        self.wfile.write(b"0\r\n\r\n")

    def endless(self) -> None:
        self.start_chunks()
        while not self.server.over.is_set():
            self.chunk(bytes(1 << 16))

    def silent(self) -> None:
        self.server.over.wait()

    def stuck(self) -> None:
        self.start_chunks()
        self.chunk(MODEL)
        self.server.over.wait()

    def circle(self) -> None:
        self.answer(b"", status=302, Location="/circle.pkl")

    def moved(self) -> None:
        self.answer(b"", status=302, Location="/legitimate.pkl")

    def away(self) -> None:
        self.answer(b"", status=302, Location=self.server.elsewhere)

    def to_file(self) -> None:
        self.answer(b"", status=302, Location="file:///etc/passwd")

    def partial(self) -> None:
        self.answer(MODEL, status=206, Content_Range="bytes 0-20/1000")

    def start_chunks(self) -> None:
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()

    def chunk(self, data: bytes) -> None:
        self.wfile.write(b"%x\r\n%b\r\n" % (len(data), data))


@contextmanager
def serving(server: Server) -> Iterator[Server]:
    """Let a server work."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield server
    finally:
        server.over.set()
        server.shutdown()
        thread.join()
        server.server_close()
