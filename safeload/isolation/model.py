"""A stranger's model at arm's length: it predicts in a process of its own.

Trust: predictions are whatever the model wants them to be. They arrive as plain arrays, numbers and
text, never as anything that runs.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import asdict
from types import TracebackType
from typing import Any, Self

from safeload.artefact import Artefact
from safeload.errors import UsageError
from safeload.isolation.channel import NoFormError
from safeload.isolation.child import METHODS
from safeload.isolation.confinement import Confinement
from safeload.isolation.forms import read_error, read_text, read_texts, write_policy
from safeload.isolation.process import Process
from safeload.isolation.values import Reader, Writer
from safeload.limits import Isolation, Limits
from safeload.policy.policy import Policy

__all__ = ["IsolatedModel", "load_isolated"]


class IsolatedModel:
    """A model that lives in another process.

    Inputs are what models take: arrays, sparse matrices, data frames, lists of texts. So are
    outputs. Use it in a ``with`` statement, or call :meth:`close`; a model that nobody refers to
    any more is closed too. Calls from several threads wait for each other.

    Attributes:
        type: The model's class, as its process says.
        methods: Which of the methods here it has, as its process says.
        confinement: What holds the process on this machine, and what does not.
    """

    def __init__(self, process: Process, path: str, type_: str, methods: tuple[str, ...]) -> None:
        self._process = process
        self._path = path
        self.type = type_
        self.methods = methods

    @property
    def confinement(self) -> Confinement:
        """What holds the process on this machine, and what does not."""
        return self._process.confinement

    def predict(self, data: Any) -> Any:
        """The model's predictions."""
        return self._call("predict", data)

    def predict_proba(self, data: Any) -> Any:
        """The model's probabilities of each class."""
        return self._call("predict_proba", data)

    def decision_function(self, data: Any) -> Any:
        """The model's confidence in each class."""
        return self._call("decision_function", data)

    def score_samples(self, data: Any) -> Any:
        """The model's score of each sample."""
        return self._call("score_samples", data)

    def transform(self, data: Any) -> Any:
        """What the model makes of the data."""
        return self._call("transform", data)

    def close(self) -> None:
        """End the process."""
        self._process.end()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<IsolatedModel {self.type}>"

    def _call(self, method: str, data: Any) -> Any:
        """Call a method of the model.

        Raises:
            UsageError: The model has no such method, the data have no form in which they can be
                sent, or the model was closed.
            LoadError: The method failed, or its process did.
        """
        if method not in self.methods:
            raise UsageError(
                f"The model has no method {method}.",
                code="isolated-no-method",
                hint=f"It has {', '.join(self.methods) or 'none that can be called from outside'}.",
            )
        writer = Writer()
        try:
            described = writer.value(data)
        except NoFormError as error:
            raise UsageError(
                f"The data hold {error}, which is not sent to an isolated model.",
                code="isolated-input",
                hint="Give arrays, sparse matrices, data frames or lists of plain values.",
            ) from error
        question = {"call": {"method": method, "value": described}}
        answer, data = self._process.ask(question, writer.parts)
        self._process.parse_or_kill(lambda: _heard(answer, self._path))
        return self._process.parse_or_kill(lambda: Reader(data).whole(answer.get("value")))


def load_isolated(
    artefact: Artefact,
    policy: Policy,
    limits: Limits,
    isolation: Isolation,
    *,
    signed: Mapping[str, str] | None = None,
    compare: bool = False,
    probe: Mapping[str, Any] | None = None,
) -> IsolatedModel:
    """Scan, judge and load a file in a process of its own.

    Args:
        artefact: The file.
        policy: What is allowed.
        limits: Bounds on the scan.
        isolation: Bounds on the process.
        signed: Versions by library, from the manifest of a signed file.
        compare: Whether to compare predictions with the probe's.
        probe: The probe, from the manifest of a signed file.

    Returns:
        The model.

    Raises:
        RefusedError: The file's content is not allowed, or was not read in full.
        LoadError: It does not load there, or the process failed; its ``code`` says how.
    """
    path = str(artefact.path)
    process = Process(isolation)
    question = {
        "load": {
            "policy": write_policy(policy),
            "limits": asdict(limits),
            "sha256": artefact.sha256,
            "signed": signed if signed is None else dict(signed),
            "compare": compare,
            "probe": probe if probe is None else dict(probe),
        }
    }
    try:
        answer, _ = process.ask(question, [memoryview(artefact.data)])
        process.parse_or_kill(lambda: _heard(answer, path))
        return process.parse_or_kill(lambda: _introduced(process, path, answer))
    except BaseException:
        process.end()
        raise


def _heard(answer: dict[str, Any], path: str) -> None:
    """Raise the error that an answer tells of, or pass its warnings on."""
    if "error" in answer:
        raise read_error(answer["error"], path)
    for text in read_texts(answer.get("warnings")):
        warnings.warn(text, stacklevel=6)


def _introduced(process: Process, path: str, answer: dict[str, Any]) -> IsolatedModel:
    told = set(read_texts(answer.get("methods")))
    methods = tuple(method for method in METHODS if method in told)
    return IsolatedModel(process, path, read_text(answer.get("type")), methods)
