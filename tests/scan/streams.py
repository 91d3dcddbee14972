"""Valid streams of opcodes, drawn by hypothesis: a small machine keeps what is on the stack.

They need not make sense, but every opcode finds operands that it can work on, so that unpicklers
get to the end of most of them.
"""

from __future__ import annotations

import itertools
import struct
from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

from tests.builder import Pickle

__all__ = ["NAMES", "mutations", "streams"]

NAMES = [
    ("builtins", "getattr"),
    ("builtins", "list"),
    ("__builtin__", "str"),
    ("copy_reg", "_reconstructor"),
    ("copyreg", "_reconstructor"),
    ("copyreg", "__newobj__"),
    ("collections", "OrderedDict"),
    ("datetime", "datetime"),
    ("numpy", "dtype"),
    ("os", "path.join"),
    ("posix", "system"),
    ("sklearn.pipeline", "Pipeline"),
    ("UserDict", "UserDict"),
]
_TEXTS = ["", "a", "b", "é", "__class__", "latin1"]
_PUT, _GET = "put", "get"


class _Stack:
    """The stack of a stream under construction, by kinds of values: one letter each.

    ``a`` atom (can be a key), ``s`` string, ``l`` list, ``d`` dict, ``e`` set, ``t`` tuple, ``c``
    class, ``o`` object, ``(`` mark.
    """

    def __init__(self, protocol: int) -> None:
        self.protocol = protocol
        self.kinds: list[str] = []
        self.memo: list[str] = []
        self.chunks: list[bytes] = []

    def top(self, form: str) -> bool:
        """Whether the kinds on top are these; ``?`` is any value, ``k`` any key."""
        if len(self.kinds) < len(form):
            return False
        found = self.kinds[len(self.kinds) - len(form) :]
        return all(
            kind == want or (want == "?" and kind != "(") or (want == "k" and kind in "as")
            for kind, want in zip(found, form, strict=True)
        )

    def above(self) -> str | None:
        """The kinds above the last mark, or None without one."""
        if "(" not in self.kinds:
            return None
        return "".join(self.kinds[len(self.kinds) - self.kinds[::-1].index("(") :])

    def below(self) -> str:
        """The kind right below the last mark, or an empty string."""
        above = self.above()
        place = -1 if above is None else len(self.kinds) - len(above) - 2
        return self.kinds[place] if place >= 0 else ""

    def emit(self, pickle: Pickle, taken: int, left: str) -> None:
        """Write one opcode (or a few) that takes so many kinds and leaves others."""
        self.chunks.append(bytes(pickle))
        if taken:
            del self.kinds[-taken:]
        self.kinds += left


_Op = Callable[[_Stack, Any], None]


def _raw() -> Pickle:
    # Protocol 0 has no PROTO opcode, so nothing is written ahead.
    return Pickle(0)


def _atom(stack: _Stack, draw: Any) -> None:
    value = draw(st.sampled_from([None, True, 0, 300, -7, 2**70, 1.5]))
    stack.emit(Pickle(stack.protocol).save(value), 0, "a")
    stack.chunks[-1] = stack.chunks[-1][2 if stack.protocol >= 2 else 0 :]


def _text(stack: _Stack, draw: Any) -> None:
    text = draw(st.sampled_from(_TEXTS))
    writers = [_raw().unicode, _raw().binunicode, _raw().short_binunicode, _raw().binunicode8]
    stack.emit(draw(st.sampled_from(writers))(text), 0, "s")


def _name(stack: _Stack, draw: Any) -> None:
    module, name = draw(st.sampled_from(NAMES))
    if draw(st.booleans()):
        stack.emit(_raw().global_(module, name), 0, "c")
        return
    pickle = _raw().short_binunicode(module).short_binunicode(name).stack_global()
    stack.emit(pickle, 0, "c")


