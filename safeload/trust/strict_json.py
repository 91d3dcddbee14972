"""JSON bytes become the one value that every parser reads in them.

No duplicate members, no NaN or infinities (not by overflow either), no lone surrogates, no byte
order mark, no nesting beyond the interpreter's stack: where parsers disagree, a verifier and a
reader could be shown two statements under one signature.

Trust: any bytes may come in. How many is for the caller to bound.

Source: RFC 8259 (sections 4, 6, 8 and 9 on what parsers may do differently).
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from typing import Any

from safeload.errors import TrustError

__all__ = ["parse_json"]

_SURROGATE_ESCAPE = re.compile(rb"\\u[dD][89a-fA-F]")


def parse_json(data: bytes, malformed: Callable[[str], TrustError]) -> Any:
    """Parse JSON strictly.

    Args:
        data: JSON in UTF-8.
        malformed: Makes the error from a clause that says why, such as "it is not valid JSON".

    Returns:
        The value.

    Raises:
        TrustError: Made by ``malformed``.
    """

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        members = dict(pairs)
        if len(members) != len(pairs):
            raise malformed("a member of its JSON occurs twice")
        return members

    def finite(text: str) -> float:
        number = float(text)
        if not math.isfinite(number):
            raise malformed("a number in its JSON is infinite")
        return number

    def refuse(_: str) -> float:
        raise malformed("its JSON holds a NaN or an infinity")

    try:
        value = json.loads(
            data.decode("utf-8"),
            object_pairs_hook=unique,
            parse_float=finite,
            parse_constant=refuse,
        )
        # Half a surrogate pair can be written as an escape, but never be encoded again. Only text
        # with such escapes is worth the attempt.
        if _SURROGATE_ESCAPE.search(data):
            json.dumps(value, ensure_ascii=False).encode("utf-8")
    except RecursionError as error:
        raise malformed("its JSON is nested too deeply") from error
    except ValueError as error:
        raise malformed("it is not valid JSON in UTF-8") from error
    return value
