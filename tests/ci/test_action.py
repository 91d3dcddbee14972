"""The action for GitHub: its form, and its scripts as a runner runs them."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.auditing.sources.repositories import EVIL, LEGITIMATE, git, repository, write
from tests.ci.documents import (
    ROOT,
    TOOLS,
    arguments,
    documents,
    problems,
    put_commands,
    put_stubs,
    run_script,
    unfilled,
)

(ACTION,) = documents("action.yml")
STEPS = ACTION["runs"]["steps"]
# How a runner starts a step whose shell is bash.
BASH = ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail"]

pytestmark = pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")


@dataclass
class Runner:
    """What a runner does for a composite action: expressions, files of a step, outputs."""

    work: Path
    temporary: Path
    inputs: dict[str, str]
    outputs: dict[str, str] = field(default_factory=dict)
    summary: str = ""

    def step(self, name: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run a step's script."""
        (step,) = [step for step in STEPS if step.get("id") == name]
        output, summary = self.temporary / "output", self.temporary / "summary"
        output.write_text("")
        summary.write_text("")
        script = self.temporary / "step.sh"
        script.write_text(step["run"])
        given = {key: self._filled(value) for key, value in step["env"].items()}
        done = run_script(
            [*BASH, str(script)],
            self.work,
            {
                "GITHUB_ACTION_PATH": str(ROOT),
                "GITHUB_OUTPUT": str(output),
                "GITHUB_STEP_SUMMARY": str(summary),
                "GITHUB_WORKSPACE": str(self.work),
                "RUNNER_TEMP": str(self.temporary),
                **given,
                **variables,
            },
        )
        pairs = [line.partition("=") for line in output.read_text().splitlines()]
        self.outputs |= {f"{name}.{key}": value for key, _, value in pairs}
        self.summary = summary.read_text()
        return done

    def _filled(self, text: str) -> str:
        def value(match: re.Match[str]) -> str:
            where, _, rest = match[1].partition(".")
            if where == "inputs":
                return self.inputs[rest]
            assert where == "steps"
            return self.outputs.get(rest.replace(".outputs.", "."), "")

        return re.sub(r"\$\{\{ ([a-z.-]+) \}\}", value, text)


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    """A runner with a work tree to audit."""
    temporary = tmp_path / "a temporary folder"
    temporary.mkdir()
    work = repository(tmp_path / "a work folder", {"a.pkl": LEGITIMATE})
    defaults = {name: given.get("default", "") for name, given in ACTION["inputs"].items()}
    runner = Runner(work, temporary, defaults)
    runner.outputs["install.bin"] = str(put_commands(tmp_path / "commands"))
    return runner


# -- form ------------------------------------------------------------------------------------------


def test_it_is_an_action_by_the_schema() -> None:
    assert problems(ACTION, "github-actions") == []
    assert problems(ACTION | {"runs": {"use": "composite"}}, "github-actions")
    assert problems(ACTION | {"inputs": {"paths": {}}}, "github-actions")


def zizmor(path: Path) -> subprocess.CompletedProcess[str]:
    command = [str(TOOLS / "zizmor"), "--offline", "--persona=auditor", "--no-config", str(path)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.skipif(not (TOOLS / "zizmor").exists(), reason="zizmor is not installed")
def test_an_auditor_of_actions_finds_nothing(tmp_path: Path) -> None:
    assert zizmor(ROOT / "action.yml").returncode == 0
    injected = tmp_path / "action.yml"
    injected.write_text(
        (ROOT / "action.yml").read_text().replace('"$PATHS"', "${{ inputs.paths }}")
    )
    assert zizmor(injected).returncode != 0


def test_no_script_has_an_expression_in_it() -> None:
    scripts = [step["run"] for step in STEPS if "run" in step]
    assert len(scripts) == 3
    assert [unfilled(script) for script in scripts] == [[], [], []]


def test_what_it_uses_is_pinned_to_a_commit() -> None:
    used = [step["uses"] for step in STEPS if "uses" in step]
    assert [each.partition("@")[0] for each in used] == [
        "actions/setup-python",
        "github/codeql-action/upload-sarif",
    ]
    assert all(re.fullmatch(r".+@[0-9a-f]{40}", each) for each in used)


def test_every_input_is_used_and_every_one_that_is_used_is_there() -> None:
    used = set(re.findall(r"inputs\.([a-z-]+)", (ROOT / "action.yml").read_text()))
    assert used == set(ACTION["inputs"])


# -- scripts ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "inputs", "code"),
    [
        (LEGITIMATE, {}, 0),
        (EVIL, {"changed-since": "main"}, 1),
        (LEGITIMATE, {"baseline": "none"}, 2),
    ],
    ids=["accepted", "refused", "usage"],
)
def test_the_outcome_is_that_of_the_audit(
    runner: Runner, data: bytes, inputs: Mapping[str, str], code: int
) -> None:
    write(runner.work, {"sub/c.pkl": LEGITIMATE, "b.pkl": data})
    runner.inputs |= inputs
    done = runner.step("audit")
    assert done.returncode == 0, done.stderr
    assert runner.outputs["audit.exit-code"] == str(code)
    assert ("SL101" in runner.summary) == (code == 1)
    assert runner.step("outcome").returncode == code
    if code == 2:
        assert "audit.sarif" not in runner.outputs
    else:
        report = json.loads(Path(runner.outputs["audit.sarif"]).read_text())
        assert bool(report["runs"][0]["results"]) == (code == 1)


