"""A search for accepted models that crash or never end: genuine ones with changed attributes.

Each case takes a fitted estimator or composite and changes one to three of the attributes in it or
in what it holds: the type, shape or values of an array, a number, an attribute of another
estimator in its place, or another object that the packs list. Whatever the default policy accepts
is loaded from its bytes and used as programs and notebooks use a model.

Usage: ``python -m tests.attacks.mutants FIRST COUNT``, as :mod:`tests.attacks.chains`.

Trust: this runs what it finds, in child processes with limits.
"""

from __future__ import annotations

import contextlib
import copy
import functools
import json
import pickle
import random
import sys
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np

from safeload.policy.judge import judge
from safeload.policy.policy import Policy
from safeload.scan.scan import scan
from tests.attacks.workers import Findings, run_seeds

__all__ = ["run"]

_NUMBERS = [0, 1, -1, 2, 3, 7, 2**31 - 1, -(2**31), 2**40, 0.0, -0.5, 1e300, float("nan"), True]
_OTHERS = [None, "", "a", "auto", [], [0], (), {}, {"a": 1}, b"a", "predict", "x0"]
_TYPES = ["f4", "f8", "i4", "i8", "u1", "?", "O", "U3", "c16", "M8[ns]", ">f8"]
_DEEPEST = 3
_LARGEST = 1 << 16
# Acts of a case, of all that there are.
_ACTS = 4


@functools.cache
def _models() -> list[bytes]:
    """Pickles of every estimator, fitted, with the data it is used on."""
    from tests.legitimate import composites, estimators

    made = []
    for module, maker in ((estimators, estimators.estimator), (composites, composites.composite)):
        for name in module.names():
            with contextlib.suppress(Exception), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                legitimate = maker(name)
                data = pickle.dumps((legitimate.model, legitimate.data), 4)
                if len(data) < _LARGEST:
                    made.append(data)
    return made


def _places(value: Any, depth: int = 0) -> Iterator[tuple[Any, Any, Any]]:
    """Every attribute and item of a model and of what it holds: its owner, its key, its value."""
    if depth > _DEEPEST:
        return
    attributes = getattr(value, "__dict__", None)
    if type(attributes) is dict and not isinstance(value, type):
        pairs = [(attributes, key, item) for key, item in attributes.items()]
    elif type(value) in (list, dict):
        keys = range(min(len(value), 3)) if type(value) is list else [*value][:20]
        pairs = [(value, key, value[key]) for key in keys]
    elif type(value) is tuple:
        pairs = []
        for item in value[:3]:
            yield from _places(item, depth + 1)
    else:
        return
    for owner, key, item in pairs:
        yield owner, key, item
        yield from _places(item, depth + 1)


def _changed(value: Any, rng: random.Random) -> Any:
    """A value like another, but not quite."""
    if isinstance(value, np.ndarray) and value.dtype != object:
        return _changed_array(value, rng)
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float | np.number):
        return rng.choice([*_NUMBERS, value + 1, -value, float(value) * 2])
    if type(value) in (list, tuple) and value:
        items = [*value]
        place = rng.randrange(len(items))
        way = rng.randrange(3)
        if way == 0:
            items[place] = _changed(items[place], rng)
        elif way == 1:
            del items[place]
        else:
            items.append(items[place])
        return type(value)(items) if type(value) in (list, tuple) else items
    return rng.choice([*_NUMBERS, *_OTHERS])


def _changed_array(value: Any, rng: random.Random) -> Any:
    way = rng.randrange(7)
    if way == 0 or not value.size:
        with contextlib.suppress(Exception):
            return value.astype(rng.choice(_TYPES))
        return value.ravel()
    if way == 1:
        return value[: rng.randrange(len(value) + 1)] if value.ndim else value
    if way == 2:
        return rng.choice([value.ravel(), value.T, value[None], value.reshape(-1, 1)])
    if way == 3:
        return np.concatenate([value, value]) if value.ndim else value[None]
    if way == 4:
        return np.asfortranarray(value)[::-1] if value.ndim else value
    made = value.copy()
    number = rng.choice(_NUMBERS)
    with contextlib.suppress(Exception), np.errstate(all="ignore"):
        if made.dtype.names:
            field = rng.choice(made.dtype.names)
            made[field].flat[rng.randrange(value.size)] = number
        else:
            made.flat[rng.randrange(value.size)] = number
    return made


def _mutant(rng: random.Random) -> tuple[Any, Any]:
    chosen = rng.choice(_models())
    model, data = pickle.loads(chosen)
    other, _ = pickle.loads(rng.choice(_models()))
    for _ in range(rng.choice([1, 1, 2, 3])):
        places = [*_places(model)]
        if not places:
            break
        owner, key, value = rng.choice(places)
        way = rng.randrange(4)
        if way < 2:
            owner[key] = _changed(value, rng)
        elif way == 2:
            others = [*_places(other)]
            same = [item for _, name, item in others if name == key]
            if others:
                owner[key] = rng.choice(same or [item for _, _, item in others])
        else:
            from tests.attacks.chains import listed

            owner[key] = rng.choice([other, listed(rng), pickle.loads(chosen)[0]])
    return model, data


def run(seed: int, findings: Findings) -> bool:
    """Run the case of a seed; whether it was accepted."""
    rng = random.Random(seed)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            model, data = _mutant(rng)
            stream = pickle.dumps(model, 4)
        except Exception:  # noqa: BLE001  # what cannot be written is no case
            return False
        if judge(scan(bytearray(stream)), Policy.default()).findings:
            return False
        findings.accepted()
        findings.during(f"mutant {seed} load", lambda: pickle.loads(stream))
        try:
            loaded = pickle.loads(stream)
        except Exception:  # noqa: BLE001  # said by the loader
            return True
        acts = [*_acts(loaded, data)]
        for name, act in rng.sample(acts, min(len(acts), _ACTS)):
            findings.during(f"mutant {seed} {name}", act)
    return True


def _acts(model: Any, data: Any) -> Iterator[tuple[str, Any]]:
    """What programs and notebooks do with a model."""
    from sklearn.base import clone

    for method in (
        "predict", "predict_proba", "decision_function", "transform", "inverse_transform", "apply",
        "score_samples", "kneighbors", "decision_path", "sample",
    ):  # fmt: skip
        if hasattr(type(model), method):
            given = () if method == "sample" else (data,)
            yield method, lambda m=method, g=given: getattr(model, m)(*g)
    if hasattr(type(model), "score"):
        yield "score", lambda: model.score(data, [0] * len(data))
    yield "repr", lambda: repr(model)
    yield "html", lambda: model._repr_html_()
    yield "get_params", lambda: model.get_params()
    yield "get_feature_names_out", lambda: model.get_feature_names_out()
    yield "clone", lambda: clone(model)
    yield "pickle", lambda: pickle.dumps(model)
    yield "copy", lambda: copy.deepcopy(model)


def _main(first: str, count: str) -> None:
    json.dump(run_seeds("tests.attacks.mutants", int(first), int(count)), sys.stdout)


if __name__ == "__main__":
    _main(*sys.argv[1:])
