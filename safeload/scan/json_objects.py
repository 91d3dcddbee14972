"""JSON that has one reading: an object without keys twice, without numbers that JSON has not.

Trust: the text is hostile; what comes out are dicts, lists, texts, numbers, booleans and None.
Source: RFC 8259, section 4 (names should be unique); CPython ``json``.
"""

from __future__ import annotations

import json
from typing import Any, NoReturn

from safeload.errors import printable

__all__ = ["json_object"]


def json_object(raw: bytes) -> dict[str, Any]:
    """Read a JSON object.

    Args:
        raw: UTF-8.

    Raises:
        ValueError: It is none; the text ends a sentence that says what is.
    """
    try:
        found = json.loads(
            str(raw, "utf-8"), object_pairs_hook=_distinct, parse_constant=_no_constant
        )
    except UnicodeDecodeError:
        raise ValueError("not UTF-8") from None
    except RecursionError:
        raise ValueError("nested too deeply") from None
    except ValueError as error:
        raise ValueError(f"not JSON: {printable(str(error))}") from error
    if type(found) is not dict:
        raise ValueError("not a JSON object")
    return found


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError("an object has the same key twice")
    return result


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON number")
