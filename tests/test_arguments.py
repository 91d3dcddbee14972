"""Whatever users give to what they call, they get a result or an error that safeload documents.

The one TypeError that may come is Python's own, for an argument that is missing or that no
parameter takes.
"""

from __future__ import annotations

import gzip
import math
import os
import pathlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import safeload
from safeload.auditing.learning import learn
from safeload.errors import SafeloadError, UsageError
from safeload.gate import dry_run
from safeload.limits import FIXED
from tests.trust.statements import ALICE


class Broken(Exception):  # noqa: N818  # it is what an argument raises
    """What an argument of its own making raises."""


def fail(*arguments: object, **named: object) -> NoReturn:
    raise Broken


class Hostile:
    """An object that answers nothing that it is asked."""

    __fspath__ = __str__ = __repr__ = __len__ = __iter__ = __bool__ = __float__ = fail
    __int__ = __index__ = __hash__ = __getitem__ = __contains__ = fail
    __eq__ = __lt__ = __gt__ = __le__ = __ge__ = fail


class HostileText(str):
    """Text that cannot be compared."""

    __eq__ = __hash__ = __len__ = __iter__ = __bool__ = __contains__ = __str__ = fail
    encode = startswith = isprintable = fail


class HostileZone(tzinfo):
    utcoffset = dst = tzname = fail


class Pathlike:
    def __init__(self, answer: object) -> None:
        self.answer = answer

    def __fspath__(self) -> Any:
        return self.answer


def ends_badly() -> Iterator[str]:
    yield "statsmodels"
    raise Broken


def endless() -> object:
    around: dict[str, object] = {}
    around["a"] = [around]
    return around


FAR_EAST, FAR_WEST = timezone(timedelta(hours=14)), timezone(timedelta(hours=-12))
# Made anew for each use, because iterators come to their ends.
ODD: dict[str, Callable[[], object]] = {
    "None": lambda: None,
    "True": lambda: True,
    "False": lambda: False,
    "zero": lambda: 0,
    "-1": lambda: -1,
    "7": lambda: 7,
    "huge": lambda: 2**70,
    "-huge": lambda: -(10**5000),
    "1.5": lambda: 1.5,
    "nan": lambda: math.nan,
    "inf": lambda: math.inf,
    "complex": lambda: 1j,
    "decimal": lambda: Decimal("NaN"),
    "fraction": lambda: Fraction(10**400),
    "empty text": lambda: "",
    "text": lambda: "no-such-thing",
    "long text": lambda: "x" * 5_000,
    "NUL": lambda: "a\0b",
    "surrogate": lambda: "\ud800",
    "escaped byte": lambda: "\udcff",
    "line break": lambda: "a\nb",
    "not ASCII": lambda: "mod\u00e8le",
    "folder": lambda: ".",
    "pipe": lambda: "pipe",
    "link to a pipe": lambda: "link",
    "numpy text": lambda: np.str_("no-such-thing"),
    "bytes": lambda: b"no-such-thing",
    "bytearray": lambda: bytearray(b"x"),
    "memoryview": lambda: memoryview(b"x"),
    "path": lambda: Path("no-such-thing"),
    "windows path": lambda: pathlib.PureWindowsPath("c:\\x"),
    "path of bytes": lambda: Pathlike(b"x"),
    "path of number": lambda: Pathlike(1),
    "path of hostile text": lambda: Pathlike(HostileText("x")),
    "empty list": list,
    "list": lambda: ["a", 1, None],
    "list of hostile": lambda: [Hostile()],
    "list of lists": lambda: [[], {}],
    "dict": lambda: {"a": 1.0},
    "dict of nan": lambda: {"a": math.nan},
    "dict of object": lambda: {"a": object()},
    "dict of hostile": lambda: {"a": Hostile()},
    "dict of flag": lambda: {"a": True},
    "dict of text": lambda: {"a": "0.9"},
    "dict by number": lambda: {1: 1.0},
    "dict by surrogate": lambda: {"\ud800": 1.0},
    "generator": lambda: iter(["statsmodels"]),
    "generator that ends badly": ends_badly,
    "set": lambda: {1, "a"},
    "array": lambda: np.arange(4.0),
    "array of objects": lambda: np.array([Hostile], dtype=object),
    "number of numpy": lambda: np.float32(0.5),
    "naive time": lambda: datetime(2999, 1, 1),  # noqa: DTZ001
    "time": lambda: datetime(2999, 1, 1, tzinfo=UTC),
    "past": lambda: datetime(1999, 1, 1, tzinfo=UTC),
    "last time": lambda: datetime(9999, 12, 31, 23, 59, tzinfo=FAR_WEST),
    "first time": lambda: datetime(1, 1, 1, tzinfo=FAR_EAST),
    "time of hostile zone": lambda: datetime(2999, 1, 1, tzinfo=HostileZone()),
    "function": lambda: fail,
    "class": lambda: Hostile,
    "hostile": Hostile,
    "object": object,
    "module": lambda: os,
    "limits": safeload.Limits,
    "isolation": safeload.Isolation,
    "policy": safeload.Policy.default,
    "key": lambda: ALICE,
    "public key": lambda: ALICE.public,
    "dataset": lambda: safeload.Dataset("a", "0"),
    "hostile dataset": lambda: safeload.Dataset(Hostile(), Hostile()),  # type: ignore[arg-type]
    "revision": lambda: safeload.Revision("", dirty=None),
    "hostile revision": lambda: safeload.Revision(Hostile(), Hostile()),  # type: ignore[arg-type]
    "list in itself": endless,
    "trust": lambda: safeload.TrustFile.parse(b""),
}
PUBLIC_KEY = ALICE.public.pem
FACTS: dict[str, Any] = {"key": ALICE, "name": "a", "version": "1"}
TRUST = safeload.TrustFile.parse(b"")

