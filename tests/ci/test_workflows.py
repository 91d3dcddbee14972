"""Workflows, forms and other documents for GitHub: their form, and what may go wrong in them."""

from __future__ import annotations

import re
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.ci.documents import ROOT, TOOLS, documents, problems, unfilled

GITHUB = ROOT / ".github"
WORKFLOWS = sorted(path.name for path in GITHUB.glob("workflows/*.yml"))
FORMS = sorted(
    path.name for path in GITHUB.glob("ISSUE_TEMPLATE/*.yml") if path.name != "config.yml"
)
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
# A commit in full, and the release that it is, for people and for Dependabot.
PINNED = re.compile(r"uses: [\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")


def workflow(name: str) -> Any:
    (document,) = documents(f".github/workflows/{name}")
    return document


def steps(name: str) -> list[dict[str, Any]]:
    """The steps of all jobs of a workflow."""
    return [step for job in workflow(name)["jobs"].values() for step in job["steps"]]


@pytest.mark.parametrize("name", WORKFLOWS)
def test_it_is_a_workflow_by_the_schema(name: str) -> None:
    document = workflow(name)
    # YAML 1.1 takes the key "on" for true, and GitHub does not.
    document["on"] = document.pop(True)
    assert problems(document, "github-workflows") == []
    assert problems(document | {"jobs": {"none": {}}}, "github-workflows")


def test_other_documents_are_what_their_schemas_say() -> None:
    (updates,) = documents(".github/dependabot.yml")
    assert problems(updates, "dependabot") == []
    assert problems({"version": 2}, "dependabot")
    (choice,) = documents(".github/ISSUE_TEMPLATE/config.yml")
    assert problems(choice, "github-issue-config") == []
    for form in FORMS:
        (document,) = documents(f".github/ISSUE_TEMPLATE/{form}")
        assert problems(document, "github-issue-forms") == []
        assert problems({**document, "body": []}, "github-issue-forms")
    (citation,) = documents("CITATION.cff")
    citation["date-released"] = str(citation.get("date-released", "2026-01-01"))
    assert problems(citation, "citation-file-format") == []
    assert problems({**citation, "authors": []}, "citation-file-format")


@pytest.mark.parametrize("name", WORKFLOWS)
def test_whatever_is_used_is_pinned_to_a_commit_of_a_release(name: str) -> None:
    lines = [
        line.strip().removeprefix("- ")
        for line in (GITHUB / "workflows" / name).read_text("utf-8").splitlines()
        if "uses:" in line
    ]
    assert len(lines) == sum("uses" in step for step in steps(name)) > 0
    assert [line for line in lines if not PINNED.fullmatch(line)] == []


def test_one_action_is_of_one_commit_everywhere() -> None:
    used = {
        use["uses"].partition("@")[::2]
        for name in WORKFLOWS
        for use in steps(name)
        if "uses" in use
    }
    assert len({action for action, _ in used}) == len(used)


@pytest.mark.parametrize("name", WORKFLOWS)
def test_jobs_get_the_rights_that_they_name_and_a_time_by_which_they_end(name: str) -> None:
    document = workflow(name)
    assert document["permissions"] == {}
    for job in document["jobs"].values():
        assert "permissions" in job
        assert job["timeout-minutes"] <= 120


@pytest.mark.parametrize("name", WORKFLOWS)
def test_no_script_has_an_expression_in_it(name: str) -> None:
    assert [found for step in steps(name) for found in unfilled(step.get("run", ""))] == []


def test_who_builds_cannot_publish_and_who_publishes_runs_nothing_that_was_built() -> None:
    jobs = workflow("release.yml")["jobs"]
    writers = {name for name, job in jobs.items() if "write" in job["permissions"].values()}
    assert writers == {"attest", "publish", "announce"}
    for name in writers:
        uses = [step.get("uses", "") for step in jobs[name]["steps"]]
        assert not [use for use in uses if "checkout" in use or "setup-python" in use]
    # Nothing is published that the first job did not build and the second did not try.
    needs = {name: job.get("needs") for name, job in jobs.items()}
    assert needs == {
        "build": None,
        "test": "build",
        "attest": "test",
        "publish": "attest",
        "announce": "publish",
    }


def test_a_release_is_not_made_of_a_tag_of_another_version(tmp_path: Path) -> None:
    (step,) = [
        step for step in steps("release.yml") if step.get("name") == "The tag is the version"
    ]
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("there is no bash")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    codes = {}
    for tag in (f"v{PROJECT['version']}", "v99.0.0", PROJECT["version"], "$(touch canary)"):
        done = subprocess.run(
            [bash, "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", step["run"]],
            cwd=tmp_path,
            env={"PATH": f"{TOOLS}:/usr/bin:/bin", "TAG": tag},
            capture_output=True,
            check=False,
        )
        codes[tag] = done.returncode
    assert list(codes.values()) == [0, 1, 1, 1]
    assert not (tmp_path / "canary").exists()


@pytest.mark.skipif(not (TOOLS / "zizmor").exists(), reason="zizmor is not installed")
def test_an_auditor_of_workflows_finds_nothing(tmp_path: Path) -> None:
    command = [str(TOOLS / "zizmor"), "--offline", "--persona=auditor", "--no-config"]
    done = subprocess.run([*command, str(GITHUB)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    folder = tmp_path / ".github" / "workflows"
    folder.mkdir(parents=True)
    text = (GITHUB / "workflows" / "release.yml").read_text("utf-8")
    (folder / "release.yml").write_text(
        text.replace('"$TAG" --verify', "${{ github.ref_name }} --v")
    )
    assert subprocess.run([*command, str(tmp_path)], capture_output=True, check=False).returncode


def test_every_python_that_is_meant_is_tested_on_every_system() -> None:
    jobs = workflow("tests.yml")["jobs"]
    for job in jobs.values():
        pythons = job["strategy"]["matrix"]["python"]
        assert pythons[0] == PROJECT["requires-python"].removeprefix(">=")
        assert pythons == ["3.11", "3.12", "3.13", "3.14"]
    systems = jobs["others"]["strategy"]["matrix"]["system"]
    assert [system.partition("-")[0] for system in systems] == ["macos", "windows"]


def test_targets_of_make_that_workflows_name_are_there() -> None:
    named = {
        target
        for name in WORKFLOWS
        for step in steps(name)
        for line in re.findall(r"^make ([a-z -]+)", step.get("run", ""), re.MULTILINE)
        for target in line.split()
    }
    assert named == {"test", "lint", "docs-site", "dist", "sbom"}
    targets = (ROOT / "Makefile").read_text("utf-8")
    assert [each for each in named if not re.search(f"^{each}:", targets, re.MULTILINE)] == []


def test_nobody_is_asked_for_a_model_or_for_a_bypass_in_public() -> None:
    (choice,) = documents(".github/ISSUE_TEMPLATE/config.yml")
    assert choice["blank_issues_enabled"] is False
    assert any("security/advisories/new" in link["url"] for link in choice["contact_links"])
    (refused,) = documents(".github/ISSUE_TEMPLATE/refused-model.yml")
    asked = [field for field in refused["body"] if field["type"] in ("textarea", "input")]
    assert "report" in [field["id"] for field in asked]
    assert "Do not attach the model" in str(refused)


def test_the_citation_is_of_this_project() -> None:
    (citation,) = documents("CITATION.cff")
    assert citation["version"] == PROJECT["version"]
    assert citation["license"] == PROJECT["license"]
    assert citation["repository-code"] == PROJECT["urls"]["Homepage"]
