"""Plain values pass without a scan, and nothing else does."""

from __future__ import annotations

import pickle
import pickletools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safeload.serving.guard.plain import is_plain
from tests.builder import Name, Pickle

# All that may stand in a plain stream: nothing names, calls, builds, or asks somebody else.
HARMLESS = {
    "PROTO", "FRAME", "MARK", "STOP", "MEMOIZE", "BINPUT", "BINGET",
    "NONE", "NEWTRUE", "NEWFALSE", "BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT",
    "BINUNICODE", "SHORT_BINUNICODE", "SHORT_BINBYTES",
    "EMPTY_LIST", "EMPTY_DICT", "EMPTY_TUPLE", "EMPTY_SET",
    "APPEND", "APPENDS", "SETITEM", "SETITEMS", "ADDITEMS",
    "TUPLE", "TUPLE1", "TUPLE2", "TUPLE3", "FROZENSET",
}  # fmt: skip
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.floats(allow_nan=False)
    | st.text(max_size=40)
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=20,
)


@given(value=VALUES, protocol=st.integers(2, 5))
def test_small_plain_values_pass(value: Any, protocol: int) -> None:
    data = pickle.dumps(value, protocol)
    # What is written once and fetched often is left to the scan.
    fetched = sum(op.name in ("BINGET", "LONG_BINGET") for op, _, _ in pickletools.genops(data))
    assert is_plain(data) or fetched > 8 or len(data) > 1 << 14


BYTES = st.sampled_from(sorted(b"\x80\x04\x95\x94}])(NuseaKq.h\x8c\x02abC\x85R\x93c\nbPQr\x00"))


@given(data=st.lists(BYTES, max_size=40).map(bytes) | st.binary(max_size=60))
def test_what_passes_is_one_stream_of_harmless_opcodes(data: bytes) -> None:
    for stream in (data, b"\x80\x04" + data + b"."):
        if is_plain(stream):
            opcodes = [(op.name, at) for op, _, at in pickletools.genops(stream)]
            assert {name for name, _ in opcodes} <= HARMLESS
            assert opcodes[-1] == ("STOP", len(stream) - 1)


STRANGE = {
    "a name": Pickle(4).global_("posix", "system"),
    "a call": Pickle(4).call(Name("posix", "system"), "true"),
    "a name in text": Pickle(0).global_("posix", "system"),
}


@pytest.mark.parametrize("built", STRANGE.values(), ids=STRANGE)
def test_what_names_something_does_not_pass(built: Pickle) -> None:
    assert not is_plain(built.finish())


REFUSED = {
    "a list in itself, twice as much each time": b"\x80\x04]\x94" + b"h\x00a" * 9 + b".",
    "a place far up in the memo": b"\x80\x04Nr\xff\xff\xff\x7f.",
    "tuples that hold a tuple twice": b"\x80\x04)\x94" + b"h\x00\x86\x94" * 3 + b".",
    "many tuples within each other": b"\x80\x04)" + b"\x85" * 300 + b".",
    "a persistent identifier": b"\x80\x04NQ.",
    "an extension code": b"\x80\x04\x82\x01.",
    "a buffer": b"\x80\x05\x97.",
    "bytes of any number": b"\x80\x05\x96" + b"\xff" * 7 + b"\x7f.",
    "something behind the end": b"\x80\x04N.N.",
    "no end": b"\x80\x04N",
    "nothing": b"",
    "a large number": b"\x80\x04\x8a\xff" + b"\x01" * 255 + b".",
    "more than it may weigh": b"\x80\x04](" + b"N" * (1 << 14) + b"e.",
}


@pytest.mark.parametrize("data", REFUSED.values(), ids=REFUSED)
def test_what_could_cost_more_than_it_weighs_is_left_to_the_scan(data: bytes) -> None:
    assert not is_plain(data)
