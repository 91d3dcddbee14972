"""Every code that is raised has one meaning, and a row in the registry and in the document."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

import safeload
from safeload import error_codes, errors
from safeload.error_codes import ERROR_CODES
from safeload.errors import SafeloadError
from tests.documents import blocks_of
from tools.security_tables import ERROR_TABLES, ERRORS, regenerated

PACKAGE = Path(safeload.__file__).parent
CLASSES = {
    name: found
    for name, found in vars(errors).items()
    if isinstance(found, type) and issubclass(found, SafeloadError)
} | {"UndeliveredError": SafeloadError}
# Where a code comes with an error that is passed on as it came.
PASSED_ON = {"code", "error.code", "unfit.code"}


def texts(value: ast.expr) -> list[str]:
    """The codes that an expression may be; none if it is none that can be read here."""
    if isinstance(value, ast.Constant) and isinstance(value.value, str):
        return [value.value]
    if isinstance(value, ast.IfExp):
        return texts(value.body) + texts(value.orelse)
    return []


def given(path: Path) -> Iterator[tuple[str, ast.expr]]:
    """Whatever is given for a code in a file, and to which function; defaults included."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            yield from ((called, each.value) for each in node.keywords if each.arg == "code")
        elif isinstance(node, ast.FunctionDef):
            arguments = node.args
            named = [*arguments.posonlyargs, *arguments.args]
            pairs = [
                *zip(reversed(named), reversed(arguments.defaults), strict=False),
                *zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True),
            ]
            for argument, value in pairs:
                if argument.arg == "code" and value is not None:
                    yield node.name, value


GIVEN = [
    (called, value, f"{path.relative_to(PACKAGE)}:{value.lineno}")
    for path in sorted(PACKAGE.rglob("*.py"))
    for called, value in given(path)
]
RAISED = [(code, called, where) for called, value, where in GIVEN for code in texts(value)]


def test_a_code_is_written_where_it_is_raised() -> None:
    others = {
        where: ast.unparse(value)
        for called, value, where in GIVEN
        # Others take something else by that name, such as MLflow.
        if not texts(value) and (called in CLASSES or called == "Unfit")
    }
    assert {where: text for where, text in others.items() if text not in PASSED_ON} == {}


def test_every_code_that_is_raised_is_in_the_registry() -> None:
    lacking = {code: where for code, _, where in RAISED if code not in ERROR_CODES}
    assert lacking == {}


def test_every_code_of_the_registry_is_raised() -> None:
    assert set(ERROR_CODES) - {code for code, _, _ in RAISED} == set()


def test_a_code_is_of_one_class() -> None:
    kinds = defaultdict(set)
    for code, called, _ in RAISED:
        if called in CLASSES:
            kinds[code].add(CLASSES[called])
    wrong = {code for code, found in kinds.items() if found != {ERROR_CODES[code].error}}
    assert wrong == set()


@pytest.mark.parametrize("code", ERROR_CODES)
def test_a_row_says_what_it_means_and_what_to_do(code: str) -> None:
    about = ERROR_CODES[code]
    assert re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", code)
    for sentence in (about.meaning, about.remedy):
        assert re.fullmatch(r"([A-Z']|git |skops ).*\.", sentence)
    assert set(about.exit_codes) <= {1, 2, 3}


def test_no_two_codes_mean_the_same() -> None:
    meanings = defaultdict(list)
    for code, about in ERROR_CODES.items():
        meanings[about.meaning].append(code)
    assert [codes for codes in meanings.values() if len(codes) > 1] == []


def test_no_code_stands_in_two_places() -> None:
    assert sum(len(area.CODES) for area in error_codes._AREAS) == len(ERROR_CODES)


def test_the_document_shows_what_happens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    Path("churn.joblib").write_bytes(b"\x80\x04N.")
    blocks = blocks_of(ERRORS.read_text("utf-8"))
    for block in [block for language, block in blocks if language == "python"]:
        exec(block, {})
    shown = [block for language, block in blocks if language == "text"]
    assert capsys.readouterr().out == shown[0]
    error = errors.TrustError(
        "The file is not the one that was signed.", code="digest-mismatch", path="churn.joblib"
    )
    assert f"{error.line}\n" == shown[1]


def test_the_document_is_made_of_the_registry() -> None:
    text = ERRORS.read_text("utf-8")
    assert regenerated(text, ERROR_TABLES) == text
