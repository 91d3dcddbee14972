"""JSON documents become other documents: a value changed, moved, left out or written twice."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Sequence
from typing import Any

from tests.fuzz.mutation import bent
from tests.scan.schemas import at, places

__all__ = ["edited", "rewritten"]

_VALUES: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 2, 2**53, 2**63, 10**400, 0.5, 1e400, "", "x", "\0", "é", "\u202e",
    "." * 300, [], [[]], {}, {"": None}, "__class__", "builtins", "../x", "*", "[", "a" * 64,
    "2026-01-31T12:00:00Z", "1.0", "NaN", "null", "[1]", '"x"',
)  # fmt: skip


def edited(value: Any, others: Sequence[Any], rng: random.Random) -> Any:
    """A copy of a document with one to three edits.

    Args:
        value: What JSON can say.
        others: Documents to take values from, at least one.
        rng: Where the choices come from.
    """
    value = copy.deepcopy(value)
    for _ in range(rng.randint(1, 3)):
        path = rng.choice(places(value))
        if not path:
            continue
        holder, key = at(value, path[:-1]), path[-1]
        kind = rng.randrange(6)
        if kind == 0:
            holder[key] = copy.deepcopy(rng.choice(_VALUES))
        elif kind == 1:
            other = rng.choice(others)
            holder[key] = copy.deepcopy(at(other, rng.choice(places(other))))
        elif kind == 2:
            del holder[key]
        elif kind == 3 and isinstance(holder, dict):
            holder[rng.choice([*holder, "more", "__id__", ""])] = holder.pop(key)
        elif kind == 4 and isinstance(holder, list):
            holder.insert(key, copy.deepcopy(holder[key]))
        elif isinstance(holder[key], str):
            text = holder[key].encode("utf-8", "surrogatepass")
            holder[key] = bent(text, [text], rng).decode("utf-8", "replace")
    return value


def rewritten(data: bytes, others: Sequence[bytes], rng: random.Random) -> bytes:
    """The text of a document, edited as a document in most cases and as bytes in the others."""
    if rng.random() < 0.7:
        try:
            value, other = json.loads(data), json.loads(rng.choice(others))
            text = json.dumps(edited(value, [other], rng), ensure_ascii=rng.random() < 0.5)
            return text.encode("utf-8", "surrogatepass")
        except (ValueError, RecursionError):
            pass
    return bent(data, others, rng)
