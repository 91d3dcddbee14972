"""Is it a path or an address, of what kind, and what of it may be shown?

An address begins with one of the schemes below. A path that begins likewise is meant by putting
``./`` before it.

Trust: the address is the caller's own, and may hold a password or a signature. What is shown of it
holds neither. Names that a server lists below it are hostile.
Source: RFC 3986, sections 3.1 to 3.4.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit, urlunsplit

from safeload.errors import UsageError, printable

__all__ = ["MODEL_SCHEMES", "STORES", "WEB", "cleaned", "require_clean", "scheme_of"]

# Object stores, and the extra that installs what reads them.
STORES = {"s3": "s3", "gs": "gs", "az": "az", "abfs": "az", "hf": "hf"}
WEB = frozenset(["http", "https"])
# These have a path and no host: one slash.
MODEL_SCHEMES = frozenset(["models", "runs"])
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):(//?)")
# As in ?X-Amz-Signature=…; a question mark alone is a wildcard.
_QUERY = re.compile(r"\?[^/?]*=")


def scheme_of(text: str) -> str:
    """The scheme of an address, in lower case; empty for a path.

    Args:
        text: What the caller gave.

    Raises:
        UsageError: It is an address of a kind that nothing here reads (``address-unknown``).
    """
    match = _SCHEME.match(text)
    if match is None:
        return ""
    scheme, slashes = match[1].lower(), match[2]
    if scheme in MODEL_SCHEMES:
        return scheme
    if slashes != "//":
        return ""
    if scheme in STORES or scheme in WEB:
        return scheme
    known = ", ".join(sorted([*STORES, *WEB, *MODEL_SCHEMES]))
    raise UsageError(
        f"safeload does not read addresses that begin with {printable(scheme)}://.",
        code="address-unknown",
        hint=f"There are: {known}. A path that begins so is written with ./ before it.",
    )


def cleaned(address: str) -> str:
    """What may be shown of an address: neither who asks, nor a query, nor a fragment.

    Args:
        address: An address of the web.
    """
    parts = urlsplit(address)
    query = "..." if parts.query else ""
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, query, ""))


def require_clean(address: str) -> None:
    """Require that the address of an object store holds no credentials.

    Raises:
        UsageError: It does (``address-credentials``).
    """
    host = address.partition("//")[2].partition("/")[0]
    user = host.rpartition("@")[0]
    if ":" in user or _QUERY.search(address):
        raise UsageError(
            "The address of an object store holds a password or a query.",
            code="address-credentials",
            hint="Credentials come from the environment or from the store's own configuration.",
        )
