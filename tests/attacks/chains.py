"""A search for harm that accepted callables do together: random chains of steps, in use.

Each case is a pipeline of functions, getters, callers, partials and bound methods drawn from all
that the packs list, with estimators and composites between them. Whatever the default policy
accepts is loaded from its bytes and used, under an audit hook and with a look at every value that
passes between the steps: it is plain data, or an error ends the chain.

Usage: ``python -m tests.attacks.chains FIRST COUNT`` runs the cases of these seeds, each seed a
case, in child processes, and prints a JSON object: how many were accepted, and what was found.

Trust: this runs what it finds; nothing that a case can be made of has a payload.
"""

from __future__ import annotations

import datetime as dt
import functools
import importlib
import json
import operator
import pickle
import random
import re
import sys
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from safeload.policy.callables.parameters import Parameter
from safeload.policy.judge import judge
from safeload.policy.policy import Entry, Policy
from safeload.scan.scan import scan
from tests.attacks.workers import Findings, run_seeds

__all__ = ["case", "is_plain_data", "listed", "run"]

_STEPS = 4
# Constants that a file may bring along, and that bounds are there for.
_CONSTANTS = [
    0, 1, -1, 2, 3, 10**6, -(10**9), 2**40, 0.5, -1.5, 1e300, float("nan"), float("inf"), True,
    None, "", "a", "age", "x" * 50, "__class__", "/etc/hostname", "f8", "constant", b"a", [], [0],
    [0, 1], ["age"], {}, {"age": 1}, {0: "__array_interface__"}, slice(None), slice(0, 1), ...,
]  # fmt: skip


def _load(module: str, name: str) -> Any:
    found: Any = importlib.import_module(module)
    for part in name.split("."):
        found = getattr(found, part)
    return found


@functools.cache
def _callables() -> list[tuple[Any, Entry]]:
    """Every callable that the packs list and that is installed, with its entry."""
    found = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for (module, name), entry in sorted(Policy.default().entries.items()):
            if entry.signature is None and not entry.is_type:
                continue
            try:
                value = _load(module, name)
            except (ImportError, AttributeError):
                continue
            if callable(value):
                found.append((value, entry))
    return found


@functools.cache
def _typed() -> list[tuple[Any, Entry]]:
    return [(value, entry) for value, entry in _callables() if entry.signature is not None]


def listed(rng: random.Random) -> Any:
    """Something that the packs list, to be kept as a value."""
    return rng.choice(_callables())[0]


def _constant(rng: random.Random) -> Any:
    if rng.random() < 0.2:
        return np.array([[1.0, 2.0], [3.0, 4.0]])[: rng.randrange(1, 3)].squeeze()
    return rng.choice(_CONSTANTS)


def _setting(rng: random.Random, parameter: Parameter) -> Any:
    """A value at a bound of a parameter, or any other constant."""
    values: list[Any] = [_constant(rng)]
    if parameter.kind in ("int", "number"):
        ends = [bound for bound in (parameter.least, parameter.most) if abs(bound) != float("inf")]
        values += [int(end) if parameter.kind == "int" else end for end in ends] * 3
        values += [0, 1, 2]
    if parameter.one_of:
        values += sorted(parameter.one_of) * 3
    return rng.choice(values)


def _function(rng: random.Random, depth: int = 0) -> Any:
    """Something to call, of any form that a file can hold."""
    way = rng.randrange(10)
    if way < 4:
        return rng.choice(_typed())[0]
    if way == 4:
        return rng.choice(_callables())[0]
    if way in (5, 6) and depth < 2:
        function, entry = rng.choice(_typed())
        assert entry.signature is not None
        names = [*entry.signature.parameters]
        chosen = rng.sample(names, min(len(names), rng.randrange(3)))
        keywords = {name: _setting(rng, entry.signature.parameters[name]) for name in chosen}
        positional = [_constant(rng) for _ in range(rng.choice([0, 0, 1, 2]))]
        try:
            return functools.partial(function, *positional, **keywords)
        except TypeError:
            return function
    if way == 7:
        return _getter(rng)
    if way == 8:
        return rng.choice(["".join, "a b".split, {"a": 1}.get, re.compile(r"\w+").findall])
    method = rng.choice(["transform", "predict", "inverse_transform", "fit"])
    return getattr(_estimator(rng), method, method)


