"""cloudpickle's and dill's ways to write what can be imported: legitimate forms and no other."""

from __future__ import annotations

import collections
import functools
import logging
import operator
import pickle
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cloudpickle
import numpy as np
import pytest
from scipy import special, stats
from sklearn.experimental import enable_iterative_imputer  # noqa: F401
from sklearn.preprocessing import FunctionTransformer, StandardScaler

import safeload
from safeload.errors import LoadError
from safeload.limits import Limits
from safeload.loading.standins import STAND_INS
from safeload.policy.judge import judge
from safeload.policy.policy import Policy
from safeload.scan.pickle.interpreter import interpret
from safeload.scan.scan import scan
from tests.builder import Name, Pickle, Value
from tests.legitimate.sameness import difference

Fragment = Callable[[Pickle], object]

CLOUD = "cloudpickle.cloudpickle"
DILL = "dill._dill"
RECONSTRUCT, NDARRAY = Name("numpy._core.multiarray", "_reconstruct"), Name("numpy", "ndarray")


def call(module: str, name: str, *args: Value) -> Fragment:
    return lambda p: p.call(Name(module, name), *args)


def dilled(name: str, *args: Value) -> Fragment:
    return call(DILL, name, *args)


def kind(name: str) -> Fragment:
    return dilled("_load_type", name)


def array(*given: Value, make: Value = RECONSTRUCT, attributes: Value = None) -> Fragment:
    made = given or (NDARRAY, (0,), b"b")
    state = (1, (2,), lambda p: p.dtype("f8"), False, bytes(16))
    return dilled("_create_array", make, made, state, attributes)


def ufunc(module: Value, name: Value) -> Callable[[Pickle], Pickle]:
    return lambda p: p.call(Name("numpy.core", "_ufunc_reconstruct"), module, name)


def findings(value: Value) -> list[str]:
    data = bytes(Pickle().save(value).stop())
    return [f.rule for f in judge(scan(data), Policy.default()).findings]


def loaded(value: Value, path: Path) -> Any:
    path.write_bytes(bytes(Pickle().save(value).stop()))
    return safeload.load_unsigned(path)


CLOUDPICKLED: dict[str, Any] = {
    "a namespace": types.SimpleNamespace(a=1, b=[2]),
    "a method of an instance": FunctionTransformer(StandardScaler().fit([[0.0], [1.0]]).transform),
    "a method that an instance keeps of itself": [stats.randint(1, 5), stats.poisson(2)],
    "a read-only dict": types.MappingProxyType({"a": 1}),
    "views of a dict": [{"a": 1}.keys(), {"a": 1}.values(), {"a": [1]}.items()],
    "views of an ordered dict": [
        view(collections.OrderedDict(a=1))
        for view in (
            collections.OrderedDict.keys,
            collections.OrderedDict.values,
            collections.OrderedDict.items,
        )
    ],
    "loggers": [logging.getLogger("acme.models"), logging.getLogger()],
}
DILLED: dict[str, tuple[Value, Any]] = {
    "a type": (kind("int"), int),
    "a partial": (
        lambda p: (
            p.call(kind("PartialType"), Name("numpy", "add"))
            .save((Name("numpy", "add"), (1,), {}, None))
            .build()
        ),
        functools.partial(np.add, 1),
    ),
    "a getter of an item": (
        lambda p: p.call(kind("ItemGetterType"), 1),
        operator.itemgetter(1),
    ),
    "a slice": (lambda p: p.call(kind("slice"), None, 1, None), slice(1)),
    "a method of str": (
        dilled("_getattr", kind("str"), "lower", "<method 'lower' of 'str' objects>"),
        str.lower,
    ),
    "ranges": ([dilled("_eval_repr", f"range(0, {n})") for n in (3, -4)], [range(3), range(-4)]),
    "a range with a step": (dilled("_eval_repr", "range(0, 9, 2)"), range(0, 9, 2)),
    "a constant": (dilled("_eval_repr", "Ellipsis"), ...),
    "an array": (array(), np.zeros(2)),
    "a matrix": (
        array(Name("numpy", "matrix"), (0,), b"b", attributes={"_getitem": False}),
        np.zeros(2),
    ),
}


