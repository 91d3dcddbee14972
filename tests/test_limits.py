"""Every limit at its edge: what it allows is accepted, one more is not read.

And what goes far over the limits as they are costs next to nothing, in time and in memory.
"""

from __future__ import annotations

import dataclasses
import io
import pickle
import struct
import zipfile
import zlib
from collections import deque
from collections.abc import Callable
from fractions import Fraction
from operator import methodcaller
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
import skops.io
from sklearn.preprocessing import FunctionTransformer, StandardScaler

import safeload
from safeload.errors import TrustError
from safeload.limits import Limits
from tests.builder import Name, Pickle
from tests.costs import cost_of, needs_status
from tests.scan import zstd

FIELDS = [field.name for field in dataclasses.fields(Limits)]
# In units of work, as tests.costs has them, and bytes. What costs most here takes a quarter.
WORK, MEMORY = 100.0, 400 << 20


def joblib_bytes(value: Any, compress: Any = 0) -> bytes:
    file = io.BytesIO()
    joblib.dump(value, file, compress=compress)
    return file.getvalue()


def nested(depth: int) -> Any:
    value: Any = deque()
    for _ in range(depth - 1):
        value = deque([value])
    return value


def tuples(depth: int) -> Any:
    key: Any = 1
    for _ in range(depth):
        key = (key,)
    return key


def patterns(count: int) -> bytes:
    pickle_ = Pickle().mark()
    for number in range(count):
        pickle_.call(Name("re", "_compile"), f"a{number}", 32)
    return bytes(pickle_.list_().stop())


def laughs(levels: int) -> bytes:
    """Lists of which each holds the one before twice; its parts are counted in ``expansion``."""
    return (
        b"\x80\x04]\x94"
        + b"".join(
            b"0](j" + struct.pack("<I", n) + b"j" + struct.pack("<I", n) + b"e\x94"
            for n in range(levels)
        )
        + b"."
    )


def archive(arrays: int) -> bytes:
    """A skops file with so many arrays, each a member, and the schema."""
    file = io.BytesIO()
    skops.io.dump(FunctionTransformer(kw_args={str(n): np.ones(n) for n in range(arrays)}), file)
    return file.getvalue()


MANY: list[Any] = [{}] * 200
ZEROS = joblib_bytes(bytes(50_000), compress=("zlib", 9))
WORDS = {f"word {n}": n for n in range(500)}
SCALER = archive(1)


def of_columns(count: int) -> bytes:
    """A model of so many columns that keeps nothing of them."""
    model = FunctionTransformer()
    model.n_features_in_ = count
    return pickle.dumps(model)


COLUMNS = of_columns(10_000)


def opcodes(data: bytes) -> int:
    return int(audit(data, Limits()).members[0].opcodes)


def unpacked(data: bytes) -> int:
    return len(zlib.decompress(data))


LONGER = FunctionTransformer(np.vectorize(methodcaller("replace", "a", "a" * 50)))

