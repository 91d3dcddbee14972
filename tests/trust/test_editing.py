"""Edits of a trust file change what they say they change, and nothing else."""

from __future__ import annotations

import multiprocessing
import os
import stat
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from safeload.errors import UsageError
from safeload.trust import editing, rewriting
from safeload.trust.keys import SigningKey
from safeload.trust.trustfile import Revoked, TrustFile, entry_text
from tests.trust.statements import ALICE, BOB
from tests.trust.test_tables import ROOT

A, B, C = ("a" * 64, "b" * 64, "c" * 64)
COMMENTED = f"""\
# Ours. Ask Alice before you change anything.
packs = [ "mlxtend" ]   # for the old ones

[keys.alice] # since 2024
models = ['churn',
          'fraud-*',    # both
]
public = '''
{ALICE.public.pem}'''

# Bob is of the other team.
[keys."bob b"]
public = \"\"\"{BOB.public.pem}\"\"\"
models = ["*"]

# Floors.
[models.churn]
min_serial = 7
"""


def saved(folder: Path, text: str = COMMENTED) -> Path:
    path = folder / "trust.toml"
    path.write_bytes(text.encode())
    path.chmod(0o600)
    return path


def code_of(edit: Callable[[], object]) -> str:
    with pytest.raises(UsageError) as caught:
        edit()
    return caught.value.code


def without_only(text: str) -> str:
    """A text without the first list of statements in it."""
    lines = text.split("\n")
    begin = lines.index("only = [")
    return "\n".join(lines[:begin] + lines[lines.index("]", begin) + 1 :])


# Beginning


@pytest.mark.skipif(os.name != "posix", reason="modes are a POSIX matter")
def test_a_new_trust_file_trusts_nobody_and_is_its_owners_alone(tmp_path: Path) -> None:
    path = editing.begin(tmp_path / "new" / "trust.toml")
    assert TrustFile.read(path) == TrustFile()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    TrustFile.add(path, name="alice", key=ALICE.public, models=["churn"])
    assert code_of(lambda: editing.begin(path)) == "trustfile-exists"
    assert len(TrustFile.read(path).signers) == 1


# Adding


def test_a_key_is_added_with_its_times(tmp_path: Path) -> None:
    begins, ends = datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, 12, 30, tzinfo=UTC)
    path = tmp_path / "trust.toml"
    TrustFile.add(path, name="a", key=ALICE.public, models=["b"], not_before=begins, not_after=ends)
    (signer,) = TrustFile.read(path).signers
    assert (signer.not_before, signer.not_after) == (begins, ends)


def test_certificates_and_identities_are_added(tmp_path: Path) -> None:
    path = saved(tmp_path)
    for name, content in (("roots.pem", ROOT), ("root.json", "{}")):
        (tmp_path / name).write_text(content)
        (tmp_path / name).chmod(0o644)
    who = {"identity": "ml@acme.example"}
    editing.add_signer(
        path, kind="certificates", name="acme", entries={"roots": "roots.pem", **who}, models=["a"]
    )
    editing.add_signer(
        path, kind="certificates", name="own", entries={"roots": ROOT, "identity": "b"},
        models=["a"],
    )  # fmt: skip
    entries = {**who, "issuer": "https://idp", "trusted_root": "root.json"}
    editing.add_signer(path, kind="identities", name="release", entries=entries, models=["*"])
    trust = TrustFile.read(path)
    assert [grant.name for grant in trust.grants] == ["alice", "bob b", "acme", "own", "release"]
    assert path.read_text().startswith(COMMENTED)
    before = path.read_bytes()
    assert (
        code_of(
            lambda: editing.add_signer(
                path, kind="identities", name="acme", entries=entries, models=["*"]
            )
        )
        == "trustfile-has-name"
    )
    # Of two with one identity, a threshold would count both.
    assert (
        code_of(
            lambda: editing.add_signer(
                path, kind="identities", name="again", entries=entries, models=["*"]
            )
        )
        == "trustfile-malformed"
    )
    assert path.read_bytes() == before


# Revoking


def test_a_key_is_revoked_by_the_name_of_its_holder_and_the_rest_stays(tmp_path: Path) -> None:
    path = saved(tmp_path)
    before = TrustFile.read(path)
    _, added = editing.revoke(path, keys=["bob b"], payloads=[A], reason="laptop stolen")
    assert added == Revoked(keys=frozenset({BOB.public.key_id}), payloads=frozenset({A}))
    assert TrustFile.read(path) == replace(before, revoked=added)
    text = path.read_text()
    assert text.startswith(COMMENTED)
    assert text.count("# laptop stolen") == 2