def _getter(rng: random.Random) -> Any:
    methods = sorted(
        {name.rpartition(".")[2] for _, name in Policy.default().entries if "." in name}
    )
    way = rng.randrange(4)
    if way == 0:
        return operator.itemgetter(_constant(rng))
    if way == 1:
        names = ["T", "values", "real", "dt.year", "cat.codes", "columns", "flat", "text"]
        return operator.attrgetter(rng.choice(names))
    name = rng.choice(methods) if methods else "copy"
    signatures = Policy.default().methods(name)
    parameters = signatures[0].parameters if signatures else {}
    chosen = rng.sample([*parameters], min(len(parameters), rng.randrange(3)))
    positional = [_constant(rng) for _ in range(rng.randrange(2))]
    return operator.methodcaller(
        name, *positional, **{key: _setting(rng, parameters[key]) for key in chosen}
    )


@functools.cache
def _fitted() -> list[Any]:
    from sklearn import decomposition, ensemble, linear_model, neighbors, preprocessing, svm, tree

    rng = np.random.default_rng(0)
    data, target = rng.normal(size=(20, 2)), rng.integers(0, 2, 20)
    words = np.array(["/etc/hostname", "__array_interface__"] * 10).reshape(-1, 1)
    return [
        preprocessing.StandardScaler().fit(data),
        preprocessing.OneHotEncoder(sparse_output=False).fit(words),
        preprocessing.OrdinalEncoder().fit(words),
        preprocessing.LabelEncoder().fit(words.ravel()),
        preprocessing.KBinsDiscretizer(2, encode="onehot").fit(data),
        preprocessing.PolynomialFeatures(2).fit(data),
        decomposition.PCA(2).fit(data),
        linear_model.LogisticRegression().fit(data, target),
        linear_model.Ridge().fit(data, target),
        tree.DecisionTreeClassifier().fit(data, target),
        ensemble.HistGradientBoostingRegressor(max_iter=2).fit(data, target),
        neighbors.KNeighborsClassifier(2).fit(data, target),
        svm.SVC().fit(data, target),
    ]


def _estimator(rng: random.Random) -> Any:
    return rng.choice(_fitted())


def case(seed: int) -> Any:
    """The model of a seed."""
    from sklearn.cluster import FeatureAgglomeration
    from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
    from sklearn.ensemble import VotingRegressor
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.linear_model import Ridge
    from sklearn.neighbors import KNeighborsRegressor
    from sklearn.pipeline import FeatureUnion, Pipeline
    from sklearn.preprocessing import FunctionTransformer

    rng = random.Random(seed)

    def transformer() -> Any:
        function = FunctionTransformer(_function(rng))
        if rng.random() < 0.2:
            function.kw_args = {rng.choice(["axis", "decimals", "out", "func"]): _constant(rng)}
        return function

    def vectoriser() -> Any:
        model = CountVectorizer().fit(["a b", "b c"])
        for name in ("analyzer", "preprocessor", "tokenizer"):
            if rng.random() < 0.5:
                setattr(model, name, _function(rng))
        return model

    def target() -> Any:
        model = TransformedTargetRegressor(Ridge()).fit(np.eye(3)[:, :2], [1.0, 2.0, 3.0])
        model.transformer_ = FunctionTransformer(None, inverse_func=_function(rng))
        return model

    def neighbours() -> Any:
        model = KNeighborsRegressor(1, algorithm="brute").fit(np.eye(3)[:, :2], [1.0, 2.0, 3.0])
        model.metric = model.effective_metric_ = _function(rng)
        model.weights = rng.choice(["uniform", _function(rng)])
        return model

    def union() -> Any:
        return FeatureUnion(
            [("a", transformer()), ("b", rng.choice([transformer(), _estimator(rng)]))]
        )

    def columns() -> Any:
        model = ColumnTransformer([("a", transformer(), [0])], remainder="passthrough")
        return model.fit(np.ones((3, 2)))

    def vote() -> Any:
        model = VotingRegressor([("a", Ridge())])
        model.estimators_ = [rng.choice([transformer(), _estimator(rng), _function(rng)])]
        return model

    def pooled() -> Any:
        model = FeatureAgglomeration(1).fit(np.eye(3))
        model.pooling_func = _function(rng)
        return model

    first: list[Callable[[], Any]] = [transformer] * 6
    first += [vectoriser, union, columns, pooled, lambda: _estimator(rng)]
    last: list[Callable[[], Any]] = [*first, target, neighbours, vote]
    steps = [rng.choice(first)() for _ in range(rng.randrange(_STEPS))]
    steps.append(rng.choice(last)())
    return Pipeline([(str(number), step) for number, step in enumerate(steps)])


