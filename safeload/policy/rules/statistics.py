"""Argument rules of joblib's cache, of statsmodels, and of models that are not fitted.

The same contract as :mod:`safeload.policy.rules`. statsmodels evaluates formulas: while it
loads data that say so, and while it predicts with whatever a model calls its design. So a formula
has to be harmless wherever one stands, a design never stands in a pickle, and where one object of
statsmodels looks for another, nothing else will do.

Trust: all arguments and states are hostile.
Source: statsmodels ``base/data.py`` (``__setstate__``), ``base/model.py``
(``_transform_predict_exog``), ``tools/tools.py`` (``Bunch``); joblib ``memory.py``.
"""

from __future__ import annotations

from collections.abc import Iterator

from safeload.policy.rules.formulas import columns_of_formula
from safeload.policy.rules.pandas import column_names
from safeload.policy.rules.plain import is_numpy, is_plain
from safeload.policy.rules.rule import Rule
from safeload.scan.bounds.allowance import look_at, look_into
from safeload.scan.bounds.weight import size_of
from safeload.scan.program import Array, Global, Mapping, ObjectToken, Token, Use

__all__ = ["STATISTICS_RULES"]


def _memory_without_location(built: ObjectToken) -> str | None:
    """A cache that has no place: it keeps nothing and reads nothing.

    ``joblib.Memory(None)``, as clusterers have it by default.
    """
    if built.args != () or built.kwargs or built.items or not built.states:
        return "a cache is not made the way joblib makes it"
    for state in built.states:
        if not isinstance(state, Mapping):
            return "the state of a cache is not a dict"
        given = [(key, value) for key, value in _pairs(state) if type(key) is str]
        if any(value is not None for key, value in given if type(key) is str and key in _PLACES):
            return "a cache reads pickles from a folder that the file chooses"
        if not {key for key, _ in given} >= _PLACES:
            return "a cache does not say that it has no folder"
    return None


_PLACES = frozenset(["location", "store_backend"])


def _unfitted(built: ObjectToken) -> str | None:
    """The parameters of a model that is not fitted: plain data, names and random numbers."""
    if built.args != () or built.kwargs or built.items:
        return "it is constructed with arguments"
    for state in built.states:
        if not isinstance(state, Mapping):
            return "its state is not a dict"
        for key, value in _pairs(state):
            if type(key) is not str or key.startswith("_") or key.endswith("_"):
                return "it is fitted, and what it holds is code or read by compiled code unchecked"
            if not (is_plain(value) or isinstance(value, Global) or _is_random(value)):
                return "one of its parameters is not plain data"
    return None


def _is_random(value: Token) -> bool:
    target = value.callable if isinstance(value, ObjectToken) else None
    return isinstance(target, Global) and target.module.startswith("numpy.random.")


# How sktime may run parts of its work side by side; others connect to machines.
_BACKENDS = frozenset([None, "None", "loky", "multiprocessing", "threading"])
_BACKEND_PARAMETERS = frozenset(["batch_size", "n_jobs", "pre_dispatch", "prefer", "verbose"])
# What converts data by evaluating texts; no instance has an own one.
_CONVERTING = frozenset(["_check_X_y", "_convert_output"])


def _sktime(built: ObjectToken) -> str | None:
    """A state that connects to no other machine, and leaves the conversion of data alone."""
    if built.args != () or built.kwargs or built.items:
        return "it is constructed with arguments"
    for state in built.states:
        if not isinstance(state, Mapping):
            return "its state is not a dict"
        for key, value in _pairs(state):
            if type(key) is not str or key in _CONVERTING:
                return "it converts data with its own code"
            given = iter([(key, value)])
            if key in ("_config", "_config_dynamic"):
                given = iter([("backend", value)])
                if isinstance(value, Mapping):
                    look_into(value, size_of(value))
                    given = _pairs(value)
            if not all(_is_local(*pair) for pair in given):
                return "it would send work to other machines"
    return None


