"""Partials, getters, callers, methods: each has the kind of what it is built on, or none."""

from __future__ import annotations

import collections
import functools
import operator
import pickle
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from safeload.policy.callables.combinators import UntypedError, signature_of
from safeload.policy.policy import Policy
from safeload.scan.program import Token
from safeload.scan.scan import scan
from tests.builder import Name, Pickle

POLICY = Policy.parse(
    b"""
[[callable]]
kind = "elementwise"
data = ["x1", "x2"]
[callable.names]
"acme" = ["power"]

[[callable]]
kind = "array"
data = ["a"]
[callable.parameters]
low = { type = "number" }
high = { type = "number", keyword = true }
[callable.names]
"acme" = ["clip"]

[[callable]]
kind = "text"
data = ["text"]
[callable.names]
"acme" = ["clean"]

[[callable]]
kind = "array"
data = ["self"]
[callable.parameters]
value = { type = "plain" }
axis = { type = "int", least = 0, most = 1 }
method = { type = "text", one_of = ["ffill"], keyword = true }
[callable.names]
"acme" = ["Table.fill"]

[[group]]
uses = ["construct", "reference"]
[group.names]
"acme" = ["Model"]
""",
    "acme.toml",
)

POWER, CLIP, CLEAN, MODEL = (Name("acme", name) for name in ("power", "clip", "clean", "Model"))
PARTIAL, METHOD = Name("functools", "partial"), Name("operator", "methodcaller")
Fill = Callable[[Pickle], object]


def partial(function: Any, *args: Any, **keywords: Any) -> Fill:
    """As ``functools.partial`` writes itself."""
    return lambda p: p.call(PARTIAL, function).save((function, args, keywords, None)).build()


def vectorize(function: Any) -> Fill:
    return lambda p: p.object_(
        Name("numpy", "vectorize"), state={"pyfunc": function, "otypes": "d", "cache": False}
    )


def method(name: str, *args: Any) -> Fill:
    return lambda p: p.call(METHOD, name, *args)


def token(value: Any) -> Token:
    """What the scan reads of an object, or of what a function writes."""
    if callable(value) and getattr(value, "__module__", "") == __name__:
        stream = Pickle(4)
        value(stream)
        return scan(stream.finish()).programs[0].root
    return scan(pickle.dumps(value, 4)).programs[0].root


KINDS: dict[str, tuple[Any, set[str]]] = {
    "a partial of a function": (partial(CLIP), {"array"}),
    "a partial that sets a parameter": (partial(CLIP, high=1.0), {"array"}),
    "a partial with a leading operand": (partial(POWER, 2.0), {"elementwise"}),
    "a partial with an array as an operand": (partial(POWER, [1, 2]), {"elementwise"}),
    "a search": (functools.partial(re.findall, r"\w+"), {"tokens"}),
    "a replacement": (functools.partial(re.sub, r"\d+", "#"), {"text"}),
    "an item": (operator.itemgetter("age"), {"select", "text", "tokens"}),
    "what a text and a table have": (method("replace", "a", "b"), {"array", "text"}),
    "what a table has": (method("replace", "a", 0), {"array"}),
    "the words of a text": (method("split", ","), {"tokens"}),
    "several columns as one item": (operator.itemgetter(["age", "fare"]), {"select"}),
    "the values of a table": (operator.attrgetter("values"), {"select"}),
    "a part of dates": (operator.attrgetter("dt.year"), {"select"}),
    "importances": (operator.attrgetter("coef_"), {"importance"}),
    "importances within": (operator.attrgetter("named_steps.clf.coef_"), {"importance"}),
    "a method of data": (method("fill", 0), {"array"}),
    "a method with two values": (method("fill", 0, 1), {"array"}),
    "a method with keywords": (
        # As operator writes it: partial(methodcaller, name, key=value)().
        lambda p: p.save(partial(METHOD, "fill", method="ffill")).save(()).reduce(),
        {"array"},
    ),
    "a function of each element": (vectorize(CLEAN), {"elementwise"}),
    "a look-up of each element": (np.vectorize({"a": 1}.get), {"elementwise"}),
    "a method of a text": (" ".join, {"text"}),
    "a method of a pattern": (re.compile(r"\w+").findall, {"tokens"}),
    "a look-up": ({"a": 1}.get, {"elementwise", "text"}),
    "a look-up in a counter": (collections.Counter("ab").get, {"elementwise", "text"}),
    "a method of an estimator": (StandardScaler().transform, {"array"}),
    "a prediction": (LogisticRegression().predict_proba, {"array"}),
}

