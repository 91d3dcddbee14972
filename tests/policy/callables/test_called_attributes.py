"""The analysis behind the tables sees what a class calls, however it goes about it."""

# mypy: disable-error-code="attr-defined"

from __future__ import annotations

import functools
from typing import Any

import pytest

from tests.policy.callables.test_holders import TOOL

ANALYSER: Any = TOOL["Analyser"]


def helper(data: Any, function: Any) -> Any:
    return function(data)


def passes_on(data: Any, **settings: Any) -> Any:
    return helper(data, **settings)


class Inner:
    def __init__(self, rule: Any) -> None:
        self.rule = rule

    def work(self, data: Any) -> Any:
        return self.rule(data)


class Calls:
    """Every method calls one attribute, which has its name, in a way of its own."""

    table: Any

    def directly(self, data: Any) -> Any:
        return self.called_directly(data)

    def by_another_name(self, data: Any) -> Any:
        function: Any = self.called_by_another_name if data is not None else None
        return function(data)

    def in_a_loop(self, data: Any) -> Any:
        return [function(data) for _, function in self.called_in_a_loop]

    def of_a_dict(self, data: Any) -> Any:
        for function in self.called_of_a_dict.values():
            function(data)

    def by_map(self, data: Any) -> Any:
        return list(map(self.called_by_map, data))

    def by_a_key(self, data: Any) -> Any:
        return sorted(data, key=self.called_by_a_key)

    def through_a_function(self, data: Any) -> Any:
        return helper(data, self.called_through_a_function)

    def through_keywords(self, data: Any) -> Any:
        return passes_on(data, function=self.called_through_keywords)

    def through_a_partial(self, data: Any) -> Any:
        return functools.partial(helper, function=self.called_through_a_partial)(data)

    def through_a_dict_of_keywords(self, data: Any) -> Any:
        settings = {"function": self.called_through_a_dict_of_keywords}
        return passes_on(data, **settings)

    def through_an_object(self, data: Any) -> Any:
        return Inner(self.called_through_an_object).work(data)

    def through_a_method(self, data: Any) -> Any:
        return self._given(data, self.called_through_a_method)

    def _given(self, data: Any, function: Any) -> Any:
        def within(value: Any) -> Any:
            return function(value)

        return within(data)

    @property
    def _chosen(self) -> Any:
        return self.called_by_a_property

    def by_a_property(self, data: Any) -> Any:
        return self._chosen(data)

    def by_getattr(self, data: Any) -> Any:
        return getattr(self, "called_by_getattr")(data)  # noqa: B009

    def by_itself(self, data: Any) -> Any:
        return (lambda value: self.called_by_itself(value))(data)

    def asks(self, data: Any) -> Any:
        models = [model for _, model in self.asked]
        return models[0].predict(data)

    def reads(self) -> Any:
        return self.only_read, len(self.only_read), isinstance(self.only_read, type)


WAYS = [name for name in vars(Calls) if not name.startswith("_") and name not in ("asks", "reads")]


@pytest.fixture
def analyser(monkeypatch: pytest.MonkeyPatch) -> Any:
    # These functions are in no library.
    looks_into = ANALYSER.looks_into
    here = staticmethod(lambda thing, module: _is_here(thing) or looks_into(thing, module))
    monkeypatch.setattr(ANALYSER, "looks_into", here)
    return ANALYSER()


def _is_here(thing: Any) -> bool:
    return getattr(thing, "__module__", None) == __name__


@pytest.mark.parametrize("way", WAYS)
def test_what_is_called_is_seen(way: str, analyser: Any) -> None:
    assert f"called_{way}" in analyser.attributes_called(Calls)


def test_what_is_read_or_asked_is_not_called(analyser: Any) -> None:
    assert {"only_read", "asked"}.isdisjoint(analyser.attributes_called(Calls))


def test_what_is_asked_for_its_answers_is_seen(analyser: Any) -> None:
    assert analyser.attributes_asked(Calls, frozenset(["predict"])) == {"asked"}