@pytest.mark.filterwarnings("ignore:the matrix subclass:PendingDeprecationWarning")
@pytest.mark.parametrize("protocol", [4, 5])
@pytest.mark.parametrize("sentence", CLOUDPICKLED)
def test_what_cloudpickle_writes_is_accepted_and_loads(
    sentence: str, protocol: int, tmp_path: Path
) -> None:
    legitimate, path = CLOUDPICKLED[sentence], tmp_path / "model"
    path.write_bytes(cloudpickle.dumps(legitimate, protocol))

    found = safeload.load_unsigned(path)

    if "view" in sentence:
        assert [(type(view), list(view)) for view in found] == [
            (type(view), list(view)) for view in legitimate
        ]
    elif isinstance(legitimate, types.MappingProxyType):
        assert (type(found), found) == (type(legitimate), legitimate)
    else:
        assert difference(found, legitimate) is None


@pytest.mark.parametrize("sentence", DILLED)
def test_what_dill_writes_is_accepted_and_loads(sentence: str, tmp_path: Path) -> None:
    written, legitimate = DILLED[sentence]
    assert findings(written) == []
    pytest.importorskip("dill", reason="a pack applies only where its library is installed")

    found = loaded(written, tmp_path / "model")

    if isinstance(legitimate, np.ndarray):
        assert np.array_equal(np.ravel(found), legitimate)
    else:
        assert difference(found, legitimate) is None


def test_a_type_that_is_asked_for_by_name_is_judged_as_that_type() -> None:
    program = interpret(bytes(Pickle().call(kind("PartialType"), Name("numpy", "add")).stop()),
                        limits=Limits())  # fmt: skip
    uses = {use.path: set(use.uses) for use in program.globals}
    assert uses == {
        "dill._dill._load_type": {"call"},
        "functools.partial": {"call"},
        "numpy.add": {"reference"},
    }


def test_a_bound_method_is_judged_as_what_getattr_would_give() -> None:
    logit = Name("sklearn.linear_model._logistic", "LogisticRegression")
    bound = call("types", "MethodType", Name("sklearn.base", "ClassifierMixin.score"),
                 lambda p: p.object_(logit, state={}))  # fmt: skip
    program = interpret(bytes(Pickle().save(bound).stop()), limits=Limits())
    uses = {use.path: set(use.uses) for use in program.globals}
    assert uses == {
        "types.MethodType": {"call"},
        "sklearn.base.ClassifierMixin.score": {"reference"},
        "sklearn.linear_model._logistic.LogisticRegression": {"construct"},
        "sklearn.linear_model._logistic.LogisticRegression.score": {"reference"},
    }
    assert findings(bound) == ["SL101", "SL101"]


