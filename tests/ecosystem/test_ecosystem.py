"""Models of the libraries beside scikit-learn are accepted, and load to what they were.

Each library is tested where it is installed; ``make ecosystem`` installs them all.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import safeload
from tests.ecosystem.zoo import Zoo, legitimate, zoos
from tests.legitimate.estimators import outputs
from tests.legitimate.forms import FORMS, plainly_loaded
from tests.legitimate.sameness import difference

pytestmark = pytest.mark.filterwarnings("ignore")

# The other protocols and codecs differ from these in a few opcodes; they are marked slow.
FAST = ("joblib", "pickle-0")


def _cases() -> Iterator[Any]:
    for library, zoo in zoos().items():
        if not zoo.is_installed:
            reason = f"{library} is not installed; 'make ecosystem' tests it"
            yield pytest.param(library, "", "", id=library, marks=pytest.mark.skip(reason))
            continue
        for name in zoo.models:
            for form in FORMS:
                if _why(zoo.not_dumped, name, form) is None:
                    marks = () if form in FAST else (pytest.mark.slow,)
                    yield pytest.param(
                        library, name, form, id=f"{library}-{name}-{form}", marks=marks
                    )


def _why(table: Any, name: str, form: str) -> str | None:
    """What a table of a zoo says of a model in a format."""
    keys = ((name, form), (name, "any"), ("any", form))
    return next((table[key] for key in keys if key in table), None)


@pytest.mark.parametrize(("library", "name", "form"), list(_cases()))
def test_an_legitimate_model_is_accepted_and_loads_to_the_same(
    library: str, name: str, form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Some libraries leave files where they train.
    monkeypatch.chdir(tmp_path)
    model, packs = legitimate(library, name), zoos()[library].packs
    path = tmp_path / "model"
    FORMS[form](model.model, path)

    report = safeload.audit(path, packs=packs).files[0]

    if _why(zoos()[library].refused, name, form) is not None:
        assert report.verdict == "refuse"
        with pytest.raises(safeload.RefusedError):
            safeload.load_unsigned(path, packs=packs)
        return
    assert [finding.message for finding in report.findings] == []
    assert report.verdict == "accept"
    if packs:
        off = safeload.audit(path).files[0]
        assert off.verdict == "incomplete"
        assert {finding.rule for finding in off.findings} == {"SL009"}
    loaded, reference = safeload.load_unsigned(path, packs=packs), plainly_loaded(form, path)
    assert difference(loaded, reference) is None
    assert difference(outputs(loaded, model.data), outputs(reference, model.data)) is None
    answers = zoos()[library].answers
    if answers is not None:
        assert difference(answers(loaded), answers(reference)) is None


@pytest.mark.parametrize("zoo", zoos().values(), ids=list(zoos()))
def test_every_exception_is_one_that_exists(zoo: Zoo) -> None:
    named = {name for name, _ in {**zoo.refused, **zoo.not_dumped}} - {"any"}
    assert named <= set(zoo.models)
    assert all({**zoo.refused, **zoo.not_dumped}.values())
