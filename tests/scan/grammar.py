"""Valid streams of opcodes, written at random: a small machine keeps what is on the stack.

They need not make sense, but every opcode finds operands that it can work on, so that unpicklers
get to the end of most of them. Who draws the random numbers is open: hypothesis does for the
property tests (``streams.py``), a seeded generator or a fuzzer for ``tests.fuzz``.
"""

from __future__ import annotations

import itertools
import math
import random
import struct
from collections.abc import Callable, Sequence

from tests.builder import Pickle, Value

__all__ = ["NAMES", "TEXTS", "Names", "stream"]

Names = Sequence[tuple[str, str]]

NAMES: Names = (
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
)
TEXTS = ("", "a", "b", "é", "__class__", "latin1", "\ud800", "a\\u0041\n", "x" * 300)
_ATOMS = (None, True, False, 0, 1, -1, 255, 256, 300, 65_536, -7, 2**31, 2**70, -(2**63), 1.5, -0.0)
_BLOBS = (b"", b"xy", bytes(range(256)), b"\n" * 300)
_DTYPES = ("<f8", "|u1", ">i4", "|b1", "<U2", "|S3")
_ALIGNMENT = 16
# How often another opcode is looked for where one finds no operands.
_ATTEMPTS = 60

# What a pattern of :meth:`_Stack.top` may ask for beside the kinds themselves.
_CLASSES = {"?": "asbldetcoxr", "k": "as", "f": "lo", "m": "do", "n": "eo"}


class _Stack:
    """The stack of a stream under construction, by kinds of values: one letter each.

    ``a`` atom (can be a key), ``s`` string, ``b`` bytes, ``l`` list, ``d`` dict, ``e`` set, ``t``
    tuple, ``c`` class, ``o`` object, ``r`` array, ``x`` anything, ``(`` mark.
    """

    def __init__(self, protocol: int, rng: random.Random, names: Names) -> None:
        self.protocol = protocol
        self.rng = rng
        self.names = names
        self.kinds: list[str] = []
        self.memo: list[str] = []
        self.chunks: list[bytes] = []
        self.size = 2 if protocol >= 2 else 0

    def top(self, form: str) -> bool:
        """Whether the kinds on top are these: letters, or the keys of ``_CLASSES``."""
        if len(self.kinds) < len(form):
            return False
        found = self.kinds[len(self.kinds) - len(form) :]
        return all(kind in _CLASSES.get(want, want) for kind, want in zip(found, form, strict=True))

    def above(self) -> str | None:
        """The kinds above the last mark, or None without one."""
        if "(" not in self.kinds:
            return None
        return "".join(self.kinds[len(self.kinds) - self.kinds[::-1].index("(") :])

    def below(self) -> str:
        """The kind right below the last mark, or an empty string."""
        place = len(self.kinds) - len(self.above() or "") - 2
        return self.kinds[place] if place >= 0 else ""

    def emit(self, chunk: Pickle | bytes, taken: int, left: str) -> None:
        """Write one opcode (or a few) that takes so many kinds and leaves others."""
        data = bytes(chunk)
        self.chunks.append(data)
        self.size += len(data)
        if taken:
            del self.kinds[-taken:]
        self.kinds += left

    def name(self) -> tuple[str, str]:
        """A global's module and name."""
        return self.rng.choice(self.names)


_Op = Callable[[_Stack], bool]


def _raw() -> Pickle:
    # Protocol 0 has no PROTO opcode, so nothing is written ahead.
    return Pickle(0)


def _written(stack: _Stack, write: Callable[[Pickle], object]) -> bytes:
    """What a builder of this protocol writes at this place of the stream."""
    head = 2 if stack.protocol >= 2 else 0
    gap = (stack.size - head) % _ALIGNMENT
    pickle = Pickle(stack.protocol).raw(b"\0" * gap)
    # The builder numbers what it memoises from where the stream has come to.
    pickle._next = len(stack.memo)
    write(pickle)
    stack.memo += "x" * (pickle._next - len(stack.memo))
    return bytes(pickle)[head + gap :]


def _atom(stack: _Stack) -> bool:
    value: Value = stack.rng.choice(_ATOMS)
    if stack.rng.random() < 0.2:
        value = stack.rng.getrandbits(stack.rng.randint(1, 80)) - 1
    stack.emit(_written(stack, lambda pickle: pickle.save(value)), 0, "a")
    return True