def _inputs() -> Iterator[Any]:
    yield np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    yield ["a b", "/etc/hostname"]
    try:
        import pandas as pd
    except ImportError:
        return
    yield pd.DataFrame({"age": [1.0, 2.0], "when": pd.to_datetime(["2020", "2021"])})


_SCALARS = (type(None), bool, int, float, complex, str, bytes, np.generic, slice, type(...))
_DEEPEST = 5


def is_plain_data(value: Any, depth: int = 0) -> bool:
    """Whether a value is numbers, texts, dates, arrays, tables, or lists and dicts of these."""
    if isinstance(value, _SCALARS) and not isinstance(value, np.void):
        return True
    if depth > _DEEPEST:
        return True
    if type(value) in (list, tuple, set, frozenset) or (
        isinstance(value, tuple) and type(value).__module__.startswith(("numpy", "scipy"))
    ):
        return all(is_plain_data(item, depth + 1) for item in [*value][:50])
    if type(value) is dict:
        return is_plain_data([*value, *value.values()], depth)
    if isinstance(value, np.ndarray):
        return not value.dtype.hasobject or is_plain_data(value.ravel()[:50].tolist(), depth + 1)
    if isinstance(value, dt.date | dt.time | dt.timedelta):
        return True
    home = type(value).__module__.partition(".")[0]
    if home == "scipy":
        return hasattr(value, "nnz")
    if home == "pandas":
        return _is_plain_table(value, depth)
    return False


def _is_plain_table(value: Any, depth: int) -> bool:
    import pandas as pd

    if isinstance(value, pd.DataFrame):
        return all(_is_plain_table(value.iloc[:5, n], depth) for n in range(min(5, value.shape[1])))
    if isinstance(value, pd.Series | pd.Index):
        return value.dtype != object or is_plain_data([*value[:50]], depth + 1)
    return isinstance(
        value,
        pd.Timestamp | pd.Timedelta | pd.Period | pd.Interval | pd.api.extensions.ExtensionArray,
    ) or value in (pd.NA, pd.NaT)


def run(seed: int, findings: Findings) -> bool:
    """Run the case of a seed; whether it was accepted."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            data = pickle.dumps(case(seed), 4)
        except Exception:  # noqa: BLE001  # what cannot be made or written is no case
            return False
        if judge(scan(bytearray(data)), Policy.default()).findings:
            return False
        findings.accepted()
        for number, given in enumerate(_inputs()):
            for method in ("transform", "predict", "__repr__"):
                model = pickle.loads(data)
                _watch_steps(model, findings, seed)
                arguments = () if method == "__repr__" else (given,)
                findings.during(
                    f"chain {seed} input {number} {method}",
                    lambda m=model, n=method, a=arguments: getattr(m, n)(*a),  # type: ignore[misc]
                )
    return True


def _watch_steps(model: Any, findings: Findings, seed: int) -> None:
    """Look at what each step of a pipeline gives."""

    def watched(step: Any, method: str) -> None:
        original = getattr(step, method)

        def look(*args: Any, **kwargs: Any) -> Any:
            value = original(*args, **kwargs)
            if not is_plain_data(value):
                findings.add(f"chain {seed}", f"{step!r:.100} gives {type(value)}")
            return value

        step.__dict__[method] = look

    for _, step in model.steps:
        for method in ("transform", "predict"):
            if hasattr(type(step), method):
                watched(step, method)


def _main(first: str, count: str) -> None:
    result = run_seeds("tests.attacks.chains", int(first), int(count))
    json.dump(result, sys.stdout)


if __name__ == "__main__":
    _main(*sys.argv[1:])
