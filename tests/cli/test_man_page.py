"""The manual page says what ``--help`` says."""

from __future__ import annotations

import runpy
import shutil
import subprocess
from typing import Any

import pytest

from safeload.cli.main import whole_parser
from tests.documents import ROOT

TOOL: dict[str, Any] = runpy.run_path(str(ROOT / "tools" / "man_page.py"))
PAGE = (ROOT / "docs" / "safeload.1").read_text("utf-8")


def test_the_page_is_fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert TOOL["words"](TOOL["manual"]()) == TOOL["words"](PAGE), "run 'make docs'"


def test_every_verb_has_its_section() -> None:
    (verbs,) = (action for action in whole_parser()._actions if action.choices)
    for verb in verbs.choices or ():
        assert f".SH COMMAND \\fI\\,'safeload {verb}'\\/\\fR\n" in PAGE


@pytest.mark.skipif(shutil.which("groff") is None, reason="there is no groff on this machine")
def test_it_is_set_without_a_warning() -> None:
    groff = ["groff", "-man", "-Tutf8", "-ww"]
    set_ = subprocess.run(groff, input=PAGE, text=True, capture_output=True, check=True)
    assert set_.stderr == ""
    assert "keygen" in set_.stdout