def _text(stack: _Stack) -> bool:
    text = stack.rng.choice(TEXTS)
    form = stack.rng.randrange(4)
    if form == 1 and len(text) < 100:
        stack.emit(_raw().short_binunicode(text), 0, "s")
    elif form == 2:
        stack.emit(_raw().binunicode8(text), 0, "s")
    elif form == 3 and "\ud800" not in text:
        stack.emit(_raw().unicode(text), 0, "s")
    else:
        stack.emit(_raw().binunicode(text), 0, "s")
    return True


def _blob(stack: _Stack) -> bool:
    data = stack.rng.choice(_BLOBS)
    form = stack.rng.randrange(4)
    if form == 0 and len(data) < 256:
        stack.emit(_raw().short_binbytes(data), 0, "b")
    elif form == 1:
        stack.emit(_raw().binbytes8(data), 0, "b")
    elif form == 2:
        stack.emit(_raw().bytearray8(data), 0, "x")
    else:
        stack.emit(_raw().binbytes(data), 0, "b")
    return True


def _name(stack: _Stack) -> bool:
    module, name = stack.name()
    if stack.rng.random() < 0.5:
        stack.emit(_raw().global_(module, name), 0, "c")
    else:
        pickle = _raw().short_binunicode(module).short_binunicode(name).stack_global()
        stack.emit(pickle, 0, "c")
    return True


_WAYS = "reduce newobj newobj_ex inst obj getattr rebuild encode call".split()
_FILLS: dict[str, Pickle] = {
    "none": _raw(),
    "build": _raw().empty_dict().unicode("x").none().setitem().build(),
    "slots": _raw().none().empty_dict().tuple2().build(),
    "append": _raw().none().append(),
    "appends": _raw().mark().none().none().appends(),
    "setitems": _raw().mark().unicode("k").none().setitems(),
    "additems": _raw().mark().unicode("k").additems(),
}


def _object(stack: _Stack) -> bool:  # noqa: C901  # one branch for each way
    """An object made in one of the ways there are, and perhaps given a state or items."""
    way = stack.rng.choice(_WAYS)
    if way == "getattr":
        stack.emit(_raw().global_("builtins", "getattr"), 0, "c")
    elif way == "rebuild":
        stack.emit(_raw().global_("copyreg", "_reconstructor"), 0, "c")
    elif way == "encode":
        stack.emit(_raw().global_("_codecs", "encode"), 0, "c")
    elif way == "obj":
        stack.emit(_raw().mark(), 0, "(")
    if way not in ("inst", "encode"):
        _name(stack)
    if way == "getattr":
        stack.emit(_raw().unicode("name").tuple2().reduce(), 2, "c")
    elif way == "encode":
        stack.emit(_raw().unicode("é\0").unicode("latin1").tuple2().reduce(), 1, "b")
    elif way == "rebuild":
        stack.emit(_raw().global_("builtins", "object").none().tuple3().reduce(), 2, "o")
    elif way in ("reduce", "newobj"):
        stack.emit(_raw().empty_tuple(), 0, "t")
        stack.emit(getattr(_raw(), way)(), 2, "o")
    elif way == "call":
        stack.emit(_raw().mark(), 0, "(")
        for _ in range(stack.rng.randrange(4)):
            _leaf(stack)
        stack.emit(_raw().tuple_().reduce(), len(stack.above() or "") + 2, "o")
    elif way == "newobj_ex":
        stack.emit(_raw().empty_tuple().empty_dict().newobj_ex(), 1, "o")
    elif way == "obj":
        stack.emit(_raw().none().obj(), 2, "o")
    else:
        stack.emit(_raw().mark().inst(*stack.name()), 0, "o")
    if way not in ("encode", "getattr"):
        stack.emit(_FILLS[stack.rng.choice(list(_FILLS))], 0, "")
    return True


def _leaf(stack: _Stack) -> None:
    """Any value that takes one or two opcodes."""
    stack.rng.choice((_atom, _text, _blob, _name, _recall))(stack)


