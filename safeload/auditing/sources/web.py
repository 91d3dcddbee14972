"""A file behind an address of the web is read with one request.

One request has one answer, so that nothing can change in between; a folder of the web is only a
page, and is not searched. Redirects are followed a few times, never from https to http.

Trust: the server is hostile. It may send without end, slowly, less than it said, or compressed
although it was asked not to; each of these is an error. Where it redirects to is up to it.
Source: RFC 9110, sections 8.4 (content codings), 8.6 (lengths) and 15.4 (redirects).
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from safeload.artefact import Artefact
from safeload.auditing.sources.addresses import WEB, cleaned
from safeload.auditing.sources.extras import require
from safeload.auditing.sources.failures import asking
from safeload.auditing.walk import Candidate
from safeload.errors import ArtefactError, UsageError
from safeload.limits import Limits

__all__ = ["WebFile", "at", "paced"]

_PIECE = 1 << 20
_REDIRECTS = 5
# Seconds without a byte, and for a connection; and bytes a second, once the first seconds are over.
_SILENCE, _CONNECT = 60.0, 20.0
_SLOWEST, _GRACE = 16 << 10, 60.0


@dataclass(frozen=True, slots=True)
class WebFile:
    """A file behind an address.

    Attributes:
        address: The address, with whatever secrets it holds.
    """

    address: str = field(repr=False)

    @property
    def size(self) -> int:
        """Nobody knows before it is asked for."""
        return 0

    def read(self, limits: Limits) -> Artefact:
        """Read it, once.

        Args:
            limits: ``bytes_in`` applies.

        Raises:
            ArtefactError: The server does not give it, or it is too large.
            UsageError: The library for it is not installed.
        """
        system = _system(self.address)
        with asking(), system.open(self.address, block_size=0, size=1) as file:
            said = _length(file.r, secure=_scheme(self.address) == "https")
            if said > limits.bytes_in:
                raise _error(f"The file is larger than {limits.bytes_in} bytes.", code="too-large")
            return Artefact.take(paced(file, _PIECE), name=cleaned(self.address), limits=limits)


def at(address: str) -> Candidate:
    """The file behind an address.

    Args:
        address: An address of the web.

    Raises:
        UsageError: It names no host (``address-malformed``), or the library for it is not
            installed.
    """
    try:
        parts = urlsplit(address)
        known = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        known = False
    if not known:
        raise UsageError(
            "An address does not name a host.",
            code="address-malformed",
            hint="Write it as in https://example.org/model.pkl.",
        )
    _library()
    title = cleaned(address)
    return Candidate(Path(title), named=True, title=title, remote=WebFile(address))


def paced(file: Any, size: int) -> Iterator[bytes]:
    """What a server sends, in pieces, as long as it is not all too slow.

    Args:
        file: A file to read from.
        size: Bytes of a piece, at most.

    Raises:
        ArtefactError: It is.
    """
    started, total = time.monotonic(), 0
    while piece := file.read(size):
        yield piece
        total += len(piece)
        seconds = time.monotonic() - started
        if seconds > _GRACE and total < (seconds - _GRACE) * _SLOWEST:
            raise _error("The server sends the file too slowly to wait for it.")


def _system(address: str) -> Any:
    """What reads the address; made anew, so that no cookie of one server's is kept for another."""
    library = _library()
    aiohttp = require("aiohttp", "remote")
    timeout = aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT, sock_read=_SILENCE)
    return library.HTTPFileSystem(
        skip_instance_cache=True,
        client_kwargs={
            "auto_decompress": False,
            "cookie_jar": aiohttp.DummyCookieJar,
            "timeout": timeout,
        },
        get_client=_client,
        headers={"Accept-Encoding": "identity"},
        max_redirects=_REDIRECTS,
        proxy=_proxy(address),
    )


async def _client(**options: Any) -> Any:
    jar = options.pop("cookie_jar")
    # A jar belongs to the loop that runs it.
    return require("aiohttp", "remote").ClientSession(cookie_jar=jar(), **options)


def _library() -> Any:
    return require("fsspec.implementations.http", "remote")


def _proxy(address: str) -> str | None:
    """The proxy that the environment names; not by aiohttp, which would read passwords as well."""
    parts = urlsplit(address)
    if proxy_bypass(parts.hostname or ""):
        return None
    return getproxies().get(parts.scheme.lower())


def _length(answer: Any, *, secure: bool) -> int:
    """How long an answer says it is, or 0; it is one that can be taken.

    Args:
        answer: The answer, of which only the head was read.
        secure: Whether it has to have come by https, all the way.
    """
    schemes = {each.url.scheme for each in (*answer.history, answer)}
    if not schemes <= WEB or (secure and schemes != {"https"}):
        raise _error("The server redirects to an address that is not secure.")
    if answer.status != 200:
        raise _error(f"The server answered with status {answer.status}.")
    if answer.headers.get("Content-Encoding", "identity").strip().lower() not in ("", "identity"):
        raise _error("The server compressed the file on its way, although it was asked not to.")
    return answer.content_length or 0


def _scheme(address: str) -> str:
    return urlsplit(address).scheme.lower()


def _error(message: str, *, code: str = "unreadable") -> ArtefactError:
    return ArtefactError(message, code=code, hint="Fetch the file by other means, and audit it.")
