"""An isolated model predicts as it would here, and whatever else it does stays where it is."""

from __future__ import annotations

import os
import socket
import struct
import warnings
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
import skops.io
from scipy import sparse
from sklearn.cluster import KMeans
from sklearn.compose import make_column_transformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import safeload
from safeload.errors import LoadError, RefusedError, UsageError
from safeload.isolation import confinement as confining
from safeload.limits import Isolation
from safeload.policy.policy import Entry, Policy
from safeload.scan.program import Use
from tests.builder import Name, Pickle
from tests.isolation import third_parties
from tests.isolation.third_parties import ThirdParty
from tests.test_guarantees import attack

# A careless policy, which lets a third party's class do what it likes.
CARELESS = Policy(
    {
        **Policy.default().entries,
        (third_parties.__name__, "ThirdParty"): Entry(frozenset(Use), None, "a careless policy"),
    },
    "0" * 64,
)
SLOW = Isolation(seconds=200)


def load(path: Path, model: Any, isolation: Isolation = SLOW) -> safeload.IsolatedModel:
    """Dump a model and load it isolated."""
    joblib.dump(model, path)
    loaded = safeload.load_unsigned(path, policy=CARELESS, isolated=isolation)
    assert isinstance(loaded, safeload.IsolatedModel)
    return loaded


# -- predictions ----------------------------------------------------------------------------------

RANDOM = np.random.default_rng(0)
ROWS = RANDOM.normal(size=(60, 3))
LABELS = np.array(["no", "yes"])[(ROWS[:, 0] > 0).astype(int)]
FRAME = pd.DataFrame(
    {
        "size": ROWS[:, 0],
        "kind": pd.Categorical(np.where(ROWS[:, 1] > 0, "a", "b")),
        "text": np.where(ROWS[:, 2] > 0, "good thing", "bad thing"),
    }
)


class Unreadable:
    """Input that raises an error of its own when it is asked what it is."""

    def __getattr__(self, name: str) -> object:
        raise ZeroDivisionError(name)


def test_it_predicts_as_it_would_here(tmp_path: Path) -> None:
    model = RandomForestClassifier(5, n_jobs=-1, random_state=0).fit(ROWS, LABELS)
    with load(tmp_path / "a.joblib", model) as isolated:
        assert isolated.type == "sklearn.ensemble._forest.RandomForestClassifier"
        assert isolated.methods == ("predict", "predict_proba")
        for rows in (ROWS, np.asfortranarray(ROWS), ROWS[::2], ROWS.tolist()):
            assert (isolated.predict(rows) == model.predict(rows)).all()
            assert (isolated.predict_proba(rows) == model.predict_proba(rows)).all()
        with pytest.raises(LoadError) as caught:
            isolated.predict(ROWS[:, :1])
        assert caught.value.code == "isolated-call-failed"
        assert "3 features" in caught.value.message
        # It failed, and it is still there.
        assert isolated.predict(ROWS[:1]).tolist() == model.predict(ROWS[:1]).tolist()
        with pytest.raises(UsageError) as wrong:
            isolated.transform(ROWS)
        assert wrong.value.code == "isolated-no-method"
        with pytest.raises(UsageError) as wrong:
            isolated.predict(np.array([object()]))
        assert wrong.value.code == "isolated-input"
        with pytest.raises(UsageError) as wrong:
            isolated.predict(Unreadable())
        assert wrong.value.code == "isolated-input"
    with pytest.raises(UsageError) as wrong:
        isolated.predict(ROWS)
    assert wrong.value.code == "isolated-closed"