# What users call: the function, the names of its parameters by position, and by keyword, and what
# it is given where nothing odd is.
Call = tuple[Callable[..., object], tuple[str, ...], tuple[str, ...], dict[str, Any]]
_LOADING = ("policy", "packs", "limits")
_KEEPING = ("ledger", "allow_rollback")
_SIGNING = (
    *_LOADING, "key", "name", "version", "dataset", "rows", "metrics", "revision", "extra", "probe",
    "probe_from",
    "serial", "trained", "not_after", "passphrase", "progress",
)  # fmt: skip
CALLS: dict[str, Call] = {
    "load": (
        safeload.load,
        ("source",),
        (*_LOADING, *_KEEPING, "trust", "name", "bundle", "probe", "mmap_mode", "progress"),
        {"source": "nowhere", "trust": TRUST},
    ),
    "load_unsigned": (
        safeload.load_unsigned,
        ("source",),
        (*_LOADING, "isolated", "mmap_mode", "progress"),
        {"source": "none.pkl"},
    ),
    "verify": (
        safeload.verify,
        ("source",),
        ("trust", "name", "bundle", "limits", "progress", "mmap_mode"),
        {"source": "nowhere", "trust": TRUST},
    ),
    "dry_run": (
        dry_run,
        ("source",),
        (*_LOADING, *_KEEPING, "trust", "name", "bundle", "isolation"),
        {"source": "nowhere", "trust": TRUST},
    ),
    "audit": (
        safeload.audit,
        ("path", "path2"),
        (*_LOADING, "jobs", "cache", "rehash", "baseline"),
        {"path": "none.pkl", "path2": "nowhere"},
    ),
    "learn": (learn, ("path", "path2"), _LOADING, {"path": "none.pkl", "path2": "nowhere"}),
    "sign": (safeload.sign, ("path",), _SIGNING, {"path": "none.pkl", **FACTS}),
    "dump": (
        safeload.dump,
        ("model", "path"),
        (*_SIGNING, "compress"),
        {"model": None, "path": "dumped.pkl", **FACTS},
    ),
    "find_revision": (safeload.find_revision, ("folder",), (), {"folder": "nowhere"}),
    "countersign": (
        safeload.countersign,
        ("path",),
        (*_LOADING, "key", "trust", "name", "label", "passphrase", "progress"),
        {"path": "nowhere", "key": ALICE, "trust": TRUST},
    ),
    "Policy.default": (safeload.Policy.default, (), ("packs",), {}),
    "Policy.of_pack": (safeload.Policy.of_pack, ("name",), (), {"name": "numpy"}),
    "Policy.read": (safeload.Policy.read, ("path",), ("packs",), {"path": "nowhere"}),
    "Policy.parse": (
        safeload.Policy.parse,
        ("text", "source"),
        ("packs",),
        {"text": b"", "source": "policy.toml"},
    ),
    "Policy.of": (safeload.Policy.of, ("policy",), ("packs",), {"policy": None}),
    "Policy.with_packs": (safeload.Policy.default().with_packs, ("names",), (), {"names": ()}),
    "TrustFile.read": (safeload.TrustFile.read, ("path",), (), {"path": "nowhere"}),
    "TrustFile.parse": (
        safeload.TrustFile.parse,
        ("data",),
        ("source", "folder"),
        {"data": b""},
    ),
    "TrustFile.add": (
        safeload.TrustFile.add,
        ("path",),
        ("name", "key", "models"),
        {"path": "trust.toml", "name": "alice", "key": ALICE.public, "models": ["a"]},
    ),
    "TrustFile.keys_at": (TRUST.keys_at, ("now",), (), {"now": datetime(2999, 1, 1, tzinfo=UTC)}),
    "TrustFile.authorise": (
        TRUST.authorise,
        ("payload", "manifest"),
        ("wanted", "now"),
        {"payload": None, "manifest": None, "wanted": None},
    ),
    "Manifest.from_payload": (safeload.Manifest.from_payload, ("payload",), (), {"payload": None}),
    "SigningKey.generate": (safeload.SigningKey.generate, ("key_type",), (), {}),
    "SigningKey.read": (safeload.SigningKey.read, ("path",), ("passphrase",), {"path": "key"}),
    "SigningKey.write": (
        ALICE.write,
        ("path",),
        ("passphrase",),
        {"path": "new.key", "passphrase": None},
    ),
    "SigningKey.sign": (ALICE.sign, ("data",), (), {"data": b"x"}),
    "VerifyingKey.from_text": (
        safeload.VerifyingKey.from_text,
        ("text",),
        (),
        {"text": PUBLIC_KEY},
    ),
    "VerifyingKey.of": (safeload.VerifyingKey.of, ("public",), (), {"public": None}),
    "VerifyingKey.verify": (
        ALICE.public.verify,
        ("signature", "data"),
        (),
        {"signature": ALICE.sign(b"x"), "data": b"x"},
    ),
    "Limits": (safeload.Limits, (), tuple(safeload.Limits.__dataclass_fields__), {}),
    "Limits.of": (safeload.Limits.of, ("limits",), (), {"limits": None}),
}
# What a caller's own functions raise is the caller's.
OWN = {"progress", "passphrase"}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a model and a key that is encrypted, and nobody's configuration."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    (tmp_path / "none.pkl").write_bytes(b"\x80\x04N.")
    ALICE.write(tmp_path / "key", passphrase=b"secret")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("pipe")
    return tmp_path