LOGIT = Name("sklearn.linear_model._logistic", "LogisticRegression")
HOSTILE: dict[str, tuple[Value, set[str]]] = {
    "code by its type": (call(CLOUD, "_builtin_type", "CodeType"), {"SL108"}),
    "functions by their type": (call(CLOUD, "_builtin_type", "FunctionType"), {"SL108"}),
    "modules by their type": (call(CLOUD, "_builtin_type", "ModuleType"), {"SL101"}),
    "a function of the module of types": (call(CLOUD, "_builtin_type", "new_class"), {"SL101"}),
    "a type whose name has a dot": (call(CLOUD, "_builtin_type", "MethodType.mro"), {"SL101"}),
    "the type of types": (call(CLOUD, "_builtin_type", "ClassType"), {"SL101"}),
    "a type by a computed name": (
        call(CLOUD, "_builtin_type", call("builtins", "getattr", "x", "lower")),
        {"SL103"},
    ),
    "a type by a name that is a list": (call(CLOUD, "_builtin_type", ["x"]), {"SL103"}),
    "a type by two names": (call(CLOUD, "_builtin_type", "MethodType", "x"), {"SL103"}),
    "a type made by its name's function": (
        lambda p: p.object_(Name(CLOUD, "_builtin_type"), state={}),
        {"SL102"},
    ),
    "the function that knows types, as a value": (Name(CLOUD, "_builtin_type"), {"SL102"}),
    "a type that dill knows and code is": (kind("CodeType"), {"SL108"}),
    "a type of files": (kind("FileType"), {"SL101"}),
    "map, which calls": (lambda p: p.call(kind("map"), Name("builtins", "len"), []), {"SL101"}),
    "attrgetter, which hands out what is private": (
        lambda p: p.call(kind("AttrGetterType"), "__class__"),
        {"SL103"},
    ),
    "the type of methods, called on a function": (
        lambda p: p.call(kind("MethodType"), Name("numpy", "add"), lambda q: q.object_(LOGIT)),
        {"SL101", "SL103"},
    ),
    "a function bound to an instance": (
        call("types", "MethodType", Name("numpy", "add"), lambda p: p.object_(LOGIT, state={})),
        {"SL101", "SL103"},
    ),
    "a method bound to a class": (
        call("types", "MethodType", Name("builtins", "str.lower"), LOGIT),
        {"SL103"},
    ),
    "a method bound to a string": (
        call("types", "MethodType", Name("builtins", "str.lower"), "x"),
        {"SL103"},
    ),
    "a method bound to what a call made": (
        call("types", "MethodType", Name("builtins", "str.lower"), call("decimal", "Decimal", "1")),
        {"SL101", "SL103"},
    ),
    "a method of another class bound to an instance": (
        call("types", "MethodType", Name("builtins", "str.lower"), lambda p: p.object_(LOGIT)),
        {"SL101"},
    ),
    "a bound method that is given a state": (
        lambda p: p.call(
            Name("types", "MethodType"),
            Name("builtins", "str.lower"),
            lambda q: q.object_(LOGIT, state={}),
        )
        .save({"a": 1})
        .build(),
        {"SL101", "SL103", "SL104"},
    ),
    "a view of an object that behaves like a dict": (
        call(CLOUD, "_make_dict_items", lambda p: p.object_(LOGIT, state={})),
        {"SL103"},
    ),
    "keys of a dict where a list belongs": (call(CLOUD, "_make_dict_keys", {"a": 1}), {"SL103"}),
    "a read-only view of an object": (
        call("types", "MappingProxyType", lambda p: p.object_(LOGIT, state={})),
        {"SL103"},
    ),
    "a logger with a long name": (call("logging", "getLogger", "x" * 101), {"SL103"}),
    "a logger with a computed name": (call("logging", "getLogger", ["x"]), {"SL103"}),
    "an array made by another function": (array(make=Name("numpy", "add")), {"SL103"}),
    "an array made by a forbidden function": (
        array(make=Name("posix", "system")),
        {"SL101", "SL103"},
    ),
    "an array of a type that is not allowed": (
        array(Name("subprocess", "Popen"), (0,), b"b"),
        {"SL101"},
    ),
    "an array that is not empty": (array(NDARRAY, (5,), b"b"), {"SL103"}),
    "an array with too few bytes": (
        dilled(
            "_create_array",
            RECONSTRUCT,
            (NDARRAY, (0,), b"b"),
            (1, (9,), lambda p: p.dtype("f8"), False, bytes(16)),
            None,
        ),
        {"SL103"},
    ),
    "an array of objects made from bytes": (
        dilled(
            "_create_array",
            RECONSTRUCT,
            (NDARRAY, (0,), b"b"),
            (1, (2,), lambda p: p.dtype("O8"), False, bytes(16)),
            None,
        ),
        {"SL103"},
    ),
    "an array with attributes of Python's own": (
        array(attributes={"__array_interface__": {"data": (4096, False)}}),
        {"SL103"},
    ),
    "an array with attributes that are an object": (
        array(attributes=lambda p: p.object_(LOGIT, state={})),
        {"SL103"},
    ),
    "an array without attributes": (
        dilled("_create_array", RECONSTRUCT, (NDARRAY, (0,), b"b"), (1, (0,))),
        {"SL103"},
    ),
    "a text that dill would evaluate": (
        dilled("_eval_repr", "__import__('os').system('true')"),
        {"SL103"},
    ),
    "a text behind a range": (dilled("_eval_repr", "range(0, 3) or exit()"), {"SL103"}),
    "a range in digits beyond ASCII": (dilled("_eval_repr", "range(0, \u0663)"), {"SL103"}),
    "a range of a name": (dilled("_eval_repr", "range(0, x)"), {"SL103"}),
    "a range and a line": (dilled("_eval_repr", "range(0, 3)\n"), {"SL103"}),
    "a method shown otherwise, which dill would evaluate": (
        dilled("_getattr", kind("str"), "lower", "<method '' of '__import__(\"os\")' objects>"),
        {"SL103"},
    ),
    "a method whose name is evaluated": (
        dilled("_getattr", kind("str"), '"] or exit()#', "<method 'lower' of 'str' objects>"),
        {"SL103"},
    ),
    "a method that reads attributes": (
        dilled("_getattr", kind("str"), "format", "<method 'format' of 'str' objects>"),
        {"SL101"},
    ),
    "a method of Python's own": (
        dilled(
            "_getattr", kind("object"), "__subclasses__",
            "<method '__subclasses__' of 'object' objects>",
        ),
        {"SL101", "SL103"},
    ),
    "a named tuple from a module of its own": (
        dilled("_create_namedtuple", "system", ("a",), "posix"),
        {"SL101"},
    ),
    "a named tuple that is made of code": (
        dilled("_create_namedtuple", "x", ("a=exit()",), "sklearn.base"),
        {"SL101", "SL103"},
    ),
    "a named tuple whose name has a dot": (
        dilled("_create_namedtuple", "path.sep", ("a",), "os"),
        {"SL101", "SL103"},
    ),
    "joblib's wrapper of arrays as a named tuple": (
        dilled("_create_namedtuple", "NumpyArrayWrapper", ("a",), "joblib.numpy_pickle"),
        {"SL103"},
    ),
    "the type of a class": (call("builtins", "type", Name("numpy", "float64")), {"SL103"}),
    "the type of a number": (call("builtins", "type", 1), {"SL103"}),
    "the type of an instance": (
        call("builtins", "type", lambda p: p.object_(LOGIT, state={})),
        {"SL103"},
    ),
    "a type that is made": (call("builtins", "type", "X", (), {}), {"SL103"}),
    "a type that is kept": (Name("builtins", "type"), {"SL102"}),
    "a type that is given a state": (
        lambda p: p.call(Name("builtins", "type"), None).save({}).build(),
        {"SL104"},
    ),
    "a type that is constructed": (
        lambda p: p.call(Name("builtins", "type"), None).empty_tuple().newobj(),
        {"SL102"},
    ),
    "the module and function of a program as a universal function": (
        ufunc("posix", "system"),
        {"SL103"},
    ),
    "a function that is not universal": (ufunc("numpy", "load"), {"SL101"}),
    "a method of a universal function": (ufunc("numpy", "add.at"), {"SL103"}),
    "a universal function of a module that is run when imported": (
        ufunc("numpy.core.__main__", "add"),
        {"SL103"},
    ),
    "a universal function of a framework of tests": (
        ufunc("sklearn.utils.testing", "add"),
        {"SL103"},
    ),
    "a universal function of a module of the file's own": (ufunc("numpy_", "add"), {"SL103"}),
    "a universal function with a line behind": (ufunc("numpy\n", "add"), {"SL103"}),
    "a universal function that is given a state": (
        lambda p: ufunc("numpy", "add")(p).save({}).build(),
        {"SL104"},
    ),
    "a universal function of a module in bytes": (ufunc(b"numpy", "add"), {"SL103"}),
    "a module, which dill imports": (dilled("_import_module", "os"), {"SL101"}),
    "a file, which dill opens": (
        dilled("_create_filehandle", "/x", "r", 0, False, None, False, 0, None),
        {"SL101"},
    ),
    "a module, which cloudpickle imports": (call(CLOUD, "subimport", "os"), {"SL101"}),
}  # fmt: skip