FORMS = {
    "lists of one line": "[revoked]\nkeys = []\npayloads = ['{a}']\nfiles = []\n",
    "lists of several lines": "[revoked]\npayloads = [\n  '{a}',\n\n  # a remark\n]\n",
    "a bracket behind the last item": "[revoked]\npayloads = [\n  '{a}' ]\n",
    "a comment behind the last item": "[revoked]\npayloads = [\n  '{a}' # why\n]\n",
    "a table without lists": "[revoked]  # nothing so far\n",
    "a table at the end, without a line break": "[revoked]",
    "a table before others": "[revoked]\n# none\n\n[models.fraud]\nmin_serial = 1\n",
    "no table": "",
    "lines that end as on Windows": "[revoked]\r\npayloads = [\r\n  '{a}',\r\n]\r\n",
    "keys with points": "revoked.payloads = ['{a}']\nrevoked.files = []\n",
    "names in quotes": "['revoked']\n\"payloads\" = ['{a}']\n",
    "a line that is none to TOML": "# a\u2028b\n[revoked]\n# c\n",
}


@pytest.mark.parametrize("form", FORMS.values(), ids=list(FORMS))
@pytest.mark.parametrize("reason", [None, "stolen ] ' \" # ü"])
def test_whatever_the_form_the_file_says_what_it_has_to(
    tmp_path: Path, form: str, reason: str | None
) -> None:
    first = form.format(a=A)
    path = saved(tmp_path, first + COMMENTED.replace("packs", "#") if first[:1] != "[" else first)
    before = TrustFile.read(path)
    old, remarks = before.revoked, path.read_text().count("#")
    for _ in range(2):
        editing.revoke(path, payloads=[B, C], files=[B], reason=reason)
        revoked = replace(old, payloads=old.payloads | {B, C}, files=old.files | {B})
        assert TrustFile.read(path) == replace(before, revoked=revoked)
    assert path.read_text().count("#") == remarks + (0 if reason is None else 3 * 2)


def test_what_is_revoked_already_is_not_revoked_again(tmp_path: Path) -> None:
    path = saved(tmp_path)
    editing.revoke(path, keys=["alice"], files=[A])
    before = path.read_bytes()
    _, added = editing.revoke(path, keys=[ALICE.public.key_id], files=[A])
    assert added == Revoked()
    assert path.read_bytes() == before


WRONG: dict[str, tuple[str, Callable[[Path], object]]] = {
    "a key of nobody": ("trustfile-has-no", lambda path: editing.revoke(path, keys=["eve"])),
    "a digest of another length": (
        "digest-malformed",
        lambda path: editing.revoke(path, payloads=["a" * 63]),
    ),
    "a digest in upper case": (
        "digest-malformed",
        lambda path: editing.revoke(path, files=["A" * 64]),
    ),
    "a reason of two lines": (
        "argument-value",
        lambda path: editing.revoke(path, keys=["alice"], reason="a\n[revoked]"),
    ),
    "a reason that turns the line around": (
        "argument-value",
        lambda path: editing.revoke(path, keys=["alice"], reason="a\u202eb"),
    ),
    "a signer of nobody": ("trustfile-has-no", lambda path: editing.retire(path, name="eve")),
}


@pytest.mark.parametrize(("code", "edit"), WRONG.values(), ids=list(WRONG))
def test_what_cannot_be_done_changes_nothing(
    tmp_path: Path, code: str, edit: Callable[[Path], object]
) -> None:
    path = saved(tmp_path)
    assert code_of(lambda: edit(path)) == code
    assert path.read_bytes() == COMMENTED.encode()
    path.unlink()
    if code == "trustfile-has-no":
        assert code_of(lambda: edit(path)) == "trustfile-missing"
    assert not list(tmp_path.iterdir())


# Retiring


@pytest.mark.parametrize("name", ["alice", "bob b"])
def test_a_retired_signer_is_trusted_with_what_is_named_and_the_rest_stays(
    tmp_path: Path, name: str
) -> None:
    path = saved(tmp_path)
    before = TrustFile.read(path)
    for only in ((), (A,), (B, A)):
        _, retired = editing.retire(path, name=name, only=only)
        assert retired.only == frozenset(only)
    after = TrustFile.read(path)
    kept = [signer for signer in before.signers if signer.name != name]
    assert [signer for signer in after.signers if signer.name != name] == kept
    text = path.read_text()
    added = [line for line in text.split("\n") if A in line or B in line]
    assert len(added) == 2
    assert without_only(text) == COMMENTED


