"""Sign, load and refuse a real model, from start to end, in a temporary folder.

Nothing is sent anywhere and nothing outside of that folder is written. The attacks are real: their
payload creates one file in that folder, and joblib.load runs it.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import runpy
import shlex
import subprocess
import sys
import tempfile
import tomllib
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from safeload.errors import SafeloadError, UsageError

__all__ = ["add_arguments", "run"]

_MODEL = "wine-1.0.0.joblib"
_CANARY = "the-attack-ran"
_PROBE_ROWS = 8


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what ``demo`` takes: nothing."""


def run(options: argparse.Namespace) -> int:
    """Go through every step; the exit code is 0 only if each ended as it should."""
    del options
    with _folder() as folder, contextlib.chdir(folder):
        demo = _Demo()
        try:
            _sign_and_load(demo)
            _refuse(demo)
            _audit_samples(demo)
        except SafeloadError as error:
            # A step that this one needs went wrong; the verb itself has said how.
            demo.missed(error.message)
        return demo.end()


def _folder() -> tempfile.TemporaryDirectory[str]:
    try:
        return tempfile.TemporaryDirectory(prefix="safeload-demo-")
    except OSError as error:
        raise UsageError(
            f"There is no place for temporary files: {error.strerror}.",
            code="no-temporary-folder",
            hint="Set TMPDIR to a folder that you may write to.",
        ) from error


@dataclass
class _Demo:
    """Shows the steps and keeps count of those that did not end as promised."""

    step: int = 0
    misses: list[str] = field(default_factory=list)

    def say(self, title: str) -> None:
        self.step += 1
        print(f"\n[{self.step}] {title}")

    def command(self, line: str, *, expect: int) -> None:
        """Run a command as a shell would, and compare its exit code."""
        from safeload.cli.main import main

        print(f"    $ safeload {line}", flush=True)
        with _indented():
            code = main(shlex.split(line))
        print(f"    exit code {code}")
        self.check(code == expect, f"step {self.step} ended with {code}, not {expect}")

    def outcome(self, text: str) -> None:
        print(f"    {text}")

    def check(self, holds: bool, otherwise: str) -> None:  # noqa: FBT001  # it is what is checked
        if not holds:
            self.missed(otherwise)

    def missed(self, what: str) -> None:
        print(f"    NOT AS PROMISED: {what}")
        self.misses.append(what)

    def end(self) -> int:
        if self.misses:
            print(f"\n{len(self.misses)} of the promises above did not hold. Please report this.")
            return 1
        print(_NEXT)
        return 0


_NEXT = """
Every step ended as promised. What to do next:

    safeload keygen                              make your key, begin your trust file
    safeload sign MODEL --key signing.key --name NAME --version VERSION
    safeload load MODEL                          dry run before you deploy
    safeload audit FOLDER                        see what other people's files would do

and in the program that serves:  model = safeload.load("MODEL", name="NAME")
"""