def test_no_outcome_is_no_success(runner: Runner) -> None:
    assert runner.step("outcome").returncode == 3
    runner.outputs["audit.exit-code"] = "0; true"
    assert runner.step("outcome").returncode == 3


SHELL = ["$(touch canary)", "`touch canary`", '"; touch canary; "', "'; touch canary; '", "*", "~"]


@pytest.mark.parametrize("text", [*SHELL, "--fail-on=never", " a  b ", "$HOME", "\\", "!!", "%s"])
def test_inputs_are_words_and_no_code(runner: Runner, tmp_path: Path, text: str) -> None:
    stubs = put_stubs(tmp_path / "stubs")
    runner.outputs["install.bin"] = str(stubs)
    texts = ("changed-since", "fail-on", "baseline", "policy")
    runner.inputs |= {"paths": f"{text}\n\nb\n", **dict.fromkeys(texts, text)}
    assert runner.step("audit").returncode == 0
    words = arguments(stubs)
    end = words.index("--")
    assert words[end + 1 :] == [text, "b"]
    assert {word for word in words[:end] if not word.startswith("--report=")} == {
        "audit",
        *(f"--{name}={text}" for name in texts),
    }
    assert not (runner.work / "canary").exists()


def test_inputs_that_are_not_given_are_no_options(runner: Runner, tmp_path: Path) -> None:
    stubs = put_stubs(tmp_path / "stubs")
    runner.outputs["install.bin"] = str(stubs)
    runner.step("audit")
    words = [word for word in arguments(stubs) if not word.startswith("--report=")]
    assert words == ["audit", "--fail-on=incomplete", "--", "."]
    runner.inputs["paths"] = ""
    runner.step("audit")
    assert arguments(stubs)[-1] == "--"


def test_no_name_of_a_file_is_a_command_to_the_runner(runner: Runner) -> None:
    # What a runner takes for its own at the start of a line, and anywhere in it.
    names = ["::set-output name=exit-code::0.pkl", "##[set-output name=exit-code]0.pkl"]
    write(runner.work, dict.fromkeys(names, EVIL))
    lines = runner.step("audit").stdout.splitlines()
    shown = [n for n, line in enumerate(lines) if any(name in line for name in names)]
    (stop,) = [n for n, line in enumerate(lines) if line.startswith("::stop-commands::")]
    token = lines[stop].rpartition("::")[2]
    assert re.fullmatch("[0-9a-f]{32}", token)
    go = lines.index(f"::{token}::")
    assert len(shown) == 2
    assert all(stop < number < go for number in shown)
    assert go == len(lines) - 1


def test_nothing_of_the_folder_that_is_audited_is_imported(runner: Runner) -> None:
    code = b"open('canary', 'w')\n"
    write(runner.work, {"secrets.py": code, "venv.py": code, "pip.py": code, "safeload.py": code})
    runner.step("audit")
    assert runner.outputs["audit.exit-code"] == "0"
    assert not (runner.work / "canary").exists()


STUB = """#!/bin/sh
echo "$PWD" "$@" >> "$RUNNER_TEMP/calls"
case "$*" in
*" -m venv "*) eval "place=\\${$#}"; mkdir -p "$place/bin"; cp "$0" "$place/bin/python";;
esac
"""


@pytest.fixture
def python(runner: Runner, tmp_path: Path) -> Callable[[str], list[str]]:
    """The calls of an interpreter that installs nothing."""
    stub = tmp_path / "python"
    stub.write_text(STUB)
    stub.chmod(0o755)
    runner.outputs["python.python-path"] = str(stub)

    def calls(version: str) -> list[str]:
        runner.inputs["version"] = version
        done = runner.step("install")
        assert done.returncode == 0, done.stdout
        return (runner.temporary / "calls").read_text().splitlines()

    return calls


@pytest.mark.parametrize("version", ["", "0.1.0", "1.0rc1"])
def test_what_is_installed_is_this_commit_or_a_release(
    runner: Runner, python: Callable[[str], list[str]], version: str
) -> None:
    made, installed = python(version)
    assert "-I -m venv" in made
    assert "-I -m pip" in installed
    assert installed.endswith(f"install safeload=={version}" if version else f"install {ROOT}")
    assert Path(runner.outputs["install.bin"]).is_dir()


@pytest.mark.parametrize("version", ["main", "0.1.0 evil", "--index-url=x", "0.1\n0", "0.1; true"])
def test_a_version_that_is_none_installs_nothing(
    runner: Runner, python: Callable[[str], list[str]], version: str
) -> None:
    runner.inputs["version"] = version
    assert runner.step("install").returncode == 2
    assert not (runner.temporary / "calls").exists()


@pytest.mark.slow
def test_it_installs_and_audits(runner: Runner) -> None:
    runner.outputs = {"python.python-path": sys.executable}
    write(runner.work, {"b.pkl": EVIL})
    done = runner.step("install")
    assert done.returncode == 0, done.stderr
    assert runner.step("audit", PYTHONPATH="").returncode == 0
    assert runner.step("outcome").returncode == 1


def test_a_clone_as_the_checkout_makes_it_lacks_the_revision(
    runner: Runner, tmp_path: Path
) -> None:
    shallow = tmp_path / "shallow"
    git(tmp_path, "clone", "--quiet", "--depth=1", runner.work.as_uri(), str(shallow))
    runner.work = shallow
    runner.inputs["changed-since"] = "origin/main"
    assert "fetch-depth: 0" in runner.step("audit").stderr
    assert runner.outputs["audit.exit-code"] == "2"
