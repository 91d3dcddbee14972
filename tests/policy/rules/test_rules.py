"""Argument rules: what a writer gives is accepted in every protocol, each other form refused."""

from __future__ import annotations

import array as array_module
import collections
import datetime as dt
import decimal
import functools
import ipaddress
import operator
import pickle
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import fft
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import FunctionTransformer

from safeload.policy.judge import judge
from safeload.policy.packs import opt_in_packs
from safeload.policy.policy import Policy
from safeload.policy.rules import RULES
from safeload.scan.scan import scan
from tests.builder import Name, Pickle

Fill = Callable[[Pickle], object]

PATTERN = re.compile(r"\w+", re.IGNORECASE)
LEGITIMATE: dict[str, Any] = {
    "a partial of an allowed function": FunctionTransformer(functools.partial(np.clip, a_max=3)),
    "a partial with arguments": FunctionTransformer(functools.partial(np.add, 1)),
    "a method of a string": FunctionTransformer("x".join),
    "a method of a pattern": CountVectorizer(tokenizer=PATTERN.findall),
    "a method of str": CountVectorizer(preprocessor=str.lower),
    "a pattern": CountVectorizer(tokenizer=None, token_pattern=None, stop_words=None).set_params(
        token_pattern=r"(?u)\b\w\w+\b"
    ),
    "a compiled pattern": [PATTERN, re.compile(b"[ab]+"), re.compile(r"(a|b)*c", re.VERBOSE)],
    "a getter of an item": FunctionTransformer(operator.itemgetter("a")),
    "a getter of several columns": FunctionTransformer(operator.itemgetter(["a", "b"])),
    "a getter of an attribute": FunctionTransformer(operator.attrgetter("values")),
    "a getter of what documents have": [
        CountVectorizer(preprocessor=operator.attrgetter(name)) for name in ("text", "body")
    ],
    "a getter of what dates have": FunctionTransformer(operator.attrgetter("dt.dayofweek")),
    "a method of the data": [
        FunctionTransformer(operator.methodcaller("toarray")),
        FunctionTransformer(operator.methodcaller("fillna", 0)),
        FunctionTransformer(operator.methodcaller("replace", "?", 0)),
        FunctionTransformer(operator.methodcaller("replace", {"a": "b"})),
    ],
    "a method of the data that is given arguments with keys": [
        FunctionTransformer(operator.methodcaller("drop", columns=["a"])),
        FunctionTransformer(operator.methodcaller("sum", axis=1)),
        FunctionTransformer(operator.methodcaller("clip", 0, upper=1.5)),
    ],
    "a method of the data that turns them into a type": [
        FunctionTransformer(operator.methodcaller("astype", np.float32)),
        FunctionTransformer(operator.methodcaller("select_dtypes", include=[np.number])),
    ],
    "a getter of columns": [
        FunctionTransformer(operator.itemgetter((slice(None), [0, 2]))),
        FunctionTransformer(operator.itemgetter(slice(0, 2))),
        FunctionTransformer(operator.itemgetter((..., 0))),
        FunctionTransformer(operator.itemgetter((slice(None), np.array([0, 1])))),
    ],
    "a look into a dict": [
        np.vectorize({"a": 1}.get),
        np.vectorize(collections.Counter("ab").get),
        np.vectorize(collections.defaultdict(int, a=1).get),
    ],
    "a search within a partial": [
        CountVectorizer(preprocessor=functools.partial(re.sub, r"\d+", "#")),
        CountVectorizer(preprocessor=functools.partial(re.sub, "[^a-z]", " ", flags=2)),
        CountVectorizer(tokenizer=functools.partial(re.findall, r"\w+")),
        CountVectorizer(tokenizer=functools.partial(re.split, PATTERN, maxsplit=3)),
    ],
    "a Fourier transform": [
        FunctionTransformer(fft.dct),
    ],
    "flags of a pattern": re.IGNORECASE | re.MULTILINE,
    "arrays of Python's own": [array_module.array("d", [1.5]), array_module.array("I", [1, 2])],
    "a text with attributes": collections.UserString("a"),
    "addresses": [ipaddress.ip_address("::1"), ipaddress.ip_network("10.0.0.0/8")],
    "containers written in Python": [
        collections.ChainMap({1: 2}),
        collections.UserList([1]),
        collections.UserString("a"),
    ],
    "arrays": [np.zeros(3), np.zeros((2, 0)), np.asfortranarray(np.ones((2, 2))), np.array(1.5)],
    "an array of objects": np.array(["a", None, [1]], dtype=object),
    "arrays of text, times and records": [
        np.array(["a", "bc"]),
        np.array(["2026-01-01"], "M8[D]"),
        np.zeros(2, [("a", "<i4"), ("b", ">f8", (2,))]),
    ],
    "scalars": [np.float64(1.5), np.int8(-3), np.bool_(True), np.str_("x"), np.datetime64(1, "s")],
    "types": [np.dtype("f8"), np.dtype("O"), np.dtype([("a", "i4")])],
    "bytes": [b"", b"abc", bytearray(b"\xff"), bytes(range(256))],
    "dates": [dt.date(2026, 1, 2), dt.timedelta(3), dt.datetime(2026, 1, 2)],  # noqa: DTZ001
    "collections": [collections.OrderedDict(a=1), collections.Counter("abc"), {1, 2}],
    "decimals": decimal.Decimal("1.5"),
    "an estimator": LogisticRegression(class_weight={0: 1.0}),
}