@pytest.mark.guarantee("G11")
@pytest.mark.parametrize("sentence", HOSTILE)
def test_nothing_else_comes_in_by_these_calls(sentence: str) -> None:
    written, rules = HOSTILE[sentence]
    assert set(findings(written)) >= rules


def test_a_global_that_a_call_names_does_not_hide_from_its_own_opcode() -> None:
    """An array's wrapper that were first seen through a call would no longer be one."""
    pickle = Pickle().save(
        dilled("_create_namedtuple", "NumpyArrayWrapper", ("a",), "joblib.numpy_pickle")
    )
    program = interpret(bytes(pickle.pop().array(bytes(8)).stop()), limits=Limits())
    assert len(program.arrays) == 1
    assert program.findings == []


@pytest.mark.guarantee("G9")
@pytest.mark.parametrize(
    ("key", "args"),
    [
        ((CLOUD, "_builtin_type"), ("CodeType",)),
        ((CLOUD, "_builtin_type"), ("FunctionType",)),
        ((DILL, "_load_type"), ("CodeType",)),
        ((DILL, "_load_type"), ("type",)),
        ((DILL, "_eval_repr"), ("exit()",)),
        ((DILL, "_getattr"), (str, "__class__", "<method '__class__' of 'str' objects>")),
        ((DILL, "_create_namedtuple"), ("system", ("a",), "posix")),
        ((DILL, "_create_namedtuple"), ("Popen", ("a",), "subprocess")),
    ],
)
def test_what_stands_in_for_these_functions_does_no_more_than_was_accepted(
    key: tuple[str, str], args: tuple[Any, ...]
) -> None:
    with pytest.raises(safeload.LoadError, match="never granted"):
        STAND_INS[key](*args)


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("dumps", [pickle.dumps, cloudpickle.dumps], ids=["pickle", "cloudpickle"])
def test_types_of_constants_come_back(
    dumps: Callable[..., bytes], protocol: int, tmp_path: Path
) -> None:
    types_ = [type(None), type(...), type(NotImplemented)]
    path = tmp_path / "model.pkl"
    path.write_bytes(dumps({"types": types_, "constants": [None, ..., NotImplemented]}, protocol))

    loaded_ = safeload.load_unsigned(path)

    assert loaded_ == {"types": types_, "constants": [None, ..., NotImplemented]}


