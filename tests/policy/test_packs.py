"""The packs themselves: what is on them exists, does only what it says, and is up to date."""

from __future__ import annotations

import importlib
import inspect
import json
import re
import subprocess
import sys
import tomllib
import warnings
from importlib import metadata
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from safeload.policy.packs import opt_in_packs, shipped_packs
from safeload.policy.policy import Entry, Policy
from safeload.policy.rules import RULES
from safeload.scan.program import Use

ROOT = Path(__file__).resolve().parent.parent.parent
ENTRIES = Policy.default(packs=opt_in_packs()).entries
PACKS = [
    tomllib.loads(path.read_text(encoding="utf-8"))
    for path in sorted((ROOT / "safeload" / "policy" / "packs").glob("*.toml"))
]

# Whatever runs, opens, imports, fetches or evaluates, also where it lives under a trusted prefix.
NEVER = [
    ("builtins", "__import__"),
    ("builtins", "compile"),
    ("builtins", "eval"),
    ("builtins", "exec"),
    ("builtins", "input"),
    ("builtins", "map"),
    ("builtins", "open"),
    ("builtins", "setattr"),
    ("functools", "reduce"),
    ("importlib", "import_module"),
    ("joblib", "Memory"),
    ("joblib", "Parallel"),
    ("joblib", "load"),
    ("joblib.numpy_pickle", "load"),
    ("joblib.numpy_pickle_compat", "NDArrayWrapper"),
    ("joblib.numpy_pickle_compat", "ZNDArrayWrapper"),
    ("numpy", "apply_along_axis"),
    ("numpy", "fromfile"),
    ("numpy", "frompyfunc"),
    ("numpy", "genfromtxt"),
    ("numpy", "load"),
    ("numpy", "loadtxt"),
    ("numpy", "save"),
    ("numpy", "savetxt"),
    ("numpy", "savez"),
    ("numpy._core", "_DType_reconstruct"),
    ("numpy._core", "_ufunc_reconstruct"),
    ("numpy.ctypeslib", "load_library"),
    ("numpy.lib.format", "open_memmap"),
    ("numpy.lib.stride_tricks", "as_strided"),
    ("numpy.testing._private.utils", "runstring"),
    ("os", "system"),
    ("pandas", "eval"),
    ("pandas", "read_csv"),
    ("pandas", "read_pickle"),
    ("pandas.io.pickle", "read_pickle"),
    ("pickle", "loads"),
    ("posix", "system"),
    ("runpy", "run_path"),
    ("scipy.io", "loadmat"),
    ("scipy.spatial._ckdtree", "cKDTree"),
    ("scipy.stats._distn_infrastructure", "rv_continuous"),
    ("sklearn.datasets", "fetch_openml"),
    ("sklearn.datasets._base", "load_files"),
    ("sklearn.utils.parallel", "_FuncWrapper"),
    ("subprocess", "Popen"),
    ("sys", "exit"),
    ("types", "CodeType"),
    ("types", "FunctionType"),
    ("webbrowser", "open"),
]

# The Python functions that legitimate files call; each is how a library makes an object of its own.
CALLED_FUNCTIONS = {
    "__RandomState_ctor",
    "_ufunc_reconstruct",
    "_builtin_type",
    # Of dill, each under a rule that takes nothing but what dill writes.
    "_create_array",
    "_create_namedtuple",
    "_eval_repr",
    "_getattr",
    "_load_type",
    # Of cloudpickle and others.
    "_make_dict_items",
    "_make_dict_keys",
    "_make_dict_values",
    "getLogger",
    "_UTC",
    "__bit_generator_ctor",
    "__generator_ctor",
    "__newobj__",
    "__randomstate_ctor",
    "_compile",
    "_convert_to_stringdtype_kwargs",
    "_frombuffer",
    "_mareconstruct",
    "_new_DatetimeIndex",
    "_new_Index",
    "_new_IntervalIndex",
    "_new_PeriodIndex",
    "_new_TimedeltaIndex",
    "_p",
    "_reconstructor",
    "unpickle_function",
}