# The field, a file, the least value with which the file is read, and what else is set.
EDGES: dict[str, tuple[bytes, int, dict[str, Any]]] = {
    "bytes_in": (pickle.dumps(WORDS), len(pickle.dumps(WORDS)), {}),
    "bytes_out": (ZEROS, unpacked(ZEROS), {}),
    "ratio": (ZEROS, -(-unpacked(ZEROS) // len(ZEROS)), {"ratio_floor": 0}),
    "ratio_floor": (ZEROS, unpacked(ZEROS), {"ratio": 1}),
    "memo_gaps": (b"\x80\x04]r" + struct.pack("<I", 30) + b".", 30, {}),
    "globals": (pickle.dumps([np.log1p, np.expm1, np.sqrt, np.exp, np.log]), 5, {}),
    "name": (pickle.dumps(StandardScaler()), len("sklearn.preprocessing._data"), {}),
    "nesting": (pickle.dumps(nested(30)), 30, {}),
    "depth": (pickle.dumps({tuples(30): 1}), 31, {}),
    "patterns": (patterns(7), 7, {}),
    "integer_digits": (b"\x80\x04I" + b"7" * 100 + b"\n.", 100, {}),
    "array_dimensions": (joblib_bytes(np.zeros((1,) * 9)), 9, {}),
    "columns": (COLUMNS, 10_000 - len(COLUMNS), {}),
    "growth": (pickle.dumps(LONGER), 50, {}),
    "members": (archive(11), 12, {}),
    "containers": (zlib.compress(zlib.compress(pickle.dumps(WORDS))), 2, {}),
    # What is in one piece asks for as much as it has.
    "dictionary": (zstd.compress(pickle.dumps(WORDS)), len(pickle.dumps(WORDS)), {}),
    "schema_bytes": (
        SCALER, zipfile.ZipFile(io.BytesIO(SCALER)).getinfo("schema.json").file_size, {},
    ),
}  # fmt: skip


def audit(data: bytes, limits: Limits) -> Any:
    import tempfile

    with tempfile.NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        return safeload.audit(file.name, limits=limits).files[0]


@pytest.mark.guarantee("G15")
@pytest.mark.parametrize("field", EDGES)
def test_what_a_limit_allows_is_read_and_one_more_is_not(field: str) -> None:
    data, edge, others = EDGES[field]
    assert [finding.message for finding in audit(data, Limits()).findings] == []
    at = audit(data, Limits(**others, **{field: edge}))
    over = audit(data, Limits(**others, **{field: edge - 1}))
    assert [finding.message for finding in at.findings] == []
    # What no writer could write is refused.
    rules = {
        "array_dimensions": "SL210",
        "bytes_in": "SL000",
        "integer_digits": "SL211",
        "memo_gaps": "SL205",
    }
    assert [finding.rule for finding in over.findings] == [rules.get(field, "SL002")]
    assert over.verdict != "accept"


@pytest.mark.guarantee("G15")
@pytest.mark.parametrize("value", [2**200, -(2**200)])
def test_integers_in_bytes_have_digits_as_well(value: int) -> None:
    data = pickle.dumps(value)
    assert audit(data, Limits(integer_digits=63)).verdict == "accept"
    assert audit(data, Limits(integer_digits=61)).verdict == "incomplete"


@pytest.mark.guarantee("G15")
def test_a_stream_has_so_many_opcodes_and_no_more() -> None:
    data = pickle.dumps(MANY)
    count = opcodes(data)
    assert audit(data, Limits(opcodes=count)).verdict == "accept"
    assert audit(data, Limits(opcodes=count - 1)).verdict == "incomplete"


@pytest.mark.guarantee("G15")
def test_a_compressed_file_has_so_many_opcodes_for_its_size() -> None:
    data = joblib_bytes([None] * 100_000, compress=("zlib", 9))
    count = opcodes(data)
    edge = -(-count // len(data))
    assert audit(data, Limits(density=edge, density_floor=0)).verdict == "accept"
    assert audit(data, Limits(density=edge - 1, density_floor=0)).verdict == "incomplete"
    assert audit(data, Limits(density=1, density_floor=count)).verdict == "accept"
    assert audit(data, Limits(density=1, density_floor=count - 1)).verdict == "incomplete"


@pytest.mark.guarantee("G15")
@pytest.mark.parametrize("item", [b"N", b"("])
def test_the_stack_is_looked_at_every_64_kib(item: bytes) -> None:
    data = b"\x80\x04(" + item * 200_000 + (b"1" * 200_000 + b"N" if item == b"(" else b"") + b"t."
    assert audit(data, Limits(stack=200_001)).verdict == "accept"
    assert audit(data, Limits(stack=200_000 - 65_536)).verdict == "incomplete"


@pytest.mark.guarantee("G15")
def test_what_recurs_has_so_many_parts_for_each_opcode() -> None:
    data = laughs(20)
    # Each has three parts more than twice those of the one before, for some hundred opcodes.
    assert audit(data, Limits(expansion=10 << 10)).verdict == "incomplete"
    assert audit(data, Limits(expansion=40 << 10)).verdict == "accept"


@pytest.mark.guarantee("G15")
def test_work_without_bytes_of_its_own_is_paid_from_an_allowance() -> None:
    wide = Pickle().mark().raw(b"N" * 1_000).tuple_().memo("wide").pop().empty_dict().mark()
    for _ in range(20):
        wide.recall("wide").none()
    data = bytes(wide.setitems().stop())
    work = 20 * 1_001 - len(data)
    assert audit(data, Limits(unbudgeted_work=work + 100)).verdict == "accept"
    assert audit(data, Limits(unbudgeted_work=work - 100)).verdict == "incomplete"


@pytest.mark.guarantee("G15")
def test_a_file_has_so_many_seconds() -> None:
    data = pickle.dumps(WORDS)
    assert audit(data, Limits(seconds=60.0)).verdict == "accept"
    assert audit(data, Limits(seconds=0.0)).verdict == "incomplete"


@pytest.mark.guarantee("G15")
@pytest.mark.parametrize("count", [3, 30])
def test_a_stream_has_so_many_findings_and_is_refused_all_the_same(count: int) -> None:
    data = b"\x80\x04](" + b"NQ" * 30 + b"e."
    report = audit(data, Limits(findings=count))
    assert report.verdict == "refuse"
    assert len(report.findings) <= count + 1


@pytest.mark.guarantee("G15")
def test_a_bundle_has_so_many_bytes(tmp_path: Path) -> None:
    key, path = safeload.SigningKey.generate(), tmp_path / "a.joblib"
    bundle = safeload.dump([1], path, key=key, name="a", version="1")
    safeload.TrustFile.add(tmp_path / "trust.toml", name="alice", key=key.public, models=["a"])
    size = bundle.stat().st_size
    trust = safeload.TrustFile.read(tmp_path / "trust.toml")
    assert safeload.verify(path, trust=trust, limits=Limits(bundle_bytes=size))
    with pytest.raises(TrustError):
        safeload.verify(path, trust=trust, limits=Limits(bundle_bytes=size - 1))


ELSEWHERE = {
    "opcodes", "density", "density_floor", "stack", "expansion", "unbudgeted_work", "seconds",
    "findings", "bundle_bytes",
}  # fmt: skip


def test_every_limit_has_its_edge_tested() -> None:
    assert set(FIELDS) == set(EDGES) | ELSEWHERE


# -- far over the limits as they are --------------------------------------------------------------

P = b"\x80\x04"
MODULUS = (1 << 61) - 1


def keys(item: Callable[[int], bytes], count: int, *, is_set: bool = False) -> bytes:
    items = b"".join(item(number) + (b"" if is_set else b"N") for number in range(count))
    return P + (b"\x8f(" if is_set else b"}(") + items + (b"\x90." if is_set else b"u.")


def calls(name: Name, args: Callable[[int], tuple[Any, ...]], count: int) -> bytes:
    pickle_ = Pickle().empty_dict().mark()
    for number in range(count):
        pickle_.call(name, *args(number)).none()
    return bytes(pickle_.setitems().stop())


def colliding_long(number: int) -> bytes:
    data = (number * MODULUS).to_bytes(12, "little")
    return b"\x8a\x0c" + data


def bomb(codec: str) -> bytes:
    return joblib_bytes(bytes(80_000_000), compress=(codec, 9))


def bomb_of_opcodes() -> bytes:
    return zlib.compress(P + b"](" + b"]" * 8_000_000 + b"e.", 9)


def deep_schema() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive_:
        archive_.writestr("schema.json", "[" * 5_000_000)
    return file.getvalue()


def many_members() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive_:
        archive_.writestr("schema.json", "{}")
        for number in range(200_000):
            archive_.writestr(f"{number}", b"")
    return file.getvalue()


FAR: dict[str, Callable[[], bytes]] = {
    "zeros by zlib": lambda: bomb("zlib"),
    "zeros by bzip2": lambda: bomb("bz2"),
    "zeros by xz": lambda: bomb("xz"),
    "millions of opcodes in a few kilobytes": bomb_of_opcodes,
    "a tuple of two million": lambda: P + b"(" + b"N" * 2_000_000 + b"t.",
    "two million marks": lambda: P + b"(" * 2_000_000 + b".",
    "the last memo index there is": lambda: P + b"]r\xff\xff\xff\xff.",
    "a memo index in digits": lambda: P + b"]p" + b"9" * 1_000 + b"\n.",
    "ten thousand names": lambda: bytes(
        Pickle().mark().raw(
            b"".join(b"cm%d\nn\n" % number for number in range(11_000))
        ).list_().stop()
    ),
    "a name of a megabyte": lambda: P + b"c" + b"m" * 1_000_000 + b"\nn\n.",
    "ten thousand calls within each other": lambda: P
    + b"ccollections\ndeque\n\x94"
    + b"h\x00" * 10_000
    + b")R"
    + b"\x85R" * 9_999
    + b".",
    "a key of tuples within each other": lambda: P + b"}N" + b"\x85" * 400_000 + b"Ns.",
    "keys that share a tuple of tuples": lambda: P
    + b"N\x94"
    + b"".join(
        b"j" + struct.pack("<I", n) + b"j" + struct.pack("<I", n) + b"\x86\x94" for n in range(60)
    )
    + b"}j" + struct.pack("<I", 60) + b"Ns.",
    "a billion laughs": lambda: laughs(60),
    "laughs in tuples": lambda: laughs(60).replace(b"](", b"(").replace(b"e\x94", b"t\x94"),
    "regular expressions": lambda: patterns(2_000),
    "an integer of a million digits": lambda: P + b"I" + b"7" * 1_000_000 + b"\n.",
    "a long of a million digits": lambda: P + b"L" + b"7" * 1_000_000 + b"L\n.",
    "an integer of two gigabytes": lambda: P + b"\x8b\xff\xff\xff\x7f" + b"7" * 1_000_000 + b".",
    "an integer of a megabyte": lambda: P
    + b"\x8b"
    + struct.pack("<i", 1_000_000)
    + b"7" * 1_000_000
    + b".",
    "text of an exabyte": lambda: P + b"\x8d" + struct.pack("<Q", 1 << 60) + b".",
    "bytes of an exabyte": lambda: P + b"\x8e" + struct.pack("<Q", 1 << 60) + b".",
    "a bytearray of an exabyte": lambda: b"\x80\x05\x96" + struct.pack("<Q", 1 << 60) + b".",
    "a frame of an exabyte": lambda: P + b"\x95" + struct.pack("<Q", 1 << 60) + b"N.",
    "a schema of open brackets": deep_schema,
    "two hundred thousand members": many_members,
    "a hundred thousand things no writer writes": lambda: P + b"](" + b"NQ" * 100_000 + b"e.",
    "a hundred thousand names refused": lambda: bytes(
        Pickle().mark().raw(b"cos\nsystem\n" * 100_000).list_().stop()
    ),
    "integers that collide": lambda: keys(colliding_long, 100_000),
    "integers that collide in a set": lambda: keys(colliding_long, 100_000, is_set=True),
    "integers that collide, each in a tuple": lambda: keys(
        lambda n: colliding_long(n) + b"\x85", 60_000
    ),
    "floats that collide": lambda: keys(
        lambda n: b"G" + struct.pack(">d", float(n + 1) * 2.0**400), 100_000
    ),
    "complex numbers that collide": lambda: calls(
        Name("builtins", "complex"), lambda n: (float(n + 1) * 2.0**400, 0.0), 5_000
    ),
    "decimals that collide": lambda: calls(
        Name("decimal", "Decimal"), lambda n: (str((n + 1) * MODULUS),), 5_000
    ),
    "fractions that collide": lambda: calls(
        Name("fractions", "Fraction"), lambda n: ((n + 1) * MODULUS, 1), 5_000
    ),
    "fractions of a billion digits": lambda: calls(
        Name("fractions", "Fraction"), lambda n: (f"1e{10**9 + n}",), 500
    ),
    "decimals of a billion digits": lambda: calls(
        Name("decimal", "Decimal"), lambda n: (f"1e{10**9 + n}",), 500
    ),
    "times that collide": lambda: calls(
        Name("datetime", "timedelta"), lambda n: (n, 0, 0), 5_000
    ),
}  # fmt: skip

# The hash of these cannot be chosen as an attacker needs it, or they are few; they may be accepted.
HARMLESS = {
    "complex numbers that collide",
    "decimals of a billion digits",
    "floats that collide",
    "times that collide",
}


@needs_status
@pytest.mark.guarantee("G15")
@pytest.mark.parametrize("what", FAR)
def test_what_is_far_over_a_limit_costs_next_to_nothing(what: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(FAR[what]())
    (tmp_path / "small").write_bytes(pickle.dumps(None))
    cost = cost_of(
        "file = audit(sys.argv[1], policy=policy).files[0]; print(file.verdict)",
        tmp_path / "file",
        tmp_path / "small",
        before="""
from safeload import audit
from safeload.policy.policy import Policy
policy = Policy.default()
audit(sys.argv[2], policy=policy)
""",
    )
    assert what in HARMLESS or cost.out.strip() != "accept"
    assert cost.work < WORK
    assert cost.memory < MEMORY


# -- what is within them ---------------------------------------------------------------------------

SCALER_CLASS = b"csklearn.preprocessing._data\nStandardScaler\n\x94"
SET = b"cbuiltins\nset\n\x94"


def listed(unit: bytes, size: int, before: bytes = b"") -> bytes:
    return P + before + b"](" + unit * (size // len(unit)) + b"e."


def numbered(unit: Callable[[bytes], bytes], size: int, opens: bytes, closes: bytes) -> bytes:
    count = size // len(unit(b"1234"))
    units = (unit(struct.pack("<i", number)) for number in range(count))
    return P + opens + b"".join(units) + closes + b"."


# A stream of about so many bytes that is nothing but this. Not all of them are accepted.
SHAPES: dict[str, Callable[[int], bytes]] = {
    "all memo": lambda n: listed(b"]\x94", n),
    "all recalls": lambda n: listed(b"h\x00", n, b"]\x94"),
    "all marks": lambda n: P + b"]" + b"(1" * (n // 2) + b".",
    "lists in lists": lambda n: listed(b"]" * 1_000 + b"a" * 999, n),
    "one tuple in many": lambda n: (
        P + b"(" + b"N" * (n // 4) + b"t\x940(" + b"h\x00\x85" * (n // 4) + b"l."
    ),
    "tuples in tuples": lambda n: listed(b")" + b"\x85" * 900, n),
    "dicts in a dict": lambda n: numbered(lambda i: b"J" + i + b"}", n, b"}(", b"u"),
    "dicts in dicts": lambda n: listed(b"}" + b"K\x01}" * 300 + b"s" * 300, n),
    "items one by one": lambda n: P + b"]" + b"Na" * (n // 2) + b".",
    "sets": lambda n: numbered(lambda i: b"(J" + i + b"\x90", n, b"\x8f", b""),
    "keys of floats": lambda n: numbered(
        lambda i: b"G" + struct.pack(">d", 1e9 * struct.unpack("<i", i)[0]) + b"N", n, b"}(", b"u"
    ),
    "text": lambda n: listed(b"\x8c\x03abc", n),
    "nothing but byte strings": lambda n: listed(b"C\x00", n),
    "one long text": lambda n: P + b"V" + b"\\u0041" * (n // 6) + b"\n.",
    "integers in digits": lambda n: listed(b"I" + b"7" * 4_300 + b"\n", n),
    "strings of Python 2": lambda n: listed(b"S'" + b"\\x41" * 100 + b"'\n", n),
    "globals": lambda n: listed(b"cos\nsystem\n", n),
    "calls": lambda n: listed(b"h\x00)R", n, SET + b"0"),
    "calls of calls": lambda n: P + SET + b")R" * (n // 2) + b".",
    "objects": lambda n: listed(b"h\x00)\x81", n, SCALER_CLASS + b"0"),
    "objects with arguments by name": lambda n: listed(b"h\x00)}\x92", n, SCALER_CLASS + b"0"),
    "states": lambda n: listed(b"h\x00)\x81}b", n, SCALER_CLASS + b"0"),
    "states of one object": lambda n: P + SCALER_CLASS + b")\x81" + b"}b" * (n // 2) + b".",
    "frames": lambda n: P + b"]" + (b"\x95" + struct.pack("<Q", 2) + b"Na") * (n // 11) + b".",
    "arrays": lambda n: pickle.dumps([np.zeros(2) for _ in range(n // 60)]),
    "arrays of joblib": lambda n: joblib_bytes([np.zeros(2) for _ in range(n // 200)]),
    "arrays of objects": lambda n: joblib_bytes(
        [np.array([1, "a"], dtype=object) for _ in range(n // 310)]
    ),
    "one array of objects": lambda n: joblib_bytes(np.array([0.5] * (n // 9), dtype=object)),
}
# Bytes of memory for each byte of a stream, beside the file itself; and what the first file takes.
PER_BYTE, AT_FIRST = 128, 32 << 20

TWICE = """
import time
from safeload import audit
from safeload.policy.policy import Policy
policy = Policy.default()
def seconds(path):
    start = time.process_time()
    audit(path, policy=policy)
    return time.process_time() - start
seconds(sys.argv[3])
seconds(sys.argv[1])
factor = float(sys.argv[4])
few = many = float("inf")
"""
# Taken in turns, so that whatever slows one of them slows the other. Linear is 1; by the square it
# would be 8, however often it is tried.
GROWTH = """
for _ in range(5):
    many, few = min(many, seconds(sys.argv[2])), min(few, seconds(sys.argv[1]))
    if many < 3 * factor * few:
        break
print(many / few / factor)
"""


@needs_status
@pytest.mark.guarantee("G15")
@pytest.mark.parametrize("shape", SHAPES)
def test_time_and_memory_grow_with_the_size_and_no_faster(shape: str, tmp_path: Path) -> None:
    small, large, first = (tmp_path / name for name in ("small", "large", "first"))
    small.write_bytes(SHAPES[shape](100_000))
    large.write_bytes(SHAPES[shape](800_000))
    first.write_bytes(SHAPES[shape](2_000))
    factor = large.stat().st_size / small.stat().st_size
    cost = cost_of(GROWTH, small, large, first, factor, before=TWICE)
    assert float(cost.out) < 3
    assert cost.memory < (PER_BYTE + 1) * large.stat().st_size + AT_FIRST


def test_an_legitimate_model_with_odd_keys_is_accepted() -> None:
    for legitimate in (
        {Fraction(n, 7): n for n in range(3_000)},
        {n * 0.5: n for n in range(5_000)},
        {(n, -n): n for n in range(5_000)},
        FunctionTransformer(np.log1p),
    ):
        assert audit(pickle.dumps(legitimate), Limits()).verdict == "accept"


def labels(count: int, *words: str | bytes) -> np.ndarray[Any, Any]:
    return np.array([words[n % len(words)] for n in range(count)], object)


LEGITIMATE_ARRAYS = {
    "two labels in turn, compressed to next to nothing": joblib_bytes(
        labels(600_000, "no", "yes"), compress=3
    ),
    "cells of a few short bytes": joblib_bytes(labels(12_000, b"tcp", b"udp")),
    "cells of bytes in a pickle": pickle.dumps([labels(12_000, b"tcp", b"udp")]),
    "bytes that a call is given": pickle.dumps(deque([b"tcp", b"udp"] * 6_000)),
}


@pytest.mark.parametrize("case", LEGITIMATE_ARRAYS)
def test_what_recurs_and_is_small_costs_next_to_nothing(case: str, tmp_path: Path) -> None:
    path = tmp_path / "labels"
    path.write_bytes(LEGITIMATE_ARRAYS[case])

    # Notes may say that they are not all.
    assert safeload.audit(path, notes=False).files[0].findings == ()


@pytest.mark.parametrize(
    ("array", "limits", "name"),
    [
        (labels(600_000, "no", "yes"), Limits(density_floor=1_000, density=1), "density"),
        (labels(10_000, "no", "yes"), Limits(opcodes=200), "opcodes"),
        (labels(1_000, "word" * 50), Limits(), "unbudgeted_work"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_array_of_objects_over_a_limit_is_not_read_and_not_forged(
    array: np.ndarray[Any, Any], limits: Limits, name: str, tmp_path: Path
) -> None:
    path = tmp_path / "labels"
    joblib.dump(array, path, compress=3)

    report = safeload.audit(path, limits=limits).files[0]

    assert {finding.rule for finding in report.findings} == {"SL002"}
    assert all(f"(limit: {name})" in finding.message for finding in report.findings)
    assert report.verdict == "incomplete"


def test_numbers_that_take_memory_of_their_own_are_not_light(tmp_path: Path) -> None:
    path = tmp_path / "numbers"
    numbers = Pickle(4).mark()
    for _ in range(60_000):
        numbers.binfloat(1.5)
    path.write_bytes(zlib.compress(numbers.list_().finish()))

    report = safeload.audit(path, limits=Limits(density_floor=50_000, density=1)).files[0]

    assert [finding.rule for finding in report.findings] == ["SL002"]