def _object(stack: _Stack, draw: Any) -> None:
    """An object made in one of the ways there are, and perhaps given a state or items."""
    way = draw(st.sampled_from("reduce newobj newobj_ex inst obj getattr rebuild".split()))
    if way == "getattr":
        stack.emit(_raw().global_("builtins", "getattr"), 0, "c")
    elif way == "rebuild":
        stack.emit(_raw().global_("copyreg", "_reconstructor"), 0, "c")
    elif way == "obj":
        stack.emit(_raw().mark(), 0, "(")
    if way != "inst":
        _name(stack, draw)
    if way == "getattr":
        stack.emit(_raw().unicode("name").tuple2().reduce(), 2, "o")
    elif way == "rebuild":
        stack.emit(_raw().global_("builtins", "object").none().tuple3().reduce(), 2, "o")
    elif way in ("reduce", "newobj"):
        stack.emit(_raw().empty_tuple(), 0, "t")
        stack.emit(getattr(_raw(), way)(), 2, "o")
    elif way == "newobj_ex":
        stack.emit(_raw().empty_tuple().empty_dict().newobj_ex(), 1, "o")
    elif way == "obj":
        stack.emit(_raw().none().obj(), 2, "o")
    else:
        stack.emit(_raw().mark().inst(*draw(st.sampled_from(NAMES))), 0, "o")
    fill = draw(st.sampled_from("none build slots append appends setitems additems".split()))
    writers: dict[str, Callable[[], Pickle]] = {
        "none": _raw,
        "build": lambda: _raw().empty_dict().unicode("x").none().setitem().build(),
        "slots": lambda: _raw().none().empty_dict().tuple2().build(),
        "append": lambda: _raw().none().append(),
        "appends": lambda: _raw().mark().none().none().appends(),
        "setitems": lambda: _raw().mark().unicode("k").none().setitems(),
        "additems": lambda: _raw().mark().unicode("k").additems(),
    }
    stack.emit(writers[fill](), 0, "")


def _container(stack: _Stack, draw: Any) -> None:
    """A container with a few values, by the opcodes that fill many at once."""
    kind = draw(st.sampled_from("lde"))
    empty = {"l": _raw().empty_list, "d": _raw().empty_dict, "e": _raw().empty_set}[kind]
    stack.emit(empty().mark(), 0, kind + "(")
    for _ in range(draw(st.integers(0, 3))):
        _text(stack, draw)
        if kind != "e":
            _atom(stack, draw)
    taken = len(stack.above() or "") + 1
    fill = {"l": _raw().appends, "d": _raw().setitems, "e": _raw().additems}[kind]
    stack.emit(fill(), taken, "")


def _remember(stack: _Stack, draw: Any) -> None:
    index = len(stack.memo)
    forms = [_raw().put(index), _raw().binput(index), _raw().long_binput(index), _raw().memoize()]
    stack.memo.append(stack.kinds[-1])
    stack.emit(draw(st.sampled_from(forms)), 0, "")


def _recall(stack: _Stack, draw: Any) -> None:
    index = draw(st.integers(0, len(stack.memo) - 1))
    forms = [_raw().get(index), _raw().binget(index), _raw().long_binget(index)]
    stack.emit(draw(st.sampled_from(forms)), 0, stack.memo[index])


