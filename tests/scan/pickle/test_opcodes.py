"""Each opcode has its meaning: as Python's own unpickler has it, wherever safeload has it too.

docs/opcodes.md explains the parts that these tests hold together.
"""

from __future__ import annotations

import ast
import io
import itertools
import pickle
import pickletools
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from safeload.limits import Limits
from safeload.scan.bounds.budget import WorkBudget
from safeload.scan.pickle import effects, interpreter, lenient
from safeload.scan.pickle.interpreter import interpret
from safeload.scan.pickle.machine import Machine
from safeload.scan.pickle.malformed import MalformedError
from safeload.scan.pickle.tolerated import COUNTED, PLAIN
from safeload.scan.program import Blob, Collection, Global, Mapping, ObjectToken
from safeload.serving.guard.boundary import read_pickle
from tests.scan.long_spelling import long_spelling
from tests.scan.opcode_by_opcode import SWITCHED_OFF, interpret_one_by_one
from tests.scan.pictures import meaning, picture
from tests.scan.streams import streams

OPCODES = {opcode.name: opcode for opcode in pickletools.opcodes}
LIMITS = Limits()
properties = settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))

# Of each opcode: what stands before it, and its argument.
CLASS = b"c_m\nC\n"
OBJECT = CLASS + b")\x81"
EIGHT = b"\x01\0\0\0\0\0\0\0"
EXAMPLES: dict[str, tuple[bytes, bytes]] = {
    "INT": (b"", b"-12\n"),
    "BININT": (b"", b"\xfe\xff\xff\xff"),
    "BININT1": (b"", b"\xff"),
    "BININT2": (b"", b"\x01\xff"),
    "LONG": (b"", b"123456789012L\n"),
    "LONG1": (b"", b"\x02\x01\xff"),
    "LONG4": (b"", b"\x02\0\0\0\x01\xff"),
    "STRING": (b"", b"'a\\x41\\n'\n"),
    "BINSTRING": (b"", b"\x01\0\0\0a"),
    "SHORT_BINSTRING": (b"", b"\x01a"),
    "BINBYTES": (b"", b"\x02\0\0\0\xff\0"),
    "SHORT_BINBYTES": (b"", b"\x02\xff\0"),
    "BINBYTES8": (b"", EIGHT + b"\xff"),
    "BYTEARRAY8": (b"", EIGHT + b"\xff"),
    "NEXT_BUFFER": (b"", b""),
    "READONLY_BUFFER": (b"\x97", b""),
    "NONE": (b"", b""),
    "NEWTRUE": (b"", b""),
    "NEWFALSE": (b"", b""),
    "UNICODE": (b"", b"a\\u20ac\n"),
    "SHORT_BINUNICODE": (b"", b"\x03\xe2\x82\xac"),
    "BINUNICODE": (b"", b"\x03\0\0\0\xed\xa0\x80"),
    "BINUNICODE8": (b"", EIGHT + b"a"),
    "FLOAT": (b"", b"-1.5e+20\n"),
    "BINFLOAT": (b"", b"\x3f\xf8\0\0\0\0\0\0"),
    "EMPTY_LIST": (b"", b""),
    "APPEND": (b"]N", b""),
    "APPENDS": (b"](NK\x01", b""),
    "LIST": (b"(NK\x01", b""),
    "EMPTY_TUPLE": (b"", b""),
    "TUPLE": (b"(NK\x01", b""),
    "TUPLE1": (b"N", b""),
    "TUPLE2": (b"NK\x01", b""),
    "TUPLE3": (b"NK\x01K\x02", b""),
    "EMPTY_DICT": (b"", b""),
    "DICT": (b"(K\x01NK\x02N", b""),
    "SETITEM": (b"}K\x01N", b""),
    "SETITEMS": (b"}(\x8c\x01aNK\x02N", b""),
    "EMPTY_SET": (b"", b""),
    "ADDITEMS": (b"\x8f(K\x01K\x02", b""),
    "FROZENSET": (b"(K\x01K\x02", b""),
    "POP": (b"NK\x01", b""),
    "DUP": (b"N", b""),
    "MARK": (b"", b""),
    "POP_MARK": (b"(NN", b""),
    "GET": (b"Nq\0", b"0\n"),
    "BINGET": (b"Nq\0", b"\0"),
    "LONG_BINGET": (b"Nq\0", b"\0\0\0\0"),
    "PUT": (b"N", b"0\n"),
    "BINPUT": (b"N", b"\0"),
    "LONG_BINPUT": (b"N", b"\0\0\0\0"),
    "MEMOIZE": (b"N", b""),
    "EXT1": (b"", b"\x01"),
    "EXT2": (b"", b"\x01\0"),
    "EXT4": (b"", b"\x01\0\0\0"),
    "GLOBAL": (b"", b"_m\nC\n"),
    "STACK_GLOBAL": (b"\x8c\x02_m\x8c\x01C", b""),
    "REDUCE": (CLASS + b")", b""),
    "BUILD": (OBJECT + b"}", b""),
    "INST": (b"(N", b"_m\nC\n"),
    "OBJ": (b"(" + CLASS + b"N", b""),
    "NEWOBJ": (CLASS + b")", b""),
    "NEWOBJ_EX": (CLASS + b")}", b""),
    "PROTO": (b"", b"\x05"),
    "STOP": (b"N", b""),
    "FRAME": (b"", EIGHT + b"N"),
    "PERSID": (b"", b"one\n"),
    "BINPERSID": (b"N", b""),
}
# What the machine does not follow, with the rule that says so.
REFUSED = {
    "DUP": "SL214",
    "EXT1": "SL206",
    "EXT2": "SL206",
    "EXT4": "SL206",
    "PERSID": "SL207",
    "BINPERSID": "SL207",
    "NEXT_BUFFER": "SL006",
    "READONLY_BUFFER": "SL006",
}