def call(name: str, odd: dict[str, object]) -> SafeloadError | None:
    """Call a function; what may come is a result, or an error that it documents."""
    function, by_place, by_name, usual = CALLS[name]
    given = {**usual, **odd}
    try:
        function(
            *[given[parameter] for parameter in by_place if parameter in given],
            **{parameter: given[parameter] for parameter in by_name if parameter in given},
        )
    except SafeloadError as error:
        return error
    except Exception:
        if not OWN & odd.keys():
            raise
    return None


PARAMETERS = {name: (*places, *names) for name, (_, places, names, _) in CALLS.items()}
CASES = [(name, parameter) for name, all_of in PARAMETERS.items() for parameter in all_of]


@pytest.mark.parametrize(("name", "parameter"), CASES)
def test_any_argument_gives_a_result_or_a_documented_error(name: str, parameter: str) -> None:
    for make in ODD.values():
        error = call(name, {parameter: make()})
        assert error is None or (error.code and error.hint)


PLAIN = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.binary(max_size=50)
    | st.text(st.characters(exclude_categories=()), max_size=50)
    | st.datetimes() | st.datetimes(timezones=st.just(FAR_EAST))
    | st.sampled_from(sorted(ODD)).map(lambda odd: ODD[odd]())
)  # fmt: skip
VALUES = st.recursive(
    PLAIN,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=5), inner, max_size=3)
        | inner.map(Pathlike)
    ),
    max_leaves=5,
)


@settings(max_examples=300, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_several_odd_arguments_at_once_do_no_more(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(CALLS)))
    chosen = data.draw(st.lists(st.sampled_from(PARAMETERS[name]), max_size=3))
    call(name, {parameter: data.draw(VALUES) for parameter in chosen})


# -- before anything is done ----------------------------------------------------------------------

