"""The revision of the code in a folder: a commit, and no program of the folder's own is run."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

import safeload
from safeload.errors import UsageError
from safeload.git import program

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="there is no git")


def git(folder: Path, *words: str) -> str:
    """Run git as its user would."""
    who = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "init.defaultBranch=main"]
    return subprocess.run(
        ["git", *who, *words], cwd=folder, check=True, capture_output=True, text=True
    ).stdout.strip()


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with one commit, and nobody's configuration."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    folder = tmp_path / "code"
    folder.mkdir()
    git(folder, "init", "--quiet")
    (folder / "train.py").write_text("fit()\n")
    (folder / "deeper").mkdir()
    (folder / "deeper" / "more.py").write_text("fit()\n")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "-m", "first")
    return folder


def changed(folder: Path) -> None:
    (folder / "train.py").write_text("fit(); cheat()\n")


def staged(folder: Path) -> None:
    changed(folder)
    git(folder, "add", ".")


def touched(folder: Path) -> None:
    os.utime(folder / "train.py", (1, 1))


def committed(folder: Path) -> None:
    staged(folder)
    git(folder, "commit", "--quiet", "-m", "second")


def linked(folder: Path) -> None:
    (folder / "link").symlink_to("train.py")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "-m", "a link")


def hidden(option: str) -> Callable[[Path], None]:
    def make(folder: Path) -> None:
        git(folder, "update-index", option, "train.py")
        changed(folder)

    return make


STATES: dict[str, tuple[Callable[[Path], object], bool]] = {
    "as it was committed": (lambda folder: None, False),
    "with another commit": (committed, False),
    "with files that git does not know": (lambda f: (f / "new.joblib").write_text(""), False),
    "with files that were written again as they were": (touched, False),
    "on no branch": (lambda f: git(f, "checkout", "--quiet", "--detach"), False),
    "with a link": (linked, False),
    "with a file that was changed": (changed, True),
    "with a change that git does not assume": (hidden("--assume-unchanged"), True),
    "with a change that git skips": (hidden("--skip-worktree"), True),
    "with a change that is staged": (staged, True),
    "without a file": (lambda f: (f / "train.py").unlink(), True),
}


@pytest.mark.parametrize("state", STATES)
def test_a_commit_and_whether_files_were_changed(repository: Path, state: str) -> None:
    make, dirty = STATES[state]
    make(repository)
    expected = safeload.Revision(git(repository, "rev-parse", "HEAD"), dirty)
    assert safeload.find_revision(repository) == expected


def test_any_folder_in_the_work_tree_will_do(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = safeload.find_revision(repository)
    assert safeload.find_revision(repository / "deeper") == expected
    monkeypatch.chdir(repository / "deeper")
    assert safeload.find_revision() == expected


def test_a_working_tree_of_its_own(repository: Path) -> None:
    git(repository, "worktree", "add", "--quiet", "../second")
    assert safeload.find_revision(repository / ".." / "second") == safeload.find_revision(
        repository
    )


def test_the_variables_of_a_hook_do_not_lead_elsewhere(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "elsewhere"
    shutil.copytree(repository, elsewhere)
    committed(elsewhere)
    expected = safeload.find_revision(repository)
    monkeypatch.setenv("GIT_DIR", str(elsewhere / ".git"))
    assert safeload.find_revision(repository) == expected


def test_where_there_is_no_revision_there_is_none(tmp_path: Path, repository: Path) -> None:
    for name in ("empty", "unborn"):
        (tmp_path / name).mkdir()
    git(tmp_path / "unborn", "init", "--quiet")
    for name in ("empty", "unborn", "nowhere", "code/train.py"):
        assert safeload.find_revision(tmp_path / name) is None


def test_without_git_there_is_none(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # One that lies in the current folder, or is found by way of it, is no git.
    fake = repository / "git"
    fake.write_text(f"#!/bin/sh\ntouch {repository}/canary\n")
    fake.chmod(0o755)
    monkeypatch.chdir(repository)
    monkeypatch.setenv("PATH", os.pathsep.join(["", ".", "deeper/.."]))
    assert safeload.find_revision() is None
    assert not (repository / "canary").exists()


def attributes(repository: Path) -> None:
    # In the folder's own configuration, so that git takes the file for unchanged but for filters.
    (repository / ".git" / "info" / "attributes").write_text("* filter=evil diff=evil\n")
    # Its content has to be looked at.
    touched(repository)


def configured(*settings: str) -> Callable[[Path, str], None]:
    def make(repository: Path, command: str) -> None:
        attributes(repository)
        for setting in settings:
            git(repository, "config", setting, command)

    return make


def required(repository: Path, command: str) -> None:
    configured("filter.evil.clean")(repository, command)
    git(repository, "config", "filter.evil.required", "true")


def compared(repository: Path, command: str) -> None:
    configured("diff.external", "diff.evil.command")(repository, command)
    changed(repository)


def hooks(repository: Path, command: str) -> None:
    for name in ("post-index-change", "fsmonitor-watchman", "query-watchman"):
        hook = repository / ".git" / "hooks" / name
        hook.write_text(f"#!/bin/sh\n{command}\n")
        hook.chmod(0o755)
    git(repository, "config", "core.fsmonitor", str(hook))
    touched(repository)


def included(repository: Path, command: str) -> None:
    attributes(repository)
    (repository / "hidden").write_text(f'[filter "evil"]\n\tclean = {command}\n\trequired = true\n')
    git(repository, "config", "include.path", "../hidden")


def missing_objects(repository: Path, command: str) -> None:
    git(repository, "config", "extensions.partialClone", "evil")
    git(repository, "config", "remote.evil.url", f"ext::sh -c {command.replace(' ', '% ')}")
    git(repository, "config", "remote.evil.promisor", "true")
    git(repository, "config", "protocol.ext.allow", "always")
    blob = git(repository, "rev-parse", "HEAD:train.py")
    (repository / ".git" / "objects" / blob[:2] / blob[2:]).unlink()
    (repository / "train.py").write_text("git()\n")


# How a folder's own configuration has git run a program; the command makes a file "canary".
PROGRAMS: dict[str, Callable[[Path, str], None]] = {
    "a monitor": configured("core.fsmonitor"),
    "a filter": configured("filter.evil.clean"),
    "a filter that goes on": configured("filter.evil.process"),
    "a filter that has to succeed": required,
    "a filter in another file": included,
    "another program to compare": compared,
    "another program to show": configured("diff.evil.textconv", "core.pager", "pager.diff"),
    "another meaning of a command": configured("alias.diff", "alias.rev-parse", "alias.config"),
    "hooks": hooks,
    "where missing objects come from": missing_objects,
}
# With these, git as anybody calls it does run the program; with the others it may.
LIVE = ["a monitor", "a filter", "a filter that has to succeed", "a filter in another file",
        "another program to compare", "where missing objects come from"]  # fmt: skip


def spoilt(repository: Path, way: str) -> Path:
    canary = repository.parent / "canary"
    PROGRAMS[way](repository, f"touch {canary}")
    return canary


@pytest.mark.parametrize("way", PROGRAMS)
def test_no_program_of_the_folder_is_run(repository: Path, way: str) -> None:
    canary = spoilt(repository, way)
    canary.unlink(missing_ok=True)
    assert safeload.find_revision(repository) is not None
    assert not canary.exists()


@pytest.mark.parametrize("way", LIVE)
def test_the_programs_would_be_run_by_git_alone(repository: Path, way: str) -> None:
    canary = spoilt(repository, way)
    canary.unlink(missing_ok=True)
    subprocess.run(["git", "diff", "HEAD"], cwd=repository, capture_output=True, check=False)
    assert canary.exists()


def test_a_git_that_does_not_end_is_an_error(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "git").write_text("#!/bin/sh\nexec sleep 600\n")
    (folder / "git").chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=os.pathsep)
    monkeypatch.setattr(program, "_PATIENCE", 0.2)
    with pytest.raises(UsageError) as caught:
        safeload.find_revision(repository)
    assert caught.value.code == "revision-unknown"


def test_what_is_no_commit_is_none(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "git").write_text("#!/bin/sh\nprintf '\\033[2Jcommit'\n")
    (folder / "git").chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=os.pathsep)
    assert safeload.find_revision(repository) is None