class Stub:
    """What names stand for here."""

    def __init__(self, *args: object) -> None:
        pass


class Original(pickle._Unpickler):
    """Python's own unpickler, written in Python, whose stack can be looked at."""

    append: Callable[[object], None]
    memo: dict[int, object]
    metastack: list[list[object]]
    stack: list[object]

    def __init__(self, data: bytes) -> None:
        super().__init__(io.BytesIO(data), buffers=[b"x"])
        with suppress(EOFError):
            self.load()

    def find_class(self, module: str, name: str) -> type:
        return Stub

    def persistent_load(self, pid: object) -> object:
        return Stub()

    def get_extension(self, code: int) -> None:
        self.append(Stub)

    @property
    def values(self) -> list[list[object]]:
        """What is on the stack, between the marks."""
        return [[plain(value) for value in part] for part in (*self.metastack, self.stack)]


def plain(value: Any) -> object:
    """A value, or the token that stands for it, in one form for both."""
    if isinstance(value, Blob):
        return value.kind, bytes(value.head)
    if isinstance(value, bytes | bytearray):
        return type(value).__name__, bytes(value)
    if isinstance(value, Global) or value is Stub:
        return "class"
    if isinstance(value, ObjectToken | Stub):
        return "object"
    if isinstance(value, Mapping):
        return "dict", [plain(part) for part in value.pairs]
    if isinstance(value, dict):
        return "dict", [plain(part) for pair in value.items() for part in pair]
    if isinstance(value, Collection):
        return value.kind, sorted(map(repr, value.items))
    if isinstance(value, set | frozenset):
        return type(value).__name__, sorted(map(repr, value))
    if isinstance(value, list | tuple):
        return type(value).__name__, [plain(part) for part in value]
    return type(value).__name__, value