DTYPE = Name("numpy", "dtype")
NDARRAY = Name("numpy", "ndarray")
RECONSTRUCT = Name("numpy._core.multiarray", "_reconstruct")
FROMBUFFER = Name("numpy._core.numeric", "_frombuffer")
SCALAR = Name("numpy._core.multiarray", "scalar")
PARTIAL = Name("functools", "partial")
GETATTR = Name("builtins", "getattr")
REBUILD = Name("copyreg", "_reconstructor")
OBJECT = Name("builtins", "object")
MODEL = Name("sklearn.linear_model._logistic", "LogisticRegression")
COMPILE = Name("re", "_compile")
TREE = Name("sklearn.tree._tree", "Tree")


def _f8(pickle: Pickle) -> None:
    pickle.dtype("f8")


def _o8(pickle: Pickle) -> None:
    pickle.dtype("O8", order="|")


def call(target: Name, *args: Any) -> Fill:
    return lambda p: p.call(target, *args)


def stated(target: Name, args: tuple[Any, ...], state: Any) -> Fill:
    return lambda p: p.call(target, *args).save(state).build()


def array(*state: Any) -> Fill:
    return stated(RECONSTRUCT, (NDARRAY, (0,), b"b"), state)


def regex(pattern: Any, flags: Any = 32) -> Fill:
    return call(COMPILE, pattern, flags)


METHOD = Name("operator", "methodcaller")
SUB = Name("re", "sub")
FOURIER = Name("scipy._lib._uarray._backend", "unpickle_function")


def keyed_method(name: str, *args: Any, build_again: bool = False, **keywords: Any) -> Fill:
    """``partial(methodcaller, name, key=value)(...)``, as ``operator`` writes it."""

    def fill(p: Pickle) -> None:
        state = (METHOD, (name,), keywords, None)
        p.call(PARTIAL, METHOD).save(state).build()
        if build_again:
            p.save((METHOD, ("to_csv",), {}, None)).build()
        p.save(args).reduce()

    return fill