def test_it_takes_frames_and_texts_and_gives_sparse_matrices(tmp_path: Path) -> None:
    columns = make_column_transformer(
        (StandardScaler(), ["size"]), (OneHotEncoder(), ["kind"]), (TfidfVectorizer(), "text")
    )
    model = make_pipeline(columns, LogisticRegression()).fit(FRAME, LABELS)
    with load(tmp_path / "a.joblib", model) as isolated:
        assert (isolated.predict(FRAME) == model.predict(FRAME)).all()
        assert (isolated.decision_function(FRAME) == model.decision_function(FRAME)).all()
    with load(tmp_path / "a.joblib", TfidfVectorizer().fit(FRAME["text"])) as isolated:
        expected = TfidfVectorizer().fit_transform(FRAME["text"])
        for texts in (FRAME["text"], FRAME["text"].tolist(), FRAME["text"].to_numpy()):
            found = isolated.transform(texts)
            assert sparse.issparse(found)
            assert (found != expected).nnz == 0


def test_libraries_find_what_the_process_has_loaded(tmp_path: Path) -> None:
    # threadpoolctl does: when skops is imported, and when neighbours and clusters are predicted.
    neighbours = KNeighborsClassifier(3).fit(ROWS, LABELS)
    skops.io.dump(neighbours, tmp_path / "a.skops")
    joblib.dump(KMeans(2, n_init=1).fit(ROWS), tmp_path / "a.joblib")
    with safeload.load_unsigned(tmp_path / "a.skops", isolated=SLOW) as isolated:
        assert (isolated.predict(ROWS) == neighbours.predict(ROWS)).all()
    with safeload.load_unsigned(tmp_path / "a.joblib", isolated=SLOW) as isolated:
        assert len(isolated.predict(ROWS)) == len(ROWS)


def test_what_it_warns_of_is_a_warning_here(tmp_path: Path) -> None:
    model = StandardScaler().fit(pd.DataFrame(ROWS, columns=list("abc")))
    with load(tmp_path / "a.joblib", model) as isolated:
        with pytest.warns(UserWarning, match="feature names"):
            found = isolated.transform(ROWS)
        assert (found == model.transform(pd.DataFrame(ROWS, columns=list("abc")))).all()
        frame = pd.DataFrame(ROWS, columns=list("abc"))
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            isolated.transform(frame)


@pytest.mark.parametrize(
    ("returns", "expected"),
    [
        ("data", [1, "a"]),
        ("[np.ones(2), np.zeros(1)]", [[1, 1], [0]]),
        ("np.array(['a'], dtype=object)", ["a"]),
    ],
)
def test_it_returns_what_has_a_form(tmp_path: Path, returns: str, expected: Any) -> None:
    with load(tmp_path / "a.joblib", ThirdParty(returns=returns)) as isolated:
        found = isolated.transform([1, "a"])
        assert [part.tolist() if hasattr(part, "tolist") else part for part in found] == expected


def test_it_returns_nothing_else(tmp_path: Path) -> None:
    with load(tmp_path / "a.joblib", ThirdParty(returns="object()")) as isolated:
        with pytest.raises(LoadError) as caught:
            isolated.transform([])
        assert caught.value.code == "isolated-call-failed"


# -- verdicts -------------------------------------------------------------------------------------


@pytest.mark.guarantee("G8")
def test_what_is_refused_here_is_refused_there(tmp_path: Path) -> None:
    path = tmp_path / "a.pkl"
    path.write_bytes(attack(tmp_path / "canary"))
    with pytest.raises(RefusedError) as there:
        safeload.load_unsigned(path, isolated=True)
    with pytest.raises(RefusedError) as here:
        safeload.load_unsigned(path)
    assert there.value.report == here.value.report
    assert (there.value.message, there.value.hint) == (here.value.message, here.value.hint)
    assert not (tmp_path / "canary").exists()


@pytest.mark.parametrize("isolated", [False, True])
def test_a_library_that_fails_to_be_imported_is_a_load_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, isolated: bool
) -> None:
    (tmp_path / "a_library_that_fails.py").write_text("raise RuntimeError('no place to write')")
    monkeypatch.syspath_prepend(str(tmp_path))
    entry = Entry(frozenset(Use), None, "a library that fails")
    policy = Policy({("a_library_that_fails", "Model"): entry}, "0" * 64)
    path = tmp_path / "a.pkl"
    path.write_bytes(Pickle(4).object_(Name("a_library_that_fails", "Model")).finish())
    with pytest.raises(LoadError) as caught:
        safeload.load_unsigned(path, policy=policy, isolated=isolated)
    assert caught.value.code == "library-failed"
    assert "no place to write" in caught.value.message