def machine_after(data: bytes) -> Machine:
    budget = WorkBudget(LIMITS, len(data))
    machine = Machine(data, limits=LIMITS, budget=budget, member="", start=0, nested=False)
    with suppress(MalformedError, IndexError):
        interpreter._run(machine)
    return machine


def example(name: str) -> bytes:
    before, argument = EXAMPLES[name]
    return before + OPCODES[name].code.encode("latin-1") + argument


def test_every_opcode_of_this_python_is_known() -> None:
    assert set(EXAMPLES) == set(OPCODES)


@pytest.mark.parametrize("name", sorted(set(EXAMPLES) - set(REFUSED)))
def test_the_machine_leaves_what_pythons_own_unpickler_leaves(name: str) -> None:
    # The loop looks a byte ahead, so that something follows.
    data = example(name) + (b"N" if name != "STOP" else b"")
    original, machine = Original(data), machine_after(data)

    heights = [0, *machine.marks, len(machine.stack)]
    parts = [machine.stack[a:b] for a, b in itertools.pairwise(heights)]
    # Python's takes the result off at STOP.
    expected = original.values if name != "STOP" else [[plain(None)]]
    assert [[plain(token) for token in part] for part in parts] == expected
    memo = [original.memo[index] for index in range(len(original.memo))]
    assert list(map(plain, machine.memo)) == list(map(plain, memo))
    assert machine.position == len(data)
    assert not machine.program.findings


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_what_the_machine_does_not_follow_is_refused_there(name: str) -> None:
    program = interpret(example(name) + b".", limits=LIMITS)

    assert REFUSED[name] in {finding.rule for finding in program.findings}
    assert program.root is None


# Where the tolerant walk says that an unpickler gets to a name, or to something that is done with
# one. That is all it is asked.
AT_A_NAME = set("EXT1 EXT2 EXT4 STACK_GLOBAL REDUCE BUILD INST OBJ NEWOBJ NEWOBJ_EX".split())


@pytest.mark.parametrize("name", sorted(set(EXAMPLES) - {"STOP"} - AT_A_NAME))
def test_the_tolerant_walk_keeps_as_much_on_its_stack_as_python(name: str) -> None:
    data = example(name)
    original, walk = Original(data), lenient._Walk(data)

    with pytest.raises(EOFError):
        lenient._stream(walk)
    assert [*walk.marks, walk.depth] == [len(part) for part in original.values]
    assert walk.position == len(data)
    assert walk.stored == bool(original.memo)


@pytest.mark.parametrize("name", sorted(AT_A_NAME))
def test_the_tolerant_walk_ends_where_a_name_is_got_to(name: str) -> None:
    assert lenient.reach(example(name) + b".").outcome is lenient.Outcome.NAME


COUNTS = {
    pickletools.TAKEN_FROM_ARGUMENT1: 1,
    pickletools.TAKEN_FROM_ARGUMENT4: 4,
    pickletools.TAKEN_FROM_ARGUMENT4U: 4,
    pickletools.TAKEN_FROM_ARGUMENT8U: 8,
}
TABULATED = [
    opcode
    for opcode in pickletools.opcodes
    if effects.TABLE[ord(opcode.code)][2] != effects.SPECIAL
]


@pytest.mark.parametrize("opcode", TABULATED, ids=lambda opcode: opcode.name)
def test_the_table_of_effects_is_that_of_pickletools(opcode: Any) -> None:
    form, width, action, need, more = effects.TABLE[ord(opcode.code)]
    length = 0 if opcode.arg is None else opcode.arg.n
    taken, left = opcode.stack_before, opcode.stack_after

    if length == pickletools.UP_TO_NEWLINE:
        assert form not in (PLAIN, COUNTED)
    elif length in COUNTS:
        assert (form, width) == (COUNTED, COUNTS[length])
    else:
        assert (form, width) == (PLAIN, length)
    if action == effects.STORE:
        # pickletools says nothing of what is stored, for it stays.
        assert (need, more) == (1, 0)
    elif pickletools.markobject in taken:
        # All above the mark is taken away with it; what counts is below.
        below = taken.index(pickletools.markobject)
        assert action in (effects.CLOSE, effects.FILL)
        assert (need, more) == (below, len(left) - below)
    else:
        assert (need, more) == (len(taken), len(left) - len(taken))


