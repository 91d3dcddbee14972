"""The review of a policy file: what should not stand there, and what only a person can decide."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from safeload.errors import UsageError
from safeload.policy.policy import Entry
from safeload.policy.team.existence import examine
from safeload.policy.team.review import own_entries, review
from safeload.scan.program import Use

ERROR, WARNING, NOTE = "error", "warning", "note"


def group(
    names: str = '"acme.models" = ["Model"]',
    uses: str = '"construct"',
    reason: str = "ours",
    more: str = "",
) -> str:
    return f'[[group]]\nreason = "{reason}"\nuses = [{uses}]\n{more}\n[group.names]\n{names}\n'


def remarks(text: str, *, importing: bool = False) -> list[tuple[str, str]]:
    return [
        (remark.severity.value, remark.subject)
        for remark in review(text.encode(), "team.toml", importing=importing)
    ]


def test_a_file_in_order_has_no_remark() -> None:
    assert remarks(group() + group('"acme.text" = ["tokenise"]', '"reference"')) == []


@pytest.mark.parametrize("reason", ["", "  ", "FILL IN: what these are, and who has read them"])
def test_a_reason_has_to_be_given(reason: str) -> None:
    assert remarks(group(reason=reason)) == [(ERROR, "the group of acme.models.Model")]


def test_a_reason_may_not_be_left_out() -> None:
    text = group('"acme.models" = ["Model", "Other"]').replace('reason = "ours"', "")
    assert remarks(text) == [(ERROR, "the group of acme.models.Model and 1 more")]


@pytest.mark.parametrize(
    "name",
    ['"os" = ["system"]', '"__main__" = ["Model"]', '"cloudpickle.cloudpickle" = ["_make_cell"]',
     '"acme.models" = ["os.system"]', '"acme.models" = ["Mod\\nel"]'],
)  # fmt: skip
def test_dangerous_names_should_not_stand_there(name: str) -> None:
    assert [severity for severity, _ in remarks(group(name))] == [ERROR]


@pytest.mark.parametrize("name", ['"sklearn.new" = ["Novelty"]', '"acme.io" = ["load"]'])
def test_doubtful_names_are_noted(name: str) -> None:
    assert [severity for severity, _ in remarks(group(name))] == [NOTE]


def test_what_the_packs_have_is_noted_and_what_they_leave_out_is_a_persons_matter() -> None:
    pipeline = '"sklearn.pipeline" = ["Pipeline"]'
    assert remarks(group(pipeline)) == [(NOTE, "sklearn.pipeline.Pipeline")]
    assert remarks(group('"numpy" = ["memmap"]', '"reference"')) == [(WARNING, "numpy.memmap")]


def test_a_name_of_a_pack_that_is_off_is_better_had_from_the_pack() -> None:
    ours = group('"statsmodels.tools.tools" = ["Bunch"]')
    assert remarks(ours) == [(WARNING, "statsmodels.tools.tools.Bunch")]
    assert remarks('packs = ["statsmodels"]\n' + ours) == [(NOTE, "statsmodels.tools.tools.Bunch")]


def test_a_call_without_a_rule_is_a_persons_matter_until_it_is_imported() -> None:
    text = group(uses='"call"')
    assert remarks(text) == [(WARNING, "acme.models.Model")]
    assert remarks(text, importing=True) == []
    assert remarks(group(uses='"call"', more='rule = "plain_arguments"')) == []


@pytest.mark.parametrize("text", ["?", group(uses='"eat"'), group(more='rule = "any"')])
def test_what_is_no_policy_is_a_usage_error(text: str) -> None:
    with pytest.raises(UsageError):
        remarks(text)


def test_own_entries_are_those_of_the_file_alone() -> None:
    text = group() + group(uses='"reference"', more='rule = "namedtuple"')
    assert own_entries(text.encode(), "team.toml") == {
        ("acme.models", "Model"): Entry(
            frozenset([Use.CONSTRUCT, Use.REFERENCE]), "namedtuple", "team.toml"
        )
    }


CODE = """
import functools
import logging
from collections import OrderedDict
from enum import Enum
from os import system as runner
from typing import NamedTuple

print("imported")

class Model:
    @property
    def best(self): ...
    def predict(self): ...

class Child(Model): ...

class Own:
    def __setstate__(self, state): ...

class Bounds(NamedTuple):
    low: float

class Colour(Enum):
    RED = 1

def make(): ...

other = make
half = functools.partial(make)
CONSTANT = 3
"""


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A package of a team, in a folder that Python looks into."""
    folder = tmp_path / "acme_of_review"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "models.py").write_text(CODE)
    (folder / "broken.py").write_text("1 / 0")
    (folder / "leaving.py").write_text("raise SystemExit(0)")
    (folder / "needy.py").write_text("import no_such_library")
    (folder / "moody.py").write_text("def __getattr__(name): raise RuntimeError(name)")
    monkeypatch.syspath_prepend(tmp_path)
    yield folder.name
    for name in [name for name in sys.modules if name.startswith(folder.name)]:
        del sys.modules[name]


def said(module: str, name: str, uses: str = "construct", rule: str | None = None) -> list[str]:
    entry = Entry(frozenset(map(Use, uses.split())), rule, "team.toml")
    return [remark.severity.value for remark in examine(module, name, entry)]


@pytest.mark.parametrize(
    ("name", "uses", "expected"),
    [
        ("Model", "construct reference", []),
        ("Child", "construct", []),
        ("Model.predict", "reference", []),
        ("Child.predict", "reference", []),
        ("Bounds", "construct", []),
        ("CONSTANT", "reference", []),
        ("make", "reference", []),
        ("Own", "construct", [NOTE]),
        ("Colour", "call", [NOTE]),
        ("make", "call", [ERROR]),
        ("make", "construct", [ERROR]),
        ("half", "reference", [WARNING]),
        ("Missing", "construct", [ERROR]),
        ("Model.missing", "reference", [ERROR]),
        ("Model.best", "reference", [ERROR]),
        ("functools", "reference", [ERROR]),
        ("other", "reference", [ERROR]),
        ("OrderedDict", "construct", [ERROR]),
        ("runner", "reference", [ERROR]),
        ("logging.FileHandler", "construct", [ERROR, WARNING]),
    ],
)
def test_what_a_name_stands_for(package: str, name: str, uses: str, expected: list[str]) -> None:
    assert said(f"{package}.models", name, uses) == expected


def test_a_rule_makes_a_call_of_a_function_a_decision(package: str) -> None:
    assert said(f"{package}.models", "make", "call", "no_arguments") == []


@pytest.mark.parametrize(
    ("module", "expected"),
    [("broken", WARNING), ("leaving", WARNING), ("needy", WARNING), ("moody", WARNING),
     ("missing", ERROR), ("models.deeper", ERROR)],
)  # fmt: skip
def test_a_module_that_cannot_be_imported(package: str, module: str, expected: str) -> None:
    assert said(f"{package}.{module}", "Model") == [expected]


@pytest.mark.parametrize("module", ["no_such_library", "no_such_library.models", "", "..", ".a"])
def test_a_library_that_is_not_there_decides_nothing(module: str) -> None:
    assert said(module, "Model") == [WARNING]


def test_what_a_module_prints_is_no_result(
    package: str, capsys: pytest.CaptureFixture[str]
) -> None:
    said(f"{package}.models", "Model")
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "imported\n")