@pytest.mark.parametrize(
    ("module", "name", "expected"),
    [
        ("numpy", "log1p", np.log1p),
        ("numpy.core.umath", "sqrt", np.sqrt),
        ("scipy.stats._discrete_distns", "log1p", np.log1p),
        ("scipy", "exp", np.exp),
        ("sklearn.linear_model.logistic", "expit", special.expit),
        ("scipy.special", "log1p", special.log1p),
        ("scipy.special._ufuncs", "boxcox1p", special.boxcox1p),
    ],
)
def test_universal_functions_as_numpy_1_16_names_them(
    module: str, name: str, expected: object, tmp_path: Path
) -> None:
    assert findings(ufunc(module, name)) == []
    assert loaded(ufunc(module, name), tmp_path / "model") is expected


def test_a_universal_function_is_judged_by_its_own_name() -> None:
    data = bytes(Pickle().save(ufunc("numpy.lib.function_base", "log1p")).stop())

    names = {item.name for item in judge(scan(data), Policy.default()).globals}

    assert names == {"numpy.core._ufunc_reconstruct", "numpy.log1p"}


@pytest.mark.parametrize("named", [("numpy", "load"), ("posix", "system"), ("numpy", "ndarray")])
def test_the_stand_in_gives_nothing_but_universal_functions(named: tuple[str, str]) -> None:
    with pytest.raises(LoadError):
        STAND_INS["numpy.core", "_ufunc_reconstruct"](*named)