def _ops(stack: _Stack) -> list[_Op]:  # noqa: C901
    """Every opcode that finds its operands."""
    found: list[_Op] = [_atom, _text, _name, _object, _object, _object, _container]

    def simple(pickle: Pickle, taken: int, left: str) -> None:
        found.append(lambda stack, draw: stack.emit(pickle, taken, left))

    simple(_raw().mark(), 0, "(")
    simple(_raw().empty_tuple(), 0, "t")
    simple(_raw().empty_list(), 0, "l")
    simple(_raw().empty_dict(), 0, "d")
    simple(_raw().empty_set(), 0, "e")
    simple(_raw().short_binbytes(b"xy"), 0, "a")
    if stack.top("?"):
        found.append(_remember)
        simple(_raw().pop(), 1, "")
        simple(_raw().tuple1(), 1, "t")
    if stack.memo:
        found += [_recall, _recall]
    if stack.top("??"):
        simple(_raw().tuple2(), 2, "t")
    if stack.top("???"):
        simple(_raw().tuple3(), 3, "t")
    if stack.top("l?") or stack.top("o?"):
        simple(_raw().append(), 1, "")
    if stack.top("dk?") or stack.top("ok?"):
        simple(_raw().setitem(), 2, "")
    for callee in "co":
        if stack.top(f"{callee}t"):
            found += [lambda stack, draw: stack.emit(_raw().reduce(), 2, "o")] * 3
    if stack.top("ct"):
        found += [lambda stack, draw: stack.emit(_raw().newobj(), 2, "o")] * 3
    if stack.top("o?"):
        found += [lambda stack, draw: stack.emit(_raw().build(), 1, "")] * 3
    above = stack.above()
    if above is None:
        return found
    count = len(above) + 1
    simple(_raw().tuple_(), count, "t")
    simple(_raw().list_(), count, "l")
    simple(_raw().pop_mark(), count, "")
    if above[:1] == "c":
        simple(_raw().obj(), count, "o")
    found.append(
        lambda stack, draw: stack.emit(_raw().inst(*draw(st.sampled_from(NAMES))), count, "o")
    )
    if set(above) <= set("as"):
        simple(_raw().frozenset_(), count, "a")
    if len(above) % 2 == 0 and set(above[::2]) <= set("as"):
        simple(_raw().dict_(), count, "d")
        if stack.below() in ("d", "o"):
            simple(_raw().setitems(), count, "")
    if stack.below() in ("l", "o"):
        simple(_raw().appends(), count, "")
    if stack.below() in ("e", "o") and set(above) <= set("as"):
        simple(_raw().additems(), count, "")
    return found


@st.composite
def streams(draw: st.DrawFn, most: int = 40) -> bytes:
    """A whole stream, PROTO to STOP, in frames or not.

    Args:
        draw: Hypothesis draws with this.
        most: Opcodes, at most.
    """
    protocol = draw(st.integers(0, 5))
    stack = _Stack(protocol)
    for _ in range(draw(st.integers(1, most))):
        ops = _ops(stack)
        ops[draw(st.integers(0, len(ops) - 1))](stack, draw)
    while (above := stack.above()) is not None:
        stack.emit(_raw().tuple_(), len(above) + 1, "t")
    if not stack.kinds:
        stack.emit(_raw().none(), 0, "a")
    while len(stack.kinds) > 1:
        stack.emit(_raw().tuple2(), 2, "t")
    stack.chunks.append(b".")
    head = b"\x80" + bytes([protocol]) if protocol >= 2 else b""
    if protocol < 4 or not draw(st.booleans()):
        return head + b"".join(stack.chunks)
    cuts = draw(st.lists(st.integers(0, len(stack.chunks)), max_size=3))
    places = [0, *sorted(cuts), len(stack.chunks)]
    bodies = [b"".join(stack.chunks[a:b]) for a, b in itertools.pairwise(places)]
    return head + b"".join(b"\x95" + struct.pack("<Q", len(body)) + body for body in bodies)


@st.composite
def mutations(draw: st.DrawFn, originals: list[bytes]) -> bytes:
    """One of several files with a few bytes replaced, inserted, removed or doubled."""
    data = bytearray(draw(st.sampled_from(originals)))
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.integers(0, max(len(data) - 1, 0)))
        kind = draw(st.sampled_from("flip set insert remove double swap".split()))
        length = draw(st.integers(1, 12))
        if kind == "flip" and data:
            data[place] ^= 1 << draw(st.integers(0, 7))
        elif kind == "set" and data:
            data[place] = draw(st.sampled_from(b".0(tRbo}]N\x80\x81\x85\x8c\x93\x94\x95qhjc"))
        elif kind == "insert":
            data[place:place] = draw(st.binary(min_size=1, max_size=12))
        elif kind == "remove":
            del data[place : place + length]
        elif kind == "double":
            data[place:place] = data[place : place + length]
        else:
            other = draw(st.sampled_from(originals))
            start = draw(st.integers(0, len(other) - 1))
            data[place : place + length] = other[start : start + length]
    return bytes(data)
