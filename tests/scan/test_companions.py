"""What joblib before 0.10 put into files beside a model is read with it, and nothing else is."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import warnings
import zlib
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import safeload
from safeload.errors import LoadError, RefusedError
from safeload.limits import Limits
from safeload.loading.admit import deserialise
from safeload.verdict import FileReport, Verdict
from tests.builder import Name, Pickle
from tests.containers import EVIL, tarred, zipped
from tests.old_joblib import WRITTEN, dump, dumps, zfile
from tests.trust.statements import ALICE

ARRAY = Name("numpy", "ndarray")
PLAIN = Name("joblib.numpy_pickle", "NDArrayWrapper")
ZIPPED = Name("joblib.numpy_pickle", "ZNDArrayWrapper")
# joblib of today reads none that Python 2 wrote with texts in it that are not ASCII.
FILES = sorted(
    path.name
    for path in WRITTEN.glob("joblib_0.[89]*")
    if not path.name.endswith((".npy", ".z")) and "_py2" not in path.name
)


def audit(path: Path, **more: Any) -> FileReport:
    """The report on one file, which needs no other Python."""
    (report,) = safeload.audit(path, jobs=1, **more).files
    return report


def rules(report: FileReport) -> set[str]:
    return {finding.rule for finding in report.findings}


def npy(array: Any) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


def wrapped(**state: Any) -> bytes:
    """A pickle that is one wrapper."""
    whole = {"filename": "m.pkl_01.npy", "subclass": ARRAY, "allow_mmap": True} | state
    return Pickle(2).object_(PLAIN, state=whole).finish()


def typed(code: str, order: str = "<") -> Any:
    return lambda p: (
        p.call(Name("numpy", "dtype"), code, 0, 1)
        .save((3, order, None, None, None, -1, -1, 0))
        .build()
    )


def bare(*, name: str = "m.pkl_01.npy.z", **changes: Any) -> bytes:
    """A pickle that is one wrapper of an array without a header: two floats."""
    parts = {"version": 1, "shape": (2,), "dtype": typed("f8"), "fortran": False} | changes
    state = {"filename": name, "init_args": (ARRAY, (0,), b"b"), "state": tuple(parts.values())}
    return Pickle(3).object_(ZIPPED, state=state).finish()


def placed(folder: Path, first: bytes, **files: bytes) -> Path:
    for name, data in files.items():
        (folder / name).write_bytes(data)
    path = folder / "m.pkl"
    path.write_bytes(first)
    return path


def test_files_of_old_releases_are_there() -> None:
    assert len(FILES) >= 6


@pytest.mark.parametrize("name", FILES)
def test_what_old_releases_wrote_is_accepted_and_loads_as_joblib_loads_it(name: str) -> None:
    report = audit(WRITTEN / name)
    loaded = safeload.load_unsigned(WRITTEN / name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = joblib.load(WRITTEN / name)

    assert (report.verdict, report.findings) == (Verdict.ACCEPT, ())
    assert [type(one) for one in loaded] == [type(one) for one in expected]
    for one, other in zip(loaded, expected, strict=True):
        np.testing.assert_array_equal(one, other)
        assert getattr(one, "dtype", None) == getattr(other, "dtype", None)


@pytest.mark.parametrize("compress", [False, True])
def test_a_model_is_read_with_its_files_and_predicts(tmp_path: Path, *, compress: bool) -> None:
    data = np.random.default_rng(7).normal(size=(40, 3))
    forest = RandomForestClassifier(n_estimators=2, max_depth=3, random_state=0)
    model = make_pipeline(StandardScaler(), forest).fit(data, data[:, 0] > 0)
    path = dump(model, tmp_path / "m.pkl", compress=compress)

    report = audit(path)
    loaded = safeload.load_unsigned(path)

    assert report.verdict is Verdict.ACCEPT
    files = {file.name for file in tmp_path.iterdir()} - {"m.pkl"}
    assert {member.path for member in report.members} == {"", *files}
    np.testing.assert_array_equal(loaded.predict_proba(data), model.predict_proba(data))


def test_a_folder_is_accepted_with_what_lies_in_it(tmp_path: Path) -> None:
    model = LogisticRegression().fit([[0.0], [1.0]], [0, 1])
    dump(model, tmp_path / "plain.pkl")
    dump(model, tmp_path / "packed.pkl", compress=True)

    report = safeload.audit(tmp_path, jobs=1)

    assert {file.verdict for file in report.files} == {Verdict.ACCEPT}
    assert all(one.path.endswith(".npy.z") for one in report.skipped)
    assert report.exit_code == 0


def test_objects_in_a_file_beside_are_judged(tmp_path: Path) -> None:
    evil = npy(np.array([None], object)).split(b"\n")[0] + b"\n" + EVIL

    report = audit(placed(tmp_path, wrapped(), **{"m.pkl_01.npy": evil}))

    assert report.verdict is Verdict.REFUSE
    assert [one.member for one in report.findings if one.rule == "SL101"] == ["m.pkl_01.npy"]


@pytest.mark.parametrize("content", [EVIL, zipped([("a.npy", EVIL)]), b"", b"\x93NUMPY\x01\x00"])
def test_what_numpy_would_take_for_something_else_is_refused(
    tmp_path: Path, content: bytes
) -> None:
    report = audit(placed(tmp_path, wrapped(), **{"m.pkl_01.npy": content}))

    assert (report.verdict, rules(report)) == (Verdict.REFUSE, {"SL305"})


def test_bytes_behind_the_array_are_refused(tmp_path: Path) -> None:
    report = audit(placed(tmp_path, wrapped(), **{"m.pkl_01.npy": npy(np.arange(3)) + b"."}))

    assert (report.verdict, rules(report)) == (Verdict.REFUSE, {"SL305"})


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    path = placed(tmp_path, wrapped(filename="m\x1b[31m.npy"))

    report = audit(path)

    assert (report.verdict, rules(report)) == (Verdict.INCOMPLETE, {"SL004"})
    assert "m\\x1b[31m.npy" in report.findings[0].message
    assert not any("\x1b" in text for one in report.findings for text in (one.message, one.member))
    with pytest.raises(RefusedError) as caught:
        safeload.load_unsigned(path)
    assert caught.value.code == "companion-files"


@pytest.mark.parametrize("name", [".", "..", "", "/etc/passwd", "../x.npy", "a/b", "a\\b", "C:x"])
def test_a_name_that_leads_elsewhere_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "x.npy").write_bytes(npy(np.arange(3)))
    (tmp_path / "in").mkdir()

    report = audit(placed(tmp_path / "in", wrapped(filename=name)))

    assert (report.verdict, rules(report)) == (Verdict.REFUSE, {"SL308"})


@pytest.mark.parametrize("kind", ["link", "folder", "pipe", "link in a circle"])
def test_what_is_no_file_is_not_read(tmp_path: Path, kind: str) -> None:
    path, place = placed(tmp_path, wrapped()), tmp_path / "m.pkl_01.npy"
    (tmp_path / "elsewhere").write_bytes(npy(np.arange(3)))
    if kind == "folder":
        place.mkdir()
    elif kind == "pipe":
        os.mkfifo(place)
    else:
        place.symlink_to("elsewhere" if kind == "link" else place.name)

    report = audit(path)

    assert (report.verdict, rules(report)) == (Verdict.INCOMPLETE, {"SL004"})


def test_what_is_loaded_is_what_was_judged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = placed(tmp_path, wrapped(), **{"m.pkl_01.npy": npy(np.arange(3))})

    def late(*args: Any, **more: Any) -> Any:
        (tmp_path / "m.pkl_01.npy").write_bytes(npy(np.array([None], object))[:-4] + EVIL)
        return deserialise(*args, **more)

    monkeypatch.setattr("safeload.gate.deserialise", late)

    np.testing.assert_array_equal(safeload.load_unsigned(path), np.arange(3))


def test_all_files_together_are_bounded(tmp_path: Path) -> None:
    path = placed(tmp_path, wrapped(), **{"m.pkl_01.npy": npy(np.zeros(1_000))})
    sizes = sum(file.stat().st_size for file in tmp_path.iterdir())

    assert audit(path, limits=Limits(bytes_in=sizes)).verdict is Verdict.ACCEPT
    assert audit(path, limits=Limits(bytes_in=sizes - 1)).verdict is Verdict.INCOMPLETE


def test_a_signed_load_and_a_process_of_its_own_take_no_files_beside(tmp_path: Path) -> None:
    path = placed(tmp_path, wrapped(), **{"m.pkl_01.npy": npy(np.arange(3))})

    for attempt in (
        lambda: safeload.sign(path, key=ALICE, name="m", version="1"),
        lambda: safeload.load_unsigned(path, isolated=True),
    ):
        with pytest.raises((RefusedError, LoadError)) as caught:
            attempt()
        assert caught.value.code == "companion-files"


def test_bytes_and_open_files_have_nothing_beside_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = placed(tmp_path, wrapped(), **{"m.pkl_01.npy": npy(np.arange(3))})
    monkeypatch.chdir(tmp_path)

    for source in (path.read_bytes(), io.BytesIO(path.read_bytes()), path.open("rb")):
        with pytest.raises(RefusedError) as caught:
            safeload.load_unsigned(source)
        assert caught.value.code == "companion-files"
        if isinstance(source, io.BufferedReader):
            source.close()
    assert safeload.load_unsigned("m.pkl").tolist() == [0, 1, 2]


@pytest.mark.parametrize("mmap_mode", ["r", "c"])
def test_arrays_beside_are_mapped(tmp_path: Path, mmap_mode: str) -> None:
    path = placed(tmp_path, wrapped(), **{"m.pkl_01.npy": npy(np.arange(3))})

    array = safeload.load_unsigned(path, mmap_mode=mmap_mode)

    assert array.flags.writeable is (mmap_mode == "c")
    np.testing.assert_array_equal(array, np.arange(3))


# Wrappers that no joblib wrote, and what is found of each.
FORGED: dict[str, tuple[bytes, str]] = {
    "a name that is not a text": (wrapped(filename=b"m.pkl_01.npy"), "SL210"),
    "another attribute": (wrapped(read=None), "SL210"),
    "a type that is none of arrays": (wrapped(subclass=Name("builtins", "list")), "SL210"),
    "mapping that is not a bool": (wrapped(allow_mmap=1), "SL210"),
    "no state": (Pickle(2).object_(PLAIN).finish(), "SL215"),
    "a state twice": (
        Pickle(2)
        .object_(PLAIN, state={"filename": "a", "subclass": ARRAY})
        .empty_dict()
        .build()
        .finish(),
        "SL104",
    ),
    "a call": (Pickle(2).call(PLAIN, "m.pkl_01.npy", ARRAY).finish(), "SL102"),
    "a reference": (Pickle(2).save(PLAIN).finish(), "SL102"),
    "the module it is defined in": (
        Pickle(2).object_(Name("joblib.numpy_pickle_compat", "NDArrayWrapper")).finish(),
        "SL101",
    ),
    "a wrapper from the memo": (
        Pickle(2).save(PLAIN, ()).newobj().put(9).get(9).tuple2().finish(),
        "SL215",
    ),
    "no dtype": (bare(dtype="f8"), "SL210"),
    "objects": (bare(dtype=typed("O8", "|")), "SL210"),
    "another version": (bare(version=2), "SL210"),
    "a version that is a bool": (bare(version=True), "SL210"),
    "a shape of floats": (bare(shape=(2.0,)), "SL210"),
    "a shape below zero": (bare(shape=(-2,)), "SL210"),
    "a shape of very many dimensions": (bare(shape=(1,) * 65), "SL210"),
    "an order that is not a bool": (bare(fortran=2), "SL210"),
    "one part more": (bare(more=b"12345678"), "SL210"),
    "another number of elements": (bare(shape=(3,)), "SL210"),
    "elements of no size": (bare(dtype=typed("V0", "|"), shape=(2**40,)), "SL210"),
}


@pytest.mark.parametrize("case", FORGED)
def test_what_no_joblib_wrote_is_refused(tmp_path: Path, case: str) -> None:
    data, rule = FORGED[case]
    files = {"m.pkl_01.npy": npy(np.arange(2.0)), "m.pkl_01.npy.z": zfile(bytes(16))}

    report = audit(placed(tmp_path, data, **files))

    assert report.verdict is Verdict.REFUSE
    assert rule in rules(report)


def test_the_legitimate_form_of_those_is_accepted(tmp_path: Path) -> None:
    path = placed(tmp_path, bare(), **{"m.pkl_01.npy.z": zfile(np.arange(2.0).tobytes())})

    assert audit(path).verdict is Verdict.ACCEPT
    np.testing.assert_array_equal(safeload.load_unsigned(path), np.arange(2.0))


@pytest.mark.parametrize(
    ("content", "verdict"),
    [
        (b"ZF0x10".ljust(21) + zlib.compress(bytes(16)), Verdict.ACCEPT),
        # Python 2 wrote one space more.
        (b"ZF0x10".ljust(22) + zlib.compress(bytes(16)), Verdict.ACCEPT),
        (b"ZF0x11".ljust(21) + zlib.compress(bytes(16)), Verdict.REFUSE),
        (b"ZF-0x1".ljust(21) + zlib.compress(bytes(16)), Verdict.REFUSE),
        (b"ZF".ljust(21) + zlib.compress(bytes(16)), Verdict.REFUSE),
        (b"ZF0x10".ljust(21) + zlib.compress(bytes(16)) + b".", Verdict.REFUSE),
        (b"ZF0x10".ljust(21) + zlib.compress(bytes(16))[:-1], Verdict.REFUSE),
        (zlib.compress(bytes(16)), Verdict.REFUSE),
        (bytes(16), Verdict.REFUSE),
    ],
)
def test_bytes_alone_are_as_long_as_they_say(
    tmp_path: Path, content: bytes, verdict: Verdict
) -> None:
    assert audit(placed(tmp_path, bare(), **{"m.pkl_01.npy.z": content})).verdict is verdict


def test_a_bomb_beside_ends_at_the_limit(tmp_path: Path) -> None:
    bomb = zfile(bytes(1 << 20))

    path = placed(tmp_path, bare(shape=(1 << 17,)), **{"m.pkl_01.npy.z": bomb})

    assert audit(path).verdict is Verdict.ACCEPT
    report = audit(path, limits=Limits(bytes_out=1 << 19))
    assert (report.verdict, rules(report)) == (Verdict.INCOMPLETE, {"SL002"})


def test_no_array_lies_between_the_opcodes_of_an_old_file(tmp_path: Path) -> None:
    # joblib takes it for a wrapper without an array there, and reads on in the array's bytes.
    data = Pickle(3).array(np.arange(4.0).tobytes()).finish()

    report = audit(placed(tmp_path, zfile(data)))

    assert (report.verdict, rules(report)) == (Verdict.REFUSE, {"SL210"})


def test_wrappers_within_objects_stay_what_they_are(tmp_path: Path) -> None:
    objects = npy(np.array([None], object)).split(b"\n")[0] + b"\n" + wrapped()
    files = {"m.pkl_01.npy": objects}

    report = audit(placed(tmp_path, wrapped(), **files))

    assert report.verdict is Verdict.REFUSE
    assert "SL215" in rules(report)


@pytest.mark.parametrize("pack", [zipped, tarred], ids=["zip", "tar"])
@pytest.mark.parametrize("folder", ["", "a/b/"])
def test_in_an_archive_its_files_lie_beside_it(tmp_path: Path, pack: Any, folder: str) -> None:
    model = LogisticRegression().fit([[0.0], [1.0]], [0, 1])
    files = [(folder + name, data) for name, data in dumps(model, "m.pkl", compress=True).items()]
    elsewhere = [(f"c/{name}" if n else name, data) for n, (name, data) in enumerate(files)]

    (tmp_path / "in.bin").write_bytes(pack(files))
    (tmp_path / "apart.bin").write_bytes(pack(elsewhere))
    (tmp_path / "twice.bin").write_bytes(pack([*files, files[1]]))

    assert audit(tmp_path / "in.bin").verdict is Verdict.ACCEPT
    assert rules(audit(tmp_path / "apart.bin")) == {"SL004"}
    assert "SL004" in rules(audit(tmp_path / "twice.bin"))


def test_what_is_found_is_neither_kept_nor_accepted_for_later(tmp_path: Path) -> None:
    folder = tmp_path / "models"
    folder.mkdir()
    path = placed(folder, wrapped(), **{"m.pkl_01.npy": npy(np.arange(3))})
    for file in folder.iterdir():
        os.utime(file, (1_000_000_000, 1_000_000_000))
    cache = tmp_path / "cache"

    first = audit(path, cache=cache)
    baseline = tmp_path / "baseline.toml"
    baseline.write_text(
        f'[[accepted]]\nsha256 = "{first.sha256}"\nrule = "SL305"\nreason = "r"\nauthor = "a"\n'
        "until = 2999-01-01\n"
    )
    (folder / "m.pkl_01.npy").write_bytes(b"no array")
    second = audit(path, cache=cache, baseline=baseline)

    assert (first.verdict, second.verdict) == (Verdict.ACCEPT, Verdict.REFUSE)
    assert second.counted is Verdict.REFUSE


def test_joblib_runs_what_is_refused(tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    payload = Pickle(2).call(Name("posix", "system"), f"touch {canary}").finish()
    path = placed(tmp_path, wrapped(), **{"m.pkl_01.npy": payload})
    code = "import joblib, sys; joblib.load(sys.argv[1])"

    subprocess.run([sys.executable, "-c", code, path], check=False, capture_output=True)

    assert canary.exists()
    assert audit(path).verdict is Verdict.REFUSE
