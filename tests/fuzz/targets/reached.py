"""No name that an unpickler asks for is missed by the walk that says whether it can get to one.

The unpicklers are CPython's in C and in Python, whatever the encoding and the kind of file, and
joblib's. A text that only asks for a module that hardly exists, and fails, may be passed over.
"""

from __future__ import annotations

import random
import re
import sys
from _compat_pickle import IMPORT_MAPPING
from collections.abc import Sequence

from safeload.scan.pickle.lenient import Outcome, reach
from tests.fuzz.mutation import MOST
from tests.fuzz.target import Target, Violation
from tests.fuzz.targets.machine import examples as genuine
from tests.fuzz.targets.machine import vary as varied
from tests.scan.asking import Asked, asked
from tests.scan.grammar import stream

__all__ = ["TARGET", "check", "grow"]

# What some unpickler takes and no pickler writes, or what is seldom seen: each leaves on the stack
# as much as it finds, or one value more.
_ODD = (
    b"Np1000\n0", b"N2", b"N20", b"I0x10\n", b"I 7 \n", b"I1_0\n", b"I010\n", b"I-0b1\n",
    b"I12\0x\n", b"I\0x\n", b"L7\n", b"L0xfL\n", b"F1\n", b"F1_0.5e1\n", b"Fnan\n", b"F inf\n",
    b"S'\\q'\n", b'S"\\x41"\n', b"S'\xe9'\n", b"S 'a' \n", b"V\\u0041\n", b"Vplain\n",
    b"\x80\x04", b"\x80\x00", b"\x80\x05", b"N0", b"(0", b"(1", b"(N1", b"((10", b"(t", b"(l",
    b"(d", b"(NNd", b")", b"]", b"}", b"\x8f", b"(\x91", b"N\x85", b"NN\x86", b"NNN\x87", b"]Na",
    b"](NNe", b"}NNs", b"}(NNu", b"}(u", b"\x8f(N\x90", b"NNb", b"]}b", b"N\x94", b"Nq\x07h\x07",
    b"Nr\x08\0\0\0j\x08\0\0\0", b"Np9\ng9\n", b"Np 0_9 \ng09\n", b"U\x02\xff\xfe",
    b"T\x01\0\0\0a", b"X\x01\0\0\0a", b"\x8c\x01a", b"\x8e" + bytes(8),
    b"\x8d\x01" + bytes(7) + b"a", b"\x96\x01" + bytes(7) + b"a", b"C\x01a", b"B\x01\0\0\0a",
    b"K\x01", b"M\x01\x02", b"J\x01\x02\x03\x04", b"G" + bytes(8), b"\x8a\x01\x01",
    b"\x8b\x01\0\0\0\x01", b"\x88", b"\x89", b"\x95\xff\0\0\0\0\0\0\0", b"\x95\x01\0\0\0\0\0\0\0",
    b"\x95\x02\0\0\0\0\0\0\0", b"\x95\x03\0\0\0\0\0\0\0", b"\x95\x08\0\0\0\0\0\0\0", b"Pid\n",
    b"NQ", b"N.", b"(N.", b"ca-b\nc\n", b"\x82\x01", b"\x97", b"C\x00\x98",
)  # fmt: skip
_NAMES = (
    b"cposix\nsystem\n", b"iposix\nsystem\n", b"cos\nsystem\n", b"ccopy_reg\n_reconstructor\n",
    b"cmodule\nname\n", b"cpackage.module\nname\n", b"c__builtin__\neval\n", b"imodule\nname\n",
    b"\x8c\x05posix\x8c\x06system\x93", b"Vposix\nVsystem\n\x93",
    b"X\x02\0\0\0osX\x06\0\0\0system\x93", b"cat\ndog\n", b"cat\r\ndog\r\n", b"\x84\x01\0\0\0",
    b"c\xc3\xa9\nx\n", b"c.os\nx\n", b"cposix\nsystem",
)  # fmt: skip
_ENDS = (
    b"(S'true'\ntR.", b")R.", b")\x81.", b")}\x92.", b"(o.", b".", b"", b"N\x85R0.", b"}b.",
    b"0N.", b"Nb", b"Na", b"NNs", b"(NNu", b"(Ne", b"(N\x90", b"b", b"a", b". more", b".\n",
    b"\n", b"p0\n.", b"2R",
)  # fmt: skip
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1f\x7f]")


def check(data: bytes) -> None:
    """Require that whatever is asked for is found."""
    found = reach(data)
    if found.outcome in (Outcome.NAME, Outcome.UNDECIDED):
        return
    for name in asked(data):
        if not _is_word(name):
            raise Violation(f"{name.module}.{name.name} is asked for, and the walk found {found}")


def _is_word(asked: Asked) -> bool:
    """Whether a text only asked for something that is hardly there."""
    try:
        text = asked.before.decode()
    except UnicodeDecodeError:
        return False
    if asked.used or _CONTROL.search(text.encode()):
        return False
    module = IMPORT_MAPPING.get(asked.module, asked.module)
    return module.split(".")[0] not in sys.stdlib_module_names or module in sys.modules


def grow(rng: random.Random) -> bytes:
    """Odd opcodes, a name, and something done with it; or a stream of the grammar behind such."""
    odd = b"".join(rng.choices(_ODD, k=rng.randrange(5)))
    if rng.random() < 0.3:
        return odd + stream(rng, most=rng.choice((3, 6, 12)))
    more = b"".join(rng.choices(_ODD, k=rng.randrange(3)))
    middle = rng.choice(_NAMES) if rng.random() < 0.7 else b""
    return odd + rng.choice(_NAMES) + more + middle + rng.choice(_ENDS)


def _examples() -> list[bytes]:
    rng = random.Random(5)
    return [*(grow(rng) for _ in range(400)), *genuine()]


def _vary(data: bytes, others: Sequence[bytes], rng: random.Random) -> bytes:
    # Something odd at any place, mostly between two lines of a text or two opcodes of it.
    if rng.random() < 0.4:
        place = rng.randrange(len(data) + 1)
        return (data[:place] + rng.choice((*_ODD, *_NAMES, *_ENDS)) + data[place:])[:MOST]
    if rng.random() < 0.1:
        return grow(rng)
    return varied(data, others, rng)


TARGET = Target(
    name="reached",
    about="no name that an unpickler asks for is missed",
    examples=_examples,
    check=check,
    vary=_vary,
    grow=grow,
)