def resolved(module: str, name: str) -> Any:
    """What a name stands for here, or None: packs name what other releases have as well."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            value: Any = importlib.import_module(module)
            for part in name.split("."):
                value = getattr(value, part)
        except (ImportError, AttributeError):
            return None
    return value


@pytest.mark.guarantee("G8")
@pytest.mark.parametrize(("module", "name"), NEVER)
def test_never_on_a_list(module: str, name: str) -> None:
    assert (module, name) not in ENTRIES


@pytest.mark.guarantee("G8")
@pytest.mark.parametrize(
    ("module", "name", "rule"),
    [
        ("builtins", "type", "type_of_constant"),
        ("numpy.core", "_ufunc_reconstruct", "ufunc_name"),
    ],
)
def test_what_could_make_or_import_anything_is_called_under_its_rule_alone(
    module: str, name: str, rule: str
) -> None:
    entry = ENTRIES[module, name]
    assert (entry.uses, entry.rule) == (frozenset([Use.CALL]), rule)


@pytest.mark.guarantee("G8")
def test_what_reaches_any_attribute_or_method_has_a_rule_that_says_which() -> None:
    rules = {name: ENTRIES["operator", name].rule for name in ("attrgetter", "methodcaller")}
    assert rules == {"attrgetter": "operator_getter", "methodcaller": "operator_caller"}
    entry = ENTRIES["scipy._lib._uarray._backend", "unpickle_function"]
    assert (entry.uses, entry.rule) == (frozenset([Use.CALL]), "fourier_name")


@pytest.mark.guarantee("G8")
def test_a_model_that_is_made_under_a_rule_is_no_value_that_could_be_called() -> None:
    ruled = {
        key: entry for key, entry in ENTRIES.items() if entry.rule in ("composite", "vectoriser")
    }
    assert len(ruled) > 30
    assert not [key for key, entry in ruled.items() if Use.REFERENCE in entry.uses]


def test_a_class_is_held_to_the_same_by_the_name_that_another_release_has_for_it() -> None:
    table = ROOT / "safeload" / "policy" / "callables" / "derived.json"
    elsewhere = json.loads(table.read_text(encoding="utf-8"))["elsewhere"]
    compared = 0
    for old, module in elsewhere.items():
        before, _, name = old.partition(":")
        there, here = ENTRIES.get((before, name)), ENTRIES.get((module, name))
        if there is not None and here is not None:
            compared += 1
            assert (there.native, there.rule) == (here.native, here.rule), old
            assert there.uses <= here.uses, old
    assert compared > 100


def test_no_entry_is_a_module_or_a_descriptor() -> None:
    assert not [key for key in ENTRIES if isinstance(resolved(*key), ModuleType | property)]


def test_most_entries_exist_in_the_installed_releases() -> None:
    here = [
        key
        for key, entry in ENTRIES.items()
        if not entry.distributions or any(map(_versions, entry.distributions))
    ]
    missing = [key for key in here if resolved(*key) is None]
    assert len(here) > 2_000
    assert len(missing) < len(here) / 5


def test_every_entry_but_those_of_python_says_what_provides_it() -> None:
    without = {entry.source for entry in ENTRIES.values() if not entry.distributions}
    assert without == {"python.toml"}


def test_only_reconstructors_are_python_functions_that_may_be_called() -> None:
    called = {
        name
        for (module, name), entry in ENTRIES.items()
        if Use.CALL in entry.uses
        # That rule refuses every call; the function only serves to make a partial.
        and entry.rule != "within_partial"
        and inspect.isfunction(resolved(module, name))
    }
    assert called <= CALLED_FUNCTIONS


@pytest.mark.guarantee("G8")
def test_no_python_function_of_scikit_learn_may_be_called() -> None:
    for (module, name), entry in ENTRIES.items():
        if module.startswith("sklearn") and Use.CALL in entry.uses:
            assert not inspect.isfunction(resolved(module, name))


@pytest.mark.guarantee("G11")
def test_a_class_that_executes_its_state_is_constructed_only_under_its_rule() -> None:
    from scipy.stats._distn_infrastructure import rv_generic

    def is_distribution(key: tuple[str, str]) -> bool:
        value = resolved(*key)
        return inspect.isclass(value) and issubclass(value, rv_generic)

    entries: list[Entry] = [entry for key, entry in ENTRIES.items() if is_distribution(key)]
    assert len(entries) > 100
    assert {entry.rule for entry in entries} == {"scipy_distribution"}


def test_a_cache_is_constructed_only_under_its_rule() -> None:
    """With a place it would read pickles from there."""
    entry = ENTRIES["joblib.memory", "Memory"]
    assert entry.uses == {Use.CONSTRUCT}
    assert entry.rule == "memory_without_location"


def test_a_class_that_opens_files_is_never_a_value() -> None:
    assert ENTRIES["numpy", "memmap"].uses == {Use.CONSTRUCT}


def _is_recorded() -> bool:
    """Whether every library that is installed here is so in a release that is recorded."""
    recorded = {path.name for path in (ROOT / "tools" / "releases").iterdir()}
    for pack in PACKS:
        distributions = pack.get("distributions", [])
        installed = [version for name in distributions for version in _versions(name)]
        is_derived = any(name.startswith(f"{pack['library']}-") for name in recorded)
        if is_derived and installed and f"{pack['library']}-{installed[0]}.toml" not in recorded:
            return False
    return True


def _versions(distribution: str) -> list[str]:
    return [found.version for found in metadata.distributions(name=distribution)][:1]


@pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="packs are derived on Python 3.11")
@pytest.mark.skipif(not _is_recorded(), reason="other releases are installed than are recorded")
def test_packs_are_what_the_tool_derives() -> None:
    command = [sys.executable, str(ROOT / "tools" / "derive_packs.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_document_says_why_each_pack_is_off() -> None:
    text = (ROOT / "docs" / "policy.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `([\w-]+)` \| (its .*|numba .*) \|$", text, re.MULTILINE))
    assert rows == {name: shipped_packs()[name].why for name in opt_in_packs()}


def test_the_document_names_every_argument_rule() -> None:
    text = (ROOT / "docs" / "policy.md").read_text(encoding="utf-8")
    assert [rule for rule in RULES if f"| `{rule}` |" not in text] == []


def test_the_policy_files_in_the_document_are_some() -> None:
    text = (ROOT / "docs" / "policy.md").read_text(encoding="utf-8")
    examples = re.findall(r"^```toml\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    called, versions, by_hand, learnt = (
        Policy.parse(example.encode(), "docs") for example in examples
    )
    signature = called.entries["acme.maths", "log_price"].signature
    assert signature is not None
    assert signature.kinds == {"elementwise"}
    assert versions.version_check("numpy", signed=True) == "warn"
    assert by_hand.entries["acme.features", "Bounds"].rule == "namedtuple"
    assert learnt.entries["acme.text", "tokenise"].uses == {Use.REFERENCE}
