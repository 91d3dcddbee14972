"""No repr of what users get shows the bytes of a file, a key, or the rows of a probe."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

import safeload
from safeload.artefact import Artefact
from safeload.trust.bundle import bundle_path, read_bundle
from safeload.trust.trustfile import TrustFile

ROWS = np.array([[31337.25, 1.0], [2.0, 3.0]])
MODEL = LogisticRegression().fit(ROWS, [0, 1])
# Bytes as Python shows them, keys as PEM has them, and a number of the probe.
SHOWN = re.compile(r"""\bb['"]|bytearray\(|BEGIN |PRIVATE|ssh-ed25519|31337\.25""")
HOLDS_BYTES = re.compile(r"\b(bytes|bytearray|memoryview|Buffer|Memory)\b")
MODULES = sorted(Path(safeload.__file__).parent.rglob("*.py"))


def results(folder: Path) -> Iterator[Any]:
    """What each of the functions hands over, and what it takes."""
    key, second = safeload.SigningKey.generate(), safeload.SigningKey.generate()
    path, trust = folder / "churn.joblib", folder / "trust.toml"
    bundle = safeload.dump(
        MODEL,
        path,
        key=key,
        name="churn",
        version="1",
        probe=ROWS,
        dataset=safeload.Dataset("rows", "0" * 64),
    )
    TrustFile.add(trust, name="alice", key=key.public, models=["churn"])
    yield key
    yield safeload.TrustFile.read(trust)
    yield safeload.verify(path, trust=trust)
    yield safeload.countersign(path, key=second, trust=trust)
    model = safeload.load(path, trust=trust)
    yield safeload.provenance(model)
    yield safeload.audit(path)
    yield safeload.Policy.of(None)
    yield Artefact.of(path)
    yield read_bundle(bundle)
    release = folder / "release"
    release.mkdir()
    (release / "churn.joblib").write_bytes(path.read_bytes())
    safeload.sign(release, key=key, name="churn", version="1", probe=ROWS)
    whole = safeload.verify(release, trust=trust)
    yield whole
    yield whole.open("churn.joblib")
    yield read_bundle(bundle_path(release))
    with safeload.load_unsigned(path, isolated=True) as isolated:
        yield isolated
    (folder / "attack.pkl").write_bytes(b"cposix\nsystem\n(S'31337.25'\ntR.")
    with pytest.raises(safeload.RefusedError) as caught:
        safeload.load_unsigned(folder / "attack.pkl")
    yield caught.value
    yield caught.value.report


def reachable(start: Any) -> Iterator[Any]:
    """An object of safeload's and all that can be reached from it by attributes and items."""
    seen: dict[int, Any] = {}
    ahead = [start]
    while ahead:
        value = ahead.pop()
        if id(value) in seen or isinstance(value, str | bytes | int | float | type):
            continue
        seen[id(value)] = value
        if isinstance(value, Mapping):
            ahead.extend(value.values())
        elif isinstance(value, list | tuple | set | frozenset):
            ahead.extend(value)
        if type(value).__module__.partition(".")[0] == "safeload":
            yield value
            if isinstance(value, safeload.Policy):
                # Thousands of names, with our own words about each.
                continue
            ahead.extend(
                getattr(value, name, None)
                for name in dir(type(value))
                if not name.startswith("_") and not callable(getattr(type(value), name, None))
            )


def test_no_repr_of_what_users_get_shows_bytes_or_keys(tmp_path: Path) -> None:
    looked_at: set[str] = set()
    for result in results(tmp_path):
        for value in reachable(result):
            looked_at.add(type(value).__name__)
            assert not SHOWN.search(repr(value)), type(value)
    assert looked_at >= {
        "Artefact",
        "AuditReport",
        "Countersigned",
        "FileReport",
        "IsolatedModel",
        "Manifest",
        "Model",
        "Policy",
        "Provenance",
        "RefusedError",
        "Resource",
        "SigningKey",
        "TrustFile",
        "TrustedKey",
        "UnverifiedBundle",
        "Verified",
        "VerifyingKey",
    }


def test_the_repr_of_what_was_verified_is_a_line_that_a_terminal_shows(tmp_path: Path) -> None:
    key = safeload.SigningKey.generate()
    path = tmp_path / "churn.joblib"
    safeload.dump(MODEL, path, key=key, name="churn", version="1\x1b[2J")
    trust = TrustFile.add(tmp_path / "t.toml", name="alice", key=key.public, models=["churn"])
    shown = repr(safeload.verify(path, trust=trust))
    assert shown.isprintable()
    assert "churn" in shown
    assert "alice" in shown


def shown_fields(path: Path) -> Iterator[tuple[str, bool]]:
    """The fields of a file's dataclasses that hold bytes, and whether a repr shows them."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if not isinstance(node, ast.ClassDef):
            continue
        decorators = [ast.unparse(decorator) for decorator in node.decorator_list]
        if not any(text.startswith("dataclass") for text in decorators):
            continue
        hidden = any("repr=False" in text for text in decorators)
        for field in node.body:
            if not isinstance(field, ast.AnnAssign):
                continue
            annotation = ast.unparse(field.annotation)
            # A function that takes or makes bytes holds none.
            if HOLDS_BYTES.search(annotation) and not annotation.startswith("Callable["):
                given = "" if field.value is None else ast.unparse(field.value)
                name = f"{path.stem}.{node.name}.{ast.unparse(field.target)}"
                yield name, not hidden and "repr=False" not in given


def test_no_dataclass_shows_a_field_that_holds_bytes() -> None:
    found = [each for path in MODULES for each in shown_fields(path)]
    assert [name for name, is_shown in found if is_shown] == []
    assert len(found) > 10
