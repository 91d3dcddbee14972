"""Parameters that several functions take are the same in each, to the type and the default."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable, Mapping
from typing import Any

import safeload
from safeload.serving import mlflow as signed
from safeload.serving.mlflow.staging import Terms


def parameters(function: Callable[..., Any]) -> dict[str, tuple[object, object]]:
    found: Mapping[str, inspect.Parameter] = inspect.signature(function).parameters
    return {name: (each.annotation, each.default) for name, each in found.items()}


def test_both_ways_to_load_take_the_same() -> None:
    assert parameters(signed.load_model) == parameters(signed.load_pyfunc)


def test_what_they_take_are_the_terms() -> None:
    taken = parameters(signed.load_model)
    del taken["model_uri"]

    assert taken == {field.name: (field.type, field.default) for field in dataclasses.fields(Terms)}


def test_terms_are_those_of_an_ordinary_load() -> None:
    ordinary, taken = parameters(safeload.load), parameters(signed.load_model)
    here = taken.keys() - {"model_uri", "code"}

    assert here <= ordinary.keys()
    assert {name: taken[name] for name in here} == {name: ordinary[name] for name in here}


def test_a_model_is_logged_with_what_it_is_saved_with() -> None:
    saved, logged = parameters(signed.save_model), parameters(signed.log_model)
    own = {"path", "mlflow_model"}
    added = {"artifact_path", "registered_model_name", "further"}

    assert saved.keys() - own == logged.keys() - added
    assert all(saved[name] == logged[name] for name in saved.keys() - own)
