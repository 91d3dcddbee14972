"""``--changed-since`` looks at what differs from a revision, and runs nothing to find out."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

import safeload
from safeload.auditing.run import AuditReport
from safeload.cli.main import main
from safeload.errors import UsageError
from safeload.verdict import Verdict
from tests.auditing.sources.repositories import (
    EVIL,
    LEGITIMATE,
    OTHER,
    POINTER,
    commit,
    git,
    repository,
    write,
)

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="there is no git")

FILES = {
    "a.pkl": LEGITIMATE,
    "kept.pkl": LEGITIMATE,
    "sub/b.pkl": LEGITIMATE,
    "sub/deeper/c.pkl": LEGITIMATE,
    ".gitignore": b"*.tmp\n/ignored/\n",
}


@pytest.fixture(autouse=True)
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of whoever runs the tests, and nothing of a hook that they are run by."""
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A work tree, which is the current folder."""
    top = repository(tmp_path / "tree", FILES)
    monkeypatch.chdir(top)
    return top


def changed(*paths: str | Path, since: str = "main") -> AuditReport:
    return safeload.audit(*paths, changed_since=since)


def names(report: AuditReport) -> list[str]:
    return [file.path for file in report.files]


def error(*paths: str | Path, since: str = "main") -> str:
    with pytest.raises(UsageError) as caught:
        changed(*paths, since=since)
    return caught.value.code


# -- what differs ----------------------------------------------------------------------------------


def test_nothing_differs(tree: Path) -> None:
    report = changed()
    assert (report.files, report.skipped) == ((), ())
    assert report.changed_since is not None
    assert report.changed_since.not_looked_at == len(FILES)
    assert report.changed_since.commits == (git(tree, "rev-parse", "main"),)


def test_committed_staged_written_and_new_files_differ(tree: Path) -> None:
    commit(tree, {"a.pkl": OTHER})
    write(tree, {"sub/b.pkl": OTHER, "staged.pkl": OTHER, "new.pkl": OTHER})
    write(tree, {"x.tmp": EVIL, "ignored/x.pkl": EVIL})
    git(tree, "add", "staged.pkl")
    assert names(changed()) == ["a.pkl", "new.pkl", "staged.pkl", "sub/b.pkl"]


def test_what_others_did_meanwhile_is_theirs(tree: Path) -> None:
    git(tree, "checkout", "--quiet", "main")
    commit(tree, {"kept.pkl": OTHER, "theirs.pkl": OTHER})
    git(tree, "checkout", "--quiet", "work")
    commit(tree, {"a.pkl": OTHER})
    report = changed()
    assert names(report) == ["a.pkl"]
    assert report.changed_since is not None
    assert report.changed_since.commits == (git(tree, "merge-base", "main", "work"),)


def test_files_that_are_gone_or_have_another_name(tree: Path) -> None:
    git(tree, "rm", "--quiet", "a.pkl")
    (tree / "kept.pkl").unlink()
    git(tree, "mv", "sub/b.pkl", "moved.pkl")
    assert names(changed()) == ["moved.pkl"]
    assert changed("a.pkl", "kept.pkl").files == ()


def test_what_is_only_taken_out_of_the_index_is_looked_at(tree: Path) -> None:
    git(tree, "rm", "--quiet", "--cached", "a.pkl")
    with (tree / ".git" / "info" / "exclude").open("a") as exclude:
        exclude.write("a.pkl\n")
    write(tree, {"a.pkl": EVIL})
    assert names(changed()) == ["a.pkl"]


def test_a_file_with_another_time_is_the_same(tree: Path) -> None:
    os.utime(tree / "a.pkl", (1, 1))
    assert changed().files == ()


def test_another_file_with_the_same_time_and_size_is_not(tree: Path) -> None:
    before = (tree / "a.pkl").stat()
    (tree / "a.pkl").write_bytes(LEGITIMATE.replace(b"a", b"b"))
    os.utime(tree / "a.pkl", ns=(before.st_atime_ns, before.st_mtime_ns))
    assert names(changed()) == ["a.pkl"]


def test_files_in_conflict_are_looked_at(tree: Path) -> None:
    commit(tree, {"a.pkl": OTHER})
    git(tree, "checkout", "--quiet", "main")
    commit(tree, {"a.pkl": EVIL})
    with pytest.raises(AssertionError):
        git(tree, "merge", "--quiet", "work")
    assert names(changed()) == ["a.pkl"]


# -- paths -----------------------------------------------------------------------------------------


def test_paths_narrow_it_further(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(
        tree, {"a.pkl": OTHER, "sub/b.pkl": OTHER, "sub/deeper/c.pkl": OTHER, "subtle.pkl": OTHER}
    )
    assert names(changed("sub")) == ["sub/b.pkl", "sub/deeper/c.pkl"]
    assert names(changed("sub/b.pkl", "kept.pkl")) == ["sub/b.pkl"]
    assert names(changed(tree / "sub" / "deeper")) == [str(tree / "sub" / "deeper" / "c.pkl")]
    monkeypatch.chdir("sub")
    assert names(changed(".")) == ["b.pkl", "deeper/c.pkl"]
    assert names(changed("../a.pkl")) == ["../a.pkl"]
    assert names(changed()) == ["../a.pkl", "../sub/b.pkl", "../sub/deeper/c.pkl", "../subtle.pkl"]


def test_a_named_file_that_git_ignores_is_looked_at(tree: Path) -> None:
    write(tree, {"x.tmp": EVIL})
    assert names(changed("x.tmp")) == ["x.tmp"]


def test_a_list_that_nobody_chose_is_narrowed_too(tree: Path) -> None:
    write(tree, {"a.pkl": OTHER, "new.txt": b"no model"})
    listed = ["a.pkl", "kept.pkl", "new.txt"]
    assert names(changed(*listed)) == ["a.pkl", "new.txt"]
    report = safeload.audit(*listed, changed_since="main", if_model=True)
    assert (names(report), [each.path for each in report.skipped]) == (["a.pkl"], ["new.txt"])


def test_a_path_that_leads_nowhere_is_said(tree: Path) -> None:
    (file,) = changed("no/such.pkl").files
    assert (file.path, file.verdict) == ("no/such.pkl", Verdict.INCOMPLETE)


def test_several_work_trees_in_one_run(tree: Path, tmp_path: Path) -> None:
    second = repository(tmp_path / "second", {"z.pkl": LEGITIMATE})
    write(second, {"z.pkl": OTHER})
    write(tree, {"a.pkl": OTHER})
    report = changed(tree, second)
    assert names(report) == [str(tree / "a.pkl"), str(second / "z.pkl")]
    assert report.changed_since is not None
    assert len(report.changed_since.commits) == 2


def test_what_is_no_work_tree(tree: Path, tmp_path: Path) -> None:
    assert error(tmp_path) == "no-work-tree"
    assert error(tree / ".git") == "no-work-tree"
    assert error("s3://bucket/models") == "changed-not-local"
    git(tmp_path, "clone", "--quiet", "--bare", str(tree), "bare.git")
    assert error(tmp_path / "bare.git") == "no-work-tree"


NAMES = [
    "-x.pkl", "--output=x.pkl", "a\nb.pkl", "a\tb.pkl", ' "q".pkl', ":(top)x.pkl", "*.pkl",
    "m\u00f6d.pkl", "back\\slash.pkl", os.fsdecode(b"caf\xe9.pkl"), "-/--/-x.pkl",
]  # fmt: skip


@pytest.mark.skipif(os.name != "posix", reason="few file systems take such names")
def test_names_of_every_kind(tree: Path) -> None:
    commit(tree, dict.fromkeys(NAMES[::2], OTHER))
    write(tree, dict.fromkeys(NAMES[1::2], OTHER))
    assert sorted(names(changed())) == sorted(NAMES)
    for name in NAMES:
        assert names(changed(f"./{name}")) == [name]


# -- revisions -------------------------------------------------------------------------------------


NO_REVISIONS = [
    "none", "-x", "--help", "--output=canary", "main..work", "^main", "main:a.pkl", "main\0", "\n",
    "0" * 40, "@{9}", "x" * 300_000,
]  # fmt: skip


@pytest.mark.parametrize("revision", NO_REVISIONS, ids=range(len(NO_REVISIONS)))
def test_a_revision_that_is_none(tree: Path, revision: str) -> None:
    assert error(since=revision) in {"revision-unknown", "git-failed"}
    assert not (tree / "canary").exists()


@pytest.mark.parametrize("revision", ["main", "HEAD~1", "v1", "main^{/as it}", "work@{1}"])
def test_revisions_are_those_of_git(tree: Path, revision: str) -> None:
    git(tree, "tag", "--annotate", "--message", "one", "v1", "main")
    commit(tree, {"a.pkl": OTHER})
    assert names(changed(since=revision)) == ["a.pkl"]


def test_a_repository_without_a_commit(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet", "empty")
    assert error(tmp_path / "empty", since="HEAD") == "revision-unknown"


def test_a_shallow_clone_says_what_it_lacks(tree: Path, tmp_path: Path) -> None:
    commit(tree, {"a.pkl": OTHER})
    git(tree, "checkout", "--quiet", "main")
    commit(tree, {"theirs.pkl": OTHER})
    git(tree, "checkout", "--quiet", "work")
    origin = tree.as_uri()
    git(tmp_path, "clone", "--quiet", "--depth=1", "--branch=work", origin, "shallow")
    shallow = tmp_path / "shallow"
    with pytest.raises(UsageError) as caught:
        changed(shallow, since="origin/main")
    assert caught.value.code == "revision-unknown"
    assert "fetch-depth" in caught.value.hint
    # With the revision, but without what lies between.
    git(shallow, "fetch", "--quiet", "--depth=1", origin, "main:refs/remotes/origin/main")
    report = changed(shallow, since="origin/main")
    assert names(report) == [str(shallow / "a.pkl")]
    assert len(report.remarks) == 2


# -- other forms of repositories -------------------------------------------------------------------


@pytest.mark.parametrize("form", ["linked", "split", "sparse", "sha256", "partial"])
def test_forms_of_repositories(tree: Path, tmp_path: Path, form: str) -> None:
    top = tree
    if form == "linked":
        top = tmp_path / "linked"
        git(tree, "worktree", "add", "--quiet", "-b", "other", str(top), "main")
    elif form == "split":
        git(tree, "update-index", "--split-index")
        assert list((tree / ".git").glob("sharedindex.*"))
    elif form == "sparse":
        git(tree, "sparse-checkout", "set", "--cone", "--sparse-index", "sub/deeper")
        assert not (tree / "sub" / "other").exists()
    elif form == "sha256":
        top = repository(tmp_path / "sha256", FILES, "--object-format=sha256")
    elif form == "partial":
        git(tree, "config", "uploadpack.allowFilter", "true")
        top = tmp_path / "partial"
        git(
            tmp_path, "clone", "--quiet", "--filter=blob:none", "--no-checkout", tree.as_uri(), form
        )
        git(top, "checkout", "--quiet", "main")
    write(top, {"a.pkl": OTHER, "sub/deeper/d.pkl": OTHER})
    assert names(changed(top)) == [str(top / "a.pkl"), str(top / "sub/deeper/d.pkl")]
    assert changed(top, since="HEAD").files


def test_pointers_of_lfs_are_named_for_what_they_are(tree: Path) -> None:
    commit(tree, {"large.pkl": POINTER, "large.dat": POINTER})
    report = changed()
    (file,) = report.files
    assert (file.path, file.verdict) == ("large.pkl", Verdict.INCOMPLETE)
    assert "Git LFS pointer" in file.findings[0].message
    reasons = {skipped.path: skipped.reason for skipped in report.skipped}
    assert "Git LFS pointer" in reasons["large.dat"]


def test_the_report_says_what_was_not_looked_at(
    tree: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tree, {"a.pkl": EVIL})
    assert main(["audit", "--changed-since", "main", "--format", "json"]) == 1
    shown = capsys.readouterr()
    assert json.loads(shown.out)["changed_since"] == {
        "revision": "main",
        "commits": [git(tree, "rev-parse", "main")],
        "not_looked_at": len(FILES) - 1,
    }
    assert f"Not looked at: {len(FILES) - 1} files" in shown.err
    assert main(["audit", "--changed-since", "main", "--hf-cache"]) == 2
    assert main(["audit", "--changed-since=--all"]) == 2
    assert not (tree / "canary").exists()


def test_no_git_is_an_error(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tree))
    assert error() == "git-missing"


# -- what hides a change ---------------------------------------------------------------------------


@pytest.mark.parametrize("flag", ["--assume-unchanged", "--skip-worktree"])
def test_what_git_was_told_not_to_look_at_is_looked_at(tree: Path, flag: str) -> None:
    git(tree, "update-index", flag, "a.pkl")
    write(tree, {"a.pkl": EVIL})
    assert git(tree, "status", "--porcelain") == ""
    assert names(changed()) == ["a.pkl"]


def test_a_file_that_attributes_make_another_of_is_looked_at(tree: Path, tmp_path: Path) -> None:
    # In the repository it is text in UTF-8, and no pickle.
    git(tree, "checkout", "--quiet", "main")
    commit(tree, {"in/weights.bin": EVIL.decode("latin-1").encode(), "out/weights.bin": b"x"})
    assert safeload.audit(tree).verdict is not Verdict.REFUSE
    git(tree, "checkout", "--quiet", "-B", "work")
    write(tree, {"in/.gitattributes": b"*.bin working-tree-encoding=ISO-8859-1\n"})
    git(tree, "add", "in/.gitattributes")
    git(tree, "commit", "--quiet", "--message", "attributes")
    git(tmp_path, "clone", "--quiet", "--branch=work", tree.as_uri(), "fresh")
    fresh = tmp_path / "fresh"
    assert (fresh / "in" / "weights.bin").read_bytes() == EVIL
    assert git(fresh, "diff", "--name-only", "origin/main", "--", "*.bin") == ""
    report = changed(fresh, since="origin/main")
    assert names(report) == [str(fresh / "in" / "weights.bin")]
    assert report.verdict is Verdict.REFUSE


# Two texts of one length that are stored as the same object.
ALIKE = {
    "text": (b"(I1\r\nI2\nt.", b"(I1\nI2\r\nt."),
    "ident": (b"V$Id: x $\n.", b"V$Id: y $\n."),
    "working-tree-encoding=CP932": (b"V\x81\xe0\n.", b"V\x87\x90\n."),
}


@pytest.mark.parametrize("attribute", ALIKE)
def test_a_file_that_would_be_stored_as_it_was_is_looked_at(tree: Path, attribute: str) -> None:
    before, after = ALIKE[attribute]
    git(tree, "checkout", "--quiet", "main")
    commit(tree, {".gitattributes": f"/a.pkl {attribute}\n".encode(), "a.pkl": before})
    git(tree, "checkout", "--quiet", "-B", "work")
    write(tree, {"a.pkl": after})
    assert git(tree, "diff", "--name-only", "main") == ""
    assert names(changed()) == ["a.pkl"]


def test_another_commit_in_the_place_of_the_revision_is_not_taken(tree: Path) -> None:
    main_is = git(tree, "rev-parse", "main")
    evil = commit(tree, {"a.pkl": EVIL})
    git(tree, "replace", main_is, evil)
    assert git(tree, "diff", "--name-only", "main") == ""
    assert names(changed()) == ["a.pkl"]


@pytest.mark.skipif(os.name != "posix", reason="links are made by few users elsewhere")
def test_links_are_looked_at_whatever_they_were(tree: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside.pkl"
    outside.write_bytes(LEGITIMATE)
    git(tree, "checkout", "--quiet", "main")
    (tree / "link.pkl").symlink_to(outside)
    (tree / "folder").symlink_to(tree / "sub")
    commit(tree, {})
    git(tree, "checkout", "--quiet", "-B", "work")
    outside.write_bytes(EVIL)
    report = changed()
    assert names(report) == ["link.pkl"]
    assert report.verdict is Verdict.REFUSE
    assert [skipped.path for skipped in report.skipped] == ["folder"]
    assert names(changed("link.pkl")) == ["link.pkl"]
    write(tree, {"sub/b.pkl": OTHER})
    assert names(changed("folder")) == ["folder/b.pkl"]


@pytest.mark.skipif(os.name != "posix", reason="there are no pipes with names")
def test_a_pipe_in_the_place_of_a_file_is_not_read(tree: Path) -> None:
    (tree / "a.pkl").unlink()
    os.mkfifo(tree / "a.pkl")
    (file,) = changed().files
    assert (file.path, file.verdict) == ("a.pkl", Verdict.INCOMPLETE)


@pytest.mark.skipif(os.name != "posix", reason="links are made by few users elsewhere")
def test_a_folder_that_became_a_link_is_not_followed(tree: Path, tmp_path: Path) -> None:
    shutil.move(tree / "sub", tmp_path / "elsewhere")
    (tree / "sub").symlink_to(tmp_path / "elsewhere")
    report = changed()
    assert (report.files, [skipped.path for skipped in report.skipped]) == ((), ["sub"])


def test_repositories_within_are_looked_at_in_full(tree: Path, tmp_path: Path) -> None:
    module = repository(tmp_path / "module", {"m.pkl": LEGITIMATE, "n.pkl": LEGITIMATE})
    git(tree, "checkout", "--quiet", "main")
    git(tree, "submodule", "--quiet", "add", str(module), "module")
    commit(tree, {})
    git(tree, "checkout", "--quiet", "-B", "work")
    write(tree / "module", {"m.pkl": EVIL})
    repository(tree / "nested", {"x.pkl": EVIL})
    found = names(changed())
    assert [name for name in found if ".git" not in name] == [
        "module/m.pkl", "module/n.pkl", "nested/x.pkl",
    ]  # fmt: skip
    # By itself, it is a work tree as any other.
    assert names(changed("module", since="HEAD")) == ["module/m.pkl"]


# -- what would run --------------------------------------------------------------------------------

CANARY = "canary-of-git"


@pytest.fixture
def program(tmp_path: Path) -> str:
    """A program that makes a canary, wherever it is run."""
    path = tmp_path / "program"
    path.write_text(f"#!/bin/sh\ntouch {tmp_path / CANARY}\nexit 1\n")
    path.chmod(0o755)
    return str(path)


def fsmonitor(tree: Path, program: str) -> None:
    git(tree, "config", "core.fsmonitor", program)


def hooks(tree: Path, program: str) -> None:
    shutil.copy(program, tree / ".git" / "hooks" / "post-index-change")


def hooks_elsewhere(tree: Path, program: str) -> None:
    shutil.copy(program, tree / "post-index-change")
    git(tree, "config", "core.hooksPath", str(tree))


def clean_filter(tree: Path, program: str) -> None:
    (tree / ".git" / "info" / "attributes").write_text("* filter=mine\n")
    git(tree, "config", "filter.mine.clean", program)


def filter_process(tree: Path, program: str) -> None:
    write(tree, {".gitattributes": b"* filter=lfs\n"})
    git(tree, "config", "filter.lfs.process", program)
    git(tree, "config", "filter.lfs.required", "true")


def external_diff(tree: Path, program: str) -> None:
    git(tree, "config", "diff.external", program)


def text_of(tree: Path, program: str) -> None:
    write(tree, {".gitattributes": b"* diff=mine\n"})
    git(tree, "config", "diff.mine.textconv", program)
    git(tree, "config", "diff.mine.command", program)


TRAPS = [fsmonitor, hooks, hooks_elsewhere, clean_filter, filter_process, external_diff, text_of]


@pytest.mark.skipif(os.name != "posix", reason="the programs are shell scripts")
@pytest.mark.guarantee("G7")
@pytest.mark.parametrize("trap", TRAPS, ids=lambda trap: trap.__name__)
def test_nothing_that_a_repository_names_is_run(
    tree: Path, tmp_path: Path, program: str, trap: Callable[[Path, str], None]
) -> None:
    trap(tree, program)
    before = (tree / "a.pkl").stat().st_mtime_ns
    (tree / "a.pkl").write_bytes(LEGITIMATE.replace(b"a", b"b"))
    os.utime(tree / "a.pkl", ns=(before, before + 1))
    assert "a.pkl" in names(changed())
    assert not (tmp_path / CANARY).exists()
    # The trap works: git itself springs it.
    shutil.copy(tree / "a.pkl", tree / "copy.pkl")
    for words in (["status"], ["--no-pager", "diff", "main"], ["add", "copy.pkl"]):
        if not (tmp_path / CANARY).exists():
            _as_a_user(tree, *words)
    assert (tmp_path / CANARY).exists()


def _as_a_user(tree: Path, *words: str) -> None:
    with suppress(AssertionError):  # a program that is no filter makes git fail
        git(tree, *words)


@pytest.mark.skipif(os.name != "posix", reason="the programs are shell scripts")
@pytest.mark.guarantee("G7")
@pytest.mark.parametrize("address", ["ext::{} %S", "ssh://host/x", "helper::x", "{}/x"])
def test_nothing_is_fetched_that_is_missing(
    tree: Path, tmp_path: Path, program: str, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = git(tree, "rev-parse", "main")
    shutil.copy(program, tmp_path / "git-remote-helper")
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    commit(tree, {"a.pkl": OTHER})
    for name, value in {
        "core.repositoryFormatVersion": "1",
        "core.sshCommand": program,
        "extensions.partialClone": "origin",
        "protocol.allow": "always",
        "protocol.ext.allow": "always",
        "protocol.file.allow": "always",
        "remote.origin.promisor": "true",
        "remote.origin.uploadpack": program,
        "remote.origin.url": address.format(program),
    }.items():
        git(tree, "config", name, value)
    (tree / ".git" / "objects" / base[:2] / base[2:]).unlink()
    assert error(since=base) == "revision-unknown"
    assert not (tmp_path / CANARY).exists()
    if "{}" not in address or address.startswith("ext"):
        _as_a_user(tree, "rev-parse", "--verify", f"{base}^{{commit}}")
        assert (tmp_path / CANARY).exists()


@pytest.mark.skipif(os.name != "posix", reason="the programs are shell scripts")
@pytest.mark.guarantee("G7")
def test_what_repositories_within_name_is_not_run(tree: Path, tmp_path: Path, program: str) -> None:
    module = repository(tmp_path / "module", {"m.pkl": LEGITIMATE})
    git(tree, "submodule", "--quiet", "add", str(module), "module")
    commit(tree, {})
    git(tree / "module", "config", "core.fsmonitor", program)
    # A folder that looks like a repository, as files of a commit can.
    bare = tree / "bare"
    git(tree, "init", "--quiet", "--bare", "bare")
    git(bare, "config", "core.fsmonitor", program)
    git(bare, "config", "core.worktree", str(tree))
    changed()
    changed("module", since="HEAD")
    # Whatever it is taken for, it is not taken for what its own settings say.
    assert error("bare", since="HEAD") == "no-work-tree"
    assert not (tmp_path / CANARY).exists()
    _as_a_user(tree / "module", "status")
    assert (tmp_path / CANARY).exists()


def test_a_work_tree_elsewhere_is_not_believed(tree: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    git(tree, "config", "core.worktree", str(tmp_path / "empty"))
    assert error() in {"no-work-tree", "git-failed"}


def test_what_a_hook_says_of_another_repository_is_not_taken(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    second = repository(tmp_path / "second", {"z.pkl": LEGITIMATE})
    write(tree, {"a.pkl": OTHER})
    for name, value in {
        "GIT_DIR": second / ".git",
        "GIT_WORK_TREE": second,
        "GIT_INDEX_FILE": second / ".git" / "index",
        "GIT_OBJECT_DIRECTORY": second / ".git" / "objects",
        "GIT_EXTERNAL_DIFF": tmp_path / "none",
        "GIT_PREFIX": "sub/",
    }.items():
        monkeypatch.setenv(name, str(value))
    assert names(changed()) == ["a.pkl"]


def test_nothing_is_written_where_the_files_are(tree: Path) -> None:
    os.utime(tree / "a.pkl", (1, 1))
    write(tree, {"new.pkl": OTHER})

    def state() -> dict[Path, tuple[int, int]]:
        found = [path.lstat() for path in sorted(tree.rglob("*"))]
        places = sorted(tree.rglob("*"))
        return {
            place: (status.st_mtime_ns, status.st_ino)
            for place, status in zip(places, found, strict=True)
        }

    before = state()
    changed()
    assert state() == before


@pytest.mark.skipif(os.name != "posix" or os.getuid() != 0, reason="only root gives files away")
def test_whose_repository_it_is_git_decides(tree: Path) -> None:
    for path in [tree, *tree.rglob("*")]:
        os.lchown(path, 4321, 4321)
    assert error() == "repository-owner"
    config = Path(os.environ["GIT_CONFIG_GLOBAL"])
    config.write_text(f"[safe]\n\tdirectory = {tree}\n")
    assert changed().files == ()