def _is_local(key: Token, value: Token) -> bool:
    if type(key) is not str:
        # It may be equal to one.
        return False
    if key in ("backend", "backend:parallel"):
        return (value is None or type(value) is str) and value in _BACKENDS
    if key in ("backend_params", "backend:parallel:params"):
        return value is None or (
            isinstance(value, Mapping)
            and all(type(part) is str and part in _BACKEND_PARAMETERS for part in value.keys)
            and is_plain(value)
        )
    return True


# Whose state the rule below does not look into, so that they stand for no other object.
_APART = ("statsmodels.distributions.", "statsmodels.tools.")
# What models and results look for a design in.
_PARTS = frozenset(["_results", "model", "results"])


def _statsmodels(built: ObjectToken) -> str | None:
    """A state whose formulas only compute with columns that are there, and with no design.

    A model, its results and its data are objects of statsmodels, each under this rule.
    """
    if built.args != () or built.kwargs:
        return "it is constructed with arguments"
    for state in built.states:
        if not isinstance(state, Mapping):
            return "its state is not a dict"
        reasons = (_attribute(key, value, state) for key, value in _pairs(state))
        reason = next(filter(None, reasons), None)
        if reason is not None:
            return reason
    return None


def _attribute(key: Token, value: Token, state: Mapping) -> str | None:
    if type(key) is not str:
        return None
    look_at(key, len(key))
    if key in ("restore_design_info", "restore_model_spec"):
        return _restored(state)
    if "design_info" in key or "model_spec" in key:
        return "it holds the design of a formula, which would be evaluated"
    if "formula" in key:
        return None if _is_harmless(value) else "it holds a formula that does more than compute"
    if key in _PARTS and not _is_part(value):
        return f"its {key} is not an object of statsmodels"
    if key == "data" and not (_is_part(value) or isinstance(value, Array) or is_numpy(value)):
        return "its data are neither an object of statsmodels nor an array"
    return None


def _restored(state: Mapping) -> str | None:
    """Whether each formula names nothing but columns of each frame."""
    formulas = [value for key, value in _pairs(state) if key == "formula"]
    frames = [value for key, value in _pairs(state) if key == "frame"]
    if not formulas or not frames:
        return "a formula is to be evaluated without its data"
    for formula in formulas:
        named = columns_of_formula(formula) if type(formula) is str else None
        if named is None:
            return "it holds a formula that does more than compute"
        for frame in frames:
            known = column_names(frame)
            if known is None:
                return "a formula is to be evaluated with data that are not plain frame"
            if not named <= known:
                return "a formula names something that is not a column of its data"
    return None


def _is_harmless(value: Token) -> bool:
    """Whether a formula, or each in a dict, only computes."""
    waiting, seen = [value], set()
    while waiting:
        part = waiting.pop()
        if isinstance(part, Mapping):
            if id(part) not in seen:
                seen.add(id(part))
                look_into(part, size_of(part))
                waiting += part.values
        elif part is not None and not (type(part) is str and columns_of_formula(part) is not None):
            return False
    return True


def _is_part(value: Token) -> bool:
    """Whether a value is None, or an instance that the rule for statsmodels has judged."""
    if value is None:
        return True
    if not isinstance(value, ObjectToken) or value.use is not Use.CONSTRUCT or value.args != ():
        return False
    target = value.callable
    return (
        isinstance(target, Global)
        and target.module.startswith("statsmodels.")
        and not target.module.startswith(_APART)
    )


def _pairs(mapping: Mapping) -> Iterator[tuple[Token, Token]]:
    """Every pair a mapping was ever given, those since overwritten as well."""
    return zip(mapping.keys, mapping.values, strict=True)


STATISTICS_RULES: dict[str, Rule] = {
    "memory_without_location": _memory_without_location,
    "sktime": _sktime,
    "statsmodels": _statsmodels,
    "unfitted": _unfitted,
}
