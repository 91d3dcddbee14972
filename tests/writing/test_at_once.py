"""Several at once, processes and threads: nothing is lost, nothing is mixed, readers never fail."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

import safeload
from safeload.errors import UsageError
from safeload.trust.trustfile import TrustFile
from tests.writing.scenarios import MODEL, ONE_THREAD, leftovers

ROOT = Path(__file__).parent.parent.parent

DUMPING = """
import sys
from pathlib import Path
import safeload
from sklearn.linear_model import LogisticRegression
from tests.writing.scenarios import DATA, MODEL

folder, who, rounds = Path(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])
key = safeload.SigningKey.read(folder / "key")
for number in range(rounds):
    model = LogisticRegression(C=who + number % 2).fit(DATA, [0, 0, 1, 1])
    safeload.dump(model, folder / MODEL, key=key, name="churn", version=str(model.C))
"""

ADDING = """
import sys
import safeload
path, who, rounds = sys.argv[1], sys.argv[2], int(sys.argv[3])
for number in range(rounds):
    key = safeload.SigningKey.generate()
    safeload.TrustFile.add(path, name=f"{who}-{number}", key=key.public, models=["*"])
"""

KEYGEN = "import sys; from safeload.cli.main import main; sys.exit(main(sys.argv[1:]))"


def started(code: str, *arguments: object) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.Popen(
        command,
        cwd=ROOT,
        env={**os.environ, **ONE_THREAD},
        stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )


def in_threads(action: Callable[[int], object], count: int) -> list[BaseException]:
    """What was raised by an action that several threads take at once."""
    raised: list[BaseException] = []
    together = threading.Barrier(count)

    def run(number: int) -> None:
        together.wait()
        try:
            action(number)
        except UsageError as error:
            raised.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised


@pytest.mark.guarantee("G23")
def test_whoever_loads_while_others_dump_has_one_of_their_models(folder: Path) -> None:
    key = safeload.SigningKey.generate()
    key.write(folder / "key", passphrase=None)
    trust = safeload.TrustFile.read(
        TrustFile.add(folder / "trust.toml", name="a", key=key.public, models=["*"])
    )
    started(DUMPING, folder, 1, 1).wait()
    # Each writes as often as it is told, and the reader reads until they have.
    writers = [started(DUMPING, folder, who, 12) for who in (1, 3)]
    loads = 0
    while loads < 100 or any(writer.poll() is None for writer in writers):
        verified = safeload.verify(folder / MODEL, trust=trust)
        assert verified.manifest.model is not None
        model = safeload.load(folder / MODEL, trust=trust)
        assert model.C in {1.0, 2.0, 3.0, 4.0}
        loads += 1
    assert [writer.wait() for writer in writers] == [0, 0]
    last = safeload.verify(folder / MODEL, trust=trust).manifest.model
    assert last is not None
    assert last.version == str(safeload.load(folder / MODEL, trust=trust).C)
    assert leftovers(folder) == []


@pytest.mark.guarantee("G23")
def test_no_key_is_lost_that_processes_add_at_once(folder: Path) -> None:
    path = folder / "trust.toml"
    writers = [started(ADDING, path, who, 8) for who in "abcd"]
    assert [writer.wait() for writer in writers] == [0] * 4
    names = {signer.name for signer in TrustFile.read(path).signers}
    assert names == {f"{who}-{number}" for who in "abcd" for number in range(8)}
    assert list(folder.iterdir()) == [path]


def test_no_key_is_lost_that_threads_add_at_once(folder: Path) -> None:
    keys = [safeload.SigningKey.generate() for _ in range(8)]
    path = folder / "trust.toml"

    def add(number: int) -> None:
        TrustFile.add(path, name=str(number), key=keys[number].public, models=["*"])

    assert in_threads(add, 8) == []
    assert len(TrustFile.read(path).signers) == 8


@pytest.mark.guarantee("G23")
def test_of_keys_made_at_once_for_one_path_one_is_there_whole(folder: Path) -> None:
    arguments = ["keygen", folder / "key", "--no-passphrase", "--add-to-trust"]
    makers = [started(KEYGEN, *arguments, folder / "trust.toml", "--name", who) for who in "abcd"]
    assert sorted(maker.wait() for maker in makers) == [0, 2, 2, 2]
    private = safeload.SigningKey.read(folder / "key")
    public = safeload.VerifyingKey.from_text((folder / "key.pub").read_text("ascii"))
    assert private.public == public
    # Whose files these are is trusted, and nobody else.
    assert [signer.key for signer in TrustFile.read(folder / "trust.toml").signers] == [public]


def test_of_keys_written_by_threads_to_one_path_one_is_there_whole(folder: Path) -> None:
    keys = [safeload.SigningKey.generate() for _ in range(4)]

    def write(number: int) -> None:
        keys[number].write(folder / "key", passphrase=None, with_public=True)

    raised = in_threads(write, 4)
    assert [error.code for error in raised if isinstance(error, UsageError)] == ["key-exists"] * 3
    public = safeload.VerifyingKey.from_text((folder / "key.pub").read_text("ascii"))
    assert safeload.SigningKey.read(folder / "key").public == public
    assert leftovers(folder) == []
