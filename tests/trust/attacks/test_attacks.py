"""Each attack ends in an error of its own, and what is not attacked is accepted."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import safeload
from safeload.errors import SafeloadError
from tests.trust.attacks.bundles import BUNDLES
from tests.trust.attacks.folders import FOLDERS
from tests.trust.attacks.rights import RIGHTS
from tests.trust.attacks.scene import Attack, FolderAttack, put_file, put_folder
from tests.trust.attacks.signers import SIGNERS, TWO
from tests.trust.attacks.statements import STATEMENTS

FILES = {
    f"{about}: {sentence}": attack
    for about, table in (
        ("rights", RIGHTS),
        ("signers", SIGNERS),
        ("bundle", BUNDLES),
        ("statement", STATEMENTS),
    )
    for sentence, attack in table.items()
}


def test_what_is_not_attacked_is_accepted(tmp_path: Path) -> None:
    one, two, folder = tmp_path / "one", tmp_path / "two", tmp_path / "folder"
    for made in (one, two, folder):
        made.mkdir()
    model, trust = put_file(one, Attack(code=""))
    assert safeload.verify(model, trust=trust, name="churn").signer == "alice"
    both = Attack(code="", trust=TWO, further={"bob": ("bob", None)})
    model, trust = put_file(two, both)
    assert safeload.verify(model, trust=trust).signers == ("alice", "bob")
    signed, trust = put_folder(folder, FolderAttack(code=""))
    assert safeload.verify(signed, trust=trust).signer == "dave"


@pytest.mark.guarantee("G1")
@pytest.mark.guarantee("G2")
@pytest.mark.guarantee("G3")
@pytest.mark.guarantee("G4")
@pytest.mark.parametrize("attack", FILES.values(), ids=list(FILES))
def test_an_attack_on_a_signed_model_ends_in_its_error(tmp_path: Path, attack: Attack) -> None:
    model, trust = put_file(tmp_path, attack)
    with pytest.raises(attack.error) as caught:
        safeload.verify(model, trust=trust, **attack.ask)
    check(caught.value, attack.code, attack.error)


@pytest.mark.guarantee("G2")
@pytest.mark.skipif(os.name != "posix", reason="links and pipes")
@pytest.mark.parametrize("attack", FOLDERS.values(), ids=list(FOLDERS))
def test_an_attack_on_a_signed_folder_ends_in_its_error(
    tmp_path: Path, attack: FolderAttack
) -> None:
    folder, trust = put_folder(tmp_path, attack)
    with pytest.raises(attack.error) as caught:
        safeload.verify(folder, trust=trust)
    check(caught.value, attack.code, attack.error)


def check(error: SafeloadError, code: str, kind: type[SafeloadError]) -> None:
    assert (type(error), error.code, error.exit_code) == (kind, code, kind.exit_code)
    for text in (error.message, error.hint):
        assert text.isprintable()
        assert text.endswith((".", ")"))
        assert len(text) < 500