WRONG: dict[str, tuple[dict[str, Any], str, str]] = {
    "a serial below zero": ({"serial": -1}, "argument-value", "serial"),
    "a serial that JSON loses": ({"serial": 2**70}, "argument-value", "serial"),
    "a serial that is true": ({"serial": True}, "argument-type", "serial"),
    "an empty version": ({"version": ""}, "argument-value", "version"),
    "a metric that is not a number": ({"metrics": {"a": math.nan}}, "argument-value", "metrics"),
    "a metric of text": ({"metrics": {"a": "0.9"}}, "argument-type", "metrics"),
    "metrics in a list": ({"metrics": [0.9]}, "argument-type", "metrics"),
    "a time without a zone": (
        {"trained": datetime(2020, 1, 1)},  # noqa: DTZ001
        "argument-value",
        "trained",
    ),
    "a time beyond all years": ({"not_after": ODD["last time"]()}, "argument-value", "not_after"),
    "a passphrase that is text": ({"passphrase": "secret"}, "argument-type", "passphrase"),
    "packs that are a number": ({"packs": 5}, "argument-type", "packs"),
    "limits that are a dict": ({"limits": {"seconds": 5}}, "argument-type", "limits"),
    "progress that is not a function": ({"progress": True}, "argument-type", "progress"),
    "a dataset of bytes": ({"dataset": b"data.csv"}, "no-path", "dataset"),
    "rows below zero": ({"rows": -1}, "argument-value", "rows"),
    "a revision that is a number": ({"revision": 5}, "argument-type", "revision"),
    "an empty revision": ({"revision": ""}, "argument-value", "revision"),
    "an extra that is a list": ({"extra": ["a"]}, "argument-type", "extra"),
    "an extra of an object": ({"extra": {"a": [object()]}}, "argument-value", "extra"),
    "an extra of an array": ({"extra": {"a": np.arange(2)}}, "argument-value", "extra"),
    "an extra that is not a number": ({"extra": {"a": math.nan}}, "argument-value", "extra"),
    "an extra in itself": ({"extra": endless()}, "argument-value", "extra"),
}


@pytest.mark.parametrize("what", WRONG)
@pytest.mark.parametrize("name", ["sign", "dump"])
def test_a_wrong_argument_is_said_before_anything_is_read_or_written(
    folder: Path, name: str, what: str
) -> None:
    odd, code, parameter = WRONG[what]
    before = sorted(folder.iterdir())
    # Neither the model nor the key is there, and nobody comes as far as to see that.
    error = call(name, {"path": "nowhere.pkl", "key": "nowhere.key", **odd})
    assert isinstance(error, UsageError)
    assert error.code == code
    assert parameter in error.message
    assert sorted(folder.iterdir()) == before


def test_a_fact_that_there_is_none_of_is_a_type_error_before_anything_is_written(
    folder: Path,
) -> None:
    before = sorted(folder.iterdir())
    with pytest.raises(TypeError, match="metric"):
        safeload.dump(None, folder / "dumped.pkl", **FACTS, metric={"a": 1.0})  # type: ignore[call-arg]
    assert sorted(folder.iterdir()) == before


@pytest.mark.parametrize("name", ["pipe", "folder"])
def test_what_is_no_file_is_not_replaced_by_one(folder: Path, name: str) -> None:
    (folder / "folder").mkdir()
    before = (folder / name).lstat()
    error = call("dump", {"path": folder / name})
    assert isinstance(error, UsageError)
    assert error.code == "unwritable"
    assert os.path.samestat((folder / name).lstat(), before)


def test_rows_in_the_place_of_a_flag_are_told_from_it() -> None:
    error = call("load", {"probe": np.arange(4.0)})
    assert isinstance(error, UsageError)
    assert error.code == "argument-type"


@pytest.mark.parametrize("field", safeload.Limits.__dataclass_fields__)
@pytest.mark.parametrize("value", [-1, True, "5", None, math.nan, math.inf, 2**70])
def test_a_bound_that_is_none_is_said_at_once(field: str, value: Any) -> None:
    if field == "seconds" and value == 2**70:
        pytest.skip("so many seconds are a bound")
    with pytest.raises(UsageError) as caught:
        safeload.Limits(**{field: value})
    assert field in caught.value.message


@pytest.mark.parametrize("field", sorted(FIXED))
def test_what_protects_the_process_is_lowered_and_never_raised(field: str) -> None:
    usual = getattr(safeload.Limits(), field)
    assert getattr(safeload.Limits(**{field: usual - 1}), field) == usual - 1
    with pytest.raises(UsageError) as caught:
        safeload.Limits(**{field: usual + 1})
    assert caught.value.code == "limit-fixed"


def test_the_largest_bounds_are_bounds(folder: Path) -> None:
    largest = {field: 2**62 for field in safeload.Limits.__dataclass_fields__ if field not in FIXED}
    limits = safeload.Limits(**largest)
    for form in ("none.pkl", "none.joblib.gz", "none.npy"):
        (folder / form).write_bytes(
            gzip.compress(b"\x80\x04N.") if ".gz" in form else b"\x80\x04N."
        )
        assert safeload.load_unsigned(folder / form, limits=limits) is None


@pytest.mark.parametrize(
    "value", [1, 0.5, np.float32(0.5), np.int64(3), np.array(0.5), Decimal("0.5"), Fraction(1, 2)]
)
def test_numbers_of_every_library_are_metrics(folder: Path, value: Any) -> None:
    bundle = safeload.sign(folder / "none.pkl", **FACTS, metrics={np.str_("a"): value})
    assert bundle.exists()
