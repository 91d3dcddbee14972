"""The JSON of a message is read as it is, and nothing is read that would take a program down."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safeload.isolation import header
from safeload.isolation.header import GarbledError, read_header

TEXT = st.text(st.sampled_from('[]{}"\\\n\u2028\U0001f600\udc80a,:'), max_size=6)
JSON = st.recursive(
    TEXT | st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=30,
)


def depth(value: Any) -> int:
    """How deep lists and dicts nest in a value."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return isinstance(value, dict | list) + max(map(depth, inner), default=0)


def nested(times: int) -> bytes:
    return b'{"a":' + b"[" * times + b"]" * times + b"}"


@settings(deadline=None)
@given(st.dictionaries(TEXT, JSON, max_size=4))
def test_an_object_is_read_as_it_was_written(value: dict[str, Any]) -> None:
    assert read_header(bytearray(json.dumps(value).encode())) == value


@settings(deadline=None)
@given(JSON, st.sampled_from([1, 3, 1 << 16]))
def test_the_depth_is_that_of_lists_and_objects(value: Any, piece: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(header, "_PIECE", piece)
        patch.setattr(header, "_NESTING", -1)
        assert header._depth(bytearray(json.dumps(value).encode())) == depth(value)


def test_brackets_in_texts_are_no_depth() -> None:
    value = {"a": ["[" * 100_000, '"[' * 1_000, "\\" * 999], "[" * 1_000: ["{"] * 1_000}
    assert read_header(bytearray(json.dumps(value).encode())) == value
    assert read_header(bytearray(nested(150)))


TEXTS = {
    "lists without end": b"[" * 100_000,
    "objects without end": b'{"":' * 100_000,
    "lists without end behind texts": b'{"[\\"": "\\\\", "a": ' + b"[" * 100_000,
    "lists that end, too deep": nested(300),
    "quotes": b'"' * 100_000,
    "quotes that are none": b'{"' + b'\\"' * 100_000,
    "backslashes": b"[" * 300 + b'"' + b"\\" * 100_000,
    "a number without end": b'{"a": ' + b"1" * 100_000 + b"}",
    "characters beyond ASCII": '{"a": "\u00e4"}'.encode(),
    "bytes that are not a text": b'{"a": "\xff"}',
    "a list": b"[]",
    "nothing": b"",
    "two objects": b"{}{}",
}


@pytest.mark.guarantee("G19")
@pytest.mark.parametrize("what", TEXTS)
def test_what_is_no_object_is_garbled(what: str) -> None:
    with pytest.raises(GarbledError):
        read_header(bytearray(TEXTS[what]))


@pytest.mark.guarantee("G19")
def test_it_is_garbled_also_where_the_program_has_lifted_the_bounds_of_python() -> None:
    # In a process of its own: were it not, the stack would overflow, or it would never end.
    code = (
        "import sys\n"
        "sys.setrecursionlimit(10**8)\n"
        "sys.set_int_max_str_digits(0)\n"
        "from safeload.isolation.header import GarbledError, read_header\n"
        "digits = b'{\"a\":' + b'1' * 4_000_000 + b'}'\n"
        "for text in (b'[' * 4_000_000, b'{\"a\":' * 800_000, digits):\n"
        "    try: read_header(bytearray(text))\n"
        "    except GarbledError: print('garbled')\n"
        "assert read_header(bytearray(b'{\"a\": ' + b'1' * 4_000 + b'}'))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=300
    )
    assert done.stdout.split() == ["garbled"] * 3
