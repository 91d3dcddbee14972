"""The component for GitLab: its form, and its script as a runner runs it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from safeload import __version__
from tests.auditing.sources.repositories import EVIL, LEGITIMATE, repository, write
from tests.ci.documents import (
    arguments,
    documents,
    problems,
    put_commands,
    put_stubs,
    run_script,
    unfilled,
)

SPEC, PIPELINE = documents("templates/audit.yml")
INPUTS = SPEC["spec"]["inputs"]
JOB = PIPELINE["safeload-audit"]
# What a runner has in its image: bash if it is there, else sh.
SHELLS = [shell for shell in ("bash", "dash", "busybox") if shutil.which(shell)]
STUB = """#!/bin/sh
case "$*" in
*" -m venv "*)
  eval "place=\\${$#}"
  mkdir -p "$place/bin"
  ln -s "$COMMANDS/safeload" "$place/bin/safeload"
  cp "$0" "$place/bin/python";;
*) echo "$@" >> "$COMMANDS/calls";;
esac
"""

pytestmark = pytest.mark.skipif(not SHELLS, reason="there is no POSIX shell")


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """A work tree to audit."""
    return repository(tmp_path / "a work folder", {"a.pkl": LEGITIMATE})


def without_installing(commands: Path) -> Path:
    """Commands of an image in which safeload is there before it is installed."""
    (commands / "python3").write_text(STUB)
    (commands / "python3").chmod(0o755)
    return commands


@pytest.fixture
def commands(tmp_path: Path) -> Path:
    return without_installing(put_commands(tmp_path / "commands"))


@pytest.fixture
def stubs(tmp_path: Path) -> Path:
    return without_installing(put_stubs(tmp_path / "stubs"))


def filled(value: Any, inputs: dict[str, str]) -> Any:
    """A document with the inputs in it, as GitLab puts them in before there is a job."""
    if isinstance(value, dict):
        return {key: filled(each, inputs) for key, each in value.items()}
    if isinstance(value, list):
        return [filled(each, inputs) for each in value]
    if isinstance(value, str):
        return re.sub(r"\$\[\[ inputs\.([a-z-]+) \]\]", lambda match: inputs[match[1]], value)
    return value


def run(
    work: Path, commands: Path, shell: str = SHELLS[0], **given: str
) -> subprocess.CompletedProcess[str]:
    """Run the job with these inputs."""
    inputs = {name: each["default"] for name, each in INPUTS.items()}
    inputs |= {name.replace("_", "-"): value for name, value in given.items()}
    variables = {name: filled(value, inputs) for name, value in JOB["variables"].items()}
    variables["COMMANDS"] = str(commands)
    variables["PATH"] = f"{commands}:/usr/bin:/bin"
    words = ["busybox", "sh"] if shell == "busybox" else [shell]
    return run_script([*words, "-c", "\n".join(JOB["script"])], work, variables)


def test_it_is_a_pipeline_by_the_schema() -> None:
    pipeline = filled(PIPELINE, {name: each["default"] for name, each in INPUTS.items()})
    assert problems(SPEC, "gitlab-ci") == []
    assert problems(pipeline, "gitlab-ci") == []
    assert problems({"safeload-audit": {"skript": ["true"]}}, "gitlab-ci")


def test_inputs_stand_in_variables_and_in_no_script() -> None:
    assert unfilled("\n".join(JOB["script"])) == []
    used = set(re.findall(r"inputs\.([a-z-]+)", json.dumps(PIPELINE)))
    assert used == set(INPUTS)


def test_what_is_installed_is_this_release(work: Path, stubs: Path) -> None:
    assert INPUTS["version"]["default"] == __version__
    run(work, stubs)
    (call,) = (stubs / "calls").read_text().splitlines()
    assert call.startswith("-I -m pip ")
    assert call.endswith(f"install safeload=={__version__}")


def test_the_outcome_is_that_of_the_audit(work: Path, commands: Path) -> None:
    write(work, {"sub/b.pkl": EVIL})
    assert run(work, commands, paths="a.pkl\n\n").returncode == 0
    assert run(work, commands, paths="a.pkl\nsub\n", changed_since="main").returncode == 1
    reports = JOB["artifacts"]["reports"]
    assert sorted(reports.values()) == sorted(JOB["artifacts"]["paths"])
    document = json.loads((work / reports["sast"]).read_text())
    assert [each["location"]["file"] for each in document["vulnerabilities"]] == ["sub/b.pkl"]
    assert "sub/b.pkl" in (work / reports["junit"]).read_text()


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    "text",
    ["$(touch canary)", "`touch canary`", '"; touch canary; "', "*", "--fail-on=never", " a "],
)
def test_inputs_are_words_and_no_code(work: Path, stubs: Path, shell: str, text: str) -> None:
    names = ("changed_since", "fail_on", "baseline", "policy")
    paths = f"{text}\n\nb\n"
    done = run(work, stubs, shell, paths=paths, version=text, **dict.fromkeys(names, text))
    assert done.returncode == 0, done.stderr
    words = arguments(stubs)
    end = words.index("--")
    assert words[end + 1 :] == [text, "b"]
    assert {word for word in words[:end] if not word.startswith("--report=")} == {
        "audit",
        *(f"--{name.replace('_', '-')}={text}" for name in names),
    }
    assert (stubs / "calls").read_text().endswith(f"install safeload=={text}\n")
    assert not (work / "canary").exists()