def test_a_limit_holds_there_as_well(tmp_path: Path) -> None:
    path = tmp_path / "a.pkl"
    path.write_bytes(Pickle(4).save([[]] * 50).finish())
    with pytest.raises(RefusedError) as caught:
        safeload.load_unsigned(path, isolated=True, limits=safeload.Limits(opcodes=10))
    assert caught.value.exit_code == 3


def test_an_isolated_model_is_not_mapped(tmp_path: Path) -> None:
    path = tmp_path / "a.joblib"
    joblib.dump([1], path)
    with pytest.raises(UsageError) as caught:
        safeload.load_unsigned(path, isolated=True, mmap_mode="r")
    assert caught.value.code == "mmap-mode"


# -- harm -----------------------------------------------------------------------------------------


@pytest.mark.guarantee("G19")
@pytest.mark.parametrize(
    ("on_load", "isolation", "code"),
    [
        ("abort", SLOW, "isolated-crashed"),
        ("segfault", SLOW, "isolated-crashed"),
        ("exit", SLOW, "isolated-failed"),
        ("loop", Isolation(seconds=4), "isolated-timeout"),
        ("loop", Isolation(seconds=200, processor=2), "isolated-timeout"),
        ("memory", SLOW, "isolated-memory"),
        ("fail", SLOW, "load-failed"),
        ("open", SLOW, "seal-broken"),
    ],
)
def test_only_its_own_process_is_harmed_when_it_will(
    tmp_path: Path, on_load: str, isolation: Isolation, code: str
) -> None:
    with pytest.raises(LoadError) as caught:
        load(tmp_path / "a.joblib", ThirdParty(on_load), isolation)
    assert caught.value.code == code
    assert caught.value.hint


def held(model: safeload.IsolatedModel, part: str) -> None:
    """Go on only where this machine confines a part."""
    if not getattr(model.confinement, part):
        pytest.skip(f"{part} are not confined on this machine")


@pytest.mark.guarantee("G20")
def test_it_reads_and_changes_no_files(third_party: safeload.IsolatedModel, tmp_path: Path) -> None:
    held(third_party, "files")
    secret = tmp_path / "secret"
    secret.write_text("secret")
    tried = [
        f"open({str(secret)!r}).read()",
        f"open({str(secret)!r}, 'a')",
        f"open({str(tmp_path / 'new')!r}, 'w')",
        f"__import__('os').mkdir({str(tmp_path / 'new')!r})",
        f"__import__('os').remove({str(secret)!r})",
        f"__import__('os').truncate({str(secret)!r}, 0)",
        f"__import__('os').rename({str(secret)!r}, {str(tmp_path / 'new')!r})",
        f"__import__('os').listdir({str(tmp_path)!r})",
        "open('/proc/1/environ').read()",
        "open('/proc/self/mem', 'rb')",
        "open('/proc/self/environ')",
        "open('/proc/self/maps', 'w')",
        "__import__('subprocess').run(['/bin/true'])",
        "__import__('os').execv('/bin/true', ['true'])",
    ]
    # What is out of sight is not there; what is in sight is not to be touched.
    assert set(third_party.predict(tried)) <= {"PermissionError", "FileNotFoundError"}
    elsewhere = ["open('/etc/passwd').read()", f"open('/proc/{os.getpid()}/environ').read()"]
    assert set(third_party.predict(elsewhere)) <= {"PermissionError", "FileNotFoundError"}
    assert secret.read_text() == "secret"
    assert sorted(tmp_path.iterdir()) == [secret]


