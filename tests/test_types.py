"""A misspelt argument is found by the type checker, and by the call before anything is written.

``make lint`` checks this file: where an error is expected and there is none, that is an error. So
each ``type: ignore`` below says what mypy finds.
"""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import safeload
from safeload.serving import mlflow as signed
from safeload.signing.statement import Facts

# What sign() takes beside the facts: where the model is, and what of it.
ABOUT_THE_SOURCE = {"source", "bundle", "model_file", "ignore"}


def dump_with_a_misspelt_fact(path: Path) -> object:
    return safeload.dump([], path, key="k", name="n", version="1", metrcs={"auc": 0.9})  # type: ignore[call-arg]


def dump_with_a_fact_of_another_type(path: Path) -> object:
    return safeload.dump([], path, key="k", name="n", version="1", rows="many")  # type: ignore[arg-type]


def dump_without_a_version(path: Path) -> object:
    return safeload.dump([], path, key="k", name="n")  # type: ignore[call-arg]


def sign_with_a_misspelt_fact(path: Path) -> object:
    return safeload.sign(path, key="k", name="n", version="1", metrcs={"auc": 0.9})  # type: ignore[call-overload]


def sign_without_a_name(path: Path) -> object:
    return safeload.sign(path, key="k", version="1")  # type: ignore[call-overload]


def load_with_a_misspelt_argument(path: Path) -> object:
    return safeload.load(path, trsut="trust.toml")  # type: ignore[call-arg]


def verify_with_a_misspelt_argument(path: Path) -> object:
    return safeload.verify(path, minversion="1")  # type: ignore[call-arg]


def save_for_mlflow_with_a_misspelt_fact(path: Path) -> object:
    return signed.save_model([], path, key="k", name="n", version="1", metrcs={})  # type: ignore[call-arg]


def log_to_mlflow_with_a_misspelt_fact(path: Path) -> object:
    return signed.log_model([], key="k", name="n", version="1", metrcs={})  # type: ignore[call-arg]


# What a type checker has to know of the results: each of these lines is one that it accepts.
def results(path: Path) -> tuple[Path, Path, bytes, Path]:
    """The types of what is given back, by what is signed."""
    dumped = safeload.dump([], path, key="k", name="n", version="1", compress=3, rows=5)
    of_a_file = safeload.sign(path, key="k", name="n", version="1", ignore=["*.log"])
    of_bytes = safeload.sign(b"", key="k", name="n", version="1", metrics={"auc": 0.9})
    elsewhere = safeload.sign(b"", key="k", name="n", version="1", bundle=path)
    return dumped, of_a_file, of_bytes, elsewhere


@pytest.mark.parametrize(
    "call",
    [
        dump_with_a_misspelt_fact,
        dump_without_a_version,
        sign_with_a_misspelt_fact,
        sign_without_a_name,
        load_with_a_misspelt_argument,
        verify_with_a_misspelt_argument,
        save_for_mlflow_with_a_misspelt_fact,
        log_to_mlflow_with_a_misspelt_fact,
    ],
)
def test_an_argument_that_nothing_takes_is_a_type_error(
    tmp_path: Path, call: Callable[[Path], object]
) -> None:
    with pytest.raises(TypeError):
        call(tmp_path / "model.joblib")
    assert list(tmp_path.iterdir()) == []


def test_a_fact_of_another_type_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(safeload.UsageError) as caught:
        dump_with_a_fact_of_another_type(tmp_path / "model.joblib")
    assert caught.value.code == "argument-type"
    assert list(tmp_path.iterdir()) == []


def test_the_facts_are_what_sign_takes() -> None:
    hints = typing.get_type_hints(safeload.sign)
    taken = inspect.signature(safeload.sign).parameters
    facts = typing.get_type_hints(Facts)

    assert set(taken) - ABOUT_THE_SOURCE == set(facts)
    assert {fact: hints[fact] for fact in facts} == facts
    marked = typing.get_type_hints(Facts, include_extras=True)
    required = {fact for fact in facts if typing.get_origin(marked[fact]) is typing.Required}
    assert required == {fact for fact in facts if taken[fact].default is inspect.Parameter.empty}


def public_functions() -> list[tuple[str, Callable[..., Any]]]:
    """Every function that is exported, and every method of a class that is."""
    found = [(name, getattr(safeload, name)) for name in safeload.__all__]
    found += [(f"mlflow.{name}", getattr(signed, name)) for name in signed.__all__]
    methods = [
        (f"{name}.{method}", getattr(value, method))
        for name, value in found
        if inspect.isclass(value)
        for method in vars(value)
        if not method.startswith("_")
    ]
    return [(name, value) for name, value in (*found, *methods) if inspect.isroutine(value)]


@pytest.mark.parametrize(("name", "function"), public_functions())
def test_public_functions_name_all_they_take(name: str, function: Callable[..., Any]) -> None:
    for parameter in inspect.signature(function).parameters.values():
        if parameter.kind is parameter.VAR_KEYWORD:
            assert parameter.annotation == "Unpack[Facts]", name