UNTYPED: dict[str, Any] = {
    "a partial of a class": partial(MODEL),
    "a partial of a getter": partial(lambda p: p.call(Name("operator", "itemgetter"), 0)),
    "a partial of a partial": partial(partial(CLIP)),
    "a partial of the maker of callers": partial(METHOD, "fill"),
    "a partial that sets what no file may set": partial(CLIP, out=1),
    "a partial that sets a parameter to a callable": partial(CLIP, high=POWER),
    "a partial that gives the data": partial(CLIP, [1.0]),
    "a partial that gives all operands": partial(POWER, 1, 2),
    "a partial whose operand is a text": partial(POWER, "a"),
    "a partial whose operand is a function": partial(POWER, CLIP),
    "a search that gives an iterator": functools.partial(re.finditer, "a"),
    "a search that gives a match": functools.partial(re.search, "a"),
    "a replacement by nothing yet": functools.partial(re.sub, "a"),
    "a search in a text of the file": functools.partial(re.findall, "a", "aaa"),
    "several items": operator.itemgetter(0, 1, 2),
    "an attribute that is an iterator": operator.attrgetter("flat"),
    "an attribute that is memory": operator.attrgetter("data"),
    "an attribute of a frame of code": operator.attrgetter("gi_frame.f_builtins"),
    "several attributes": operator.attrgetter("T", "values"),
    "an attribute behind importances": operator.attrgetter("coef_.data"),
    "an attribute of a method": operator.attrgetter("fit.__globals__"),
    "a method that is not on the list": method("items"),
    "a method that renames": method("rename", {0: "__array_interface__"}),
    "a method with too much": method("fill", 0, 1, "ffill"),
    "a method with a value out of bounds": method("fill", 0, 2),
    "a method with a label that numpy asks for": method("fill", "__array_interface__"),
    "a class of each element": vectorize(MODEL),
    "a function of arrays of each element": vectorize(CLIP),
    "a text of each element": vectorize("os.system"),
    "a format": "{0.__class__}".format,
    "a method of a list": [1].append,
    "a method of bytes": b"a".decode,
    "a match": re.compile("a").match,
    "a look-up that gives an object": {"a": np.log1p}.get,
    "a method that fits": StandardScaler().fit,
    "a method that gives tuples": LogisticRegression().get_params,
    "a method of one class on an object of another": (
        lambda p: p.call(
            Name("types", "MethodType"),
            Name("sklearn.linear_model._logistic", "LogisticRegression.predict_proba"),
            lambda q: q.object_(Name("sklearn.preprocessing._data", "StandardScaler"), state={}),
        )
    ),
}


@pytest.mark.parametrize("case", KINDS)
def test_a_combinator_has_the_kind_of_what_it_is_built_on(case: str) -> None:
    value, kinds = KINDS[case]
    signature = signature_of(token(value), POLICY)
    assert signature is not None
    assert signature.kinds == kinds


@pytest.mark.guarantee("G22")
@pytest.mark.parametrize("case", UNTYPED)
def test_a_combinator_over_anything_else_is_refused(case: str) -> None:
    with pytest.raises(UntypedError):
        signature_of(token(UNTYPED[case]), POLICY)


def test_an_object_is_no_combinator() -> None:
    assert signature_of(token(StandardScaler()), POLICY) is None