class _Indent:
    """A stream whose lines are indented in another."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self._at_start = True

    def write(self, text: str) -> int:
        for line in text.splitlines(keepends=True):
            self._stream.write(f"    {line}" if self._at_start else line)
            self._at_start = line.endswith("\n")
        return len(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextlib.contextmanager
def _indented() -> Any:
    """Show what a verb writes, errors too, in one column and in order."""
    stream: Any = _Indent(sys.stdout)
    with contextlib.redirect_stdout(stream), contextlib.redirect_stderr(stream):
        yield


def _sign_and_load(demo: _Demo) -> None:
    import joblib
    import numpy as np

    import safeload

    demo.say("Train a pipeline on the wine data that scikit-learn ships, and save it with joblib.")
    pipeline, rows, accuracy = _train()
    joblib.dump(pipeline, _MODEL)
    np.save("probe.npy", rows[:_PROBE_ROWS])
    demo.outcome(f"{_MODEL}: {Path(_MODEL).stat().st_size:,} bytes, accuracy {accuracy:.3f}")

    demo.say("Make a key, and a trust file that accepts it for models named wine.")
    demo.command(
        "keygen signing.key --no-passphrase --name you --models wine --add-to-trust trust.toml",
        expect=0,
    )
    demo.say("Sign the model, with its predictions for a few rows.")
    demo.command(
        f"sign {_MODEL} --key signing.key --name wine --version 1.0.0 "
        f"--metric accuracy={accuracy:.3f} --probe probe.npy",
        expect=0,
    )
    demo.say("Verify it: who made this file, and is it still that file?")
    demo.command(f"verify {_MODEL} --trust trust.toml", expect=0)

    demo.say("Load it, and compare all predictions with those of the pipeline in memory.")
    model = safeload.load(_MODEL, trust="trust.toml", name="wine")
    same = bool(np.array_equal(model.predict_proba(rows), pipeline.predict_proba(rows)))
    demo.outcome(f'safeload.load("{_MODEL}", trust="trust.toml", name="wine")')
    demo.outcome(f"{len(rows)} rows: predictions are {'identical' if same else 'DIFFERENT'}")
    demo.check(same, "the loaded model predicts otherwise")

    demo.say(
        "Dry run of a deployment: load in another process, compare with the recorded predictions."
    )
    demo.command(f"load {_MODEL} --trust trust.toml --name wine", expect=0)


def _refuse(demo: _Demo) -> None:
    demo.say("Now the attacks. Somebody flips one bit of the file.")
    data = bytearray(Path(_MODEL).read_bytes())
    data[len(data) // 2] ^= 1
    Path("flipped.joblib").write_bytes(data)
    Path("flipped.joblib.sig").write_bytes(Path(f"{_MODEL}.sig").read_bytes())
    demo.command("load flipped.joblib --trust trust.toml", expect=1)

    demo.say("An attacker puts a model of their own in its place, signed with their own key.")
    _sign_as_attacker("attacker.joblib")
    demo.command("load attacker.joblib --trust trust.toml", expect=1)

    demo.say("posix.system is hidden behind the arrays of a joblib file, where many scanners stop.")
    _hide_a_call("attack.joblib")
    _load_unprotected(demo, "attack.joblib")
    demo.command("audit attack.joblib", expect=1)

    demo.say("Not even with the key does such a file get a signature.")
    demo.command("sign attack.joblib --key signing.key --name wine --version 6.6.6", expect=1)
    _load_unsigned(demo, "attack.joblib")
    ran = Path(_CANARY).exists()
    demo.outcome(f"{_CANARY!r} {'EXISTS' if ran else 'was not created'}")
    demo.check(not ran, "the payload ran")


def _load_unprotected(demo: _Demo, path: str) -> None:
    """Show in a child process that the attack is real, and remove what it created."""
    code = f"import joblib; joblib.load({path!r})"
    subprocess.run([sys.executable, "-c", code], check=False, capture_output=True)  # noqa: S603
    ran = Path(_CANARY).exists()
    demo.outcome(f"joblib.load, in another process: {_CANARY!r} {'was' if ran else 'NOT'} created")
    demo.check(ran, "the attack is dead, so refusing it shows nothing")
    Path(_CANARY).unlink(missing_ok=True)


def _load_unsigned(demo: _Demo, path: str) -> None:
    import safeload

    demo.say("Nor does it load without one: the allow-list holds for unsigned files.")
    demo.outcome(f'safeload.load_unsigned("{path}")')
    try:
        safeload.load_unsigned(path)
    except safeload.RefusedError as refusal:
        demo.outcome(f"RefusedError: {refusal.message}")
    else:
        demo.missed("the file was loaded")


def _audit_samples(demo: _Demo) -> None:
    demo.say("Audit the malicious samples of this repository.")
    samples = Path(__file__).resolve().parents[2] / "malicious_samples"
    if not samples.is_dir():
        demo.outcome("They come with the repository, not with the package: left out here.")
        return
    from safeload.auditing.run import audit
    from safeload.cli.progress import shown
    from safeload.verdict import Verdict

    built, left_out = _build(samples, Path("samples"))
    with shown("Auditing", total=len(built)) as advance:
        verdicts = []
        for path in built:
            verdicts.append(audit(path).verdict)
            advance(1)
    accepted = [
        p.name for p, verdict in zip(built, verdicts, strict=True) if verdict is Verdict.ACCEPT
    ]
    demo.outcome(
        f"{len(built)} samples: {verdicts.count(Verdict.REFUSE)} refused, "
        f"{verdicts.count(Verdict.INCOMPLETE)} incomplete, {len(accepted)} accepted"
    )
    if left_out:
        demo.outcome(f"{left_out} left out: they are models of libraries that are not installed")
    demo.check(not accepted, f"accepted: {', '.join(accepted)}")
    demo.check(not Path(_CANARY).exists(), "a payload ran")


def _train() -> tuple[Any, Any, float]:
    from sklearn.compose import ColumnTransformer
    from sklearn.datasets import load_wine
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.model_selection import train_test_split
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import QuantileTransformer, StandardScaler

    rows, classes = load_wine(return_X_y=True)
    train, test, train_classes, test_classes = train_test_split(rows, classes, random_state=0)
    columns = ColumnTransformer(
        [
            ("scale", StandardScaler(), list(range(9))),
            ("spread", QuantileTransformer(n_quantiles=50), [9, 10, 11, 12]),
        ]
    )
    pipeline = make_pipeline(columns, RandomForestClassifier(n_estimators=50, random_state=0))
    pipeline.fit(train, train_classes)
    return pipeline, rows, float(pipeline.score(test, test_classes))


def _sign_as_attacker(path: str) -> None:
    import numpy as np
    from sklearn.dummy import DummyClassifier

    import safeload

    model = DummyClassifier().fit(np.zeros((3, 13)), [0, 0, 0])
    attacker = safeload.SigningKey.generate()
    safeload.dump(model, path, key=attacker, name="wine", version="1.0.0")


class _Payload:
    """Pickled as a call of the system's shell, which would create the canary."""

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return os.system, (f"echo > {_CANARY}",)


def _hide_a_call(path: str) -> None:
    import joblib
    import numpy as np

    joblib.dump({"weights": np.arange(1000.0), "notes": _Payload()}, path)


def _build(samples: Path, folder: Path) -> tuple[list[Path], int]:
    """Write every sample, by the recipes of this very checkout; and how many it could not write."""
    folder.mkdir()
    built, left_out = [], 0
    canary = str(Path(_CANARY).absolute())
    sys.path.insert(0, str(samples.parent))
    try:
        for case in sorted(samples.glob("*/*/case.toml")):
            if not all(map(find_spec, tomllib.loads(case.read_text("utf-8")).get("needs", []))):
                left_out += 1
                continue
            path = folder / case.parent.name
            path.write_bytes(runpy.run_path(str(case.with_name("make.py")))["build"](canary))
            built.append(path)
    finally:
        sys.path.pop(0)
    return built, left_out
