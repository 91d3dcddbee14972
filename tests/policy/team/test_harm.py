"""Names that do harm are said to, whatever they are called by; and no other name is."""

from __future__ import annotations

import pytest

from safeload.policy.packs import opt_in_packs
from safeload.policy.policy import Policy
from safeload.policy.team.harm import deceit, harm

SHELL, PROGRAM, CODE = "runs a shell command", "starts a program", "runs Python code"


@pytest.mark.parametrize(
    ("module", "name", "does"),
    [
        ("os", "system", SHELL),
        ("posix", "system", SHELL),
        ("nt", "system", SHELL),
        ("subprocess", "Popen", PROGRAM),
        ("subprocess", "getoutput", SHELL),
        ("subprocess", "Popen.communicate", PROGRAM),
        ("__builtin__", "eval", CODE),
        ("builtins", "exec", CODE),
        ("numpy.f2py", "os.system", SHELL),
        ("numpy.ma.core", "builtins.eval", CODE),
        ("acme.models", "os.popen", SHELL),
        ("builtins", "getattr", "reaches any attribute of an object"),
        ("builtins", "__import__", "imports a module of the file's choice"),
        ("pickle", "loads", "unpickles further data"),
        ("joblib.numpy_pickle", "load", "unpickles further data"),
        ("shutil", "rmtree", "deletes or moves files"),
        ("pathlib", "PosixPath.unlink", "deletes or moves files"),
        ("socket", "create_connection", "connects to other machines"),
    ],
)
def test_what_does_harm_is_known_by_any_of_its_names(module: str, name: str, does: str) -> None:
    assert harm(module, name) == does


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("\u043es", "system"),
        ("sub\u0440rocess", "Popen"),
        ("s\u043alearn.pipeline", "Pipeline"),
        ("sklearn.pipe\u200dline", "Pipeline"),
        ("sklearn.pipeline", "Pipeline "),
        ("posix\n", "system"),
        ("\uff4f\uff53", "system"),
        ("numpy.f2py", "os"),
        ("antigravity", "webbrowser"),
        ("sklearn.pipeline", "Pipeline.fit.__globals__"),
        ("builtins", "object.__subclasses__"),
    ],
)
def test_what_deceives_is_said_to(module: str, name: str) -> None:
    assert deceit(module, name) is not None


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("acme.features", "DateParts"),
        ("acme.code.platform", "Thing"),
        ("acme.os", "System"),
        ("acme.subprocess", "Runner"),
        ("acme.io", "requests"),
        ("code.models", "Ours"),
        ("mod\u00e8le.r\u00e9gression", "For\u00eat"),
        ("\u043c\u043e\u0434\u0435\u043b\u0438", "\u041b\u0435\u0441"),
        ("argparse", "Namespace"),
        ("acme", "A" * 1000),
        ("", ""),
    ],
)
def test_nothing_is_said_of_names_that_are_only_unknown(module: str, name: str) -> None:
    assert (harm(module, name), deceit(module, name)) == (None, None)


def test_hardly_an_allowed_name_is_known_for_harm() -> None:
    entries = Policy.default(packs=opt_in_packs()).entries
    assert {f"{m}.{n}" for m, n in entries if harm(m, n) or deceit(m, n)} == {
        # Their argument rules let nothing through that does any.
        "builtins.getattr",
        "joblib.numpy_pickle.NDArrayWrapper",
        "joblib.numpy_pickle.ZNDArrayWrapper",
    }