def _container(stack: _Stack) -> bool:
    """A container with a few values, by the opcodes that fill many at once."""
    kind = stack.rng.choice("lde")
    empty = {"l": _raw().empty_list, "d": _raw().empty_dict, "e": _raw().empty_set}[kind]
    stack.emit(empty().mark(), 0, kind + "(")
    for _ in range(stack.rng.randint(0, 3)):
        _text(stack)
        if kind != "e":
            _atom(stack)
    taken = len(stack.above() or "") + 1
    fill = {"l": _raw().appends, "d": _raw().setitems, "e": _raw().additems}[kind]
    stack.emit(fill(), taken, "")
    return True


def _vocabulary(stack: _Stack) -> bool:
    """A dict of so many strings and integers that it is read as a whole."""
    if stack.protocol < 4:
        return False
    count = stack.rng.choice((1, 15, 16, 17, 40))
    pairs = {f"t{stack.rng.randrange(100)}": number * 7_001 for number in range(count)}
    stack.emit(_written(stack, lambda pickle: pickle.save(pairs)), 0, "d")
    # The builder memoises the dict, then each key.
    for place, key in enumerate(pairs, len(stack.memo) - len(pairs)):
        stack.memo[place] = "s" if key else "x"
    return True


def _array(stack: _Stack) -> bool:
    """An array as joblib writes it, its bytes included."""
    dtype = stack.rng.choice(_DTYPES)
    itemsize = int(dtype[2:]) * (4 if dtype[1] == "U" else 1)
    shape = tuple(stack.rng.choice((0, 1, 2, 3)) for _ in range(stack.rng.randrange(4)))
    data = bytes(stack.rng.getrandbits(1) for _ in range(math.prod(shape) * itemsize))

    def sized(pickle: Pickle) -> None:
        alignment = 4 if dtype[1] == "U" else 1
        pickle.dtype(dtype[1:], order=dtype[0], itemsize=itemsize, alignment=alignment)

    def write(pickle: Pickle) -> None:
        if stack.rng.random() < 0.2:
            items = [stack.rng.choice(TEXTS) for _ in range(stack.rng.randrange(3))]
            pickle.object_array(Pickle.nested_objects(*items), shape=(len(items),))
            return
        kind: Value = sized if dtype[1] in "US" else dtype
        pickle.array(data, dtype=kind, shape=shape, order=stack.rng.choice("CF"))

    stack.emit(_written(stack, write), 0, "r")
    return True


def _remember(stack: _Stack) -> bool:
    if not stack.top("?"):
        return False
    index = len(stack.memo)
    if index and stack.rng.random() < 0.1:
        index = stack.rng.randrange(index)
        stack.memo[index] = stack.kinds[-1]
    else:
        stack.memo.append(stack.kinds[-1])
    form = stack.rng.randrange(4)
    if form == 0:
        stack.emit(_raw().put(index), 0, "")
    elif form == 1 and index < 256:
        stack.emit(_raw().binput(index), 0, "")
    elif form == 2 and index == len(stack.memo) - 1:
        stack.emit(_raw().memoize(), 0, "")
    else:
        stack.emit(_raw().long_binput(index), 0, "")
    return True


def _recall(stack: _Stack) -> bool:
    if not stack.memo:
        return False
    index = stack.rng.randrange(len(stack.memo))
    form = stack.rng.randrange(3)
    kind = stack.memo[index]
    if form == 0:
        stack.emit(_raw().get(index), 0, kind)
    elif form == 1 and index < 256:
        stack.emit(_raw().binget(index), 0, kind)
    else:
        stack.emit(_raw().long_binget(index), 0, kind)
    return True


def _inst(stack: _Stack) -> bool:
    above = stack.above()
    if above is None:
        return False
    stack.emit(_raw().inst(*stack.name()), len(above) + 1, "o")
    return True


def _simple(chunk: Pickle, form: str, taken: int, left: str) -> _Op:
    """An opcode that finds its operands on top."""
    data = bytes(chunk)

    def op(stack: _Stack) -> bool:
        if not stack.top(form):
            return False
        stack.emit(data, taken, left)
        return True

    return op


