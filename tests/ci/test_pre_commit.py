"""The hook for pre-commit: its form, and what pre-commit makes of it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from pre_commit.clientlib import InvalidManifestError, load_manifest

from tests.auditing.sources.repositories import (
    EVIL,
    LEGITIMATE,
    POINTER,
    commit,
    git,
    repository,
    write,
)
from tests.ci.documents import ROOT, documents, put_commands, run_script

(HOOKS,) = documents(".pre-commit-hooks.yaml")
(HOOK,) = HOOKS


def pre_commit(work: Path, commands: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run pre-commit in a work tree."""
    path = f"{commands}:/usr/bin:/bin"
    variables = {"PATH": path, "PRE_COMMIT_HOME": str(commands.parent / "home")}
    return run_script([sys.executable, "-m", "pre_commit", *words], work, variables)


def configure(work: Path, hook: dict[str, Any], repository: str = "local", **more: str) -> None:
    """What a user writes into ``.pre-commit-config.yaml``."""
    document = {"repos": [{"repo": repository, "hooks": [hook], **more}]}
    (work / ".pre-commit-config.yaml").write_text(yaml.safe_dump(document))
    git(work, "add", ".pre-commit-config.yaml")


@pytest.fixture
def commands(tmp_path: Path) -> Path:
    return put_commands(tmp_path / "commands")


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """A work tree in which the hook is there already, and need not be installed."""
    top = repository(tmp_path / "work", {"a.pkl": LEGITIMATE, "notes.txt": b"no model"})
    configure(top, {**HOOK, "language": "system"})
    return top


def test_it_is_a_list_of_hooks(tmp_path: Path) -> None:
    manifest = ROOT / ".pre-commit-hooks.yaml"
    assert [hook["id"] for hook in load_manifest(manifest)] == ["safeload-audit"]
    broken = tmp_path / "hooks.yaml"
    broken.write_text(manifest.read_text().replace("entry:", "enter:"))
    with pytest.raises(InvalidManifestError):
        load_manifest(broken)


def test_what_is_committed_is_audited_by_content(work: Path, commands: Path) -> None:
    write(work, {"photo.jpg": EVIL, "readme.md": b"# No model"})
    git(work, "add", "readme.md")
    assert pre_commit(work, commands, "run").returncode == 0
    git(work, "add", "photo.jpg")
    done = pre_commit(work, commands, "run")
    assert done.returncode == 1
    assert "SL101" in done.stdout
    assert "photo.jpg" in done.stdout


@pytest.mark.slow
def test_all_files_are_those_of_git(work: Path, commands: Path) -> None:
    write(work, {"photo.jpg": EVIL})
    done = pre_commit(work, commands, "run", "--all-files")
    assert done.returncode == 0, done.stdout
    git(work, "add", "photo.jpg")
    assert pre_commit(work, commands, "run", "--all-files").returncode == 1


@pytest.mark.slow
def test_a_pointer_in_the_place_of_a_model_is_named(work: Path, commands: Path) -> None:
    write(work, {"large.pkl": POINTER})
    git(work, "add", "large.pkl")
    done = pre_commit(work, commands, "run")
    assert done.returncode == 1
    assert "Git LFS pointer" in done.stdout


@pytest.mark.slow
def test_a_git_hook_that_runs_it_stops_a_commit(
    work: Path, commands: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert pre_commit(work, commands, "install").returncode == 0
    monkeypatch.setenv("PATH", str(commands), prepend=":")
    monkeypatch.setenv("PRE_COMMIT_HOME", str(commands.parent / "home"))
    git(work, "commit", "--quiet", "--message", "the configuration")
    write(work, {"b.pkl": EVIL})
    git(work, "add", "b.pkl")
    with pytest.raises(AssertionError):
        git(work, "commit", "--quiet", "--message", "evil")
    assert "b.pkl" not in git(work, "ls-tree", "--name-only", "HEAD")


OPTIONS = ["--fail-on=never", "-h", "--version", "--policy=a.toml", "--", "-"]


def test_no_name_of_a_file_is_an_option(work: Path, commands: Path) -> None:
    configure(work, {**HOOK, "language": "system", "args": ["--no-notes", *HOOK["args"]]})
    write(work, {**dict.fromkeys(OPTIONS, LEGITIMATE), "sub/b.pkl": EVIL})
    git(work, "add", "--all")
    done = pre_commit(work, commands, "run")
    assert done.returncode == 1
    assert "SL101" in done.stdout


def test_arguments_without_an_end_are_an_error(work: Path, commands: Path) -> None:
    configure(work, {**HOOK, "language": "system", "args": ["--no-notes"]})
    write(work, {"--fail-on=never": LEGITIMATE, "sub/b.pkl": EVIL})
    git(work, "add", "--all")
    done = pre_commit(work, commands, "run")
    assert done.returncode == 1
    assert "--if-model" in done.stdout


# What pip builds it from, beside the folders.
NEEDED = [".pre-commit-hooks.yaml", "LICENSE", "README.md", "pyproject.toml"]


@pytest.mark.slow
def test_it_installs_from_this_repository(tmp_path: Path, commands: Path) -> None:
    files = {name: (ROOT / name).read_bytes() for name in NEEDED}
    source = repository(tmp_path / "source", files)
    for folder in ("safeload", "docs"):
        shutil.copytree(ROOT / folder, source / folder)
    revision = commit(source, {})
    top = repository(tmp_path / "work", {"a.pkl": LEGITIMATE})
    configure(top, {"id": "safeload-audit"}, source.as_uri(), rev=revision)
    done = pre_commit(top, commands, "run", "--all-files")
    assert done.returncode == 0, done.stdout
    write(top, {"photo.jpg": EVIL})
    git(top, "add", "photo.jpg")
    done = pre_commit(top, commands, "run")
    assert done.returncode == 1
    assert "SL101" in done.stdout