@pytest.mark.guarantee("G20")
def test_it_reaches_no_network_and_no_service(
    third_party: safeload.IsolatedModel, tmp_path_factory: pytest.TempPathFactory
) -> None:
    held(third_party, "system_calls")
    path = tmp_path_factory.mktemp("s") / "s"
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket(socket.AF_UNIX) as local:
        local.bind(str(path))
        local.listen()
        tried = [
            f"__import__('socket').create_connection({server.getsockname()})",
            "__import__('socket').socket(__import__('socket').AF_INET, 2)",
            "__import__('socket').socket(__import__('socket').AF_UNIX)",
            "__import__('socket').socket(__import__('socket').AF_NETLINK, 3)",
            "__import__('socket').socketpair()",
        ]
        assert third_party.predict(tried) == ["PermissionError"] * len(tried)
        assert third_party.predict(["__import__('socket').getaddrinfo('pypi.org', 443)"]) == [
            "gaierror"
        ]


@pytest.mark.guarantee("G20")
def test_it_sees_no_other_process(third_party: safeload.IsolatedModel) -> None:
    held(third_party, "processes")
    tried = [f"__import__('os').kill({pid}, 0)" for pid in (os.getpid(), os.getppid(), -1)]
    assert set(third_party.predict(tried)) <= {"ProcessLookupError", "PermissionError"}
    assert int(third_party.predict(["__import__('os').getpid()"])[0]) < 10


@pytest.mark.guarantee("G20")
def test_it_has_no_secrets_and_is_nowhere(third_party: safeload.IsolatedModel) -> None:
    variables, folder = third_party.predict(
        ["sorted(__import__('os').environ)", "__import__('os').getcwd()"]
    )
    assert "PYTEST" not in variables
    assert "PATH" not in variables.replace("LD_LIBRARY_PATH", "")
    assert folder == "/" if third_party.confinement.paths else "FileNotFoundError"


def test_it_uses_no_more_than_its_bounds(third_party: safeload.IsolatedModel) -> None:
    found = third_party.predict(
        [
            "bytearray(1 << 40)",
            "__import__('resource').getrlimit(__import__('resource').RLIMIT_CORE)",
            "__import__('resource').getrlimit(__import__('resource').RLIMIT_FSIZE)",
            "__import__('resource').getrlimit(__import__('resource').RLIMIT_NOFILE)",
            "[open('/dev/zero') for _ in range(1000)]",
            "__import__('resource').setrlimit(__import__('resource').RLIMIT_AS, (-1, -1))",
        ]
    )
    assert found == ["MemoryError", "(0, 0)", "(0, 0)", "(256, 256)", "OSError", "ValueError"]


def test_where_nothing_can_be_confined_it_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from safeload.isolation import process

    monkeypatch.setattr(
        process,
        "_PROGRAM",
        process._PROGRAM.replace(
            "main(",
            "from safeload.isolation import confinement, namespaces\n"
            "namespaces._unshare = confinement.allow_system_calls = lambda: False\n"
            "sys.modules['landlockpy'] = sys.modules['resource'] = None\n"
            "main(",
        ),
    )
    with load(tmp_path / "a.joblib", ThirdParty()) as isolated:
        assert isolated.confinement == confining.Confinement()
        assert isolated.predict(["1 + 1"]) == ["2"]


@pytest.mark.guarantee("G19")
@pytest.mark.parametrize("answer", [b"{}", b'{"warnings": [], "value": {"kind": "pickle"}}', b"x"])
def test_an_answer_that_the_model_forges_is_none(tmp_path: Path, answer: bytes) -> None:
    forged = struct.pack(">QQ", len(answer), 0) + answer
    forge = f"[os.write(n, {forged!r}) for n in range(3, 9) if fcntl.fcntl(n, 3) & 1]"
    forge = forge.replace("os.", "__import__('os').").replace("fcntl.f", "__import__('fcntl').f")
    with load(tmp_path / "a.joblib", ThirdParty()) as isolated:
        with pytest.raises(LoadError) as caught:
            isolated.predict([forge])
        assert caught.value.code == "isolated-garbled"