def test_a_signer_of_any_kind_is_retired(tmp_path: Path) -> None:
    who = {"roots": ROOT, "identity": "b"}
    path = editing.add_signer(
        saved(tmp_path), kind="certificates", name="acme", entries=who, models=["a"]
    )
    _, retired = editing.retire(path, name="acme", only=[A])
    assert TrustFile.read(path).certificates == (retired,)
    assert retired.only == frozenset([A])


def test_a_key_within_a_line_is_not_retired_by_halves(tmp_path: Path) -> None:
    public = ALICE.public.pem.replace("\n", "\\n")
    text = f'keys = {{ alice = {{ public = "{public}", models = ["a"] }} }}\n'
    path = saved(tmp_path, text)
    assert code_of(lambda: editing.retire(path, name="alice")) == "trustfile-edit"
    assert path.read_text() == text


def test_nothing_is_revoked_by_halves_either(tmp_path: Path) -> None:
    text = f"revoked = {{ payloads = ['{A}'] }}\n"
    path = saved(tmp_path, text)
    assert code_of(lambda: editing.revoke(path, files=[B])) == "trustfile-edit"
    assert path.read_text() == text


# Any text


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=15)
@given(
    order=st.permutations(
        [
            entry_text("alice", ALICE.public, ["a"]),
            entry_text("bob", BOB.public, ["*"]) + "only = ['" + C + "']\n",
            "[models.churn] # x\nmin_serial = 1\n",
            "[revoked]\n# y\n",
            "# z\n\n",
        ]
    ),
    blank=st.sampled_from(["", "\n", "# w\n", "   \n\n"]),
    who=st.sampled_from(["alice", "bob"]),
)
def test_in_whatever_order_the_tables_stand_an_edit_is_no_other_one(
    tmp_path: Path, order: list[str], blank: str, who: str
) -> None:
    path = saved(tmp_path, blank.join(order))
    before = TrustFile.read(path)
    lines = path.read_text().split("\n")
    editing.retire(path, name=who, only=[A])
    editing.revoke(path, keys=[who], reason="gone")
    after = TrustFile.read(path)
    assert after.revoked.keys == {ALICE.public.key_id if who == "alice" else BOB.public.key_id}
    assert (after.models, after.packs) == (before.models, before.packs)
    left = path.read_text().split("\n")
    # Each line that was there is there, in its order.
    rest = iter(left)
    assert all(
        any(line.rstrip("]") in candidate for candidate in rest) for line in lines if line.strip()
    )


# Others


def test_a_file_that_others_may_write_is_not_edited(tmp_path: Path) -> None:
    path = saved(tmp_path)
    path.chmod(0o666)
    for edit in (
        lambda: editing.revoke(path, keys=["alice"]),
        lambda: editing.retire(path, name="alice"),
        lambda: editing.begin(path),
    ):
        assert code_of(edit) == "trustfile-writable"
    assert path.read_bytes() == COMMENTED.encode()


def _revoke(path: Path, number: int) -> None:
    editing.revoke(path, files=[f"{number:064x}"])


def _add(path: Path, number: int) -> None:
    key = SigningKey.generate()
    TrustFile.add(path, name=f"key {number}", key=key.public, models=["a"])


def _retire(path: Path, number: int) -> None:
    editing.retire(path, name="alice", only=[f"{number:064x}"])


def test_edits_at_once_lose_nothing(tmp_path: Path) -> None:
    path, each = saved(tmp_path), 4
    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as pool:
        work = [
            pool.submit(edit, path, number)
            for number in range(each)
            for edit in (_revoke, _add, _retire)
        ]
        for done in work:
            done.result()
    trust = TrustFile.read(path)
    numbers = {f"{number:064x}" for number in range(each)}
    assert trust.revoked.files == numbers
    assert trust.signers[0].only == frozenset(numbers)
    assert len(trust.signers) == 2 + each
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_does_not_grow_beyond_what_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = saved(tmp_path)
    monkeypatch.setattr(rewriting, "_BYTES", len(COMMENTED) + 50)
    edits: list[Callable[[], object]] = [
        lambda: editing.revoke(path, files=[A]),
        lambda: TrustFile.add(path, name="e", key=SigningKey.generate().public, models=["a"]),
    ]
    for edit in edits:
        assert code_of(edit) == "trustfile-too-large"
    assert path.read_bytes() == COMMENTED.encode()
