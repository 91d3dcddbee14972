"""A repository is read from what answers like the Hugging Face hub, for which there is no server.

Source: the hub's API as huggingface_hub asks for it (``/api/models/…/tree``, ``/paths-info``,
``/resolve``).
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import fsspec.config
import pytest

import safeload
from safeload.auditing.sources import remote
from safeload.verdict import Verdict
from tests.auditing.sources.hostile import MODEL
from tests.builder import Name, Pickle

FILES = {
    "model.pkl": MODEL,
    "evil.pkl": Pickle(4).call(Name("posix", "system"), "true").finish(),
    "README.md": b"# Churn",
}
COMMIT = "c" * 40


class _Hub(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        asked = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        if "/tree/" in path or "/paths-info/" in path:
            wanted = [name for name in FILES if "/tree/" in path or name in asked]
            self.answer(json.dumps([entry(name) for name in wanted]).encode())
        elif "/resolve/" in path:
            data = FILES[path.rpartition("/")[2]]
            first, last = self.headers["Range"].removeprefix("bytes=").split("-")
            self.answer(data[int(first) : int(last) + 1], status=206)
        else:
            self.answer(json.dumps({"id": "org/churn", "sha": COMMIT}).encode())

    def do_POST(self) -> None:
        self.do_GET()

    def answer(self, data: bytes, status: int = 200) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.send_header("X-Repo-Commit", COMMIT)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


def entry(name: str) -> dict[str, object]:
    return {"type": "file", "oid": "a" * 40, "size": len(FILES[name]), "path": name}


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Hub)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    monkeypatch.setenv("no_proxy", "*")
    address = f"http://127.0.0.1:{server.server_address[1]}"
    # What fsspec hands to every file system of a scheme, as its configuration says.
    monkeypatch.setitem(fsspec.config.conf, "hf", {"endpoint": address, "token": False})
    remote._store.cache_clear()
    yield
    remote._store.cache_clear()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.usefixtures("hub")
def test_a_repository_and_a_file_of_it_are_audited() -> None:
    report = safeload.audit("hf://org/churn")
    assert {file.path: file.verdict for file in report.files} == {
        "hf://org/churn/evil.pkl": Verdict.REFUSE,
        "hf://org/churn/model.pkl": Verdict.ACCEPT,
    }
    assert [skipped.path for skipped in report.skipped] == ["hf://org/churn/README.md"]
    assert safeload.audit("hf://org/churn/model.pkl").exit_code == 0