def _closing(
    chunk: Pickle,
    left: str,
    *,
    keys: str | None = None,
    below: str = "",
    least: int = 0,
) -> _Op:
    """An opcode that takes everything above the last mark.

    Args:
        chunk: The opcode.
        left: The kinds that it leaves.
        keys: None for any values; ``"all"`` if all have to be keys, ``"even"`` if every other.
        below: The kinds that may stand below the mark, or none for any.
        least: How many values there have to be.
    """
    data = bytes(chunk)

    def op(stack: _Stack) -> bool:
        above = stack.above()
        if above is None or len(above) < least or (below and stack.below() not in tuple(below)):
            return False
        if keys == "all" and not set(above) <= set("as"):
            return False
        if keys == "even" and (len(above) % 2 or not set(above[::2]) <= set("as")):
            return False
        if left == "o" and above[0] != "c":
            return False
        stack.emit(data, len(above) + 1, left)
        return True

    return op


# Every opcode that does more than to push a constant; those that make objects stand more often.
_OPS: list[_Op] = [
    *[_object] * 4, _atom, _text, _blob, _name, _container, _vocabulary,
    _remember, _recall, _recall, _inst,
    _simple(_raw().mark(), "", 0, "("),
    _simple(_raw().empty_tuple(), "", 0, "t"),
    _simple(_raw().empty_list(), "", 0, "l"),
    _simple(_raw().empty_dict(), "", 0, "d"),
    _simple(_raw().empty_set(), "", 0, "e"),
    _simple(_raw().pop(), "?", 1, ""),
    _simple(_raw().tuple1(), "?", 1, "t"),
    _simple(_raw().tuple2(), "??", 2, "t"),
    _simple(_raw().tuple3(), "???", 3, "t"),
    _simple(_raw().append(), "f?", 1, ""),
    _simple(_raw().setitem(), "mk?", 2, ""),
    *[_simple(_raw().reduce(), "ct", 2, "o")] * 3,
    *[_simple(_raw().reduce(), "ot", 2, "o")] * 2,
    *[_simple(_raw().newobj(), "ct", 2, "o")] * 3,
    *[_simple(_raw().build(), "o?", 1, "")] * 3,
    _closing(_raw().tuple_(), "t"),
    _closing(_raw().list_(), "l"),
    _closing(_raw().pop_mark(), ""),
    _closing(_raw().obj(), "o", least=1),
    _closing(_raw().frozenset_(), "a", keys="all"),
    _closing(_raw().dict_(), "d", keys="even"),
    _closing(_raw().setitems(), "", keys="even", below="do"),
    _closing(_raw().appends(), "", below="lo"),
    _closing(_raw().additems(), "", keys="all", below="eo"),
]  # fmt: skip


def stream(
    rng: random.Random, *, most: int = 40, names: Names = NAMES, arrays: float = 0.0
) -> bytes:
    """A whole stream, PROTO to STOP, in frames or not.

    Args:
        rng: Where the choices come from.
        most: Opcodes (or groups of a few), at most.
        names: Globals to use, module and name.
        arrays: How many of the opcodes, from 0 to 1, are arrays as joblib writes them; then there
            are not frames.
    """
    protocol = rng.randint(0, 5)
    stack = _Stack(protocol, rng, names)
    for _ in range(rng.randint(1, most)):
        if arrays and rng.random() < arrays:
            _array(stack)
            continue
        first = rng.randrange(len(_OPS))
        # The next that finds its operands: pushing a mark always does.
        next(op for op in itertools.islice(itertools.cycle(_OPS), first, None) if op(stack))
    while (above := stack.above()) is not None:
        stack.emit(_raw().tuple_(), len(above) + 1, "t")
    if not stack.kinds:
        stack.emit(_raw().none(), 0, "a")
    while len(stack.kinds) > 1:
        stack.emit(_raw().tuple2(), 2, "t")
    stack.chunks.append(b".")
    head = b"\x80" + bytes([protocol]) if protocol >= 2 else b""
    if protocol < 4 or arrays or rng.random() < 0.5:
        return head + b"".join(stack.chunks)
    cuts = [rng.randrange(len(stack.chunks)) for _ in range(rng.randint(0, 3))]
    places = [0, *sorted(cuts), len(stack.chunks)]
    bodies = [b"".join(stack.chunks[a:b]) for a, b in itertools.pairwise(places)]
    return head + b"".join(b"\x95" + struct.pack("<Q", len(body)) + body for body in bodies)
