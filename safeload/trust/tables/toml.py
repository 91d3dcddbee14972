"""Bytes become the values of a TOML document, or a fault with its line.

Trust: the text is the caller's own.

Source: TOML 1.0.
"""

from __future__ import annotations

import codecs
import tomllib
from collections.abc import Mapping
from typing import Any

from safeload.errors import printable
from safeload.trust.tables.faults import Unfit
from safeload.trust.tables.toml_lines import reason_of

__all__ = ["decoded", "toml_of"]


def decoded(data: bytes) -> str:
    """The text of a document.

    Args:
        data: TOML in UTF-8, without a byte order mark.
    """
    if data.startswith(codecs.BOM_UTF8):
        raise Unfit("it begins with a byte order mark; save it as UTF-8 without one", line=1)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise Unfit("it is not in UTF-8", line=line) from error


def toml_of(text: str) -> Mapping[str, Any]:
    """The values of a document.

    Args:
        text: TOML.
    """
    try:
        return tomllib.loads(text)
    except RecursionError as error:
        raise Unfit("it is nested too deeply") from error
    except ValueError as error:
        why, line = reason_of(error, text)
        raise Unfit(f"it is not valid TOML ({printable(why)})", line=line) from error