HOSTILE: dict[str, Fill] = {
    # getattr
    "getattr with a default": call(GETATTR, "x", "lower", None),
    "getattr of a computed name": call(GETATTR, "x", b"lower"),
    "getattr of a dunder": call(GETATTR, MODEL, "__init__"),
    "getattr of what is not a name": call(GETATTR, MODEL, "a.b"),
    "getattr of a method that formats": call(GETATTR, "{0.__class__}", "format"),
    "getattr of a method that formats a mapping": call(GETATTR, "{a}", "format_map"),
    "getattr of a method that encodes": call(GETATTR, "x", "encode"),
    "getattr of an attribute of a pattern": call(
        GETATTR, lambda p: p.call(COMPILE, "a", 32), "pattern"
    ),
    "getattr of a call's result": call(
        GETATTR, lambda p: p.call(Name("builtins", "bytearray"), b"x"), "extend"
    ),
    "getattr of a list": call(GETATTR, [1], "append"),
    "getattr of bytes": call(GETATTR, b"x", "join"),
    "getattr's result with a state": stated(GETATTR, ("x", "lower"), {"a": 1}),
    # functools.partial
    "a partial of nothing": call(PARTIAL),
    "a partial of a string": call(PARTIAL, "print"),
    "a partial with a state of another form": stated(PARTIAL, (Name("numpy", "add"),), {"a": 1}),
    "a partial whose state holds no function": stated(
        PARTIAL, (Name("numpy", "add"),), ("add", (), {}, None)
    ),
    "a partial whose arguments are not a tuple": stated(
        PARTIAL, (Name("numpy", "add"),), (Name("numpy", "add"), [1], {}, None)
    ),
    "a partial whose keywords are not a dict": stated(
        PARTIAL, (Name("numpy", "add"),), (Name("numpy", "add"), (), [1], None)
    ),
    "a partial with attributes that act": stated(
        PARTIAL,
        (Name("numpy", "add"),),
        (Name("numpy", "add"), (), {}, {"a": Name("numpy", "add")}),
    ),
    "a partial that writes to an array": stated(
        PARTIAL,
        (Name("numpy", "add"),),
        (Name("numpy", "add"), (), {"out": array(1, (1,), _f8, False, bytes(8))}, None),
    ),
    "keywords that write to an array": lambda p: p.object_(
        MODEL, state={"kw_args": {"out": array(1, (1,), _f8, False, bytes(8))}}
    ),
    "keywords of a filter that write to an array": lambda p: p.object_(
        MODEL, state={"kw_args": {"output": array(1, (1,), _f8, False, bytes(8))}}
    ),
    "keywords of another class that write to an array": lambda p: p.object_(
        MODEL, state={"metric_params": call(Name("collections", "OrderedDict"), [["out", 1]])}
    ),
    "keywords in a wrapper that write to an array": lambda p: p.object_(
        MODEL,
        state={
            "kw_args": lambda q: q.object_(
                Name("collections", "ChainMap"), state={"maps": [{"out": 1}]}
            )
        },
    ),
    # numpy.dtype
    "a dtype of an unknown code": call(DTYPE, "f8,f8", 0, 1),
    "a dtype that hides objects": lambda p: p.dtype("O8", order="|", flags=0),
    "a dtype that claims objects": lambda p: p.dtype("f8", flags=63),
    # numpy's _reconstruct
    "an array of no type": call(RECONSTRUCT, "ndarray", (0,), b"b"),
    "an array made with a shape": call(RECONSTRUCT, NDARRAY, (10**9,), b"b"),
    "an array made with a dtype": call(RECONSTRUCT, NDARRAY, (0,), b"O"),
    "an array made with too much": call(RECONSTRUCT, NDARRAY, (0,), b"b", None),
    "an array with a short state": array(1, (1,), _f8, False),
    "an array with a state that is not a tuple": stated(RECONSTRUCT, (NDARRAY, (0,), b"b"), [1]),
    "an array by NEWOBJ": lambda p: p.object_(NDARRAY, state=(1, (2,), _o8, False, [])),
    "a masked array by NEWOBJ": lambda p: p.object_(
        Name("numpy.ma", "MaskedArray"), state=(1, (2,), _o8, False, [], b"", None)
    ),
    "a masked array of other parts": lambda p: p.object_(
        Name("numpy.ma.core", "MaskedArray"), state={"_data": 1}
    ),
    "an array without a version": array((1,), _f8, False, bytes(8), None),
    "an array of fewer bytes than its shape": array(1, (2,), _f8, False, bytes(8)),
    "an array of more bytes than its shape": array(1, (1,), _f8, False, bytes(16)),
    "an array whose bytes are text that is not ASCII": array(1, (1,), _f8, False, "\xe9" * 8),
    "an array of a negative length": array(1, (-1,), _f8, False, b""),
    "an array of a shape that is a list": array(1, [1], _f8, False, bytes(8)),
    "an array of an order that is none": array(1, (1,), _f8, 2, bytes(8)),
    "an array of objects made of bytes": array(1, (1,), _o8, False, b"A" * 8),
    "an array of fewer objects than its shape": array(1, (2,), _o8, False, [None]),
    "an array of numbers made of a list": array(1, (1,), _f8, False, [None]),
    "an array of a dtype by its name": array(1, (1,), "f8", False, bytes(8)),
    # numpy's _frombuffer
    "a buffer of objects": call(FROMBUFFER, b"A" * 8, _o8, (1,), "C"),
    "a buffer of fewer bytes than the shape": call(FROMBUFFER, bytes(8), _f8, (2,), "C"),
    "a buffer of an unknown order": call(FROMBUFFER, bytes(8), _f8, (1,), "A"),
    "a buffer without an order": call(FROMBUFFER, bytes(8), _f8, (1,)),
    "a buffer with axes that are none": call(FROMBUFFER, bytes(8), _f8, (1,), "K", (1,)),
    "a buffer with an axis twice": call(FROMBUFFER, bytes(8), _f8, (1, 1), "K", (0, 0)),
    "a buffer that is an array": call(FROMBUFFER, lambda p: p.call(SCALAR, _f8), _f8, (1,), "C"),
    # numpy's scalar
    "a scalar of an object": call(SCALAR, _o8, b"A" * 8),
    "a scalar of an object that is given": call(SCALAR, _o8, [1]),
    "a scalar of fewer bytes than its type": call(SCALAR, _f8, bytes(4)),
    "a scalar of more bytes than its type": call(SCALAR, _f8, bytes(9)),
    "a scalar of no type": call(SCALAR, "f8", bytes(8)),
    "a scalar of nothing": call(SCALAR),
    "a scalar of too much": call(SCALAR, _f8, bytes(8), None),
    # copyreg
    "a reconstruction of no class": call(REBUILD, "LogisticRegression", OBJECT, None),
    "a reconstruction from a base of its own": call(REBUILD, MODEL, MODEL, None),
    "a reconstruction of an object with a state": call(REBUILD, MODEL, OBJECT, "state"),
    "a reconstruction of too little": call(REBUILD, MODEL, OBJECT),
    "a reconstruction from another type's state": call(
        REBUILD, MODEL, Name("builtins", "list"), Name("builtins", "list")
    ),
    "a reconstruction from an object": call(
        REBUILD, MODEL, Name("builtins", "dict"), call(Name("collections", "OrderedDict"))
    ),
    "a reconstruction of a set": call(
        REBUILD, MODEL, Name("builtins", "set"), call(Name("builtins", "set"), [1])
    ),
    "a text made of bytes": call(Name("numpy", "str_"), b"x", "utf-7"),
    "a new object with arguments": call(Name("copyreg", "__newobj__"), MODEL, 1),
    # bytes
    "bytes in another encoding": call(Name("_codecs", "encode"), "x", "rot13"),
    "bytes with a way to handle errors": call(Name("_codecs", "encode"), "x", "latin1", "ignore"),
    "bytes of bytes": call(Name("_codecs", "encode"), b"x", "latin1"),
    "a bytearray of a length": call(Name("builtins", "bytearray"), 10**12),
    "a bytearray of a list": call(Name("builtins", "bytearray"), [1]),
    # regular expressions
    "a pattern that takes without end": regex(r"(a+)+$"),
    "another pattern that takes without end": regex(r"(a|a)*b"),
    "a pattern that does not parse": regex(r"(a"),
    "a pattern longer than any": regex("a" * 100_000),
    "a pattern that prints itself": regex("a", int(re.DEBUG)),
    "a pattern with flags that are none": regex("a", "IGNORECASE"),
    "a pattern with flags that are True": regex("a", True),
    "a pattern that is not a text": regex(["a"]),
    "a pattern without flags": call(COMPILE, "a"),
    # getters
    "a getter of a private attribute": call(Name("operator", "attrgetter"), "a._b"),
    "a getter of a class": call(Name("operator", "attrgetter"), "__class__"),
    "a getter of no name": call(Name("operator", "attrgetter"), 1),
    **{
        f"a getter of the method {name}": call(Name("operator", "attrgetter"), name)
        for name in (
            "unlink",
            "a.write_text",
            "tofile",
            "to_pickle",
            "eval",
            "query",
            "save_model",
            "replace",
            "transform",
            "manager.loggerDict",
            "addHandler",
            "fit_transform",
        )
    },
    "a method that moves a file named in bytes": call(
        Name("operator", "methodcaller"), "replace", b"canary"
    ),
    **{
        f"a partial of an {name}": call(PARTIAL, lambda p, n=name: p.call(Name("operator", n), "a"))
        for name in ("attrgetter", "itemgetter", "methodcaller")
    },
    # copyreg._reconstructor
    **{
        f"a {base} made of a call": call(
            REBUILD,
            MODEL,
            Name("builtins", base),
            lambda p: p.call(Name("builtins", "range"), 1, 9, 1),
        )
        for base in ("dict", "list", "tuple", "set", "frozenset", "int", "float", "str", "object")
    },
    "a dict made of a list": call(REBUILD, MODEL, Name("builtins", "dict"), [(1, 2)]),
    "a set made of a frozenset that is called": call(
        REBUILD,
        MODEL,
        Name("builtins", "set"),
        lambda p: p.call(Name("builtins", "frozenset"), [1]),
    ),
    "a method that writes a file": call(Name("operator", "methodcaller"), "to_csv", "canary"),
    "a method that evaluates": call(Name("operator", "methodcaller"), "eval", "@exit()"),
    "a method that calls": call(Name("operator", "methodcaller"), "sum", Name("numpy", "add")),
    "a method without a name": call(Name("operator", "methodcaller")),
    "a method by a number": call(Name("operator", "methodcaller"), 1),
    "an address of an array": call(Name("ipaddress", "IPv4Address"), Name("numpy", "add")),
    "a getter of nothing": call(Name("operator", "itemgetter")),
    "a getter of a function": call(Name("operator", "itemgetter"), Name("numpy", "add")),
    "a getter of a function among others": call(
        Name("operator", "itemgetter"), (Name("numpy", "add"), 0)
    ),
    "a method with keys that writes a file": keyed_method("to_csv", path_or_buf="canary"),
    "a method with keys that evaluates": keyed_method("query", expr="@exit()"),
    "a method that matches a pattern": keyed_method("replace", "(a+)+$", "", regex=True),
    "a method that evaluates by another engine": keyed_method("mean", engine="numba"),
    "a method with a function by a key": keyed_method("sort_values", "a", key=Name("numpy", "add")),
    "a method by its name that is called twice": keyed_method("sum", build_again=True),
    "a method by its name in the call": lambda p: (
        p.save(lambda q: q.call(PARTIAL, METHOD).save((METHOD, (), {}, None)).build())
        .save(("to_csv", "canary"))
        .reduce()
    ),
    "a partial of a method by its name, with a function of another kind": stated(
        PARTIAL, (Name("numpy", "add"),), (METHOD, ("to_csv",), {}, None)
    ),
    "a search that is called while loading": call(SUB, "(a+)+$", "", "a" * 64),
    "a search without its pattern": stated(PARTIAL, (SUB,), (SUB, (), {}, None)),
    "a search whose pattern takes without end": stated(
        PARTIAL, (SUB,), (SUB, ("(a+)+$", ""), {}, None)
    ),
    "a search whose pattern takes without end under a flag": stated(
        PARTIAL, (SUB,), (SUB, ("(Ab|ab)*c", ""), {"flags": 2}, None)
    ),
    "a search whose pattern takes without end under a flag that is still to come": stated(
        PARTIAL, (SUB,), (SUB, ("(a+ )+$", ""), {}, None)
    ),
    "a search with a key that is none": stated(
        PARTIAL, (SUB,), (SUB, ("a", ""), {Name("re", "sub"): 1}, None)
    ),
    "a search that calls a function": stated(
        PARTIAL, (SUB,), (SUB, ("a", Name("builtins", "len")), {}, None)
    ),
    "a search that calls a function by a key": stated(
        PARTIAL, (SUB,), (SUB, ("a",), {"repl": Name("builtins", "len")}, None)
    ),
    "a search in a text of its own": stated(PARTIAL, (SUB,), (SUB, ("a", "", "a" * 64), {}, None)),
    "a search whose state holds another function": stated(
        PARTIAL, (SUB,), (Name("re", "split"), ("a",), {}, None)
    ),
    "a search without a state": call(PARTIAL, SUB),
    "a Fourier transform of another module": call(FOURIER, "os", "getcwd", None),
    "a Fourier transform bound to an object": call(FOURIER, "scipy.fft._basic", "fft", [1]),
    "a Fourier transform by a path": call(FOURIER, "scipy.fft._basic", "np.load", None),
    "flags by two numbers": call(Name("re", "RegexFlag"), 2, 3),
    "flags by a text": call(Name("re", "RegexFlag"), "A"),
    "an array of text": call(Name("array", "array"), "u", ["a"]),
    "an array of an iterator": call(
        Name("array", "array"), "d", lambda p: p.call(Name("builtins", "range"), 10**12)
    ),
    "an array of another type's name": call(
        Name("array", "_array_reconstructor"), Name("builtins", "bytearray"), "d", 16, b"a" * 8
    ),
    "an array of an unknown format": call(
        Name("array", "_array_reconstructor"), Name("array", "array"), "d", 99, b"a" * 8
    ),
    "an attribute of a dict": call(GETATTR, {"a": 1}, "update"),
    "an attribute of a counter": call(
        GETATTR, lambda p: p.call(Name("collections", "Counter"), {"a": 1}), "update"
    ),
}


def findings(data: bytes) -> list[str]:
    found = judge(scan(data), Policy.default()).findings
    return [f"{finding.rule} {finding.message}" for finding in found]


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("case", LEGITIMATE)
def test_what_a_writer_gives_is_accepted(case: str, protocol: int) -> None:
    assert findings(pickle.dumps(LEGITIMATE[case], protocol)) == []


@pytest.mark.guarantee("G11")
@pytest.mark.parametrize("case", HOSTILE)
def test_what_no_writer_gives_is_refused(case: str) -> None:
    stream = Pickle(4)
    HOSTILE[case](stream)

    found = findings(stream.finish())

    assert any(finding.startswith("SL103") for finding in found)


def test_every_rule_that_is_named_exists() -> None:
    every = Policy.default(packs=opt_in_packs())
    named = {entry.rule for entry in every.entries.values() if entry.rule}

    assert named <= set(RULES)


def test_copyregs_own_reconstruction_is_what_old_protocols_write() -> None:
    for protocol in (0, 1):
        data = pickle.dumps(LogisticRegression(), protocol)
        assert b"_reconstructor" in data
        assert findings(data) == []