@pytest.mark.parametrize("name", sorted(set(EXAMPLES) - {"STOP"}))
def test_the_guard_finds_the_end_behind_every_opcode(name: str) -> None:
    data = example(name) + b"."

    assert bytes(read_pickle(io.BytesIO(data + b"more"), LIMITS)) == data


# -- what is read several opcodes at a time ------------------------------------------------------


@properties
@given(data=streams())
def test_random_streams_are_read_as_opcode_by_opcode(data: bytes) -> None:
    assert picture(interpret(data, limits=LIMITS)) == picture(interpret_one_by_one(data, LIMITS))


@properties
@given(data=streams(arrays=0.3))
def test_random_streams_with_arrays_are_read_as_opcode_by_opcode(data: bytes) -> None:
    quick, thorough = interpret(data, limits=LIMITS), interpret_one_by_one(data, LIMITS)

    assert bool(quick.findings) == bool(thorough.findings)
    if not quick.findings:
        assert picture(quick) == picture(thorough)


@properties
@given(data=streams())
def test_the_short_spelling_of_a_stream_means_what_the_long_one_means(data: bytes) -> None:
    short, long = interpret(data, limits=LIMITS), interpret(long_spelling(data), limits=LIMITS)

    assert meaning(short) == meaning(long)


# None, a number, a class and a list in the memo; what recalls them, constants, and what changes
# what is recalled.
HELD = b"\x80\x04Nq\0K\x01q\x01" + CLASS + b"q\x02]q\x03("
PUSHED = st.sampled_from(b"h\0,h\x01,h\x02,h\x03,h\x04,K\x07,N,\x88,\x89,G12345678".split(b","))
CHANGING = st.sampled_from([b"", b"q\0", b"q\x01", b"q\x04", b")q\x04", b"]q\x01"])


@properties
@given(st.lists(st.tuples(st.lists(PUSHED, min_size=3, max_size=9), CHANGING), max_size=4))
def test_constants_are_pushed_as_opcode_by_opcode(parts: list[tuple[list[bytes], bytes]]) -> None:
    again = b"".join((b"".join(pushed) * 2 + changing) * 2 for pushed, changing in parts)
    data = HELD + again + b"t."

    quick, thorough = interpret(data, limits=LIMITS), interpret_one_by_one(data, LIMITS)

    assert picture(quick) == picture(thorough)
    assert seen(quick.root) == seen(thorough.root)


def seen(token: Any) -> list[Any]:
    """What a tuple holds; of a class, how often it was pushed."""
    return [part.pushed if type(part) is Global else part for part in token or ()]


RECOGNISED = ("safeload.scan.runs", "safeload.scan.pickle.text_arrays")


def recognisers(module: ModuleType) -> set[str]:
    """What a module looks up that recognises several opcodes at once."""
    tree = ast.parse(Path(str(module.__file__)).read_text("utf-8"))
    return {
        alias.name
        for node in tree.body
        if isinstance(node, ast.ImportFrom) and node.module in RECOGNISED
        for alias in node.names
    }


def test_all_that_recognises_several_opcodes_is_switched_off_for_the_comparison() -> None:
    from safeload.scan.pickle import repeats

    # What only works with what was recognised, or is asked only where that may follow.
    helpers = {"INTEGER", "Run", "begins_with_pairs", "number_of", "shape_of", "short_text"}
    for module in (interpreter, repeats):
        off = {name for switched, name in SWITCHED_OFF if switched is module}
        assert recognisers(module) - helpers - {"count_pairs"} <= off
    assert (interpreter, "count_pairs") in SWITCHED_OFF
