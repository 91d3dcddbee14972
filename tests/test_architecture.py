"""The structure that the guarantees rest on: who imports whom, and what importing costs."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import safeload

PACKAGE = Path(safeload.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))

# Each may import from its own row and from those above; "|" separates what must not meet.
LAYERS = [
    [
        "arguments",
        "error_codes",
        "errors",
        "forks",
        "hashing",
        "limits",
        "memory",
        "placeholders",
        "reading",
        "rule_ids",
        "shipped",
        "unruly",
        "verdict",
        "warned",
    ],
    ["artefact", "beside", "git", "owners", "writing"],
    ["trust", "scan"],
    ["soundness"],
    ["policy"],
    ["loading"],
    ["isolation"],
    ["demands", "gate", "handed", "ledger", "lineage", "parameters", "signing", "verified"],
    ["auditing", "comparing", "converting", "report"],
    ["serving", "watching"],
    ["cli", "pytest_plugin"],
    ["__main__"],
]
RANK = {part: rank for rank, parts in enumerate(LAYERS) for part in parts}
# What never imports what, although it lies above it.
APART = {
    ("trust", "scan"),
    ("scan", "trust"),
    ("soundness", "trust"),
    ("policy", "trust"),
    ("loading", "trust"),
    ("isolation", "trust"),
}

# The one place for each library that turns bytes into objects; the demo, dump() and an isolated
# process that is asked to write models.
DESERIALISERS = {
    # The guard of a process stands in front of pickle's own functions.
    "pickle": {
        "isolation/written.py",
        "loading/guard.py",
        "serving/guard/installing.py",
        "serving/guard/libraries.py",
        "serving/guard/pickles.py",
        "serving/guard/refusal.py",
    },
    "skops": {"isolation/written.py", "loading/skops.py", "signing/dumping.py"},
    "joblib": {"auditing/jobs.py", "isolation/written.py", "signing/dumping.py", "cli/demo.py"},
    "marshal": set(),
    "dill": set(),
    "cloudpickle": set(),
    "shelve": set(),
}


def part_of(module: str) -> str:
    """``safeload.scan.pickle.machine`` belongs to ``scan``."""
    return module.split(".")[1] if "." in module else ""


def imports(path: Path) -> Iterator[str]:
    """Every module that a file imports, wherever in the file it does."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} has a relative import"
            assert node.module is not None
            yield node.module
            # ``from safeload.scan import scan`` names a module, too.
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def name(path: Path) -> str:
    """A module's path as the ids of tests show it."""
    return path.relative_to(PACKAGE).as_posix()


@pytest.mark.parametrize(
    "path", [p for p in MODULES if p.parent != PACKAGE or p.stem in RANK], ids=name
)
def test_imports_run_one_way(path: Path) -> None:
    own = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    others = {part_of(m) for m in imports(path) if m.startswith("safeload.")} & set(RANK)
    assert {part for part in others if RANK[part] > RANK[own]} == set()
    assert {(own, part) for part in others} & APART == set()


# What waits for another process or thread, and gives up at last; and what measures the processor
# time of a process of its own, which other work on the machine does not add to.
AT_THE_CLOCK = {
    "isolation/test_process.py",
    "loading/test_seal.py",
    "policy/call_costs.py",
    "samples.py",
    "test_limits.py",
}
CLOCK = re.compile(r"\b(?:perf_counter|process_time|thread_time|monotonic|time\.time)(?:_ns)?\(\)")


def test_no_test_looks_at_the_clock_of_a_shared_machine() -> None:
    tests = Path(__file__).parent
    files = {path.relative_to(tests).as_posix(): path for path in tests.rglob("*.py")}
    looking = {name for name, path in files.items() if CLOCK.search(path.read_text("utf-8"))}
    assert {name for name in looking if not name.startswith("fuzz/")} == AT_THE_CLOCK


# Where a process has locks that are its own alone: another process never uses what they belong to.
OWN_LOCKS = {"isolation/process.py"}
LOCKS = {"Lock", "RLock", "Condition", "Semaphore", "BoundedSemaphore", "Barrier", "allocate_lock"}


def test_no_lock_is_left_closed_by_a_fork() -> None:
    makers = {name(path) for path in MODULES if LOCKS & set(from_threading(path))}
    assert makers - OWN_LOCKS == {"forks.py"}


def test_nothing_is_kept_under_a_lock_of_pythons() -> None:
    # Until Python 3.12, whoever asks for a cached property holds a lock that all objects share.
    users = {name(path) for path in MODULES if "functools.cached_property" in set(imports(path))}
    assert users == set()


def from_threading(path: Path) -> Iterator[str]:
    """What a file uses of the modules that have locks."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module in {"threading", "_thread"}:
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            yield from [node.attr] if node.value.id in {"threading", "_thread"} else []


# Python's own reader of source fails at times when several threads ask it for a tree, and takes
# far more than any format allows. One place shows what a file would do, and asks one at a time.
READING_SOURCE = {"report/decompiled.py"}


def test_no_file_is_read_as_source() -> None:
    users = {name(path) for path in MODULES if "ast" in set(imports(path))}
    assert users == READING_SOURCE


def test_every_part_has_its_place() -> None:
    parts = {p.relative_to(PACKAGE).parts[0].removesuffix(".py") for p in MODULES}
    assert parts - {"__init__"} == set(RANK)


@pytest.mark.guarantee("G9")
@pytest.mark.parametrize("library", DESERIALISERS)
def test_only_the_guard_deserialises(library: str) -> None:
    importers = {name(p) for p in MODULES if library in {m.split(".")[0] for m in imports(p)}}
    assert importers <= DESERIALISERS[library]


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_a_module_fits_into_one_sitting(path: Path) -> None:
    assert len(path.read_text("utf-8").splitlines()) <= 450


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_a_module_says_what_it_is_for_and_what_it_offers(path: Path) -> None:
    tree = ast.parse(path.read_text("utf-8"))
    assert ast.get_docstring(tree)
    names = {
        target.id
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    assert "__all__" in names or path.name in {"__init__.py", "__main__.py"}


def test_all_is_the_sorted_public_names() -> None:
    public = [n for n in dir(safeload) if not n.startswith("_")]
    assert safeload.__all__ == sorted([*public, "__version__"])
    for n in safeload.__all__:
        assert getattr(safeload, n) is not None


def test_a_name_that_is_not_public_is_no_attribute() -> None:
    with pytest.raises(AttributeError):
        safeload.loads  # noqa: B018


def modules_after(code: str) -> set[str]:
    """The top-level modules that a fresh interpreter has imported after running some code."""
    shown = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys\nprint(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    )
    return {module.split(".")[0] for module in shown.stdout.split("\n")[-2].split()}


HEAVY = {"cryptography", "fickling", "joblib", "numpy", "pandas", "scipy", "skops", "sklearn"}


def test_importing_safeload_imports_no_library() -> None:
    unneeded = HEAVY | {"datetime", "numbers", "pathlib", "platformdirs", "rich"}
    assert modules_after("import safeload") & unneeded == set()


@pytest.mark.guarantee("G7")
def test_an_audit_imports_no_library_that_runs_models(tmp_path: Path) -> None:
    file = tmp_path / "a.pkl"
    file.write_bytes(b"\x80\x04N.")
    code = f"from safeload.cli.main import main\nassert main(['audit', {str(file)!r}]) == 0"
    assert modules_after(code) & HEAVY == set()


@pytest.mark.guarantee("G7")
def test_verifying_imports_no_library_that_runs_models() -> None:
    assert modules_after("import safeload.trust.trustfile") & (HEAVY - {"cryptography"}) == set()
