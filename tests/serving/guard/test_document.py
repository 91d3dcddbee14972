"""What docs/guard.md says is so: its commands, its exemptions, and what the guard costs."""

from __future__ import annotations

import shlex
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from safeload.serving.guard.exemptions import EXEMPTIONS, PARTS
from tests.builder import Name, Pickle
from tests.documents import blocks_of
from tests.serving.guard.scripts import ROOT, run

DOCUMENT = (ROOT / "docs" / "guard.md").read_text("utf-8")


def test_every_exemption_is_documented_with_its_reason_and_its_risk() -> None:
    for each in EXEMPTIONS:
        functions = ", ".join(f"`{function}`" for function in each.functions)
        assert f"| {functions} | {each.reason} | {each.risk} |\n" in DOCUMENT


# Where they are, but not on every system, or run as a program.
ELSEWHERE = ("dask.", "distributed.", "joblib.externals.loky.backend.popen_loky")


@pytest.mark.parametrize(
    "function", [*(name for each in EXEMPTIONS for name in each.functions), *PARTS]
)
def test_what_is_exempted_exists(function: str) -> None:
    module, _, name = function.partition(":")
    if module.startswith(ELSEWHERE):
        pytest.skip("it is not imported here")
    found = import_module(module)
    for part in name.removesuffix(".*").split("."):
        found = getattr(found, part)
    assert callable(found)


def test_its_commands_do_what_it_says(tmp_path: Path) -> None:
    (tmp_path / "serve.py").write_text(
        "import sys, joblib\nprint(sys.argv[1:], joblib.load('model.joblib'))\n"
    )
    (tmp_path / "model.joblib").write_bytes(Pickle(4).call(Name("posix", "getpid")).finish())
    (tmp_path / "policy.toml").write_text("")
    shells = [block for language, block in blocks_of(DOCUMENT) if language == "sh"]
    commands = [line for block in shells for line in block.splitlines()]
    ends = []
    for command in commands:
        program, *arguments = shlex.split(command)
        here = [sys.executable] if program == "python" else [sys.executable, "-m", "safeload"]
        done = subprocess.run([*here, *arguments], cwd=tmp_path, capture_output=True, check=False)
        ends.append((done.returncode, b"['--port', '8080']" in done.stdout))
    # Reported and loaded; summarised, with what is not accepted; refused.
    assert ends == [(0, True), (1, False), (1, False)]
    assert (tmp_path / "draft.toml").exists()
    (install,) = [block for language, block in blocks_of(DOCUMENT) if language == "python"]
    (tmp_path / "installs.py").write_text(install + "import joblib\njoblib.load('model.joblib')\n")
    assert "GuardedError" in run("installs.py", folder=tmp_path, code=1)


def test_the_guard_imports_no_library() -> None:
    code = "from safeload.serving import guard\nimport sys\nprint(*sys.modules)"
    modules = run("-c", code, folder=ROOT).split()
    assert {"numpy", "joblib", "sklearn", "safeload.gate", "dataclasses"} & set(modules) == set()
